//! Ways around the house's DNS: names that tell browsers to keep to it, and public resolvers.

use std::sync::LazyLock;

use serde::Deserialize;

const BUILTIN: &str = include_str!("../../blocklists/bypass.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signal {
    name: String,
    #[serde(rename = "about")]
    _about: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operator {
    #[serde(rename = "operator")]
    _operator: String,
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    signals: Vec<Signal>,
    resolvers: Vec<Operator>,
}

static FILE: LazyLock<File> =
    LazyLock::new(|| serde_yaml::from_str(BUILTIN).expect("a test reads the ways around"));

/// Names whose refusal tells browsers and systems to keep to the network's DNS.
pub fn signals() -> impl Iterator<Item = &'static str> {
    FILE.signals.iter().map(|signal| signal.name.as_str())
}

/// Host names of public encrypted resolvers, relays and gateways.
pub fn resolvers() -> impl Iterator<Item = &'static str> {
    FILE.resolvers.iter().flat_map(|operator| &operator.names).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Name;

    #[test]
    fn the_ways_around_are_sound() {
        assert!(signals().any(|name| name == "use-application-dns.net"));
        for name in signals().chain(resolvers()) {
            name.parse::<Name>().expect(name);
        }
    }
}
