//! Profiles, schedules and subscriptions, as forms change them.

use std::mem;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::described::Api;
use super::house::Server;
use super::house::dns::{NOERROR, NXDOMAIN};
use super::house::web::Answer;
use super::{asked, asks, upstream};

const OF_SERVICE: &str = "www.tiktok.com";

fn says(api: &Api, name: &str, body: &Value) -> Answer {
    api.send("PUT", "/profiles/{name}", &format!("/profiles/{name}"), Some(&body.to_string()))
}

fn profile(api: &Api, name: &str) -> Value {
    let profiles = api.items("/profiles", "/profiles");
    profiles.into_iter().find(|profile| profile["name"] == name).unwrap_or_default()
}

#[test]
fn what_is_said_of_a_profile_acts_on_the_next_query_and_loses_nothing() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    let both = |name: &str| [asks(&server, 1, name), asks(&server, 2, name)];
    assert_eq!(both(OF_SERVICE), [NOERROR, NOERROR]);
    let body = json!({"members": ["127.0.0.2"], "services": ["tiktok"], "answer": "nodata"});
    assert_eq!(says(&api, "kids", &body).status, 200);
    assert_eq!(both(OF_SERVICE), [NOERROR, NOERROR], "no data");
    assert_eq!(says(&api, "kids", &json!({"answer": null})).status, 200);
    assert_eq!(both(OF_SERVICE), [NOERROR, NXDOMAIN]);
    let kids = profile(&api, "kids");
    assert_eq!((&kids["members"], &kids["level"]), (&json!(["127.0.0.2/32"]), &json!("strict")));
    assert_eq!((&kids["own"], &kids["lists"]), (&json!(["level", "services"]), &json!(["own"])));
    // The house's are as everybody's who leaves it to the house.
    assert_eq!(
        says(&api, "house", &json!({"safe_search": "all", "block": ["x.example"]})).status,
        200
    );
    assert_eq!(profile(&api, "kids")["safe_search"], "all");
    assert_eq!(both("www.x.example"), [NXDOMAIN, NXDOMAIN]);
    let always = json!({"schedule": ["daily 00:00-24:00 night"]});
    let answer = says(&api, "kids", &always);
    assert_eq!(answer.status, 422);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("kids: ") && detail.contains("no profile `night`"), "{detail}");
    assert_eq!(says(&api, "night", &json!({"only_allowed": true})).status, 200);
    assert_eq!(says(&api, "kids", &always).status, 200);
    assert_eq!(both("www.example.org"), [NOERROR, NXDOMAIN]);

    let remove =
        |name: &str| api.send("DELETE", "/profiles/{name}", &format!("/profiles/{name}"), None);
    let refused = remove("night");
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(says(&api, "kids", &json!({"schedule": []})).status, 200);
    assert_eq!((remove("night").status, remove("night").status), (200, 404));
    assert_eq!(remove("kids").status, 200);
    assert_eq!(both(OF_SERVICE), [NOERROR, NOERROR]);
    for (name, body) in [
        ("kids", json!({"level": "sttrict"})),
        ("kids", json!({"levl": "strict"})),
        ("house", json!({"members": ["tv"]})),
        ("a%23b", json!({})),
    ] {
        assert_eq!(says(&api, name, &body).status, 422, "{name} {body}");
    }
}

