//! Which pages may ask what, and what browsers are told.

use super::house::Server;
use super::house::web::{Client, PASSWORD};
use super::{OFFLINE, log_in};

#[test]
fn no_page_elsewhere_changes_anything() {
    let server = Server::start(OFFLINE);
    let owner = server.set_up();
    let own = format!("http://{}", server.web);
    let mut bare = owner.clone();
    bare.headers.retain(|(name, _)| name != "X-Trackless");
    let ends = |client: &Client| client.send("POST", "/api/v1/sessions/end", None).status;
    assert_eq!(ends(&bare), 403, "without the header");
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:1", &format!("{own}.evil")] {
        assert_eq!(ends(&owner.with("Origin", foreign)), 403, "{foreign}");
        let login = log_in(&Client::new(&server).with("Origin", foreign), PASSWORD);
        assert_eq!(login.status, 403, "nor does it log anybody in");
    }
    for site in ["cross-site", "same-site", "x"] {
        assert_eq!(ends(&owner.with("Sec-Fetch-Site", site)), 403, "{site}");
    }
    let page = owner.with("Origin", &own).with("Sec-Fetch-Site", "same-origin");
    assert_eq!(ends(&page), 204);
    // All that a form elsewhere can send, even from a browser that says nothing of it.
    let body = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let fields = format!("Content-Type: text/plain\r\nContent-Length: {}\r\n", body.len());
    let form = Client::new(&server).send_raw("POST", "/api/v1/session", &fields, &body);
    assert_eq!(form.status, 415);
    for host in ["evil.example", "127.0.0.1.evil.example", "my-host.evil"] {
        for path in ["/", "/api/v1/session", "/metrics"] {
            assert_eq!(owner.with("Host", host).get(path).status, 421, "{host}{path}");
        }
    }
    let answer = owner.with("Host", "evil.example").get("/api/v1/session");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("access-control-allow-origin"), "", "nobody else may read");
}

#[test]
fn names_of_the_settings_are_ours() {
    let settings = format!(
        "{OFFLINE}\nencrypted: {{ names: [dns.my.example] }}\nlogin: {{ hosts: [Dash.example] }}\n\
         local: {{ suffix: lan }}"
    );
    let server = Server::start(&settings);
    let anybody = Client::new(&server);
    for host in ["dns.my.example", "dash.example:80", "trackless.lan", "TRACKLESS.home.arpa"] {
        assert_eq!(anybody.with("Host", host).get("/api/v1/session").status, 200, "{host}");
    }
    assert_eq!(anybody.with("Host", "x.dash.example").get("/").status, 421);
}

#[test]
fn bodies_have_bounds_and_answers_say_what_browsers_need() {
    let server = Server::start(OFFLINE);
    let anybody = Client::new(&server);
    let large = format!(r#"{{"password":"{}"}}"#, "x".repeat(70_000));
    assert_eq!(anybody.post("/api/v1/session", &large).status, 413);
    let fields = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let chunk = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    assert_eq!(anybody.send_raw("POST", "/api/v1/session", fields, &chunk).status, 413);
    for body in ["", "{", "[]", "null", r#"{"password":1}"#, r#"{"password":"x","name":"root"}"#] {
        let answer = anybody.post("/api/v1/session", body);
        assert!([400, 422].contains(&answer.status), "{body}: {answer:?}");
        assert_eq!(answer.json()["status"], answer.status);
    }
    let page = anybody.get("/");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe")
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(page.header(name), value);
    }
    let same = anybody.with("If-None-Match", page.header("etag")).get("/");
    assert_eq!((same.status, same.body.as_str()), (304, ""));
    let packed = anybody.with("Accept-Encoding", "br, gzip").get("/");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(anybody.get("/api/v1/session").header("cache-control"), "no-store");
    for (method, path, status) in [
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/setup", 405),
        ("GET", "/robots.txt", 200),
        ("POST", "/robots.txt", 405),
        ("GET", "/../Cargo.toml", 404),
        ("GET", "/index.html/", 404),
    ] {
        assert_eq!(anybody.send(method, path, None).status, status, "{method} {path}");
    }
}
