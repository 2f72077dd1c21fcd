//! Names that mean something to every resolver and are asked of nobody: this machine, names that
//! are never in the public tree, and ourselves.

use std::net::{IpAddr, SocketAddr};

use super::Snapshot;
use crate::clients::Directory;
use crate::config::Config;
use crate::wire::{Answer, Name, Query, Rtype, is_home};

/// Names below which the public tree has nothing (RFC 6303, RFC 6761, RFC 6762, RFC 7686, RFC 7793,
/// RFC 8375, ICANN's .internal): asking for them would only tell what is asked at home.
const UNASKED: &[&str] = &["local", "internal", "home.arpa", "test"];
/// Those that nobody at home knows either.
const NOWHERE: &[&str] = &["onion", "invalid"];
/// Where clients ask for our encrypted doors (RFC 9462).
const DISCOVERY: &[u8] = b"\x04_dns\x08resolver\x04arpa\0";
/// SVCB parameters (RFC 9460 section 14.3.2, RFC 9461 section 5).
const ALPN: u16 = 1;
const PORT: u16 = 3;
const IPV4HINT: u16 = 4;
const IPV6HINT: u16 = 6;
const DOHPATH: u16 = 7;

/// What is known of such names.
#[derive(Debug)]
pub(super) struct Special {
    /// Doors, as data of SVCB records; none where there are none.
    doors: Vec<Vec<u8>>,
    /// Whether the first one to ask is one of the house, or the root is the house's own: they may know
    /// names of the house.
    asks_house: bool,
}

/// What becomes of such a name.
pub(super) enum Meaning {
    /// It has these records.
    Records(Answer),
    /// It is there, without anything of the type asked for.
    Empty,
    /// Whatever another name has.
    Alias(Box<Name>),
    /// There is no such name.
    Nothing,
    /// There is no such name, unless somebody at home knows it.
    Nobody,
}

impl Special {
    /// As `config` has it.
    pub(super) fn new(config: &Config) -> Self {
        let first = config.upstream.servers.first().and_then(|server| server.address());
        let encrypted = &config.encrypted;
        let target: Name = encrypted
            .names
            .first()
            .and_then(|name| name.parse().ok())
            .unwrap_or_else(|| Name::of_suffix(b"\x09trackless\x04home\x04arpa\0"));
        let addresses = own_addresses();
        let of = |doors: &[SocketAddr], alpn: &[u8], path: &[u8]| -> Vec<Vec<u8>> {
            doors.iter().map(|door| binding(&target, alpn, *door, path, &addresses)).collect()
        };
        let doors = [
            of(&encrypted.quic, b"\x03doq", b""),
            of(&encrypted.tls, b"\x03dot", b""),
            of(&encrypted.https, b"\x02h2\x02h3", b"/dns-query{?dns}"),
        ];
        let mut doors = doors.concat();
        for (priority, data) in (1_u16..).zip(&mut doors) {
            data[..2].copy_from_slice(&priority.to_be_bytes());
        }
        let own_root = !config.upstream.roots.is_empty();
        Self { doors, asks_house: own_root || first.is_some_and(|server| is_home(server.ip())) }
    }

    /// What `name` means, if it is special. Costs a comparison for the names of most queries.
    #[inline]
    pub(super) fn of(
        &self,
        snapshot: &Snapshot,
        name: &Name,
        query: &Query<'_>,
    ) -> Option<Meaning> {
        match name.suffix(1) {
            b"\x04arpa\0" | b"\x09localhost\0" | b"\x05local\0" | b"\x08internal\0"
            | b"\x05onion\0" | b"\x07invalid\0" | b"\x04test\0" => self.look(snapshot, name, query),
            _ => None,
        }
    }

    #[cold]
    fn look(&self, snapshot: &Snapshot, name: &Name, query: &Query<'_>) -> Option<Meaning> {
        let ttl = snapshot.local_ttl();
        let records = |data: &[Vec<u8>]| {
            let records = data.iter().map(|data| (query.qtype.0, data.as_slice()));
            Answer::of_records(name, query.qtype, records, ttl).ok().map(Meaning::Records)
        };
        if name.suffix(1) == b"\x09localhost\0" {
            return match query.qtype {
                Rtype::A => records(&[vec![127, 0, 0, 1]]),
                Rtype::AAAA => records(&[1_u128.to_be_bytes().to_vec()]),
                _ => records(&[]),
            };
        }
        if name.wire() == DISCOVERY && !self.doors.is_empty() {
            return if query.qtype == Rtype::SVCB { records(&self.doors) } else { records(&[]) };
        }
        let below = |parent: &&str| name.is_within(parent);
        let domains = &snapshot.config.upstream.domains;
        let own = domains.iter().any(|domain| name.is_within(&domain.name));
        if NOWHERE.iter().any(below) && !own {
            return Some(Meaning::Nothing);
        }
        let unasked = UNASKED.iter().any(below) || is_private_reverse(name);
        (unasked && !own && !self.asks_house).then_some(Meaning::Nothing)
    }

