//! What phones are given: whom to trust, and whom to ask.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

use super::described::Api;
use super::house::Server;
use super::upstream;

/// The text behind a key of a property list, wherever it is in it.
fn behind<'a>(list: &'a plist::Value, key: &str) -> Option<&'a plist::Value> {
    match list {
        plist::Value::Dictionary(of) => {
            of.get(key).or_else(|| of.values().find_map(|value| behind(value, key)))
        }
        plist::Value::Array(of) => of.iter().find_map(|value| behind(value, key)),
        _ => None,
    }
}

#[test]
fn a_profile_says_whom_to_ask_and_to_trust() {
    let upstream = upstream();
    let server = Server::start(&format!(
        "upstream: {}\nencrypted: {{ tls: 127.0.0.1:0, https: 127.0.0.1:0, names: [dns.my-home.example] }}",
        upstream.url()
    ));
    let api = Api::of(&server);
    let pem = api.send("GET", "/ca.pem", "/ca.pem", None).body;
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    assert_eq!(api.get("/setup-info", "/setup-info")["ca"], Value::Bool(true));
    for (kind, key, value) in [
        ("tls", "ServerName", "dns.my-home.example"),
        ("https", "ServerURL", "https://dns.my-home.example"),
    ] {
        let at = format!("/apple.mobileconfig?kind={kind}");
        let answer = api.send("GET", "/apple.mobileconfig", &at, None);
        assert_eq!(answer.header("content-type"), "application/x-apple-aspen-config");
        let profile = plist::Value::from_reader_xml(answer.body.as_bytes()).unwrap();
        let found = behind(&profile, key).and_then(plist::Value::as_string).unwrap();
        assert!(found.starts_with(value), "{found}");
        let addresses = behind(&profile, "ServerAddresses").unwrap().as_array().unwrap();
        assert_eq!(addresses[0].as_string(), Some("127.0.0.1"));
        let parts = behind(&profile, "PayloadContent").unwrap().as_array().unwrap();
        let trusted = parts.iter().find_map(|part| behind(part, "PayloadContent")).unwrap();
        assert_eq!(trusted.as_data(), Some(&*certificate));
    }
}
