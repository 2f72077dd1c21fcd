//! AdGuard Home: `AdGuardHome.yaml`, of any version whose settings stand in one of the places they
//! have had.
//!
//! Its own rules are of one rank with its lists', as those of a list are here.

mod clients;
mod upstreams;

use serde_json::Value;

use super::groups::{EVERYBODY, Whom, service};
use super::rules::rewritten;
use super::tree::{self, at, items, number, on, switch, text, texts};
use super::{ImportError, Imported, NO_DHCP, NO_LOG, NO_PASSWORD, Product, SWITCHED_OFF};
use crate::filter::Tier;
use crate::filter::syntax::Format;

/// What is read, or told of by itself.
const READ: [&str; 11] = [
    "dns",
    "tls",
    "filters",
    "whitelist_filters",
    "user_rules",
    "filtering",
    "clients",
    "dhcp",
    "querylog",
    "users",
    "schema_version",
];

pub(super) fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    let root = tree::yaml(bytes, "AdGuardHome.yaml")?;
    let known = ["dns", "filters", "filtering", "user_rules", "clients"];
    if known.iter().all(|key| at(&root, key).is_null()) {
        return Err(ImportError::Nothing(Product::AdGuardHome.name()));
    }
    let mut imported = Imported::new(Product::AdGuardHome);
    upstreams::take(at(&root, "dns"), &mut imported);
    answers(&root, &mut imported);
    house(&root, &mut imported);
    let mut filtered = clients::take(&root, &mut imported);
    if switch(filtering(&root, "filtering_enabled")) == Some(false) {
        imported.left("filtering switched off", "no list counts for the house");
        filtered.remove(&EVERYBODY);
    }
    lists(&root, &filtered, &mut imported);
    rewrites(filtering(&root, "rewrites"), &mut imported);
    doors(at(&root, "tls"), &mut imported);
    for (path, what, why) in [
        ("dhcp.enabled", "DHCP server", NO_DHCP),
        ("querylog.enabled", "query log", NO_LOG),
        ("dns.querylog_enabled", "query log", NO_LOG),
    ] {
        if on(&root, path) {
            imported.left(what, why);
        }
    }
    if !items(at(&root, "users")).is_empty() {
        imported.left("users", NO_PASSWORD);
    }
    imported.leave_others(&root, &READ);
    Ok(imported)
}

/// What stands under `filtering` today, and stood under `dns` before.
fn filtering<'a>(root: &'a Value, key: &str) -> &'a Value {
    let today = at(at(root, "filtering"), key);
    if today.is_null() { at(at(root, "dns"), key) } else { today }
}

