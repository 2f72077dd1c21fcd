//! The API against its own description, and its numbers against what was asked over DNS.

mod house;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use house::dns::{A, NOERROR, NXDOMAIN, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::web::{Answer, Client};
use house::{PATIENCE, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

const TRACKER: &str = "www.doubleclick.net";
const LISTED: &str = "ads.listed.example";

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

fn asks(server: &Server, from: u8, name: &str) -> u8 {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The owner, and what the server says that it answers.
struct Api {
    owner: Client,
    document: Value,
}

impl Api {
    fn of(server: &Server) -> Self {
        let owner = server.set_up();
        let document = owner.get("/api/v1/openapi.json").json();
        Self { owner, document }
    }

    /// Sends it, and holds the answer against what is described of `path`.
    fn send(&self, method: &str, path: &str, at: &str, body: Option<&str>) -> Answer {
        let answer = self.owner.send(method, &format!("/api/v1{at}"), body);
        let operation = &self.document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not described");
        let responses = &operation["responses"];
        let status = answer.status.to_string();
        let described = if responses[&status].is_object() {
            &responses[&status]
        } else {
            &responses["default"]
        };
        let Some(content) = described["content"].as_object() else { return answer };
        let kind = answer.header("content-type").split(';').next().unwrap();
        let content = content.get(kind).unwrap_or_else(|| panic!("{method} {at}: {kind}"));
        if kind.ends_with("json") {
            let mut schema = content["schema"].clone();
            schema["components"] = self.document["components"].clone();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let body = answer.json();
            let errors: Vec<_> =
                validator.iter_errors(&body).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{method} {at}: {errors:?} in {body:#}");
        }
        answer
    }

    fn get(&self, path: &str, at: &str) -> Value {
        let answer = self.send("GET", path, at, None);
        assert_eq!(answer.status, 200, "{at}: {answer:?}");
        answer.json()
    }

    fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, path, Some(&body.to_string()))
    }

    fn items(&self, path: &str, at: &str) -> Vec<Value> {
        self.get(path, at)["items"].as_array().unwrap().clone()
    }

    /// The key of the device at 127.0.0.`last`.
    fn key(&self, last: u8) -> String {
        let address = json!(format!("127.0.0.{last}"));
        let devices = self.items("/devices", "/devices");
        let device = devices.iter().find(|device| device["addresses"] == json!([address]));
        device.expect("the device")["key"].as_str().unwrap().to_owned()
    }
}

/// A server with a list, asked by two devices: seven queries of the first, three of the second.
fn asked(upstream: &Upstream) -> Server {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("list.txt"), format!("{LISTED}\n||doubleclick.net^\n"))
        .unwrap();
    let server = Server::start_in(
        folder,
        &format!(
            "upstream: {}\nlists: [{{ name: own, file: list.txt }}]\naccess: {{ rate: 0 }}\nlevel: strict\n\
         profiles: [{{ name: kids, level: strict }}]\n\
         local: {{ records: [\"nas.home.arpa A 192.0.2.7\"] }}",
            upstream.url()
        ),
    );
    for (from, name, count) in [
        (1, TRACKER, 3),
        (1, "connect.facebook.net", 2),
        (1, "www.example.org", 2),
        (2, TRACKER, 1),
        (2, LISTED, 1),
        (2, "www.example.org", 1),
    ] {
        (0..count).for_each(|_| assert!(asks(&server, from, name) <= 5));
    }
    server
}

#[test]
fn all_that_is_told_is_as_described_and_counted_to_the_last_query() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    assert_eq!(api.document["openapi"], "3.1.0");
    // Nothing is written yet: the numbers are those of this moment all the same.
    let status = api.get("/status", "/status");
    let today = &status["today"];
    assert_eq!((&today["queries"], &today["blocked"]), (&json!(10), &json!(7)), "{status:#}");
    assert_eq!((&today["devices"], &today["companies"]), (&json!(2), &json!(3)), "{today:#}");
    assert_eq!((&today["stopped"], &today["new"]), (&json!(3), &json!([])));
    assert_eq!(today["top"], json!({"company": "Google", "devices": 2}));
    assert_eq!(status["answers"]["filter"], 7);
    assert_eq!((&status["level"], &status["stats_level"]), (&json!("strict"), &json!("devices")));
    assert_eq!((&status["button"]["state"], &status["problems"]), (&json!("on"), &json!([])));

