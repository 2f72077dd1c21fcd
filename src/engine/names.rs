//! Names of the house's own: records and hosts files of the settings, devices by their names, and
//! ourselves.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use foldhash::fast::RandomState;

use super::special::{Meaning, own_addresses};
use crate::clients::Directory;
use crate::config::{Config, KnownBy};
use crate::filter::syntax::local_record;
use crate::filter::{Reply, ReplyRecord};
use crate::wire::{Answer, Name, Query, Rtype};

/// Aliases followed from one record of the house's to the next.
const MOST_ALIASES: usize = 8;
/// Records to one answer.
const MOST_RECORDS: usize = 64;
/// Largest hosts file.
const LARGEST: usize = 16 << 20;

type Records = HashMap<Box<[u8]>, Vec<Reply>, RandomState>;

/// Names of the house's own.
#[derive(Debug)]
pub(super) struct Local {
    records: Records,
    /// For names below these that have no records of their own.
    wild: Records,
    /// Names by address.
    reverse: HashMap<IpAddr, Name, RandomState>,
    suffix: Option<Name>,
    /// Whether names below the suffix are nobody's outside.
    is_ours: bool,
    own: [Name; 2],
    /// Hosts files that could not be read.
    pub(super) unread: Vec<(PathBuf, String)>,
}

impl Local {
    /// Of `config`, whose hosts files are read.
    pub(super) fn new(config: &Config) -> Self {
        let suffix: Option<Name> = config.local.suffix.parse().ok();
        let below = |label: &str| format!("{label}.{}", config.local.suffix).parse().ok();
        let mut local = Self {
            records: HashMap::default(),
            wild: HashMap::default(),
            reverse: HashMap::default(),
            is_ours: suffix.as_ref().is_some_and(|suffix| !is_public(suffix)),
            own: [
                Name::of_suffix(b"\x09trackless\x04home\x04arpa\0"),
                below("trackless").unwrap_or_default(),
            ],
            suffix,
            unread: Vec::new(),
        };
        for (name, wild, reply) in
            config.local.records.iter().filter_map(|text| local_record(text).ok())
        {
            if let Reply::Record(record) = &reply
                && let Some(address) = address_in(record)
            {
                local.reverse.entry(address).or_insert_with(|| name.clone());
            }
            let records = if wild { &mut local.wild } else { &mut local.records };
            records.entry(name.wire().into()).or_default().push(reply);
        }
        for path in &config.local.hosts {
            match fs::read(path) {
                Ok(bytes) if bytes.len() <= LARGEST => {
                    local.read_hosts(&String::from_utf8_lossy(&bytes));
                }
                Ok(_) => local.unread.push((path.clone(), "larger than 16 MiB".to_owned())),
                Err(error) => local.unread.push((path.clone(), error.to_string())),
            }
        }
        for device in &config.devices {
            let Some(name) = label(&device.name).and_then(|label| below(&label)) else { continue };
            for by in &device.known_by {
                if let KnownBy::Network(network) = by
                    && network.prefix_len() == network.max_prefix_len()
                {
                    local.add(name.clone(), network.addr());
                }
            }
        }
        local
    }