/// What is answered, and held.
fn answers(root: &Value, imported: &mut Imported) {
    let dns = at(root, "dns");
    let port = number(at(dns, "port")).unwrap_or(53);
    let mut hosts = texts(at(dns, "bind_hosts"));
    hosts.extend(text(at(dns, "bind_host")));
    if hosts.is_empty() {
        hosts = vec!["0.0.0.0".to_owned(), "::".to_owned()];
    }
    for host in &hosts {
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        imported.add("listen", &format!("{host}:{port}"), &format!("address {host}:{port}"));
    }
    if switch(filtering(root, "protection_enabled")) == Some(false) {
        imported.left("protection switched off", SWITCHED_OFF);
    }
    if let Some(mode) = text(filtering(root, "blocking_mode")) {
        let addresses = [filtering(root, "blocking_ipv4"), filtering(root, "blocking_ipv6")];
        let addresses: Vec<_> = addresses.into_iter().filter_map(text).collect();
        let answer = match mode.as_str() {
            "default" | "null_ip" => "null".to_owned(),
            "custom_ip" => addresses.join(" "),
            other => other.to_owned(),
        };
        imported.set("block.answer", &answer, &format!("blocking_mode {mode}"));
    }
    if let Some(ttl) = number(filtering(root, "blocked_response_ttl")) {
        imported.set("block.ttl", &format!("{ttl}s"), &format!("blocked_response_ttl {ttl}"));
    }
    if switch(at(dns, "cache_enabled")) == Some(false) {
        imported.set("cache.size", "0", "cache switched off");
    } else if let Some(size) = number(at(dns, "cache_size")) {
        imported.set("cache.size", &size.to_string(), &format!("cache_size {size}"));
    }
    // 0 is whatever the answer says.
    let times = [("cache_ttl_max", "cache.max_ttl"), ("cache_ttl_min", "cache.min_ttl")];
    for (theirs, ours) in times {
        if let Some(ttl) = number(at(dns, theirs)).filter(|ttl| *ttl != 0) {
            imported.set(ours, &format!("{ttl}s"), &format!("{theirs} {ttl}"));
        }
    }
    if let Some(rate) = number(at(dns, "ratelimit")) {
        imported.set("access.rate", &rate.to_string(), &format!("ratelimit {rate}"));
    }
    if let allowed @ [_, ..] = &*texts(at(dns, "allowed_clients")) {
        for client in allowed {
            imported.add("access.networks", client, &format!("allowed client {client}"));
        }
        if imported.settings.contains_key("access.networks") {
            imported.set("access.on_link", "false", "nobody else is allowed");
        }
    }
    for client in texts(at(dns, "disallowed_clients")) {
        imported.left(&format!("disallowed client {client}"), "only who may ask is named here");
    }
    for (key, why) in [
        ("aaaa_disabled", "IPv6 addresses are not withheld here"),
        ("enable_dnssec", "say `upstream: { validate: all }` to validate answers here"),
        ("edns_client_subnet.enabled", "nothing of a client is told to anybody"),
        ("cache_optimistic", "expired answers serve only when nobody has newer ones"),
    ] {
        if on(dns, key) {
            imported.left(key, why);
        }
    }
}

/// What holds for the house: services, safe search, what asks a company about each name.
fn house(root: &Value, imported: &mut Imported) {
    for id in services(filtering(root, "blocked_services"), "the house", imported) {
        imported.add("services", &id, &format!("service {id}"));
    }
    if let Some(word) = safe_search(root_safe_search(root)) {
        imported.set("safe_search", word, "safe search");
    }
    for (key, list) in
        [("parental_enabled", "oisd-nsfw"), ("safebrowsing_enabled", "hagezi-threats")]
    {
        if switch(filtering(root, key)) == Some(true) {
            imported.left(key, &asks(list));
        }
    }
}

fn root_safe_search(root: &Value) -> &Value {
    let today = filtering(root, "safe_search");
    if today.is_null() { filtering(root, "safesearch_enabled") } else { today }
}

/// Why a service of a company's is not asked.
fn asks(list: &str) -> String {
    format!("nobody is asked about names here; subscribe to a list, for example {list}")
}

/// Our word, from a switch or from a map with one; none where it is off or not there.
fn safe_search(value: &Value) -> Option<&'static str> {
    if let Some(switch) = switch(value) {
        return switch.then_some("all");
    }
    // Those for films are named by themselves.
    let films = switch(at(value, "youtube")) != Some(false);
    on(value, "enabled").then_some(if films { "all" } else { "search" })
}

/// Our words for services, from a list, or from a map with one and times.
fn services(value: &Value, whose: &str, imported: &mut Imported) -> Vec<String> {
    let ids = if value.is_object() { at(value, "ids") } else { value };
    let mut ours: Vec<String> = Vec::new();
    for id in texts(ids) {
        match service(&id) {
            Some(id) if ours.iter().any(|known| known == id) => {}
            Some(id) => ours.push(id.to_owned()),
            None => {
                let why = "not among those known here; see `trackless lists services`";
                imported.left(&format!("service {id} of {whose}"), why);
            }
        }
    }
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let scheduled = days.iter().any(|day| at(value, "schedule").get(day).is_some());
    if scheduled && !ours.is_empty() {
        let why = "they are refused at all times; see `schedule` for others";
        imported.left(&format!("times at which services are free, of {whose}"), why);
    }
    ours
}

