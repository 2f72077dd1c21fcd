//! What happens, as it happens: what is asked, the button, changes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::described::Api;
use super::house::web::{Client, PASSWORD};
use super::house::{PATIENCE, Server};
use super::{TRACKER, asked, asks, upstream};

/// Events as they come: their name and data.
struct Events(BufReader<TcpStream>);

impl Events {
    fn of(server: &Server, client: &Client, path: &str) -> Self {
        let mut stream = TcpStream::connect(server.web).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let fields: String =
            client.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let host = server.web;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n").unwrap();
        let mut events = Self(BufReader::new(stream));
        let head = events.until(|line| line.is_empty());
        assert!(head[0].starts_with("HTTP/1.1 200"), "{head:?}");
        assert!(head.contains(&"content-type: text/event-stream".to_owned()), "{head:?}");
        events
    }

    fn until(&mut self, is_last: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("a line in time") > 0, "the end: {lines:?}");
            let line = line.trim_end().to_owned();
            if is_last(&line) {
                return lines;
            }
            lines.push(line);
        }
    }

    /// The last lines before the server closes.
    fn end(mut self) -> Vec<String> {
        let mut all = String::new();
        self.0.read_to_string(&mut all).unwrap();
        let lines: Vec<_> = all.split("\r\n").map(str::to_owned).collect();
        lines[lines.len().saturating_sub(3)..].to_vec()
    }

    /// The data of the next event of this name that `wanted` takes.
    fn next(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mark = format!("event: {name}");
        loop {
            self.until(|line| line == mark);
            let lines = self.until(str::is_empty);
            let data = lines.iter().find_map(|line| line.strip_prefix("data: ")).unwrap();
            let data = serde_json::from_str(data).unwrap();
            if wanted(&data) {
                return data;
            }
        }
    }
}

#[test]
fn what_happens_is_seen_by_all_who_look_and_kept_for_nobody_else() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    let (first, second) = (api.key(1), api.key(2));
    // What was asked before anybody looked is nowhere.
    assert_eq!(api.get("/live", "/live"), json!({"items": [], "last": 0}));
    asks(&server, 1, TRACKER);
    let live = api.get("/live", "/live");
    let item = &live["items"][0];
    assert_eq!((&item["name"], &item["type"]), (&json!(TRACKER), &json!("A")));
    assert_eq!((&item["key"], &item["verdict"]), (&json!(first), &json!("block")));
    assert_eq!((&item["company"], &live["last"]), (&json!("Google"), &item["number"]));
    let after = format!("/live?after={}", live["last"]);
    assert_eq!(api.get("/live", &after)["items"], json!([]));
    assert_eq!(api.send("GET", "/live", "/live?device=nobody", None).status, 404);

    let mut all = Events::of(&server, &api.owner, "/api/v1/live/stream");
    assert_eq!(all.next("asked", |_| true), *item, "what is there already");
    let of_second = format!("/api/v1/live/stream?device={second}&after={}", live["last"]);
    let mut of_second = Events::of(&server, &api.owner, &of_second);
    let mut events = Events::of(&server, &api.owner, "/api/v1/events");
    assert_eq!(events.next("button", |_| true)["state"], "on");
    assert_eq!(events.next("status", |_| true)["today"]["queries"], 11);
    for (from, name) in [(1, "one.example.org"), (2, "two.example.org"), (1, "three.example.org")] {
        asks(&server, from, name);
    }
    let names: Vec<Value> = (0..3).map(|_| all.next("asked", |_| true)["name"].clone()).collect();
    assert_eq!(names, ["one.example.org", "two.example.org", "three.example.org"]);
    let asked = of_second.next("asked", |_| true);
    assert_eq!((&asked["name"], &asked["key"]), (&json!("two.example.org"), &json!(second)));
    api.post("/button", json!({"state": "off"}));
    assert_eq!(events.next("button", |button| button["state"] == "off")["left"], Value::Null);
    let choice =
        json!({"scope": {"house": true}, "subject": {"name": "x.example"}, "choice": "block"});
    api.post("/choices", choice);
    events.next("changed", |_| true);
    // Who comes back with the last number misses nothing and hears nothing twice.
    let last = asked["number"].to_string();
    let mut again =
        Events::of(&server, &api.owner.with("Last-Event-ID", &last), "/api/v1/live/stream");
    assert_eq!(again.next("asked", |_| true)["name"], "three.example.org");
    // The last chunk is there: a browser that misses it tells its user of an error.
    let anew = json!({"old": PASSWORD, "new": "another battery"});
    assert_eq!(api.send("PUT", "/password", "/password", Some(&anew.to_string())).status, 204);
    for stream in [events, all] {
        assert_eq!(stream.end(), ["0", "", ""]);
    }
    let nobody = Client::new(&server);
    for path in ["/api/v1/live/stream", "/api/v1/events", "/api/v1/live", "/api/v1/status"] {
        assert_eq!(nobody.get(path).status, 401, "{path}");
    }
}
