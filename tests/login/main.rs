//! Logging in to the dashboard, and who may do what there.

#[path = "../house/mod.rs"]
mod house;
mod pages;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use data_encoding::BASE32_NOPAD;
use house::dns::{A, query};
use house::web::{Answer, Client, PASSWORD};
use house::{PATIENCE, Server, run};
use ring::hmac;

const OFFLINE: &str = "upstream: udp://127.0.0.1:9";

fn log_in(client: &Client, password: &str) -> Answer {
    client.post("/api/v1/session", &format!(r#"{{"password":"{password}"}}"#))
}

fn state(client: &Client) -> String {
    client.get("/api/v1/session").json()["state"].as_str().unwrap().to_owned()
}

/// The code an app shows, so many steps from now.
fn code(secret: &str, ahead: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let step = (now / 30).checked_add_signed(ahead).unwrap();
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap());
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

#[test]
fn the_first_password_is_set_once_and_by_who_sees_the_log() {
    let server = Server::start(OFFLINE);
    let anybody = Client::new(&server);
    assert_eq!(state(&anybody), "setup");
    let set_up = |code: &str, password: &str| {
        let body = format!(r#"{{"code":"{code}","password":"{password}"}}"#);
        anybody.post("/api/v1/setup", &body)
    };
    let code = server.setup_code();
    assert!(server.log.contains(&format!("http://{}/#/setup?code={code}", server.web)));
    for wrong in ["", "x", &code[1..], &code.to_lowercase().to_uppercase()] {
        let answer = set_up(wrong, PASSWORD);
        assert_eq!(answer.status, 403, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert_eq!(log_in(&anybody, "").status, 401, "no password is not an empty one");
    let answer = set_up(&code, "too short");
    assert_eq!(answer.status, 422);
    assert!(answer.json()["detail"].as_str().unwrap().contains("10 characters"), "{answer:?}");
    let answer = set_up(&code, PASSWORD);
    assert_eq!(answer.status, 204);
    let owner = anybody.logged_in(&answer);
    let session = owner.get("/api/v1/session").json();
    assert_eq!(session["state"], "in");
    assert_eq!((&session["name"], &session["scope"]), (&"owner".into(), &"admin".into()));
    assert_eq!(session["totp"], false);
    assert_eq!(set_up(&code, "another password").status, 409);
    assert_eq!(state(&anybody), "anonymous");
    let file = server.path("data/account.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let cookie = owner.headers[0].1.clone();
    let kept = fs::read_to_string(file).unwrap();
    assert!(kept.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    for secret in [PASSWORD, cookie.strip_prefix("trackless=").unwrap(), &code] {
        assert!(!kept.contains(secret));
    }
}

#[test]
fn who_logs_in_is_in_until_they_log_out() {
    let mut server = Server::start(OFFLINE);
    let _ = server.set_up();
    let anybody = Client::new(&server);
    let answer = log_in(&anybody, PASSWORD);
    assert_eq!(answer.status, 204);
    let cookie = answer.header("set-cookie");
    for part in ["trackless=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "there is no TLS");
    let owner = anybody.logged_in(&answer);
    assert_eq!(owner.get("/api/v1/tokens").status, 200);
    let again = owner.get("/api/v1/session");
    assert_eq!(again.header("set-cookie"), cookie, "it lasts from now on");
    let made_up = anybody.with("Cookie", "trackless=x; trackless2=y");
    assert_eq!(made_up.get("/api/v1/tokens").status, 401);
    // A restart ends nothing.
    server.signal("-TERM");
    assert!(server.wait().success());
    let folder = std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap());
    let server = Server::start_in(folder, OFFLINE);
    assert!(!server.log.contains("setup?code="), "there is a password");
    let headers = owner.headers;
    let owner = Client { headers, ..Client::new(&server) };
    assert_eq!(owner.get("/api/v1/tokens").status, 200);
    let answer = owner.delete("/api/v1/session");
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("trackless=; "), "{answer:?}");
    assert_eq!(owner.get("/api/v1/tokens").status, 401);
    assert_eq!(owner.delete("/api/v1/session").status, 204, "once more does no harm");
    assert!(!server.log.contains(PASSWORD));
}

#[test]
fn who_guesses_must_wait() {
    let server = Server::start(OFFLINE);
    let owner = server.set_up();
    let anybody = Client::new(&server);
    let wrong = log_in(&anybody, "wrong password");
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.json()["type"], "about:blank");
    let unknown =
        anybody.post("/api/v1/session", r#"{"name":"viewer","password":"wrong password"}"#);
    assert_eq!((unknown.status, &unknown.body), (401, &wrong.body), "there is no viewer");
    // Waits grow, so that even a slow machine comes to one.
    let mut locked = wrong;
    let start = Instant::now();
    while locked.status != 429 {
        assert!(start.elapsed() < PATIENCE);
        if log_in(&anybody, "wrong password").status == 429 {
            locked = log_in(&anybody, PASSWORD);
        }
    }
    let wait: u64 = locked.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{locked:?}");
    assert_eq!(owner.get("/api/v1/tokens").status, 200, "who is in stays in");
    let folder = server.path("data");
    let arguments = ["password", "--data", folder.to_str().unwrap()];
    let (done, said, error) = run(&arguments, server.folder.path(), "a new password\n");
    assert!(done && said == "the owner's password is set\n", "{said}{error}");
    assert_eq!(owner.get("/api/v1/tokens").status, 401, "old sessions are over");
    assert_eq!(log_in(&anybody, "a new password").status, 204, "and nobody waits");
    let (done, _, error) = run(&arguments, server.folder.path(), "short\n");
    assert!(!done && error.contains("10 characters"), "{error}");
}

#[test]
fn codes_are_asked_for_once_they_are_on() {
    let server = Server::start(OFFLINE);
    let owner = server.set_up();
    let anybody = Client::new(&server);
    let body = |code: &str| format!(r#"{{"code":"{code}"}}"#);
    assert_eq!(owner.put("/api/v1/totp", &body("000000")).status, 409, "not asked for yet");
    let made = owner.send("POST", "/api/v1/totp", None);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let uri = made.json()["uri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&secret), "{uri}");
    let wrong = owner.put("/api/v1/totp", &body("12345"));
    assert_eq!((wrong.status, wrong.json()["type"].clone()), (401, "/problems/totp".into()));
    assert_eq!(log_in(&anybody, PASSWORD).status, 204, "they are not on yet");
    assert_eq!(owner.put("/api/v1/totp", &body(&code(&secret, 0))).status, 204);
    assert_eq!(owner.get("/api/v1/session").json()["totp"], true);
    assert_eq!(owner.send("POST", "/api/v1/totp", None).status, 409);
    let wanted = log_in(&anybody, PASSWORD);
    assert_eq!((wanted.status, wanted.json()["type"].clone()), (401, "/problems/totp".into()));
    let with = |code: &str| {
        anybody.post("/api/v1/session", &format!(r#"{{"password":"{PASSWORD}","code":"{code}"}}"#))
    };
    let good = code(&secret, 1);
    assert_eq!(with(&good).status, 204);
    let again = with(&good);
    assert_eq!(again.status, 401, "none is good twice");
    assert!(again.json()["detail"].as_str().unwrap().contains("used already"), "{again:?}");
    let off = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let end = || owner.send("DELETE", "/api/v1/totp", Some(&off));
    let (start, mut ended) = (Instant::now(), end());
    // One was wrong: there is a wait.
    while ended.status == 429 {
        assert!(start.elapsed() < PATIENCE);
        ended = end();
    }
    assert_eq!(ended.status, 204, "{ended:?}");
    assert_eq!(log_in(&anybody, PASSWORD).status, 204);
}

#[test]
fn tokens_may_do_what_their_scope_says() {
    let server = Server::start(OFFLINE);
    let owner = server.set_up();
    let make = |name: &str, scope: &str| {
        owner.post("/api/v1/tokens", &format!(r#"{{"name":"{name}","scope":"{scope}"}}"#))
    };
    let made = make("watch", "read");
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("trk_") && token.len() == 47, "{token}");
    assert_eq!(make("watch", "admin").status, 422, "one name, one token");
    assert_eq!(make("", "read").status, 422);
    assert_eq!(make("x", "all").status, 422);
    let admin = make("all", "admin").json()["token"].as_str().unwrap().to_owned();
    let by = |token: &str| Client::new(&server).with("Authorization", &format!("Bearer {token}"));
    assert_eq!(by(&token).get("/api/v1/session").json()["scope"], "read");
    assert_eq!(by(&token).get("/api/v1/tokens").status, 403);
    let listed = by(&admin).get("/api/v1/tokens");
    assert_eq!(listed.status, 200);
    assert!(!listed.body.contains(&token) && listed.json()["items"][0]["name"] == "watch");
    let used = |at: usize| owner.get("/api/v1/tokens").json()["items"][at]["used"].clone();
    server.until("its day is told", |_| used(1).as_u64().is_some_and(|day| day % 86_400 == 0));
    let one = r#"{"name":"more","scope":"admin"}"#;
    assert_eq!(by(&admin).post("/api/v1/tokens", one).status, 403, "no token makes another");
    assert_eq!(by("trk_x").get("/api/v1/session").status, 401);
    let both = owner.with("Authorization", "Bearer trk_x");
    assert_eq!(both.get("/api/v1/tokens").status, 401, "a token counts alone");
    let kept = fs::read_to_string(server.path("data/account.json")).unwrap();
    assert!(!kept.contains(&token[4..]));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.delete(&format!("/api/v1/tokens/{id}")).status, 204);
    assert_eq!(owner.delete(&format!("/api/v1/tokens/{id}")).status, 404);
    assert_eq!(by(&token).get("/api/v1/session").status, 401);
}

#[test]
fn a_new_password_ends_other_sessions_and_a_viewer_only_looks() {
    let server = Server::start(OFFLINE);
    let owner = server.set_up();
    let anybody = Client::new(&server);
    let other = anybody.logged_in(&log_in(&anybody, PASSWORD));
    let change = |old: &str, new: &str, name: &str| {
        let body = format!(r#"{{"old":"{old}","new":{new},"name":"{name}"}}"#);
        owner.put("/api/v1/password", &body)
    };
    assert_eq!(change(PASSWORD, "\"only look 1\"", "viewer").status, 204);
    let body = r#"{"name":"viewer","password":"only look 1"}"#;
    let viewer = anybody.logged_in(&anybody.post("/api/v1/session", body));
    let session = viewer.get("/api/v1/session").json();
    assert_eq!((&session["name"], &session["scope"]), (&"viewer".into(), &"read".into()));
    assert_eq!(session.get("totp"), None);
    assert_eq!(viewer.get("/api/v1/tokens").status, 403);
    let body = format!(r#"{{"old":"{PASSWORD}","new":"a viewer's own"}}"#);
    assert_eq!(viewer.put("/api/v1/password", &body).status, 403);
    assert_eq!(change(PASSWORD, "null", "owner").status, 422, "there is always an owner");
    assert_eq!(change(PASSWORD, "\"short\"", "owner").status, 422);
    assert_eq!(change(PASSWORD, "\"another horse\"", "owner").status, 204);
    assert_eq!(owner.get("/api/v1/tokens").status, 200, "who changes it stays");
    assert_eq!(other.get("/api/v1/tokens").status, 401);
    assert_eq!(state(&viewer), "in");
    assert_eq!(change("another horse", "null", "viewer").status, 204);
    assert_eq!(state(&viewer), "anonymous", "there is no viewer any more");
    let third = anybody.logged_in(&log_in(&anybody, "another horse"));
    assert_eq!(owner.send("POST", "/api/v1/sessions/end", None).status, 204);
    assert_eq!((state(&third), state(&owner)), ("anonymous".into(), "in".into()));
    assert_eq!(change("wrong password", "\"yet another\"", "owner").status, 401);
}

#[test]
fn proxies_are_believed_where_the_settings_say_so() {
    let settings = |proxies: &str| {
        format!(
            "{OFFLINE}\nlogin: {{ proxies: [{proxies}], header: X-User, owners: [anna], viewers: [ben] }}"
        )
    };
    let server = Server::start(&settings("127.0.0.1"));
    let by = |name: &str| Client::new(&server).with("X-User", name);
    assert_eq!(by("anna").get("/api/v1/tokens").status, 200);
    assert_eq!(by("ben").get("/api/v1/session").json()["scope"], "read");
    for nobody in ["carl", "", "Anna", "anna, ben"] {
        assert_eq!(by(nobody).get("/api/v1/tokens").status, 401, "{nobody}");
    }
    let mut twice = by("anna");
    twice.headers.push(("X-User".to_owned(), "ben".to_owned()));
    assert_eq!(twice.get("/api/v1/tokens").status, 401);
    let end = |client: &Client| client.send("POST", "/api/v1/sessions/end", None).status;
    assert_eq!(end(&by("anna")), 403, "browsers send this, too, without being asked");
    assert_eq!(end(&by("anna").with("X-Trackless", "1")), 204);
    let secure = Client::new(&server).with("X-Forwarded-Proto", "https");
    assert!(secure.delete("/api/v1/session").header("set-cookie").ends_with("; Secure"));
    let _ = server.ask_from([127, 0, 0, 5], &query(1, "doubleclick.net", A));
    for (forwarded, is_known) in [("127.0.0.9, 127.0.0.5", true), ("127.0.0.5, 127.0.0.9", false)] {
        let client = Client::new(&server).with("X-Forwarded-For", forwarded);
        let device = client.get("/api/v1/session").json()["device"].clone();
        assert_eq!(!device.is_null(), is_known, "the last one is the proxy's word");
    }
    let elsewhere = Server::start(&settings("127.0.0.2, 10.0.0.0/8"));
    let by = |name: &str| Client::new(&elsewhere).with("X-User", name);
    assert_eq!(by("anna").get("/api/v1/tokens").status, 401);
    let plain = Client::new(&elsewhere).with("X-Forwarded-Proto", "https");
    assert!(!plain.delete("/api/v1/session").header("set-cookie").contains("Secure"));
}

#[test]
fn who_holds_a_device_may_press_its_button_for_a_while() {
    let server = Server::start(&format!("{OFFLINE}\nbutton: {{ most: 10m }}"));
    let anybody = Client::new(&server).with("X-Trackless", "1");
    let press = |client: &Client, body: &str| client.post("/api/v1/me/button", body);
    assert_eq!(press(&anybody, r#"{"state":"off"}"#).status, 404, "it has asked nothing");
    assert!(anybody.get("/api/v1/session").json()["device"].is_null());
    let refused = || server.ask(&query(1, "doubleclick.net", A))[3] & 15 == 3;
    assert!(refused());
    let me = || anybody.get("/api/v1/session").json()["device"].clone();
    assert_eq!(
        (me()["may_press"].clone(), me()["most_seconds"].clone()),
        (true.into(), 600.into())
    );
    assert_eq!(me()["button"]["state"], "on");
    let elsewhere = Client::new(&server);
    assert_eq!(press(&elsewhere, r#"{"state":"off"}"#).status, 403, "a page must mean it");
    assert_eq!(press(&anybody, r#"{"state":"off","seconds":601}"#).status, 422);
    assert_eq!(press(&anybody, r#"{"state":"off","seconds":0}"#).status, 422);
    let answer = press(&anybody, r#"{"state":"off","seconds":60}"#);
    assert_eq!((answer.status, answer.json()["state"].clone()), (200, "paused".into()));
    assert!(answer.json()["left"].as_u64().is_some_and(|left| (1..=60).contains(&left)));
    assert!(!refused(), "from the next query on");
    assert_eq!(press(&anybody, r#"{"state":"on"}"#).json()["state"], "on");
    assert!(refused());
    // What a stranger says of where it comes from does not count.
    let pretends = anybody.with("X-Forwarded-For", "192.0.2.1");
    assert!(!pretends.get("/api/v1/session").json()["device"].is_null());
    let presses = server.metric("trackless_button_presses_total");
    assert!(presses.iter().any(|(labels, count)| {
        labels.contains("way=\"device\"") && labels.contains("state=\"paused\"") && *count == 1.0
    }));
    let closed = Server::start(&format!("{OFFLINE}\nbutton: {{ open: false }}"));
    let _ = closed.ask(&query(1, "doubleclick.net", A));
    let anybody = Client::new(&closed).with("X-Trackless", "1");
    assert_eq!(press(&anybody, r#"{"state":"off"}"#).status, 403);
    assert!(anybody.get("/api/v1/session").json()["device"].is_null());
}
