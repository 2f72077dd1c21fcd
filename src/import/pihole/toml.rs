//! `pihole.toml`, the settings of version 6.

use serde_json::Value;

use super::dnsmasq;
use crate::import::tree::{self, at, number, on, switch, text, texts};
use crate::import::{ImportError, Imported, NO_DHCP, NO_LOG, SWITCHED_OFF};

/// Takes them, and says whether files of dnsmasq's own count, too.
pub(super) fn take(bytes: &[u8], imported: &mut Imported) -> Result<bool, ImportError> {
    let root = tree::toml(bytes, "pihole.toml")?;
    let dns = at(&root, "dns");
    texts(at(dns, "upstreams")).iter().for_each(|text| dnsmasq::upstream(text, imported));
    for line in texts(at(dns, "revServers")) {
        rev_server(&line, imported);
    }
    texts(at(dns, "hosts")).iter().for_each(|line| dnsmasq::host(line, imported));
    texts(at(dns, "cnameRecords")).iter().for_each(|line| dnsmasq::cname(line, imported));
    if let Some(record) = text(at(dns, "hostRecord")) {
        dnsmasq::host_record(&record, imported);
    }
    let port = number(at(dns, "port")).unwrap_or(53);
    listen(port, imported);
    if on(dns, "dnssec") {
        imported.set("upstream.validate", "all", "dnssec");
    }
    let domain = at(dns, "domain");
    if let Some(suffix) = text(domain).or_else(|| text(at(domain, "name"))) {
        imported.set("local.suffix", &suffix, &format!("domain {suffix}"));
    }
    blocking(dns, imported);
    if number(at(dns, "cache.size")) == Some(0) {
        imported.set("cache.size", "0", "cache.size 0");
    }
    rate(number(at(dns, "rateLimit.count")), number(at(dns, "rateLimit.interval")), imported);
    if switch(at(dns, "specialDomains.mozillaCanary")) == Some(false)
        && switch(at(dns, "specialDomains.iCloudPrivateRelay")) == Some(false)
    {
        imported.set("bypass", "off", "specialDomains: none");
    }
    if text(at(dns, "listeningMode")).is_some_and(|mode| mode.eq_ignore_ascii_case("all")) {
        let why = "only private networks may ask; name others under `access.networks`";
        imported.left("listeningMode ALL", why);
    }
    texts(at(&root, "dhcp.hosts")).iter().for_each(|line| dnsmasq::dhcp_host(line, imported));
    if on(&root, "dhcp.active") {
        imported.left("DHCP server", NO_DHCP);
    }
    if on(dns, "queryLogging") {
        imported.left("query log", NO_LOG);
    }
    for line in texts(at(&root, "misc.dnsmasq_lines")) {
        dnsmasq::take(&line, "misc.dnsmasq_lines", imported);
    }
    imported.leave_others(&root, &["dns", "dhcp", "misc"]);
    Ok(on(&root, "misc.etc_dnsmasq_d"))
}

/// `enabled,network,server,domain`.
fn rev_server(line: &str, imported: &mut Imported) {
    let mut parts = line.split(',').map(str::trim);
    let (enabled, network, server, domain) =
        (parts.next(), parts.next(), parts.next(), parts.next());
    let what = format!("forwarding {line}");
    if enabled != Some("true") {
        return imported.left(&what, "switched off there");
    }
    let (network, server) = (network.unwrap_or(""), server.unwrap_or(""));
    dnsmasq::conditional(network, server, domain.unwrap_or(""), &what, imported);
}

/// The door for DNS, on all addresses as there.
pub(super) fn listen(port: i64, imported: &mut Imported) {
    if port == 0 {
        return imported.left("dns.port 0", "DNS is switched off there");
    }
    imported.add("listen", &format!("0.0.0.0:{port}"), &format!("port {port}"));
    imported.push("listen", &format!("[::]:{port}"));
}

fn blocking(dns: &Value, imported: &mut Imported) {
    if switch(at(dns, "blocking.active")) == Some(false) {
        imported.left("blocking switched off", SWITCHED_OFF);
    }
    if let Some(mode) = text(at(dns, "blocking.mode")) {
        answer(&mode, imported);
    }
    if let Some(ttl) = number(at(dns, "blockTTL")) {
        imported.set("block.ttl", &format!("{ttl}s"), &format!("blockTTL {ttl}"));
    }
}

/// What a refused query gets.
pub(super) fn answer(mode: &str, imported: &mut Imported) {
    let what = format!("blocking mode {mode}");
    match mode.to_ascii_uppercase().replace('_', "-").as_str() {
        "NULL" => imported.set("block.answer", "null", &what),
        "NXDOMAIN" | "NX" => imported.set("block.answer", "nxdomain", &what),
        "NODATA" => imported.set("block.answer", "nodata", &what),
        _ => imported.left(&what, "write the address to give under `block.answer`"),
    }
}

/// Only its absence means the same here.
pub(super) fn rate(count: Option<i64>, interval: Option<i64>, imported: &mut Imported) {
    match (count, interval) {
        (Some(0), _) | (_, Some(0)) => imported.set("access.rate", "0", "no rate limit"),
        // What comes along: nobody chose it.
        (Some(1_000), Some(60)) | (None, _) | (_, None) => {}
        (Some(count), Some(interval)) => {
            let why = "here it counts by the second: see `access.rate`";
            imported.left(&format!("rate limit {count} in {interval} s"), why);
        }
    }
}
