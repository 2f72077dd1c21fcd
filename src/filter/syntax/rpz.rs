//! Response policy zones (draft-vixie-dnsop-dns-rpz-00): triggers on names, clients' addresses and
//! answers' addresses; each with a policy. One record a line; an SOA may go over several.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::super::terms::{ClientTerm, Reply, Terms};
use super::super::{ListRule, Scope, Subject, Tier};
use super::unbound::{data_terms, type_and_data};
use super::{Reason, host, record};
use crate::wire::Name;

/// Remembers the zone's own name and the owner of the line before.
#[derive(Default)]
pub(super) struct Reader {
    name: Name,
    /// The zone's name with a dot before it; what is written out in full ends in it.
    origin: String,
    owner: String,
    /// Within the parentheses of a record that goes over several lines.
    inside: bool,
}

impl Reader {
    /// `text` has lost its leading space, which stands for the owner of the line before: where the
    /// first word is a type or class, that is what is meant.
    pub(super) fn line(
        &mut self,
        text: &[u8],
        rule: &mut impl FnMut(ListRule<'_>),
    ) -> Result<(), Reason> {
        let comment = memchr::memchr(b';', text).unwrap_or(text.len());
        let text = std::str::from_utf8(&text[..comment]).map_err(|_| Reason::Form)?.trim();
        if self.inside {
            self.inside = !text.contains(')');
            return Ok(());
        }
        let mut words = text.split_whitespace();
        let Some(first) = words.next() else { return Ok(()) };
        if first.starts_with('$') {
            if first.eq_ignore_ascii_case("$ORIGIN") {
                self.set_origin(words.next().unwrap_or(""));
            }
            return Ok(());
        }
        let known = |word: &str| record::rtype_number(word).is_some();
        let bare = first.eq_ignore_ascii_case("IN") || (known(first) && !words.any(known));
        let whole;
        let text = if bare {
            whole = format!("{} {text}", self.owner);
            whole.as_str()
        } else {
            self.owner = first.to_owned();
            text
        };
        let (rtype, data) = type_and_data(text).ok_or(Reason::Form)?;
        let owner = std::mem::take(&mut self.owner);
        let result = match rtype.to_ascii_uppercase().as_str() {
            "SOA" => {
                if owner != "@" {
                    self.set_origin(&owner);
                }
                self.inside = data.contains('(') && !data.contains(')');
                Ok(())
            }
            "NS" if owner == "@" || self.is_origin(&owner) => Ok(()),
            _ => self.record(&owner, rtype, data, rule),
        };
        self.owner = owner;
        result
    }

    fn set_origin(&mut self, zone: &str) {
        let zone = zone.trim_end_matches('.').to_ascii_lowercase();
        self.origin = if zone.is_empty() { zone } else { format!(".{zone}") };
    }

    fn is_origin(&self, owner: &str) -> bool {
        !self.origin.is_empty()
            && owner.trim_end_matches('.').eq_ignore_ascii_case(&self.origin[1..])
    }

    fn record(
        &mut self,
        owner: &str,
        rtype: &str,
        data: &str,
        rule: &mut impl FnMut(ListRule<'_>),
    ) -> Result<(), Reason> {
        let (tier, mut terms) = policy(rtype, data)?;
        let owner = owner.to_ascii_lowercase();
        // A final dot says that the zone's own name is part of what is written.
        let trigger = match owner.strip_suffix('.') {
            Some(full) if self.origin.is_empty() => full,
            Some(full) => full.strip_suffix(self.origin.as_str()).ok_or(Reason::Form)?,
            None => &owner,
        };
        let subject = if let Some(network) = trigger.strip_suffix(".rpz-ip") {
            Subject::Network(network_of(network).ok_or(Reason::Value("rpz-ip"))?)
        } else if let Some(network) = trigger.strip_suffix(".rpz-client-ip") {
            let network = network_of(network).ok_or(Reason::Value("rpz-client-ip"))?;
            terms.clients.push(false, ClientTerm::Network(network));
            self.name = Name::default();
            Subject::Name(&self.name, Scope::Tree)
        } else if trigger.ends_with(".rpz-nsip") || trigger.ends_with(".rpz-nsdname") {
            return Err(Reason::Trigger);
        } else {
            let below = trigger.strip_prefix("*.");
            host::read(below.unwrap_or(trigger).as_bytes(), &mut self.name)?;
            Subject::Name(&self.name, if below.is_some() { Scope::Below } else { Scope::Name })
        };
        let terms = (!terms.is_empty()).then_some(&terms);
        rule(ListRule { subject, tier, terms, cancels: false });
        Ok(())
    }
}

fn policy(rtype: &str, data: &str) -> Result<(Tier, Terms), Reason> {
    if !rtype.eq_ignore_ascii_case("CNAME") {
        return Ok((Tier::Block, data_terms(rtype, data)?.unwrap_or_default()));
    }
    let terms = match data.to_ascii_lowercase().as_str() {
        "." => Terms::default(),
        "*." => record::terms(Reply::NoData),
        "rpz-drop." => record::terms(Reply::Drop),
        "rpz-passthru." => return Ok((Tier::Allow, Terms::default())),
        "rpz-tcp-only." => return Err(Reason::Trigger),
        target => record::terms(record::cname(target.as_bytes())?),
    };
    Ok((Tier::Block, terms))
}

/// `24.0.2.0.192` is 192.0.2.0/24; in IPv6, `zz` is the run of zeros: `48.zz.db8.2001`.
fn network_of(text: &str) -> Option<IpNet> {
    let (prefix, rest) = text.split_once('.')?;
    let prefix: u8 = prefix.parse().ok()?;
    let mut parts: Vec<&str> = rest.split('.').collect();
    parts.reverse();
    let address = match <[&str; 4]>::try_from(parts.as_slice()) {
        Ok([a, b, c, d]) if !rest.contains("zz") => IpAddr::V4(Ipv4Addr::new(
            a.parse().ok()?,
            b.parse().ok()?,
            c.parse().ok()?,
            d.parse().ok()?,
        )),
        _ => {
            let text = parts.join(":");
            let text = match text.as_str() {
                "zz" => "::".to_owned(),
                text if text.starts_with("zz:") => text.replacen("zz", ":", 1),
                text if text.ends_with(":zz") => text.replacen(":zz", "::", 1),
                text => text.replacen(":zz:", "::", 1),
            };
            IpAddr::V6(text.parse::<Ipv6Addr>().ok()?)
        }
    };
    Some(IpNet::new(address, prefix).ok()?.trunc())
}