#[test]
fn whatever_names_a_profile_follows_it() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    let key = api.key(2);
    let held = |key: &str| {
        api.get("/devices/{key}", &format!("/devices/{key}"))["profile"].as_str().map(str::to_owned)
    };
    let at = format!("/devices/{key}");
    let hold = json!({"profile": "kids"}).to_string();
    assert_eq!(api.send("PUT", "/devices/{key}", &at, Some(&hold)).status, 200);
    let body = json!({"services": ["tiktok"], "schedule": ["daily 00:00-24:00 night"]});
    assert_eq!(says(&api, "night", &json!({"services": ["tiktok"]})).status, 200);
    assert_eq!(says(&api, "kids", &body).status, 200);
    let chosen =
        json!({"scope": {"profile": "kids"}, "subject": {"name": "x.example"}, "choice": "block"});
    assert_eq!(api.post("/choices", chosen).status, 200);

    assert_eq!(says(&api, "night", &json!({"name": "asleep"})).status, 200);
    assert_eq!(profile(&api, "kids")["schedule"], json!(["daily 00:00-24:00 asleep"]));
    assert_eq!(asks(&server, 2, OF_SERVICE), NXDOMAIN);
    // With something else that is said of it, in one.
    let body = json!({"name": "teens", "schedule": [], "services": null});
    assert_eq!(says(&api, "kids", &body).status, 200);
    assert_eq!((profile(&api, "kids"), held(&key).as_deref()), (Value::Null, Some("teens")));
    assert_eq!(profile(&api, "teens")["devices"], json!([key]));
    let scopes = api.items("/choices", "/choices");
    assert!(scopes.iter().any(|one| one["scope"] == json!({"profile": "teens"})), "{scopes:#?}");
    assert_eq!([asks(&server, 1, "x.example"), asks(&server, 2, "x.example")], [NOERROR, NXDOMAIN]);
    assert_eq!(asks(&server, 2, OF_SERVICE), NOERROR);

    for (name, to) in [("teens", "asleep"), ("teens", "house"), ("house", "home"), ("nobody", "x")]
    {
        let refused = says(&api, name, &json!({"name": to}));
        assert_eq!(refused.status, 422, "{name} {to}");
    }
    assert_eq!(says(&api, "teens", &json!({"name": "teens"})).status, 200, "its own");
    let mut server = server;
    server.signal("-TERM");
    assert!(server.wait().success());
    let settings = server.config();
    let folder = mem::replace(&mut server.folder, TempDir::new().unwrap());
    let server = Server::start_in(folder, &settings);
    assert_eq!([asks(&server, 1, "x.example"), asks(&server, 2, "x.example")], [NOERROR, NXDOMAIN]);
}

#[test]
fn lists_are_subscribed_to_and_left() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    let list = |name: &str| {
        let lists = api.items("/lists", "/lists");
        lists.into_iter().find(|list| list["name"] == name).unwrap_or_default()
    };
    let subscribe = |body: Value| api.post("/lists", body);
    let own = json!({"name": "from elsewhere", "url": "http://127.0.0.1:9/ads.txt"});
    assert_eq!(subscribe(own.clone()).status, 200);
    assert_eq!(list("from elsewhere")["source"], "http://127.0.0.1:9/ads.txt");
    server.until("it was tried", |_| list("from elsewhere")["why"] == "unreachable");
    let problems = api.get("/status", "/status")["problems"].clone();
    let given = json!({"list": "from elsewhere", "why": "unreachable"});
    let told = problems.as_array().unwrap().iter().find(|problem| problem["given"] == given);
    assert_eq!(told.expect("a problem")["what"], "list_nothing");
    for wrong in [
        own,
        json!({"name": "no such list in the catalogue"}),
        json!({"name": "x", "url": "file:///etc/passwd"}),
        json!({"name": "x", "file": "/etc/passwd"}),
        json!({"name": "builtin", "url": "http://127.0.0.1:9/"}),
    ] {
        assert_eq!(subscribe(wrong.clone()).status, 422, "{wrong}");
    }
    let leave = |name: &str| api.send("DELETE", "/lists/{name}", &format!("/lists/{name}"), None);
    assert_eq!(leave("from%20elsewhere").status, 200);
    assert_eq!(list("from elsewhere"), Value::Null);
    // One of the settings file, too.
    assert_eq!(asks(&server, 1, super::LISTED), NXDOMAIN);
    assert_eq!((leave("own").status, leave("own").status), (200, 404));
    assert_eq!(asks(&server, 1, super::LISTED), NOERROR);
    assert_eq!(leave("builtin%20strict").status, 404);
}
