//! `setupVars.conf`, `pihole-FTL.conf` and `custom.list`, the settings of version 5.

use super::archive::Parts;
use super::dnsmasq;
use super::toml::{answer, listen, rate};
use crate::import::{Imported, NO_DHCP, NO_LOG, SWITCHED_OFF};

/// Files that Pi-hole makes of its other settings.
pub(super) const GENERATED: [&str; 3] =
    ["01-pihole.conf", "02-pihole-dhcp.conf", "06-rfc6761.conf"];

pub(super) fn take(parts: &Parts, imported: &mut Imported) {
    let lines = |name: &str| {
        let text = parts.get(name).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let setup = lines("setupVars.conf");
    let value = |key: &str| of(&setup, key);
    for number in 1..=100 {
        if let Some(server) = value(&format!("PIHOLE_DNS_{number}")) {
            dnsmasq::upstream(server, imported);
        }
    }
    let is_on = |key: &str| value(key) == Some("true");
    if is_on("REV_SERVER") {
        let part = |key: &str| value(key).unwrap_or("");
        let (network, server) = (part("REV_SERVER_CIDR"), part("REV_SERVER_TARGET"));
        let what = format!("forwarding {network} to {server}");
        dnsmasq::conditional(network, server, part("REV_SERVER_DOMAIN"), &what, imported);
    }
    if is_on("DNSSEC") {
        imported.set("upstream.validate", "all", "dnssec");
    }
    if let Some(suffix) = value("PIHOLE_DOMAIN") {
        imported.set("local.suffix", suffix, &format!("domain {suffix}"));
    }
    if value("BLOCKING_ENABLED") == Some("false") {
        imported.left("blocking switched off", SWITCHED_OFF);
    }
    if value("CACHE_SIZE") == Some("0") {
        imported.set("cache.size", "0", "cache size 0");
    }
    if is_on("DHCP_ACTIVE") {
        imported.left("DHCP server", NO_DHCP);
    }
    if is_on("QUERY_LOGGING") {
        imported.left("query log", NO_LOG);
    }
    listen(53, imported);
    let ftl = lines("pihole-FTL.conf");
    if let Some(mode) = of(&ftl, "BLOCKINGMODE") {
        answer(mode, imported);
    }
    if let Some((count, interval)) = of(&ftl, "RATE_LIMIT").and_then(|rule| rule.split_once('/')) {
        rate(count.parse().ok(), interval.parse().ok(), imported);
    }
    lines("custom.list").iter().for_each(|line| dnsmasq::host(line, imported));
}

/// The value of `key` among `KEY=value` lines.
fn of<'a>(lines: &'a [String], key: &str) -> Option<&'a str> {
    let value = lines.iter().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.map(str::trim).filter(|value| !value.is_empty())
}
