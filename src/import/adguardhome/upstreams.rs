//! Whom AdGuard Home asks.

use serde_json::Value;

use crate::import::Imported;
use crate::import::servers::{self, go_time, reverse_zones};
use crate::import::tree::{at, number, on, text, texts};

/// Networks whose addresses have names of the house's own (RFC 1918, RFC 4193).
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"];

pub(super) fn take(dns: &Value, imported: &mut Imported) {
    for line in texts(at(dns, "upstream_dns")) {
        upstream(&line, imported);
    }
    if let Some(file) = text(at(dns, "upstream_dns_file")) {
        let why = "a file of its own; write its lines under `upstream`";
        imported.left(&format!("upstream_dns_file {file}"), why);
    }
    for line in texts(at(dns, "bootstrap_dns")) {
        let what = format!("bootstrap {line}");
        match servers::adguard(&line) {
            Ok(url) => imported.add("upstream.bootstrap", &url, &what),
            Err(why) => imported.left(&what, &why),
        }
    }
    for line in texts(at(dns, "fallback_dns")) {
        let why = "who is asked when others fail is the next one of `upstream.servers`";
        imported.left(&format!("fallback {line}"), why);
    }
    let mode = text(at(dns, "upstream_mode")).or_else(|| {
        let before = [("all_servers", "parallel"), ("fastest_addr", "fastest_addr")];
        before.iter().find(|(key, _)| on(dns, key)).map(|(_, mode)| (*mode).to_owned())
    });
    if let Some(mode) = mode {
        let what = format!("upstream_mode {mode}");
        match mode.as_str() {
            "load_balance" => imported.set("upstream.strategy", "fastest", &what),
            "parallel" => imported.set("upstream.strategy", "race", &what),
            _ => imported.left(&what, "addresses are not tried here; see `upstream.strategy`"),
        }
    }
    if let Some(timeout) = text(at(dns, "upstream_timeout")) {
        let what = format!("upstream_timeout {timeout}");
        match go_time(&timeout) {
            Some(time) => imported.set("upstream.timeout", &time, &what),
            None => imported.left(&what, "not a time"),
        }
    }
    if on(dns, "use_private_ptr_resolvers")
        || number(at(dns, "use_private_ptr_resolvers")).is_none()
    {
        private(&texts(at(dns, "local_ptr_upstreams")), imported);
    }
    if on(dns, "use_dns64") {
        let prefix = texts(at(dns, "dns64_prefixes")).into_iter().next();
        let prefix = prefix.unwrap_or_else(|| "64:ff9b::/96".to_owned());
        imported.set("upstream.dns64", &prefix, &format!("dns64 {prefix}"));
    }
}

fn upstream(line: &str, imported: &mut Imported) {
    if line.starts_with('#') {
        return;
    }
    let what = format!("upstream {line}");
    let Some((domains, servers)) = line.strip_prefix("[/").and_then(|rest| rest.split_once("/]"))
    else {
        return match servers::adguard(line) {
            Ok(url) => imported.add("upstream.servers", &url, &what),
            Err(why) => imported.left(&what, &why),
        };
    };
    let domains: Vec<String> =
        domains.split('/').map(|domain| domain.trim_start_matches("*.").to_owned()).collect();
    if domains.iter().any(String::is_empty) {
        return imported.left(&what, "names without a dot are asked of nobody else here");
    }
    let servers: Result<Vec<_>, _> = servers.split_whitespace().map(servers::adguard).collect();
    match servers {
        Ok(servers) if !servers.is_empty() => imported.forward(&domains, &servers, &what),
        Ok(_) => imported.left(&what, "there is no server in it"),
        Err(_) if line.ends_with("]#") => {
            imported.left(&what, "a domain is not taken out of another one's servers here");
        }
        Err(why) => imported.left(&what, &why),
    }
}

/// Who knows the names of private addresses.
fn private(lines: &[String], imported: &mut Imported) {
    if lines.is_empty() {
        return;
    }
    let what = format!("names of private addresses from {}", lines.join(", "));
    let zones = PRIVATE.iter().filter_map(|network| network.parse().ok()).flat_map(reverse_zones);
    let zones: Vec<_> = zones.collect();
    let servers: Result<Vec<_>, _> = lines.iter().map(|line| servers::adguard(line)).collect();
    match servers {
        Ok(servers) => imported.forward(&zones, &servers, &what),
        Err(why) => imported.left(&what, &why),
    }
}