    let hours = api.get("/hours", "/hours");
    let sum = |hours: &Value, what: &str| -> u64 {
        hours[what].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum()
    };
    assert_eq!((sum(&hours, "block"), sum(&hours, "pass"), sum(&hours, "companies")), (7, 3, 3));
    assert_eq!(hours["block"].as_array().unwrap().len(), 24);
    assert_eq!(hours["since"], (now() / 3_600 - 23) * 3_600);
    let (first, second) = (api.key(1), api.key(2));
    let hours = api.get("/hours", &format!("/hours?device={second}&company=Google"));
    assert_eq!((sum(&hours, "block"), sum(&hours, "pass")), (1, 0));

    let companies = api.items("/companies", "/companies");
    let told = |company: &Value| {
        let of = |key: &str| company[key].clone();
        (of("name"), of("block"), of("devices"), of("category"))
    };
    assert_eq!(
        companies.iter().map(told).collect::<Vec<_>>(),
        [
            (json!("Google"), json!(4), json!(2), json!("advertising")),
            (json!("Meta"), json!(2), json!(1), json!("social")),
            (json!("other"), json!(1), json!(1), json!("other")),
        ]
    );
    assert_eq!(api.items("/companies", "/companies?category=social").len(), 1);
    assert_eq!(api.items("/companies", "/companies?q=GOO&days=400&sort=name").len(), 1);
    assert_eq!(
        api.items("/companies", &format!("/companies?device={second}&sort=queries")).len(),
        2
    );
    let google = api.get("/companies/{name}", "/companies/Google");
    assert_eq!(
        (&google["block"], &google["chain"]),
        (&json!(4), &json!(["Google", "Alphabet"])),
        "{google:#}"
    );
    assert_eq!(google["devices"].as_array().unwrap().len(), 2);
    assert!(google["lists"].as_array().unwrap().contains(&json!("own")), "{google:#}");
    assert!(google["domains"].as_array().unwrap().contains(&json!("doubleclick.net")));
    let answer = api.send("GET", "/companies/{name}", "/companies/Nobody%20Inc.", None);
    assert_eq!(answer.status, 404);

    let device = api.get("/devices/{key}", &format!("/devices/{first}"));
    assert_eq!((&device["queries"], &device["block"]), (&json!(7), &json!(5)));
    assert_eq!((&device["asked"], &device["off"]), (&json!(true), &json!(false)));
    assert_eq!(device["companies"].as_array().unwrap().len(), 2);
    let heat = api.get("/devices/{key}/heat", &format!("/devices/{first}/heat?days=2"));
    let days = heat["days"].as_array().unwrap();
    let warmth =
        days[1]["hours"].as_array().unwrap().iter().map(|hour| hour["all"].as_u64().unwrap());
    assert_eq!((days.len(), warmth.sum::<u64>()), (2, 7));

    let graph = api.get("/graph", "/graph");
    assert_eq!(graph["links"].as_array().unwrap().len(), 4);
    let links = graph["links"].as_array().unwrap().iter();
    assert_eq!(links.map(|link| link[2].as_u64().unwrap()).sum::<u64>(), 7);
    assert_eq!(api.get("/graph", "/graph?category=social")["links"], json!([[0, 0, 2, 0]]));
    let early = api.get("/graph", "/graph?from=0&to=7200");
    assert_eq!((&early["links"], &early["devices"]), (&json!([]), &json!([])));

    let lists = api.items("/lists", "/lists");
    let own = lists.iter().find(|list| list["name"] == "own").unwrap();
    assert_eq!(
        (&own["rules"], &own["hits"], &own["alone"]),
        (&json!(2), &json!(5), &json!(1)),
        "{own:#}"
    );
    let profiles = api.items("/profiles", "/profiles");
    let names: Vec<_> = profiles.iter().map(|profile| &profile["name"]).collect();
    assert_eq!(names, ["house", "kids"]);
    assert_eq!(profiles[0]["devices"].as_array().unwrap().len(), 2);
    assert_eq!(api.items("/upstreams", "/upstreams")[0]["healthy"], true);
    assert!(api.get("/catalogue", "/catalogue")["lists"].as_array().unwrap().len() > 5);
    let kept = api.get("/kept", "/kept");
    let files = kept["files"].as_array().unwrap();
    assert!(files.iter().all(|file| file["what"] != "not known"), "{kept:#}");
    let info = api.get("/setup-info", "/setup-info");
    assert_eq!((&info["suffix"], &info["ca"]), (&json!("home.arpa"), &json!(false)));
    for path in ["/silent", "/choices", "/changes"] {
        assert_eq!(api.items(path, path), [] as [Value; 0], "{path}");
    }
    let answer = api.send("GET", "/ca.pem", "/ca.pem", None);
    assert_eq!(answer.status, 404);
    let at = "/apple.mobileconfig?kind=tls";
    assert_eq!(api.send("GET", "/apple.mobileconfig", at, None).status, 404);
    let table = api.send("GET", "/export", "/export?by=day", None).body;
    assert!(table.contains("since,device,company,category,block,allow,pass\r\n"), "{table}");
    assert!(table.contains(&format!("{second},Google,advertising,1,0,0\r\n")), "{table}");
    let lines = api.send("GET", "/export", "/export?format=jsonl", None).body;
    assert_eq!(lines.matches("\"company\":\"Google\"").count(), 2, "{lines}");
}

