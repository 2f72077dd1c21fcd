//! Hosts files: an address that leads nowhere, then the names it stands for, each exactly.

use std::net::IpAddr;

use super::super::Scope;
use super::{Reason, words};
use crate::wire::Name;

/// Names every hosts file has for the machine itself; no rule is meant by them.
const OWN_NAMES: [&[u8]; 14] = [
    b"localhost",
    b"localhost.localdomain",
    b"localhost4",
    b"localhost6",
    b"local",
    b"broadcasthost",
    b"ip6-localhost",
    b"ip6-loopback",
    b"ip6-localnet",
    b"ip6-mcastprefix",
    b"ip6-allnodes",
    b"ip6-allrouters",
    b"ip6-allhosts",
    b"0.0.0.0",
];

pub(super) fn has_address(text: &[u8]) -> bool {
    words(text).next().is_some_and(|word| address(word).is_some())
}

pub(super) fn read_line(
    text: &[u8],
    name: &mut Name,
    rule: &mut impl FnMut(&Name, Scope),
) -> Result<(), Reason> {
    let mut words = words(text);
    let address = words.next().and_then(address).ok_or(Reason::NoAddress)?;
    let nowhere = address.is_unspecified() || address.is_loopback();
    let mut result = Ok(());
    for word in words {
        let host = word.strip_suffix(b".").unwrap_or(word);
        if OWN_NAMES.iter().any(|own| own.eq_ignore_ascii_case(host)) {
            continue;
        }
        if !nowhere {
            return Err(Reason::OtherAddress);
        }
        match name.read_text(word) {
            Ok(()) => rule(name, Scope::Name),
            Err(error) => result = Err(error.into()),
        }
    }
    result
}

fn address(word: &[u8]) -> Option<IpAddr> {
    // A zone such as `fe80::1%lo0` says on which link; the address is what counts.
    let word = word.split(|&octet| octet == b'%').next()?;
    std::str::from_utf8(word).ok()?.parse().ok()
}