    fn read_hosts(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or("").split_whitespace();
            let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else {
                continue;
            };
            for name in words.filter_map(|word| word.parse::<Name>().ok()) {
                self.add(name, address);
            }
        }
    }

    fn add(&mut self, name: Name, address: IpAddr) {
        let (rtype, data) = data_of(address);
        let reply = Reply::Record(ReplyRecord { rtype: rtype.0, data });
        let records = self.records.entry(name.wire().into()).or_default();
        if !records.contains(&reply) {
            records.push(reply);
        }
        self.reverse.entry(address).or_insert(name);
    }

    /// What `name` means here, if it is one of ours. Costs a look-up for most names, none where
    /// there are no records; a lock for those below our suffix, without a dot, and of addresses.
    #[inline]
    pub(super) fn find(
        &self,
        name: &Name,
        query: &Query<'_>,
        directory: &Directory,
        ttl: u32,
    ) -> Option<Meaning> {
        if let Some(meaning) = self.find_record(name, query, ttl, MOST_ALIASES) {
            return Some(meaning);
        }
        let suffix = self.suffix.as_ref()?;
        let below = name.suffix(suffix.label_count()) == suffix.wire();
        if below || name.label_count() == 1 || name.suffix(1) == b"\x04arpa\0" {
            return self.find_device(name, query, directory, ttl, below);
        }
        None
    }

    fn find_record(
        &self,
        name: &Name,
        query: &Query<'_>,
        ttl: u32,
        aliases: usize,
    ) -> Option<Meaning> {
        if self.records.is_empty() && self.wild.is_empty() {
            return None;
        }
        let wild = || {
            let parents = (1..name.label_count()).rev().map(|labels| name.suffix(labels));
            // What has records is no name that a wildcard above it speaks of (RFC 4592).
            let mut known = parents.filter(|parent| {
                self.wild.contains_key(*parent) || self.records.contains_key(*parent)
            });
            self.wild.get(known.next()?)
        };
        let replies = self.records.get(name.wire()).or_else(wild)?;
        Some(self.answer(replies, name, query, ttl, aliases))
    }

    fn answer(
        &self,
        replies: &[Reply],
        name: &Name,
        query: &Query<'_>,
        ttl: u32,
        aliases: usize,
    ) -> Meaning {
        let target = replies.iter().find_map(|reply| match reply {
            Reply::Cname(target) => target.parse::<Name>().ok(),
            _ => None,
        });
        if let Some(target) = target.filter(|_| query.qtype != Rtype::CNAME) {
            let next = aliases.checked_sub(1);
            return match next.and_then(|left| self.find_record(&target, query, ttl, left)) {
                Some(Meaning::Records(answer)) => {
                    answer.behind_alias(name, 0, ttl).map_or(Meaning::Empty, Meaning::Records)
                }
                Some(other) => other,
                None if aliases == 0 => Meaning::Empty,
                None => Meaning::Alias(Box::new(target)),
            };
        }
        let records = replies.iter().filter_map(|reply| match reply {
            Reply::Record(record) if record.rtype == query.qtype.0 => Some(record.data.clone()),
            Reply::Cname(target) if query.qtype == Rtype::CNAME => {
                Some(target.parse::<Name>().ok()?.wire().to_vec())
            }
            _ => None,
        });
        of_data(name, query.qtype, records.take(MOST_RECORDS).collect(), ttl)
    }

    #[cold]
    fn find_device(
        &self,
        name: &Name,
        query: &Query<'_>,
        directory: &Directory,
        ttl: u32,
        below: bool,
    ) -> Option<Meaning> {
        if let Some(address) = address_asked(name) {
            let known = self.reverse.get(&address).cloned().or_else(|| {
                let name = directory.name_of(address).and_then(|name| label(&name))?;
                format!("{name}.{}", self.suffix.as_ref()?).parse().ok()
            })?;
            let data =
                if query.qtype == Rtype::PTR { vec![known.wire().to_vec()] } else { Vec::new() };
            return Some(of_data(name, query.qtype, data, ttl));
        }
        let text = name.to_string();
        if text == "localhost" {
            return None;
        }
        if name.label_count() == 1 {
            // The name may be there with the suffix that was left out.
            let whole: Option<Name> = format!("{text}.{}", self.suffix.as_ref()?).parse().ok();
            let records = whole.as_ref().and_then(|whole| self.records.get(whole.wire()));
            if let Some(records) = records {
                return Some(self.answer(records, name, query, ttl, MOST_ALIASES));
            }
        }
        let is_own = self.own.iter().any(|own| own.wire() == name.wire()) || text == "trackless";
        let addresses = if is_own {
            own_addresses()
        } else {
            let first = text.split('.').next().unwrap_or("");
            let depth = if below { self.suffix.as_ref()?.label_count() + 1 } else { 1 };
            if name.label_count() == depth {
                directory.addresses_of(|shown| label(shown).is_some_and(|label| label == first))
            } else {
                Vec::new()
            }
        };
        if addresses.is_empty() && !is_own {
            let unknown = if below {
                self.is_ours && self.suffix.as_ref().is_some_and(|suffix| suffix.label_count() == 1)
            } else {
                matches!(query.qtype, Rtype::A | Rtype::AAAA | Rtype::HTTPS) && !is_public(name)
            };
            return unknown.then_some(Meaning::Nobody);
        }
        let data = addresses.into_iter().map(data_of);
        let data = data.filter(|(rtype, _)| *rtype == query.qtype).map(|(_, data)| data);
        Some(of_data(name, query.qtype, data.take(MOST_RECORDS).collect(), ttl))
    }
}