#[test]
fn what_is_set_acts_on_the_next_query() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    let key = api.key(2);
    let both = |name: &str| [asks(&server, 1, name), asks(&server, 2, name)];
    assert_eq!(both(TRACKER), [NXDOMAIN, NXDOMAIN]);
    let pressed = api.post("/button", json!({"state": "off", "seconds": 600})).json();
    assert_eq!(pressed["state"], "paused");
    assert!((595..=600).contains(&pressed["left"].as_u64().unwrap()), "{pressed}");
    assert!(pressed["until"].as_u64().unwrap().abs_diff(now() + 600) < 5, "{pressed}");
    assert_eq!(both(TRACKER), [NOERROR, NOERROR]);
    api.post("/button", json!({"state": "on", "device": key}));
    assert_eq!(both(TRACKER), [NOERROR, NXDOMAIN]);
    let pressed = api.post("/button", json!({"state": "follow", "device": key})).json();
    assert_eq!(pressed["state"], "paused", "as the house");
    assert_eq!(api.post("/button", json!({"state": "on"})).json()["state"], "on");
    let pressed = api.post("/button", json!({"state": "off", "until": "tomorrow"})).json();
    assert!((1..=90_000).contains(&pressed["left"].as_u64().unwrap()), "{pressed}");
    api.post("/button", json!({"state": "on"}));
    assert_eq!(both(TRACKER), [NXDOMAIN, NXDOMAIN]);
    api.post("/button", json!({"state": "off", "seconds": 1}));
    server.until("the pause ends", |server| asks(server, 1, TRACKER) == NXDOMAIN);
    for wrong in [
        json!({"state": "off", "seconds": 0}),
        json!({"state": "off", "seconds": 10_000_000}),
        json!({"state": "on", "seconds": 5}),
        json!({"state": "off", "seconds": 5, "until": "tomorrow"}),
        json!({"state": "perhaps"}),
    ] {
        assert_eq!(api.post("/button", wrong.clone()).status, 422, "{wrong}");
    }
    assert_eq!(api.post("/button", json!({"state": "off", "device": "nobody"})).status, 404);

    let choose = |scope: Value, subject: Value, choice: &str| {
        api.post("/choices", json!({"scope": scope, "subject": subject, "choice": choice}))
    };
    let (house, device) = (json!({"house": true}), json!({"device": key}));
    choose(device.clone(), json!({"name": "Own.Example"}), "block");
    assert_eq!(both("www.own.example"), [NOERROR, NXDOMAIN]);
    let said = choose(house.clone(), json!({"company": "google"}), "allow").json();
    assert_eq!(said["said"], "company Google is allowed, for house");
    assert_eq!(both(TRACKER), [NOERROR, NOERROR]);
    assert_eq!(api.get("/companies/{name}", "/companies/Google")["choice"], "allow");
    assert_eq!(
        api.items("/choices", "/choices"),
        [
            json!({"scope": house, "subject": {"company": "Google"}, "choice": "allow"}),
            json!({"scope": device, "subject": {"name": "own.example"}, "choice": "block"}),
        ]
    );
    choose(house.clone(), json!({"company": "Google"}), "clear");
    assert_eq!(both(TRACKER), [NXDOMAIN, NXDOMAIN]);
    for (subject, status) in
        [(json!({"name": "no..name"}), 422), (json!({"company": "Nobody"}), 422)]
    {
        assert_eq!(choose(house.clone(), subject, "block").status, status);
    }
    assert_eq!(
        choose(json!({"device": "nobody"}), json!({"name": "x.example"}), "block").status,
        404
    );
    assert_eq!(choose(json!({"house": false}), json!({"name": "x.example"}), "block").status, 422);

    let change = |body: Value| {
        let at = format!("/devices/{key}");
        api.send("PUT", "/devices/{key}", &at, Some(&body.to_string()))
    };
    assert_eq!(change(json!({"name": "Anna's TV", "profile": "kids"})).status, 200);
    let shown = api.get("/devices/{key}", &format!("/devices/{key}"));
    assert_eq!((&shown["name"], &shown["profile"]), (&json!("Anna's TV"), &json!("kids")));
    assert_eq!(change(json!({"profile": null})).status, 200);
    let shown = api.get("/devices/{key}", &format!("/devices/{key}"));
    assert_eq!((&shown["given"], &shown["profile"]), (&json!("Anna's TV"), &json!("house")));
    assert_eq!(change(json!({"name": ""})).status, 422);
    assert_eq!(change(json!({"profile": "nobody's"})).status, 422);

    let changes = api.items("/changes", "/changes");
    assert!(changes.iter().any(|change| change["way"] == "web"), "{changes:#?}");
    // In pages, all and each once, however much is changed meanwhile.
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = api.get("/changes", &format!("/changes?limit=3{after}"));
        seen.extend(page["items"].as_array().unwrap().clone());
        api.post("/button", json!({"state": "on"}));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, changes);

    let said = api.post("/cache/flush", json!({"name": "example.org"})).json();
    assert_eq!(said["said"], "1 answers let go");
    assert_eq!(api.post("/cache/flush", json!({"name": "no..name"})).status, 422);
    assert_eq!(api.post("/lists/update", json!({})).status, 202);
    assert_eq!(api.post("/lists/update", json!({"names": ["nobody's"]})).status, 422);
    let said = api.post("/forget", json!({"device": key})).json();
    assert!(said["said"].as_str().unwrap().starts_with("forgot 1 hours and days"), "{said}");
    let companies = api.items("/companies", "/companies");
    assert!(companies.iter().all(|company| company["devices"] == 1), "{companies:#?}");
    api.post("/forget", json!({}));
    assert_eq!(api.get("/status", "/status")["today"]["queries"], 0);
    assert_eq!(api.items("/companies", "/companies"), [] as [Value; 0]);
}

