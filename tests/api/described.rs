//! Requests and answers, held against what the server says of them.

use serde_json::{Value, json};

use super::house::Server;
use super::house::web::{Answer, Client};

/// The owner, and what the server says that it answers.
pub(super) struct Api {
    pub(super) owner: Client,
    pub(super) document: Value,
}

impl Api {
    pub(super) fn of(server: &Server) -> Self {
        let owner = server.set_up();
        let document = owner.get("/api/v1/openapi.json").json();
        Self { owner, document }
    }

    /// Sends it, and holds it and the answer against what is described of `path`.
    pub(super) fn send(&self, method: &str, path: &str, at: &str, body: Option<&str>) -> Answer {
        let answer = self.owner.send(method, &format!("/api/v1{at}"), body);
        let operation = &self.document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not described");
        let taken = operation["requestBody"]["content"].get("application/json");
        if let (Some(body), Some(taken), 200..300) = (body, taken, answer.status) {
            let body = serde_json::from_str(body).unwrap();
            self.must_be(&format!("what {method} {at} took"), &taken["schema"], &body);
        }
        let responses = &operation["responses"];
        let described =
            responses.get(answer.status.to_string()).unwrap_or_else(|| &responses["default"]);
        let Some(content) = described["content"].as_object() else { return answer };
        let kind = answer.header("content-type").split(';').next().unwrap();
        let content = content.get(kind).unwrap_or_else(|| panic!("{method} {at}: {kind}"));
        if kind.ends_with("json") {
            self.must_be(&format!("{method} {at}"), &content["schema"], &answer.json());
        }
        answer
    }

    fn must_be(&self, what: &str, schema: &Value, value: &Value) {
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{what}: {errors:?} in {value:#}");
    }

    pub(super) fn get(&self, path: &str, at: &str) -> Value {
        let answer = self.send("GET", path, at, None);
        assert_eq!(answer.status, 200, "{at}: {answer:?}");
        answer.json()
    }

    pub(super) fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, path, Some(&body.to_string()))
    }

    pub(super) fn items(&self, path: &str, at: &str) -> Vec<Value> {
        self.get(path, at)["items"].as_array().unwrap().clone()
    }

    /// The key of the device at 127.0.0.`last`.
    pub(super) fn key(&self, last: u8) -> String {
        let address = json!(format!("127.0.0.{last}"));
        let devices = self.items("/devices", "/devices");
        let device = devices.iter().find(|device| device["addresses"] == json!([address]));
        device.expect("the device")["key"].as_str().unwrap().to_owned()
    }
}
