//! Configuration of Unbound: `local-zone: "name" type` and `local-data: "name TTL IN A address"`.

use std::net::IpAddr;

use super::super::terms::{Reply, Terms};
use super::super::{ListRule, Scope, Tier};
use super::{Reason, host, hosts, record};
use crate::wire::Name;

/// Remembers the zone whose data is for everything below it, too.
#[derive(Default)]
pub(super) struct Reader {
    name: Name,
    /// The last zone of type `redirect`; its data follows it.
    redirect: Option<Box<Name>>,
}

impl Reader {
    pub(super) fn line(
        &mut self,
        text: &[u8],
        rule: &mut impl FnMut(ListRule<'_>),
    ) -> Result<(), Reason> {
        if text.is_empty() || text.starts_with(b"#") {
            return Ok(());
        }
        let text = std::str::from_utf8(text).map_err(|_| Reason::Form)?;
        let (key, value) = text.split_once(':').ok_or(Reason::Form)?;
        let value = value.trim();
        match key.trim() {
            "local-zone" => self.zone(value, rule),
            "local-data" => self.data(value, rule),
            "server" if value.is_empty() => Ok(()),
            _ => Err(Reason::Setting),
        }
    }

    fn zone(&mut self, value: &str, rule: &mut impl FnMut(ListRule<'_>)) -> Result<(), Reason> {
        let (zone, rest) = quoted(value).ok_or(Reason::Form)?;
        let kind = rest.split_whitespace().next().unwrap_or("");
        host::read(zone.as_bytes(), &mut self.name)?;
        let name = &self.name;
        let mut emit = |tier, reply: Option<Reply>| {
            let terms = reply.map(record::terms);
            let plain = ListRule::of_name(name, Scope::Tree, tier);
            rule(ListRule { terms: terms.as_ref(), ..plain });
        };
        match kind {
            "always_nxdomain" | "always_null" | "static" => emit(Tier::Block, None),
            "refuse" | "always_refuse" => emit(Tier::Block, Some(Reply::Rcode(5))),
            "always_nodata" => emit(Tier::Block, Some(Reply::NoData)),
            "deny" | "always_deny" | "inform_deny" => emit(Tier::Block, Some(Reply::Drop)),
            "transparent" | "always_transparent" | "typetransparent" => emit(Tier::Allow, None),
            "redirect" | "inform_redirect" => self.redirect = Some(Box::new(name.clone())),
            _ => return Err(Reason::Setting),
        }
        Ok(())
    }

    fn data(&mut self, value: &str, rule: &mut impl FnMut(ListRule<'_>)) -> Result<(), Reason> {
        let (text, _) = quoted(value).ok_or(Reason::Form)?;
        let mut words = text.split_whitespace();
        host::read(words.next().unwrap_or("").as_bytes(), &mut self.name)?;
        let scope = match &self.redirect {
            Some(zone) if zone.wire() == self.name.wire() => Scope::Tree,
            _ => Scope::Name,
        };
        let (rtype, data) = type_and_data(text).ok_or(Reason::Reply)?;
        let terms = data_terms(rtype, data)?;
        let plain = ListRule::of_name(&self.name, scope, Tier::Block);
        rule(ListRule { terms: terms.as_ref(), ..plain });
        Ok(())
    }
}

/// Terms of a record; none where its address leads nowhere, which is a refusal.
pub(super) fn data_terms(rtype: &str, data: &str) -> Result<Option<Terms>, Reason> {
    if let Ok(address) = data.parse::<IpAddr>()
        && hosts::leads_nowhere(address)
    {
        return Ok(None);
    }
    Ok(Some(record::terms(record::record(rtype, data)?)))
}

/// Type and data of a record's text, behind its owner, TTL and class.
pub(super) fn type_and_data(text: &str) -> Option<(&str, &str)> {
    let mut rest = text.trim().split_once(char::is_whitespace)?.1.trim_start();
    loop {
        let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let ttl = word.starts_with(|char: char| char.is_ascii_digit());
        if !ttl && !["IN", "CH", "HS"].iter().any(|class| word.eq_ignore_ascii_case(class)) {
            return (!word.is_empty()).then_some((word, behind.trim()));
        }
        rest = behind.trim_start();
    }
}

/// What stands between quotes, or the first word, and the rest.
fn quoted(text: &str) -> Option<(&str, &str)> {
    match text.chars().next()? {
        quote @ ('"' | '\'') => text[1..].split_once(quote),
        _ => Some(text.split_once(char::is_whitespace).unwrap_or((text, ""))),
    }
}
