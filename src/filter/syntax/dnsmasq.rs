//! Configuration of dnsmasq: `address=/name/…/address`, `server=/name/`, `local=/name/`. Each name
//! stands for itself and everything below it.

use std::net::IpAddr;

use super::super::{ListRule, Scope, Tier};
use super::{Reason, host, hosts, record};
use crate::wire::Name;

pub(super) fn read_line(
    text: &[u8],
    name: &mut Name,
    rule: &mut impl FnMut(ListRule<'_>),
) -> Result<(), Reason> {
    if text.is_empty() || text.starts_with(b"#") {
        return Ok(());
    }
    // Behind white space a `#` starts a comment; without, it means the usual servers.
    let comment = text.windows(2).position(|two| two[0].is_ascii_whitespace() && two[1] == b'#');
    let text = text[..comment.unwrap_or(text.len())].trim_ascii_end();
    let equals = text.iter().position(|&octet| octet == b'=').ok_or(Reason::Setting)?;
    let (key, value) = (text[..equals].trim_ascii(), text[equals + 1..].trim_ascii());
    let serves = match key {
        b"address" => false,
        b"server" | b"local" => true,
        _ => return Err(Reason::Setting),
    };
    let Some(value) = value.strip_prefix(b"/") else { return Err(Reason::Forwarding) };
    let end = value.iter().rposition(|&octet| octet == b'/').ok_or(Reason::Form)?;
    let (names, target) = (&value[..end], value[end + 1..].trim_ascii());
    let terms;
    let (tier, terms) = match (serves, target) {
        (_, b"") | (false, b"#") => (Tier::Block, None),
        (true, b"#") => (Tier::Allow, None),
        (true, _) => return Err(Reason::Forwarding),
        (false, address) => {
            let address = std::str::from_utf8(address).ok();
            let address: IpAddr =
                address.and_then(|address| address.parse().ok()).ok_or(Reason::Reply)?;
            terms = (!hosts::leads_nowhere(address)).then(|| record::address_terms(address));
            (Tier::Block, terms.as_ref())
        }
    };
    let mut result = Ok(());
    for listed in names.split(|&octet| octet == b'/') {
        if listed == b"#" {
            *name = Name::default();
        } else if let Err(reason) = host::read(listed.strip_prefix(b"*.").unwrap_or(listed), name) {
            result = Err(reason);
            continue;
        }
        rule(ListRule { terms, ..ListRule::of_name(name, Scope::Tree, tier) });
    }
    result
}
