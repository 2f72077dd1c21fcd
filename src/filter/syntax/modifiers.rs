//! What stands behind the `$` of an Adblock-style rule.

use std::net::IpAddr;

use super::super::terms::{Choice, ClientTerm, Reply, Terms};
use super::{Reason, host, record};
use crate::wire::{Name, Rcode};

/// Modifiers that speak of requests and pages: a name does not show what they ask for.
const BROWSER: [&str; 58] = [
    "1p",
    "3p",
    "_",
    "all",
    "app",
    "beacon",
    "content",
    "cookie",
    "csp",
    "css",
    "doc",
    "document",
    "domain",
    "ehide",
    "elemhide",
    "empty",
    "extension",
    "first-party",
    "font",
    "frame",
    "from",
    "generichide",
    "genericblock",
    "ghide",
    "header",
    "hls",
    "image",
    "inline-font",
    "inline-script",
    "jsinject",
    "jsonprune",
    "match-case",
    "media",
    "method",
    "mp4",
    "network",
    "object",
    "other",
    "permissions",
    "ping",
    "popunder",
    "popup",
    "redirect",
    "redirect-rule",
    "referrerpolicy",
    "removeheader",
    "removeparam",
    "replace",
    "script",
    "shide",
    "specifichide",
    "stealth",
    "strict1p",
    "strict3p",
    "stylesheet",
    "subdocument",
    "third-party",
    "to",
];
const MORE_BROWSER: [&str; 8] = [
    "urlblock",
    "urltransform",
    "webrtc",
    "websocket",
    "xhr",
    "xmlhttprequest",
    "xmlprune",
    "cname",
];

/// What the modifiers of a rule come to.
#[derive(Default)]
pub(super) struct Modifiers {
    pub(super) important: bool,
    /// `badfilter`: the rule takes away its equal.
    pub(super) cancels: bool,
    pub(super) terms: Terms,
}

/// Reads the modifiers of a rule that lets pass if `allow`.
pub(super) fn read(text: &str, allow: bool) -> Result<Modifiers, Reason> {
    let mut modifiers = Modifiers::default();
    for modifier in split(text, ',') {
        let modifier = modifier.trim();
        let (key, value) = match modifier.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (modifier, None),
        };
        let terms = &mut modifiers.terms;
        match (key.to_ascii_lowercase().as_str(), value) {
            ("", None) => {}
            ("important", None) => modifiers.important = true,
            ("badfilter", None) => modifiers.cancels = true,
            ("denyallow", Some(value)) => terms.except = names(value)?,
            ("dnstype", Some(value)) => terms.types = types(value, '|').ok_or(DNSTYPE)?,
            ("client", Some(value)) => terms.clients = clients(value)?,
            ("ctag", Some(value)) => terms.tags = tags(value)?,
            // Without a value it lets pass what other rules would answer themselves.
            ("dnsrewrite", _) if allow => {}
            ("dnsrewrite", Some(value)) => terms.reply = Some(rewrite(value)?),
            ("denyallow" | "dnstype" | "client" | "ctag" | "dnsrewrite", None) => {
                return Err(Reason::UnknownModifier(line(modifier)));
            }
            (key, _) => {
                let key = key.trim_start_matches('~');
                let browser = BROWSER.contains(&key) || MORE_BROWSER.contains(&key);
                return Err(if browser {
                    Reason::BrowserModifier(line(key))
                } else {
                    Reason::UnknownModifier(line(key))
                });
            }
        }
    }
    Ok(modifiers)
}

const DNSTYPE: Reason = Reason::Value("dnstype");

fn line(text: &str) -> String {
    super::line::shown(text.as_bytes())
}

/// Types between bars, `~` before those that are not meant; none where one is no type.
pub(super) fn types(text: &str, between: char) -> Option<Choice<u16>> {
    let mut types = Choice::default();
    for text in text.split(between) {
        let (not, text) = negated(text.trim());
        types.push(not, record::rtype_number(text)?);
    }
    types.sorted()
}

fn clients(text: &str) -> Result<Choice<ClientTerm>, Reason> {
    let mut clients = Choice::default();
    for text in split(text, '|') {
        let (not, text) = negated(text.trim());
        let text = text.trim_matches(['\'', '"']).replace('\\', "");
        let text = text.trim();
        if !is_word(text) {
            return Err(Reason::Value("client"));
        }
        clients.push(not, client(text));
    }
    clients.sorted().ok_or(Reason::Value("client"))
}

/// A network, an address, or else a name.
fn client(text: &str) -> ClientTerm {
    if let Ok(network) = text.parse::<ipnet::IpNet>() {
        return ClientTerm::Network(network.trunc());
    }
    match text.parse::<IpAddr>() {
        Ok(address) => ClientTerm::Network(address.into()),
        Err(_) => ClientTerm::Name(text.to_ascii_lowercase()),
    }
}

fn tags(text: &str) -> Result<Choice<String>, Reason> {
    let mut tags = Choice::default();
    for text in text.split('|') {
        let (not, text) = negated(text.trim());
        if !is_word(text) {
            return Err(Reason::Value("ctag"));
        }
        tags.push(not, text.to_ascii_lowercase());
    }
    tags.sorted().ok_or(Reason::Value("ctag"))
}

fn names(text: &str) -> Result<Vec<String>, Reason> {
    let mut name = Name::default();
    let mut names = Vec::new();
    for text in text.split('|') {
        let text = text.trim();
        host::read(text.strip_prefix("*.").unwrap_or(text).as_bytes(), &mut name)?;
        names.push(name.to_string());
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// `CODE;TYPE;VALUE`, or one of the short forms: a code, an address, a name.
fn rewrite(text: &str) -> Result<Reply, Reason> {
    let mut parts = text.splitn(3, ';').map(str::trim);
    let (first, rtype, value) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    let Some(rtype) = rtype else {
        return match (record::rcode(first), first.parse::<IpAddr>()) {
            (Some(code), _) => Ok(of_code(code)),
            (None, Ok(address)) => Ok(Reply::Record(record::address_record(address))),
            (None, Err(_)) if first == "DROP" => Ok(Reply::Drop),
            (None, Err(_)) => record::cname(first.as_bytes()),
        };
    };
    match (record::rcode(first).ok_or(Reason::Reply)?, rtype, value.unwrap_or("")) {
        (Rcode::NOERROR, rtype, value) if !rtype.is_empty() && !value.is_empty() => {
            record::record(rtype, value)
        }
        (code, _, _) => Ok(of_code(code)),
    }
}

fn of_code(code: Rcode) -> Reply {
    if code == Rcode::NOERROR { Reply::NoData } else { Reply::Rcode(code.0) }
}

/// Whether a name or tag has no marks of the notation at its ends, and is text at all.
fn is_word(text: &str) -> bool {
    let mark = ['~', '\'', '"'];
    !text.is_empty()
        && !text.starts_with(mark)
        && !text.ends_with(mark)
        && !text.contains(char::REPLACEMENT_CHARACTER)
}

fn negated(text: &str) -> (bool, &str) {
    text.strip_prefix('~').map_or((false, text), |text| (true, text))
}

/// Splits where `at` is not behind a backslash.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |char| {
        let here = char == at && !escaped;
        escaped = char == '\\' && !escaped;
        here
    })
}
