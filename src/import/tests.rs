//! Whatever the bytes are: an error, or settings that our own reader takes.

use proptest::prelude::*;

use super::written::scalar;
use super::{Product, read};
use crate::config::Config;

const ALL: [Product; 3] = [Product::PiHole, Product::AdGuardHome, Product::Blocky];

/// Reads and writes; panics where what is written is not accepted.
fn come_over(product: Product, bytes: &[u8]) -> Option<String> {
    let written = read(product, bytes).ok()?.write("file").expect("accepted");
    assert!(Config::from_yaml(&written.yaml, "trackless.yaml").is_ok());
    Some(written.yaml)
}

/// Keys and values as they stand in such files, in any place.
fn word() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "dns",
        "upstream_dns",
        "clients",
        "persistent",
        "name",
        "ids",
        "filters",
        "url",
        "enabled",
        "user_rules",
        "rewrites",
        "domain",
        "answer",
        "filtering",
        "blocked_services",
        "upstreams",
        "groups",
        "default",
        "blocking",
        "denylists",
        "allowlists",
        "clientGroupsBlock",
        "ports",
        "customDNS",
        "conditional",
        "mapping",
        "caching",
        "minTime",
        "tls",
        "safe_search",
        "127.0.0.1",
        "[/x/]1.1.1.1",
        "||x^",
        "true",
        "0",
        "-1",
        "1h",
        "/x/",
        "*.x",
        "tablet*",
        "::1/0",
        "https://x.example/",
        "use_global_settings",
        "false",
        "bind_hosts",
        "clientLookup",
    ];
    prop_oneof![
        4 => proptest::sample::select(KNOWN).prop_map(str::to_owned),
        1 => "\\PC{0,70}",
    ]
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        word().prop_map(serde_json::Value::String),
        any::<i64>().prop_map(|number| number.into()),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            proptest::collection::hash_map(word(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_or_come_over(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for product in ALL {
            come_over(product, &bytes);
            for magic in [&b"PK\x03\x04"[..], &b"\x1f\x8b\x08\x00"[..]] {
                come_over(product, &[magic, &bytes[..]].concat());
            }
        }
    }

    #[test]
    fn any_settings_come_over(
        dns in tree(), filters in tree(), filtering in tree(), clients in tree(),
        blocking in tree(), upstreams in tree(), custom in tree(),
    ) {
        let root = serde_json::json!({
            "dns": dns, "filters": filters, "filtering": filtering, "clients": clients,
            "user_rules": filters, "blocking": blocking, "upstreams": upstreams,
            "customDNS": custom, "conditional": custom, "caching": custom, "ports": custom,
            "clientLookup": { "clients": clients },
        });
        let text = root.to_string();
        for product in [Product::AdGuardHome, Product::Blocky] {
            come_over(product, text.as_bytes());
        }
    }

    #[test]
    fn a_scalar_is_read_back(text in "\\PC{0,40}") {
        let yaml = format!("x: {}", scalar(&text));
        let read: std::collections::BTreeMap<String, String> = serde_yaml::from_str(&yaml).unwrap();
        prop_assert_eq!(&read["x"], &text);
    }
}
