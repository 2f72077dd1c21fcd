//! The API against its own description, and its numbers against what was asked over DNS.

mod amending;
mod described;
mod happening;
#[path = "../house/mod.rs"]
mod house;
mod phones;

use std::time::{SystemTime, UNIX_EPOCH};

use described::Api;
use house::Server;
use house::dns::{A, NOERROR, NXDOMAIN, query, rcode, record};
use house::upstream::{Said, Upstream};
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
        for _ in 0..count {
            asks(&server, from, name);
        }
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
    let bound = json!([{"address": server.dns.ip().to_string(), "port": server.dns.port()}]);
    assert_eq!(info["dns"], bound, "not the port 0 of its settings");
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

    assert_eq!(api.post("/tokens", json!({"name": "phone", "scope": "read"})).status, 201);
    let own = api.post("/me/button", json!({"state": "off", "seconds": 60}));
    assert_eq!((own.status, &own.json()["state"]), (200, &json!("paused")));
    api.post("/me/button", json!({"state": "on"}));

    let changes = api.items("/changes", "/changes");
    assert!(changes.iter().any(|change| change["way"] == "web"), "{changes:#?}");
    let what = |what: &str| changes.iter().find(|change| change["what"] == what).cloned();
    let named = what("named").expect("a word for it");
    assert_eq!(
        (&named["given"], &named["text"]),
        (&json!("Anna's TV"), &json!("its name is Anna's TV"))
    );
    assert_eq!(what("held").expect("a word for it")["given"], "kids");
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
    assert_eq!((&said["hours"], &said["queries"]), (&json!(1), &Value::Null));
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
