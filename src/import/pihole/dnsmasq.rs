//! Lines of dnsmasq's configuration, and what Pi-hole writes in the same notation.

use std::net::IpAddr;

use crate::filter::Tier;
use crate::filter::syntax::Format;
use crate::import::Imported;
use crate::import::groups::EVERYBODY;
use crate::import::rules::rewritten;
use crate::import::servers;

/// Takes a line of the file `name`.
pub(super) fn take(line: &str, name: &str, imported: &mut Imported) {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    let (key, value) = line.split_once('=').unwrap_or((line, ""));
    match (key.trim(), value.trim()) {
        ("cname", value) => cname(value, imported),
        ("host-record", value) => host_record(value, imported),
        ("dhcp-host", value) => dhcp_host(value, imported),
        ("rev-server", value) => {
            let (network, server) = value.split_once(',').unwrap_or((value, ""));
            conditional(network, server, "", line, imported);
        }
        ("server", value) if !value.starts_with('/') => upstream(value, imported),
        ("server", value) if !value.ends_with(['/', '#']) => {
            let (names, server) = value.rsplit_once('/').unwrap_or(("", value));
            let names: Vec<_> = names.split('/').filter(|name| !name.is_empty()).collect();
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            forward(&names, server, line, imported);
        }
        ("address" | "local" | "server", _) => {
            match rewritten(line, Format::Dnsmasq, Tier::ImportantBlock) {
                Ok(rules) => {
                    imported.own("rules of dnsmasq", rules, all(imported));
                    imported.took(line);
                }
                Err(why) => imported.left(line, &why),
            }
        }
        _ => imported.left(&format!("{name}: {line}"), "a setting of dnsmasq's own"),
    }
}

/// Everybody, whatever groups they are in.
fn all(imported: &Imported) -> crate::import::groups::Whom {
    (EVERYBODY..imported.groups.len()).collect()
}

pub(super) fn upstream(text: &str, imported: &mut Imported) {
    let what = format!("upstream {text}");
    match servers::dnsmasq(text) {
        Ok(url) => imported.add("upstream.servers", &url, &what),
        Err(why) => imported.left(&what, &why),
    }
}

/// `alias,alias,…,target`, perhaps with a TTL behind.
pub(super) fn cname(text: &str, imported: &mut Imported) {
    let mut names: Vec<_> = text.split(',').map(str::trim).collect();
    if names.len() > 2 && names.last().is_some_and(|last| last.parse::<u32>().is_ok()) {
        names.pop();
    }
    match names.split_last() {
        Some((target, aliases)) if !aliases.is_empty() => {
            for alias in aliases {
                let record = format!("{alias} CNAME {target}");
                imported.add("local.records", &record, &format!("record {record}"));
            }
        }
        _ => imported.left(&format!("cname {text}"), "an alias and a target are needed"),
    }
}

/// Names and addresses, in any order of which the names are first; numbers are a TTL.
pub(super) fn host_record(text: &str, imported: &mut Imported) {
    let parts: Vec<_> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let addresses: Vec<IpAddr> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let is_name = |part: &&&str| part.parse::<IpAddr>().is_err() && part.parse::<u32>().is_err();
    for name in parts.iter().filter(is_name) {
        addresses.iter().for_each(|address| address_record(name, *address, imported));
    }
}

/// A line of a hosts file.
pub(super) fn host(line: &str, imported: &mut Imported) {
    let line = line.split('#').next().unwrap_or("").trim();
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return };
    let Ok(address) = first.parse::<IpAddr>() else {
        return imported.left(&format!("record {line}"), "it does not begin with an address");
    };
    words.for_each(|name| address_record(name, address, imported));
}

fn address_record(name: &str, address: IpAddr, imported: &mut Imported) {
    let rtype = if address.is_ipv4() { "A" } else { "AAAA" };
    let record = format!("{name} {rtype} {address}");
    imported.add("local.records", &record, &format!("record {record}"));
}

/// `card,address,name`, with other words between: a device of that name.
pub(super) fn dhcp_host(text: &str, imported: &mut Imported) {
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    let card = parts.iter().find(|part| part.parse::<crate::config::Mac>().is_ok());
    let address = parts.iter().find(|part| part.parse::<IpAddr>().is_ok());
    let is_other = |part: &&&str| {
        let word = part.starts_with("set:") || part.starts_with("id:") || part.contains(':');
        let time = part.starts_with(|first: char| first.is_ascii_digit()) || **part == "infinite";
        !part.is_empty() && !word && !time
    };
    let name = parts.iter().find(is_other);
    let (Some(name), Some(known)) = (name, card.or(address)) else {
        return imported
            .left(&format!("lease {text}"), "it names no device; there is no DHCP server here");
    };
    imported.device(name, &[(*known).to_owned()], &[]);
}

/// Questions for names of `network`'s addresses, and for those in `domain`, which `server` knows.
pub(super) fn conditional(
    network: &str,
    server: &str,
    domain: &str,
    what: &str,
    imported: &mut Imported,
) {
    let parsed = network.trim().parse::<ipnet::IpNet>();
    let parsed = parsed.or_else(|_| network.trim().parse::<IpAddr>().map(Into::into));
    let Ok(network) = parsed else {
        return imported.left(what, &format!("{network} is no network"));
    };
    let mut domains = servers::reverse_zones(network);
    domains.extend((!domain.is_empty()).then(|| domain.to_owned()));
    forward(&domains, server, what, imported);
}

fn forward(domains: &[String], server: &str, what: &str, imported: &mut Imported) {
    match servers::dnsmasq(server) {
        Ok(url) => imported.forward(domains, &[url], what),
        Err(why) => imported.left(what, &why),
    }
}
