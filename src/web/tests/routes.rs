//! Who may do what, for everything that the API's document names.

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
