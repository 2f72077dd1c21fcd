//! Blocky: `config.yml`, with the names that its settings have and those they had.
//!
//! A client is held to the lists of all entries that match it there, and here to the one that says
//! most of it: by its name, else by the longest network.

mod blocking;

use serde_json::Value;

use super::servers::{self, go_time};
use super::tree::{self, at, entries, items, on, switch, text, texts};
use super::{ImportError, Imported, NO_LOG, Product};
use crate::config::{Host, UpstreamUrl};

/// What is read, or told of by itself.
const READ: [&str; 21] = [
    "upstreams",
    "upstream",
    "upstreamTimeout",
    "bootstrapDns",
    "customDNS",
    "conditional",
    "blocking",
    "caching",
    "clientLookup",
    "ports",
    "certFile",
    "keyFile",
    "hostsFile",
    "dnssec",
    "log",
    "queryLog",
    "filtering",
    "fqdnOnly",
    "ecs",
    "redis",
    "connectIPVersion",
];

pub(super) fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    let root = tree::yaml(bytes, "config.yml")?;
    let known = ["upstreams", "upstream", "blocking", "customDNS", "conditional", "ports"];
    if known.iter().all(|key| at(&root, key).is_null()) {
        return Err(ImportError::Nothing(Product::Blocky.name()));
    }
    let mut imported = Imported::new(Product::Blocky);
    let clients = at(&root, "clientLookup.clients");
    for (name, addresses) in entries(clients) {
        imported.device(name, &texts(addresses), &[]);
    }
    upstreams(&root, clients, &mut imported);
    bootstrap(at(&root, "bootstrapDns"), &mut imported);
    records(at(&root, "customDNS"), &mut imported);
    conditional(at(&root, "conditional"), &mut imported);
    blocking::take(at(&root, "blocking"), clients, &mut imported);
    caching(at(&root, "caching"), &mut imported);
    ports(&root, &mut imported);
    hosts_files(at(&root, "hostsFile"), &mut imported);
    others(&root, &mut imported);
    imported.leave_others(&root, &READ);
    Ok(imported)
}

