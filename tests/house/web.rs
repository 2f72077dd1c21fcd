//! A client of the HTTP server: what a browser or a program sends, and what comes back.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::{PATIENCE, Server};

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Something that asks: a program, until it has a cookie.
#[derive(Debug, Clone)]
pub struct Client {
    pub web: SocketAddr,
    /// Sent with each request.
    pub headers: Vec<(String, String)>,
}

impl Client {
    pub fn new(server: &Server) -> Self {
        Self { web: server.web, headers: Vec::new() }
    }

    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The page in the browser that got `answer`'s cookie.
    pub fn logged_in(&self, answer: &Answer) -> Self {
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        self.with("Cookie", &cookie).with("X-Trackless", "1")
    }

    pub fn send(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let length = body.map(|body| {
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
        });
        self.send_raw(method, path, &length.unwrap_or_default(), body.unwrap_or_default())
    }

    /// Sends a body as it is, of which `fields` say what it is.
    pub fn send_raw(&self, method: &str, path: &str, fields: &str, body: &str) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n{fields}");
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            request.push_str(&format!("Host: {}\r\n", self.web));
        }
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        let mut stream = TcpStream::connect(self.web).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Whoever is refused need not be read to the end.
        let _ = stream.write_all(request.as_bytes());
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        let reply = String::from_utf8_lossy(&reply);
        let (head, body) = reply.split_once("\r\n\r\n").expect("an answer");
        let mut lines = head.lines();
        let status = lines.next().unwrap()[9..12].parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Answer { status, headers: headers.collect(), body: body.to_owned() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, Some(body))
    }

    pub fn put(&self, path: &str, body: &str) -> Answer {
        self.send("PUT", path, Some(body))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }
}

/// The owner's password in all tests.
pub const PASSWORD: &str = "correct horse";

impl Server {
    /// The code of the link in the log.
    pub fn setup_code(&self) -> String {
        let (_, rest) = self.log.split_once("/#/setup?code=").expect("a link in the log");
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Sets the first password; gives the owner's browser.
    pub fn set_up(&self) -> Client {
        let body = format!(r#"{{"code":"{}","password":"{PASSWORD}"}}"#, self.setup_code());
        let answer = Client::new(self).post("/api/v1/setup", &body);
        assert_eq!(answer.status, 204, "{answer:?}");
        Client::new(self).logged_in(&answer)
    }
}
