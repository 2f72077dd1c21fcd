//! What apps for Pi-hole ask, and how it is answered.

mod house;

use std::time::Instant;

use data_encoding::BASE32_NOPAD;
use house::dns::{A, query};
use house::web::{Answer, Client, PASSWORD};
use house::{PATIENCE, Server};
use serde_json::Value;

const OFFLINE: &str = "upstream: udp://127.0.0.1:9";

fn log_in(client: &Client, password: &str) -> Answer {
    client.post("/api/auth", &format!(r#"{{"password":"{password}"}}"#))
}

fn app(server: &Server, answer: &Answer) -> Client {
    assert_eq!(answer.status, 200, "{answer:?}");
    let sid = answer.json()["session"]["sid"].as_str().unwrap().to_owned();
    Client::new(server).with("X-FTL-SID", &sid)
}

fn is_refused(server: &Server) -> bool {
    server.ask(&query(1, "doubleclick.net", A))[3] & 15 == 3
}

#[test]
fn apps_log_in_by_password_or_token_and_prove_it_in_four_ways() {
    let server = Server::start(OFFLINE);
    let anybody = Client::new(&server);
    assert_eq!(log_in(&anybody, "").status, 401, "no password is not an empty one");
    let owner = server.set_up();
    let answer = log_in(&anybody, PASSWORD);
    let session = answer.json()["session"].clone();
    assert_eq!((&session["valid"], &session["totp"]), (&true.into(), &false.into()));
    assert_eq!(session["validity"], 1_800);
    let secret = |name: &str| session[name].as_str().unwrap().to_owned();
    let (sid, csrf) = (secret("sid"), secret("csrf"));
    let status = |client: &Client, path: &str| client.get(path).status;
    let asked = "/api/dns/blocking";
    assert_eq!(status(&anybody.with("X-FTL-SID", &sid), asked), 200);
    assert_eq!(status(&anybody.with("sid", &sid), asked), 200);
    assert_eq!(status(&anybody, &format!("{asked}?sid={sid}")), 200);
    let browser = anybody.with("Cookie", &format!("other=1; sid={sid}"));
    assert_eq!(status(&browser, asked), 401, "a cookie alone is no proof");
    assert_eq!(status(&browser.with("X-FTL-CSRF", &csrf), asked), 200);
    assert!(answer.header("set-cookie").contains("HttpOnly; SameSite=Strict; Path=/api"));
    // One kind of login is none of the other's.
    assert_eq!(status(&anybody.with("Cookie", &format!("trackless={sid}")), "/api/v1/status"), 401);
    assert_eq!(status(&owner, asked), 401);
    let elsewhere = anybody.with("X-FTL-SID", &sid).with("Origin", "http://elsewhere.example");
    assert_eq!(elsewhere.post(asked, r#"{"blocking":false}"#).status, 403);

    let one = anybody.with("X-FTL-SID", &sid);
    assert_eq!(one.get("/api/auth").json()["session"]["valid"], true);
    assert_eq!(one.delete("/api/auth").status, 204);
    assert_eq!(one.delete("/api/auth").status, 410);
    let out = one.get("/api/auth");
    assert_eq!((out.status, &out.json()["session"]["valid"]), (401, &false.into()));

    let made = owner.post("/api/v1/tokens", r#"{"name":"home","scope":"button"}"#).json();
    let token = made["token"].as_str().unwrap();
    let by_token = app(&server, &log_in(&anybody, token));
    assert_eq!(by_token.post(asked, r#"{"blocking":true}"#).status, 200);
    let id = made["id"].as_str().unwrap();
    assert_eq!(owner.delete(&format!("/api/v1/tokens/{id}")).status, 204);
    assert_eq!(status(&by_token, asked), 401, "what the token began is over");
    assert_eq!(log_in(&anybody, token).status, 401);
}

#[test]
fn who_guesses_must_wait_and_codes_are_asked_for() {
    let server = Server::start(OFFLINE);
    let owner = server.set_up();
    let anybody = Client::new(&server);
    let made = owner.send("POST", "/api/v1/totp", None).json();
    let secret = BASE32_NOPAD.decode(made["secret"].as_str().unwrap().as_bytes()).unwrap();
    let code = |ahead: u64| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let tag = ring::hmac::sign(&key, &(now / 30 + ahead).to_be_bytes());
        let at = usize::from(tag.as_ref()[19] & 15);
        let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap());
        (number & 0x7fff_ffff) % 1_000_000
    };
    let confirm = format!(r#"{{"code":"{:06}"}}"#, code(0));
    assert_eq!(owner.put("/api/v1/totp", &confirm).status, 204);
    let wanted = log_in(&anybody, PASSWORD);
    assert_eq!((wanted.status, &wanted.json()["error"]["key"]), (400, &"bad_request".into()));
    assert_eq!(wanted.json()["session"]["totp"], true);
    let with = format!(r#"{{"password":"{PASSWORD}","totp":{}}}"#, code(1));
    let _ = app(&server, &anybody.post("/api/auth", &with));
    assert_eq!(anybody.post("/api/auth", &with).status, 401, "none is good twice");
    let (start, mut locked) = (Instant::now(), log_in(&anybody, "wrong password"));
    while locked.status != 429 {
        assert!(start.elapsed() < PATIENCE && locked.status == 401, "{locked:?}");
        locked = log_in(&anybody, "wrong password");
    }
    assert!(locked.header("retry-after").parse::<u64>().is_ok_and(|wait| wait > 0));
    assert_eq!(locked.json()["error"]["key"], "rate_limiting");
    for bad in ["", "{", "[]", r#"{"password":1}"#] {
        assert_eq!(anybody.post("/api/auth", bad).json()["error"]["key"], "bad_request");
    }
}

#[test]
fn apps_press_the_button_of_the_house() {
    let server = Server::start(OFFLINE);
    let _ = server.set_up();
    let app = app(&server, &log_in(&Client::new(&server), PASSWORD));
    let press = |body: &str| app.post("/api/dns/blocking", body);
    assert!(is_refused(&server));
    let off = press(r#"{"blocking":false,"timer":null}"#).json();
    assert_eq!((&off["blocking"], &off["timer"]), (&"disabled".into(), &Value::Null));
    assert!(!is_refused(&server), "from the next query on");
    let paused = press(r#"{"blocking":false,"timer":60}"#).json();
    assert!(paused["timer"].as_f64().is_some_and(|left| (1.0..=60.0).contains(&left)), "{paused}");
    assert_eq!(press(r#"{"blocking":true}"#).json()["blocking"], "enabled");
    assert!(is_refused(&server));
    let most = "604801";
    for bad in [
        "{}".to_owned(),
        r#"{"blocking":true,"timer":5}"#.to_owned(),
        format!(r#"{{"blocking":false,"timer":{most}}}"#),
        r#"{"blocking":false,"timer":1e300}"#.to_owned(),
    ] {
        let answer = press(&bad);
        assert_eq!((answer.status, &answer.json()["error"]["key"]), (400, &"bad_request".into()));
    }
    assert_eq!(
        app.get("/api/dns/blocking").json()["blocking"],
        "enabled",
        "bad ones change nothing"
    );
}

#[test]
fn what_was_asked_and_refused_is_told_by_company_and_never_by_name() {
    let settings =
        "profiles: [{ name: kids, level: strict }]\nlists: [{ name: own, file: list.txt }]";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("list.txt"), "ads.listed.example\n").unwrap();
    let server = Server::start_in(folder, &format!("{OFFLINE}\n{settings}"));
    let _ = server.set_up();
    let app = app(&server, &log_in(&Client::new(&server), PASSWORD));
    let get = |path: &str| {
        let answer = app.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    };
    for _ in 0..3 {
        let _ = server.ask_from([127, 0, 0, 5], &query(1, "secret.doubleclick.net", A));
    }
    let _ = server.ask_from([127, 0, 0, 6], &query(1, "localhost", A));
    server.until("all is counted", |_| get("/api/stats/summary")["queries"]["total"] == 4);
    let summary = get("/api/stats/summary");
    let queries = &summary["queries"];
    assert_eq!((&queries["blocked"], &queries["percent_blocked"]), (&3.into(), &75.0.into()));
    assert_eq!((&queries["types"]["A"], &queries["types"]["OTHER"]), (&4.into(), &0.into()));
    assert_eq!((&queries["status"]["GRAVITY"], &queries["unique_domains"]), (&3.into(), &0.into()));
    assert_eq!(queries["replies"]["NXDOMAIN"], 3);
    assert_eq!(
        (&summary["clients"]["active"], &summary["clients"]["total"]),
        (&2.into(), &2.into())
    );
    assert!(
        summary["gravity"]["domains_being_blocked"].as_u64().is_some_and(|names| names > 4_000)
    );
    let top = get("/api/stats/top_domains?blocked=true&count=5");
    assert_eq!(top["domains"], serde_json::json!([{ "domain": "Google", "count": 3 }]));
    assert_eq!(get("/api/stats/top_domains")["domains"], serde_json::json!([]));
    let clients = get("/api/stats/top_clients?count=1")["clients"].clone();
    assert_eq!(clients.as_array().map(Vec::len), Some(1));
    assert_eq!((&clients[0]["ip"], &clients[0]["count"]), (&"127.0.0.5".into(), &3.into()));
    let refused = get("/api/stats/top_clients?blocked=true");
    assert_eq!(refused["clients"].as_array().map(Vec::len), Some(1), "of one nothing was refused");
    let sum = |hours: &Value, of: &dyn Fn(&Value) -> u64| -> u64 {
        hours.as_array().unwrap().iter().map(of).sum()
    };
    let history = get("/api/history")["history"].clone();
    assert_eq!(history.as_array().map(Vec::len), Some(24));
    assert_eq!(sum(&history, &|hour| hour["total"].as_u64().unwrap()), 4);
    assert_eq!(sum(&history, &|hour| hour["blocked"].as_u64().unwrap()), 3);
    let by_client = get("/api/history/clients?N=1");
    let (key, told) = by_client["clients"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(told["total"], 3);
    assert_eq!(sum(&by_client["history"], &|hour| hour["data"][key].as_u64().unwrap_or(0)), 3);
    let upstreams = get("/api/stats/upstreams")["upstreams"].clone();
    assert_eq!((&upstreams[0]["name"], &upstreams[0]["count"]), (&"blocklist".into(), &3.into()));
    assert_eq!((&upstreams[2]["ip"], &upstreams[2]["port"]), (&"127.0.0.1".into(), &9.into()));
    assert_eq!(get("/api/groups")["groups"][1]["name"], "kids");
    let list = get("/api/lists")["lists"][0].clone();
    assert_eq!(
        (&list["comment"], &list["number"], &list["status"]),
        (&"own".into(), &1.into(), &2.into())
    );
    assert_eq!(get("/api/lists?type=allow")["lists"], serde_json::json!([]));
    let version = get("/api/info/version")["version"]["core"]["local"]["version"].clone();
    assert_eq!(version, format!("v{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(get("/api/info/ftl")["ftl"]["clients"]["active"], 2);
    assert_eq!(get("/api/padd")["queries"]["blocked"], 3);
    let answer = app.get("/api/stats/top_domains?count=many");
    assert_eq!((answer.status, &answer.json()["error"]["key"]), (400, &"bad_request".into()));
    assert_eq!(app.get("/api/queries").json()["error"]["key"], "not_found");

    // Names are told only while somebody watches; to ask for them is not to watch.
    let recent = || get("/api/stats/recent_blocked?count=9")["blocked"].clone();
    let ask = || server.ask(&query(1, "secret.doubleclick.net", A));
    assert_eq!(recent(), serde_json::json!([]));
    let _ = ask();
    assert_eq!(recent(), serde_json::json!([]));
    let mut seen = serde_json::json!([]);
    server.until("it is shown", |server| {
        let token = format!(r#"{{"password":"{PASSWORD}"}}"#);
        let watcher = Client::new(server);
        let watcher = watcher.logged_in(&watcher.post("/api/v1/session", &token));
        let _ = watcher.get("/api/v1/live");
        let _ = ask();
        seen = recent();
        seen != serde_json::json!([])
    });
    assert_eq!(seen[0], "secret.doubleclick.net");
}