#[test]
fn a_name_is_checked_by_the_rules_of_who_asks() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    let key = api.key(2);
    let check = |name: &str, more: &str| api.get("/check", &format!("/check?name={name}{more}"));
    let found = check(LISTED, "");
    assert_eq!((&found["verdict"], &found["by"]), (&json!("block"), &json!("own")));
    let rule = json!({"list": "own", "rule": format!("|{LISTED}^"), "line": 1, "action": "block", "wins": true});
    assert_eq!(found["rules"], json!([rule]));
    assert_eq!(check(TRACKER, "&type=AAAA")["company"], "Google");
    assert_eq!(check("nas.home.arpa", "")["verdict"], "local");
    assert_eq!(check("www.example.org", "")["verdict"], "pass");
    api.post(
        "/choices",
        json!({"scope": {"device": key}, "subject": {"name": LISTED}, "choice": "allow"}),
    );
    assert_eq!(check(LISTED, "")["verdict"], "block");
    let found = check(LISTED, &format!("&device={key}"));
    assert_eq!((&found["verdict"], &found["by"]), (&json!("allow"), &json!("your rules")));
    assert_eq!(
        (&found["rules"][0]["wins"], &found["rules"][1]["wins"]),
        (&json!(true), &json!(false))
    );
    for (at, status) in [
        ("/check?name=no..name", 422),
        ("/check?name=x.example&type=QUUX", 422),
        ("/check?name=x.example&device=nobody", 404),
        ("/check", 400),
        ("/companies?days=0", 422),
        ("/companies?days=many", 400),
        ("/companies?limit=501", 422),
        ("/companies?after=nobody", 422),
        ("/hours?from=9999&to=1", 422),
        ("/hours?from=0", 422),
    ] {
        let path = at.split('?').next().unwrap();
        assert_eq!(api.send("GET", path, at, None).status, status, "{at}");
    }
}

#[test]
fn an_answer_that_did_not_change_is_not_sent_twice() {
    let upstream = upstream();
    let server = asked(&upstream);
    let api = Api::of(&server);
    let first = api.owner.get("/api/v1/companies");
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{first:?}");
    let again = api.owner.with("If-None-Match", &tag);
    let answer = again.get("/api/v1/companies");
    assert_eq!((answer.status, answer.body.as_str(), answer.header("etag")), (304, "", &*tag));
    asks(&server, 2, TRACKER);
    let answer = again.get("/api/v1/companies");
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("etag"), tag);
    for path in ["/api/v1/nothing", "/api/v1/status/x"] {
        let answer = api.owner.get(path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, "application/problem+json")
        );
    }
    assert_eq!(api.owner.delete("/api/v1/status").status, 405);
    for path in ["/api/v1", "/api/v1/"] {
        let page = api.owner.get(path);
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(page.body.contains("GET /api/v1/companies/{name}"), "{}", page.body);
        assert!(
            !page.body.contains("<script") && !page.body.contains("//"),
            "nothing from elsewhere"
        );
    }
}

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
    let nobody = Client::new(&server);
    for path in ["/api/v1/live/stream", "/api/v1/events", "/api/v1/live", "/api/v1/status"] {
        assert_eq!(nobody.get(path).status, 401, "{path}");
    }
}
