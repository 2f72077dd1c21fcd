//! Who may do what, for everything that the API's document names, and the one of what speaks as
//! Pi-hole does.

use super::*;

/// Open to all who reach the port; each is looked at in `tests/login/`.
const OPEN: [(&str, &str); 5] = [
    ("get", "/session"),
    ("post", "/session"),
    ("delete", "/session"),
    ("post", "/setup"),
    ("post", "/me/button"),
];

#[test]
fn all_else_needs_a_login_and_a_viewers_changes_nothing() {
    let house = House::new(Config::default());
    let accounts = &house.site.accounts;
    for who in [Who::Owner, Who::Viewer] {
        accounts.set_anew(who, &Password::new("correct horse".to_owned())).unwrap();
    }
    let request = |method: &str, path: &str, fields: &str, body: &str| {
        let (host, len) = (house.web, body.len());
        let head = format!("{method} {}{path} HTTP/1.1\r\nHost: {host}\r\n", guard::API);
        let kind = format!("Content-Type: application/json\r\nContent-Length: {len}\r\n");
        let text = format!("{head}{fields}{kind}Connection: close\r\n\r\n{body}");
        Response::read(&house.send(&text))
    };
    let login = request("POST", "/session", "", r#"{"name":"viewer","password":"correct horse"}"#);
    assert_eq!(login.status, 204, "{}", login.body);
    let viewer = format!("Cookie: {}\r\nX-Trackless: 1\r\n", login.cookie);
    let document = serde_json::to_value(api().into_openapi()).unwrap();
    let mut open = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "delete", "patch", "options", "head", "trace"] {
            if item.get(method).is_none() {
                continue;
            }
            if OPEN.contains(&(method, path)) {
                open += 1;
                continue;
            }
            let asked: String = path
                .split('/')
                .map(|part| if part.starts_with('{') { "x" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            let verb = method.to_uppercase();
            let what = format!("{verb} {path}");
            for fields in ["", "Authorization: Bearer trk_x\r\n", "X-Trackless: 1\r\n"] {
                let refused = request(&verb, &asked, fields, "");
                assert_eq!(refused.status, 401, "{what}: {}", refused.body);
                assert!(refused.header.contains("content-type: application/problem+json"));
            }
            if method != "get" {
                let refused = request(&verb, &asked, &viewer, "");
                assert_eq!(refused.status, 403, "{what}: {}", refused.body);
            }
        }
    }
    assert_eq!(open, OPEN.len(), "all that is open is there");
}

/// Logging in and out as Pi-hole's apps do; each is looked at in `tests/pihole.rs`.
const OPEN_TO_APPS: [(&str, &str); 3] =
    [("get", "/api/auth"), ("post", "/api/auth"), ("delete", "/api/auth")];

#[test]
fn apps_of_pi_hole_need_a_login_too_and_a_viewers_changes_nothing() {
    let house = House::new(Config::default());
    for (who, password) in [(Who::Owner, "correct horse"), (Who::Viewer, "only look 1")] {
        house.site.accounts.set_anew(who, &Password::new(password.to_owned())).unwrap();
    }
    let request = |method: &str, path: &str, fields: &str, body: &str| {
        let (host, len) = (house.web, body.len());
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}");
        let text = format!("{head}Content-Length: {len}\r\nConnection: close\r\n\r\n{body}");
        let answer = Response::read(&house.send(&text));
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        (answer.status, json)
    };
    let (status, login) = request("POST", "/api/auth", "", r#"{"password":"only look 1"}"#);
    assert_eq!(status, 200, "{login}");
    let viewer = format!("X-FTL-SID: {}\r\n", login["session"]["sid"].as_str().unwrap());
    let document = serde_json::to_value(pihole::router().into_openapi()).unwrap();
    let mut open = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if OPEN_TO_APPS.contains(&(method.as_str(), path.as_str())) {
                open += 1;
                continue;
            }
            let verb = method.to_uppercase();
            for fields in ["", "X-FTL-SID: x\r\n", "Cookie: sid=x\r\nX-FTL-CSRF: x\r\n"] {
                let (status, json) = request(&verb, path, fields, "");
                assert_eq!(
                    (status, &json["error"]["key"]),
                    (401, &"unauthorized".into()),
                    "{path}"
                );
            }
            let (status, json) = request(&verb, path, &viewer, "");
            match verb.as_str() {
                "GET" => assert!(status == 200 && json["took"].is_f64(), "{path}: {status} {json}"),
                _ => assert_eq!((status, &json["error"]["key"]), (403, &"forbidden".into())),
            }
        }
    }
    assert_eq!(open, OPEN_TO_APPS.len(), "all that is open is there");
    let (status, json) = request("POST", "/api/nothing", &viewer, "{}");
    assert_eq!((status, &json["error"]["key"]), (404, &"not_found".into()));
    assert_eq!(request("PUT", "/api/groups", &viewer, "").0, 405);
}