fn lists(root: &Value, filtered: &Whom, imported: &mut Imported) {
    for (key, allow) in [("filters", false), ("whitelist_filters", true)] {
        for filter in items(at(root, key)) {
            let Some(url) = text(at(filter, "url")) else { continue };
            if switch(at(filter, "enabled")) == Some(false) {
                imported.left(&format!("list {url}"), "switched off there");
                continue;
            }
            let name = text(at(filter, "name")).unwrap_or_default();
            imported.subscribe(&url, &name, allow, filtered.clone());
        }
    }
    match number(filtering(root, "filters_update_interval")) {
        None | Some(24) => {}
        Some(0) => imported.left("lists that are never fetched again", "they are, once a day"),
        Some(hours) => {
            imported.update(&format!("{hours}h"), &format!("filters_update_interval {hours}"));
        }
    }
    let mut rules = Vec::new();
    let hosts = texts(at(root, "dns.blocked_hosts"));
    // What comes along: not resolved here either.
    let hosts = hosts
        .iter()
        .filter(|host| !["version.bind", "id.server", "hostname.bind"].contains(&host.as_str()));
    for rule in texts(at(root, "user_rules")).iter().chain(hosts) {
        match rewritten(rule, Format::Adblock, Tier::Block) {
            Ok(read) if read.is_empty() => {}
            Ok(_) => {
                imported.took(&format!("rule {rule}"));
                rules.push(rule.clone());
            }
            Err(why) => imported.left(&format!("rule {rule}"), &why),
        }
    }
    imported.own("own rules", rules, filtered.clone());
}

fn rewrites(rewrites: &Value, imported: &mut Imported) {
    for rewrite in items(rewrites) {
        let domain = text(at(rewrite, "domain")).unwrap_or_default();
        let answer = text(at(rewrite, "answer")).unwrap_or_default();
        let what = format!("record {domain} {answer}");
        if switch(at(rewrite, "enabled")) == Some(false) {
            imported.left(&what, "switched off there");
        } else if domain == answer || ["A", "AAAA"].contains(&answer.as_str()) {
            imported.left(&what, "an exception from other records has no form here");
        } else {
            let rtype = match answer.parse() {
                Ok(std::net::IpAddr::V4(_)) => "A",
                Ok(std::net::IpAddr::V6(_)) => "AAAA",
                Err(_) => "CNAME",
            };
            imported.add("local.records", &format!("{domain} {rtype} {answer}"), &what);
        }
    }
}

/// Doors for clients that encrypt.
fn doors(tls: &Value, imported: &mut Imported) {
    if !on(tls, "enabled") {
        return;
    }
    for (theirs, ours) in [
        ("port_dns_over_tls", "encrypted.tls"),
        ("port_https", "encrypted.https"),
        ("port_dns_over_quic", "encrypted.quic"),
    ] {
        if let Some(port) = number(at(tls, theirs)).filter(|port| *port != 0) {
            imported.add(ours, &format!("0.0.0.0:{port}"), &format!("{theirs} {port}"));
            imported.push(ours, &format!("[::]:{port}"));
        }
    }
    if let Some(name) = text(at(tls, "server_name")) {
        imported.add("encrypted.names", &name, &format!("server_name {name}"));
    }
    for (theirs, ours) in
        [("certificate_path", "encrypted.certificate"), ("private_key_path", "encrypted.key")]
    {
        if let Some(path) = text(at(tls, theirs)) {
            imported.put(ours, &path);
            imported.took(&format!("{theirs} {path}"));
        }
    }
    if text(at(tls, "certificate_chain")).is_some() {
        let why = "save it and its key as files and name them under `encrypted`";
        imported.left("the certificate in the settings", why);
    }
}
