//! Rules as text, whatever format they came in: the notation of Adblock-style lists, which
//! [`super::syntax`] reads back.

use std::fmt::{self, Display, Formatter, Write as _};

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use super::rule::{ListRule, Subject};
use super::terms::{Choice, ClientTerm, Reply, ReplyRecord, Terms};
use super::verdict::{Scope, Tier};
use crate::wire::write_text;

impl Display for ListRule<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain = self.terms.is_none() && !self.cancels;
        match self.subject {
            Subject::Name(name, scope) => {
                write_name(f, name.wire(), scope, self.tier, plain)?;
            }
            Subject::Pattern(pattern) => {
                f.write_str(allow_mark(self.tier))?;
                write!(f, "{pattern}")?;
                write_modifier_start(f, self.tier, plain)?;
            }
            Subject::Network(network) => {
                f.write_str(allow_mark(self.tier))?;
                write!(f, "{network}")?;
                write_modifier_start(f, self.tier, plain)?;
            }
        }
        let mut separator = if important(self.tier) { "," } else { "" };
        if let Some(terms) = self.terms {
            write_terms(f, terms, separator)?;
            separator = ",";
        }
        if self.cancels { write!(f, "{separator}badfilter") } else { Ok(()) }
    }
}

/// A rule of a name, given in wire form.
fn write_name(
    f: &mut impl fmt::Write,
    wire: &[u8],
    scope: Scope,
    tier: Tier,
    plain: bool,
) -> fmt::Result {
    f.write_str(allow_mark(tier))?;
    f.write_str(match scope {
        _ if wire == [0] => "*",
        Scope::Name => "|",
        Scope::Below => "||*.",
        Scope::Tree | Scope::Pattern => "||",
    })?;
    if wire != [0] {
        write_text(wire, f)?;
        f.write_char('^')?;
    }
    write_modifier_start(f, tier, plain)
}

fn write_modifier_start(f: &mut impl fmt::Write, tier: Tier, plain: bool) -> fmt::Result {
    match (important(tier), plain) {
        (true, _) => f.write_str("$important"),
        (false, false) => f.write_char('$'),
        (false, true) => Ok(()),
    }
}

fn important(tier: Tier) -> bool {
    matches!(tier, Tier::ImportantBlock | Tier::ImportantAllow)
}

fn allow_mark(tier: Tier) -> &'static str {
    if tier.blocks() { "" } else { "@@" }
}

fn write_terms(f: &mut Formatter<'_>, terms: &Terms, mut separator: &str) -> fmt::Result {
    let rtype = |rtype: &u16| RecordType::from(*rtype).to_string();
    let client = |client: &ClientTerm| match client {
        ClientTerm::Network(network) => network.to_string(),
        ClientTerm::Name(name) => {
            name.replace('\\', "\\\\").replace(',', "\\,").replace('|', "\\|")
        }
    };
    let parts = [
        ("dnstype", choice(&terms.types, rtype)),
        ("client", choice(&terms.clients, client)),
        ("ctag", choice(&terms.tags, String::clone)),
        ("denyallow", terms.except.join("|")),
        ("dnsrewrite", terms.reply.as_ref().map_or_else(String::new, reply)),
    ];
    for (key, value) in parts {
        if !value.is_empty() {
            write!(f, "{separator}{key}={value}")?;
            separator = ",";
        }
    }
    Ok(())
}

fn choice<T>(choice: &Choice<T>, text: impl Fn(&T) -> String) -> String {
    let of = choice.of.iter().map(&text);
    let not = choice.not.iter().map(|value| format!("~{}", text(value)));
    of.chain(not).collect::<Vec<_>>().join("|")
}

fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Rcode(rcode) => match ResponseCode::from_low(*rcode as u8) {
            ResponseCode::FormErr => "FORMERR",
            ResponseCode::NXDomain => "NXDOMAIN",
            ResponseCode::NotImp => "NOTIMP",
            ResponseCode::Refused => "REFUSED",
            _ => "SERVFAIL",
        }
        .to_owned(),
        Reply::NoData => "NOERROR".to_owned(),
        Reply::Drop => "DROP".to_owned(),
        // A final dot tells a name of one label from a code.
        Reply::Cname(name) if !name.contains('.') => format!("{name}."),
        Reply::Cname(name) => name.clone(),
        Reply::Record(record) => record_text(record),
    }
}

/// An address as it is, anything else in the form for unknown types (RFC 3597 section 5).
fn record_text(record: &ReplyRecord) -> String {
    if let (1, Ok(octets)) = (record.rtype, <[u8; 4]>::try_from(record.data.as_slice())) {
        return std::net::Ipv4Addr::from(octets).to_string();
    }
    if let (28, Ok(octets)) = (record.rtype, <[u8; 16]>::try_from(record.data.as_slice())) {
        return std::net::Ipv6Addr::from(octets).to_string();
    }
    let mut text = format!("NOERROR;TYPE{};\\# {} ", record.rtype, record.data.len());
    for octet in &record.data {
        let _ = write!(text, "{octet:02x}");
    }
    text
}