fn of_data(name: &Name, qtype: Rtype, data: Vec<Vec<u8>>, ttl: u32) -> Meaning {
    if data.is_empty() {
        return Meaning::Empty;
    }
    let records = data.iter().map(|data| (qtype.0, data.as_slice()));
    Answer::of_records(name, qtype, records, ttl).map_or(Meaning::Empty, Meaning::Records)
}

fn data_of(address: IpAddr) -> (Rtype, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (Rtype::A, address.octets().to_vec()),
        IpAddr::V6(address) => (Rtype::AAAA, address.octets().to_vec()),
    }
}

fn address_in(record: &ReplyRecord) -> Option<IpAddr> {
    match Rtype(record.rtype) {
        Rtype::A => <[u8; 4]>::try_from(record.data.as_slice()).ok().map(IpAddr::from),
        Rtype::AAAA => <[u8; 16]>::try_from(record.data.as_slice()).ok().map(IpAddr::from),
        _ => None,
    }
}

/// Whether the public tree has names there.
fn is_public(name: &Name) -> bool {
    let text = name.to_string();
    psl::suffix(text.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// The label by which a device of this name is asked for: what is no letter or digit becomes a
/// hyphen. None where nothing is left.
fn label(shown: &str) -> Option<String> {
    let mut label = String::new();
    for char in shown.chars() {
        if char.is_ascii_alphanumeric() {
            label.push(char.to_ascii_lowercase());
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    let label = label.trim_end_matches('-');
    (1..=63).contains(&label.len()).then(|| label.to_owned())
}

/// The address whose name is asked for, if all of it is there (RFC 1035 section 3.5, RFC 3596
/// section 2.5).
fn address_asked(name: &Name) -> Option<IpAddr> {
    let text = name.to_string();
    if let Some(rest) = text.strip_suffix(".in-addr.arpa") {
        let octets: Vec<u8> =
            rest.rsplit('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        return <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
    }
    let nibbles: Vec<u8> = text
        .strip_suffix(".ip6.arpa")?
        .rsplit('.')
        .map(|part| u8::from_str_radix(part, 16).ok().filter(|_| part.len() == 1))
        .collect::<Option<_>>()?;
    let octets: Vec<u8> = nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    <[u8; 16]>::try_from(octets).ok().filter(|_| nibbles.len() == 32).map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_labels_and_addresses_names() {
        for (shown, expected) in
            [("Anna's Phone", Some("anna-s-phone")), ("--TV--", Some("tv")), ("★", None)]
        {
            assert_eq!(label(shown).as_deref(), expected);
        }
        let asked = |text: &str| address_asked(&text.parse().unwrap());
        assert_eq!(asked("7.1.168.192.in-addr.arpa"), Some([192, 168, 1, 7].into()));
        let v6 = format!("1.{}d.f.ip6.arpa", "0.".repeat(29));
        assert_eq!(asked(&v6), Some("fd00::1".parse().unwrap()));
        for text in ["1.168.192.in-addr.arpa", "x.ip6.arpa", "0.0.ip6.arpa", "arpa"] {
            assert_eq!(asked(text), None, "{text}");
        }
    }
}
