//! Hosts files: an address, then the names it stands for, each exactly. An address that leads
//! nowhere refuses the names; another one is what they are answered with.

use std::net::IpAddr;

use super::super::{ListRule, Scope};
use super::{BLOCK, Reason, host, line, record, words};
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
    rule: &mut impl FnMut(ListRule<'_>),
) -> Result<(), Reason> {
    let text = line::without_comment(text);
    if text.is_empty() {
        return Ok(());
    }
    let mut words = words(text);
    let address = words.next().and_then(address).ok_or(Reason::NoAddress)?;
    let terms = (!leads_nowhere(address)).then(|| record::address_terms(address));
    let mut result = Ok(());
    for word in words {
        let own = word.strip_suffix(b".").unwrap_or(word);
        if OWN_NAMES.iter().any(|name| name.eq_ignore_ascii_case(own)) {
            continue;
        }
        match host::read(word, name) {
            Ok(()) => {
                let plain = ListRule::of_name(name, Scope::Name, BLOCK);
                rule(ListRule { terms: terms.as_ref(), ..plain });
            }
            Err(reason) => result = Err(reason),
        }
    }
    result
}

/// Whether an answer with this address is a way to refuse.
pub(super) fn leads_nowhere(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback()
}

fn address(word: &[u8]) -> Option<IpAddr> {
    // A zone such as `fe80::1%lo0` says on which link; the address is what counts.
    let word = word.split(|&octet| octet == b'%').next()?;
    std::str::from_utf8(word).ok()?.parse().ok()
}