/// `a,b` within each text of `value`.
fn parts(value: &Value) -> Vec<String> {
    let texts = texts(value);
    let parts = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn upstreams(root: &Value, clients: &Value, imported: &mut Imported) {
    let today = at(root, "upstreams.groups");
    let groups = if today.is_null() { at(root, "upstream") } else { today };
    for (name, servers) in entries(groups) {
        for text in texts(servers).iter().filter(|_| name == "default") {
            let what = format!("upstream {text}");
            match servers::blocky(text) {
                Ok(url) => imported.add("upstream.servers", &url, &what),
                Err(why) => imported.left(&what, &why),
            }
        }
        if name != "default" {
            of_clients(name, &texts(servers), clients, imported);
        }
    }
    if let Some(word) = text(at(root, "upstreams.strategy")) {
        let what = format!("strategy {word}");
        match word.as_str() {
            "parallel_best" => imported.set("upstream.strategy", "race", &what),
            "random" => imported.set("upstream.strategy", "balance", &what),
            other => imported.set("upstream.strategy", other, &what),
        }
    }
    let timeout = text(at(root, "upstreams.timeout")).or_else(|| text(at(root, "upstreamTimeout")));
    if let Some(timeout) = timeout {
        time("upstream.timeout", &timeout, "timeout", imported);
    }
}

/// Servers of some clients' own: by address, network, or a name that is given to addresses.
fn of_clients(name: &str, servers: &[String], clients: &Value, imported: &mut Imported) {
    let mut known_by = blocking::members(name, clients);
    known_by.extend(known_by.clone().iter().flat_map(|name| texts(&clients[name.as_str()])));
    let servers = servers.iter().map(|text| servers::blocky(text)).collect();
    imported.serve_clients(&known_by, servers, &format!("upstreams of {name}"));
}

/// Servers by address, or by a name whose addresses are given along.
fn bootstrap(value: &Value, imported: &mut Imported) {
    for item in items(value) {
        let server = text(item).or_else(|| text(at(item, "upstream")));
        let Some(server) = server else { continue };
        let what = format!("bootstrap {server}");
        let url = servers::blocky(&server)
            .and_then(|url| url.parse::<UpstreamUrl>().map_err(|error| error.to_string()));
        let url = match url {
            Ok(url) => url,
            Err(why) => {
                imported.left(&what, &why);
                continue;
            }
        };
        let addresses = texts(at(item, "ips"));
        if addresses.is_empty() {
            imported.add("upstream.bootstrap", &url.to_string(), &what);
        }
        for address in addresses {
            match address.parse() {
                Ok(address) => {
                    let name = url.certificate_name();
                    let host = Host::Address(address);
                    let url = UpstreamUrl { host, server_name: Some(name), ..url.clone() };
                    imported.add("upstream.bootstrap", &url.to_string(), &what);
                }
                Err(_) => imported.left(&what, &format!("{address} is no address")),
            }
        }
    }
}

/// Names with all below them.
fn records(custom: &Value, imported: &mut Imported) {
    for (name, value) in entries(at(custom, "mapping")) {
        for address in parts(value) {
            let what = format!("record {name} {address}");
            let record = match address.parse::<std::net::IpAddr>() {
                Ok(address) if address.is_ipv4() => format!("A {address}"),
                Ok(address) => format!("AAAA {address}"),
                Err(_) => {
                    imported.left(&what, "not an address");
                    continue;
                }
            };
            let below = format!("*.{name} {record}");
            imported.add("local.records", &format!("{name} {record}"), &what);
            if imported.accepts("local.records", &super::written::scalar(&below)).is_ok() {
                imported.push("local.records", &below);
            }
        }
    }
    rewrites(custom, "customDNS", imported);
    if text(at(custom, "zone")).is_some() {
        imported.left("customDNS.zone", "write its records under `local.records`");
    }
}

fn rewrites(section: &Value, name: &str, imported: &mut Imported) {
    for (from, to) in entries(at(section, "rewrite")) {
        let to = text(to).unwrap_or_default();
        let why = "names are not rewritten; a record `CNAME` of `local.records` leads to another";
        imported.left(&format!("{name}.rewrite {from} to {to}"), why);
    }
}

fn conditional(section: &Value, imported: &mut Imported) {
    for (domain, value) in entries(at(section, "mapping")) {
        let lines = parts(value);
        let what = format!("forwarding {domain} to {}", lines.join(", "));
        if domain == "." {
            imported.left(&what, "names without a dot are asked of nobody else here");
            continue;
        }
        let servers: Result<Vec<_>, _> = lines.iter().map(|text| servers::blocky(text)).collect();
        match servers {
            Ok(servers) => imported.forward(&[domain.to_owned()], &servers, &what),
            Err(why) => imported.left(&what, &why),
        }
    }
    rewrites(section, "conditional", imported);
    if on(section, "fallbackUpstream") {
        imported.left("conditional.fallbackUpstream", "a domain's servers are the only ones asked");
    }
}

/// A time, unless it is zero: that is the default there.
fn time(key: &'static str, value: &str, name: &str, imported: &mut Imported) {
    let what = format!("{name} {value}");
    match go_time(value) {
        Some(time) if time == "0s" => {}
        Some(time) => imported.set(key, &time, &what),
        None => imported.left(&what, "not a time here"),
    }
}

fn caching(caching: &Value, imported: &mut Imported) {
    let word = |key: &str| text(at(caching, key));
    match word("maxTime") {
        Some(most) if most.starts_with('-') => {
            imported.set("cache.size", "0", &format!("maxTime {most}"));
        }
        Some(most) => time("cache.max_ttl", &most, "maxTime", imported),
        None => {}
    }
    if let Some(least) = word("minTime") {
        time("cache.min_ttl", &least, "minTime", imported);
    }
    match word("cacheTimeNegative") {
        Some(most) if most.starts_with('-') => {
            imported.set("cache.max_negative_ttl", "0s", &format!("cacheTimeNegative {most}"));
        }
        Some(most) => time("cache.max_negative_ttl", &most, "cacheTimeNegative", imported),
        None => {}
    }
    if let Some(prefetching) = switch(at(caching, "prefetching")) {
        let what = format!("prefetching {prefetching}");
        imported.set("cache.prefetch", &prefetching.to_string(), &what);
    }
}

fn ports(root: &Value, imported: &mut Imported) {
    for (theirs, ours) in
        [("dns", "listen"), ("tls", "encrypted.tls"), ("https", "encrypted.https")]
    {
        let mut doors = parts(at(root, &format!("ports.{theirs}")));
        if doors.is_empty() && theirs == "dns" {
            doors.push("53".to_owned());
        }
        for door in doors {
            let what = format!("ports.{theirs} {door}");
            let port = door.trim_start_matches(':');
            if port.parse::<u16>().is_ok() {
                imported.add(ours, &format!("0.0.0.0:{port}"), &what);
                imported.push(ours, &format!("[::]:{port}"));
            } else {
                imported.add(ours, &door, &what);
            }
        }
    }
    for (theirs, ours) in [("certFile", "encrypted.certificate"), ("keyFile", "encrypted.key")] {
        if let Some(path) = text(at(root, theirs)) {
            imported.put(ours, &path);
            imported.took(&format!("{theirs} {path}"));
        }
    }
}

fn hosts_files(section: &Value, imported: &mut Imported) {
    let mut sources = texts(at(section, "sources"));
    sources.extend(text(section));
    sources.extend(text(at(section, "filePath")));
    for source in sources {
        if source.contains("://") || source.contains('\n') {
            imported.left("hostsFile", "only files are read; write records under `local.records`");
        } else {
            imported.push("local.hosts", &source);
            imported.took(&format!("hostsFile {source}"));
        }
    }
}

fn others(root: &Value, imported: &mut Imported) {
    if on(root, "dnssec.validate") {
        imported.set("upstream.validate", "all", "dnssec.validate");
    }
    if let Some(level) = text(at(root, "log.level")) {
        imported.set("log", &level.to_ascii_lowercase(), &format!("log.level {level}"));
    }
    let kind = text(at(root, "queryLog.type"));
    if kind.is_some_and(|kind| kind != "none") {
        imported.left("queryLog", NO_LOG);
    }
    for types in texts(at(root, "filtering.queryTypes")) {
        let why = "questions of a type are not dropped as a whole";
        imported.left(&format!("filtering of {types}"), why);
    }
    for (key, why) in [
        ("fqdnOnly.enable", "names without a dot are never asked of anybody outside"),
        ("ecs.useAsClient", "nobody is believed about who asks but `access.proxies`"),
        ("ecs.forward", "nothing of a client is told to anybody"),
    ] {
        if on(root, key) {
            imported.left(key, why);
        }
    }
    for (key, why) in [
        ("redis", "servers share nothing; give each the same settings"),
        ("clientLookup.upstream", "devices and routers are asked for names by themselves"),
    ] {
        if !at(root, key).is_null() {
            imported.left(key, why);
        }
    }
    if text(at(root, "connectIPVersion")).is_some_and(|version| version != "dual") {
        imported.left("connectIPVersion", "whichever way works is taken");
    }
}