    /// Whether somebody at home may know `name`, of which we do not.
    pub(super) fn may_be_known(&self, snapshot: &Snapshot, name: &Name) -> bool {
        let domains = &snapshot.config.upstream.domains;
        self.asks_house || domains.iter().any(|domain| name.is_within(&domain.name))
    }
}

impl Snapshot {
    /// What `name` means here, if the house knows it or nobody outside may be asked for it; `is_ruled`
    /// says that a rule speaks of it.
    #[inline]
    pub(super) fn meaning(
        &self,
        name: &Name,
        query: &Query<'_>,
        is_ruled: bool,
        directory: &Directory,
    ) -> Option<Meaning> {
        match self.local.find(name, query, directory, self.local_ttl()) {
            Some(Meaning::Nobody) if self.special.may_be_known(self, name) => None,
            None if !is_ruled => self.special.of(self, name, query),
            meaning => meaning,
        }
    }
}

/// Whether `name` asks for the name of an address that only means something at home (RFC 6303).
fn is_private_reverse(name: &Name) -> bool {
    let text = name.to_string();
    if let Some(rest) = text.strip_suffix(".in-addr.arpa") {
        let mut octets = [0_u8; 4];
        // From the right; those that are not there do not matter where the first ones decide.
        for (octet, part) in octets.iter_mut().zip(rest.rsplit('.')) {
            let Ok(number) = part.parse() else { return false };
            *octet = number;
        }
        let wide = rest.split('.').count() == 1 && matches!(octets[0], 172 | 192 | 169);
        return !wide && is_home(IpAddr::from(octets));
    }
    let Some(rest) = text.strip_suffix(".ip6.arpa") else { return false };
    let nibbles: Vec<&str> = rest.rsplit('.').collect();
    match nibbles.as_slice() {
        ["f", "c" | "d", ..] | ["f", "e", "8" | "9" | "a" | "b", ..] => true,
        zeros if zeros.len() == 32 => {
            zeros[..31].iter().all(|nibble| *nibble == "0") && matches!(zeros[31], "0" | "1")
        }
        _ => false,
    }
}

/// Data of an SVCB record; its priority is still to be set.
fn binding(
    target: &Name,
    alpn: &[u8],
    door: SocketAddr,
    path: &[u8],
    addresses: &[IpAddr],
) -> Vec<u8> {
    let mut data = vec![0, 0];
    data.extend_from_slice(target.wire());
    let mut parameter = |key: u16, value: &[u8]| {
        if !value.is_empty() {
            data.extend_from_slice(&key.to_be_bytes());
            data.extend_from_slice(&(value.len() as u16).to_be_bytes());
            data.extend_from_slice(value);
        }
    };
    let own = [door.ip()];
    let addresses = if door.ip().is_unspecified() { addresses } else { &own };
    let mut v4 = Vec::new();
    let mut v6 = Vec::new();
    for address in addresses.iter().filter(|address| address.is_ipv4() == door.is_ipv4()) {
        match address {
            IpAddr::V4(address) => v4.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => v6.extend_from_slice(&address.octets()),
        }
    }
    parameter(ALPN, alpn);
    parameter(PORT, &door.port().to_be_bytes());
    parameter(IPV4HINT, &v4);
    parameter(IPV6HINT, &v6);
    parameter(DOHPATH, path);
    data
}

/// This machine's addresses in the network, or in itself where it is in none.
pub fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let addresses = interfaces.iter().map(if_addrs::Interface::ip);
    let (own, inside): (Vec<_>, Vec<_>) = addresses.partition(|address| !address.is_loopback());
    let mut own = if own.is_empty() { inside } else { own };
    own.truncate(16);
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_house_have_no_names_outside() {
        let private = |text: &str| is_private_reverse(&text.parse().unwrap());
        for text in [
            "1.1.168.192.in-addr.arpa",
            "10.in-addr.arpa",
            "5.31.172.in-addr.arpa",
            "1.0.0.127.in-addr.arpa",
            "168.192.in-addr.arpa",
            "1.d.f.ip6.arpa",
            "8.e.f.ip6.arpa",
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
        ] {
            assert!(private(text), "{text}");
        }
        for text in [
            "8.8.8.8.in-addr.arpa",
            "192.in-addr.arpa",
            "172.in-addr.arpa",
            "1.32.172.in-addr.arpa",
            "8.b.d.0.1.0.0.2.ip6.arpa",
            "x.in-addr.arpa",
            "ip6.arpa",
        ] {
            assert!(!private(text), "{text}");
        }
    }
}
