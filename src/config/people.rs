//! Texts that say who is who: names, tags, what devices are known by, local records.

use super::error::{nearest, quoted};
use super::household::{KnownBy, Member, own_name};
use super::upstream_url::is_host_name;
use super::values::{self, Fault};
use crate::catalogue;
use crate::filter::syntax::local_record;

/// A kind of text.
pub(super) struct Text {
    pub(super) noun: &'static str,
    pub(super) accepted: &'static str,
    pub(super) read: fn(&str) -> Result<String, Fault>,
}

pub(super) static NAME_TEXT: Text = Text {
    noun: "a name",
    accepted: "1 to 64 characters, none of them #, for example kids",
    read: name,
};
pub(super) static TAGS: Text =
    Text { noun: "a tag", accepted: "for example kids", read: |text| name(text) };
pub(super) static LISTS: Text =
    Text { noun: "a list", accepted: "the name of one of `lists`", read: values::list_name };
pub(super) static COMPANIES: Text = Text {
    noun: "a company",
    accepted: "its name as it is shown, for example Google",
    read: |text| short(text),
};
pub(super) static PEOPLE: Text = Text {
    noun: "a person",
    accepted: "as the proxy says, for example anna",
    read: |text| short(text),
};
pub(super) static HOSTS: Text =
    Text { noun: "a host name", accepted: "for example dns.my-home.example", read: host };
pub(super) static HEADER: Text =
    Text { noun: "a header", accepted: "for example Remote-User", read: header };
pub(super) static SERVICES: Text =
    Text { noun: "a service", accepted: "for example tiktok", read: service };
pub(super) static ZONE: Text =
    Text { noun: "a time zone", accepted: "for example Europe/Berlin", read: zone };
pub(super) static TOKEN: Text = Text {
    noun: "a token",
    accepted: "16 to 256 letters, digits and -._~+/=, for example what `openssl rand -hex 16` prints",
    read: token,
};
pub(super) static SUFFIX: Text =
    Text { noun: "a domain", accepted: "for example home.arpa", read: suffix };
pub(super) static RECORDS: Text = Text {
    noun: "a record",
    accepted: "for example nas.home.arpa A 192.168.1.5",
    read: |text| match local_record(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(why) => Err(Fault::Because(format!("{} is no record: {why}", quoted(text)))),
    },
};

fn short(text: &str) -> Result<String, Fault> {
    let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits && text.trim() == text { Ok(text.to_owned()) } else { Err(Fault::Form) }
}

fn name(text: &str) -> Result<String, Fault> {
    if text.contains('#') { Err(Fault::Form) } else { short(text) }
}

fn host(text: &str) -> Result<String, Fault> {
    let name = text.to_ascii_lowercase();
    if is_host_name(&name) { Ok(name) } else { Err(Fault::Form) }
}

fn header(text: &str) -> Result<String, Fault> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_name = (1..=64).contains(&text.len()) && text.bytes().all(fits);
    if is_name { Ok(text.to_owned()) } else { Err(Fault::Form) }
}

fn service(text: &str) -> Result<String, Fault> {
    if catalogue::service(text).is_some() {
        return Ok(text.to_owned());
    }
    let ids = catalogue::services().iter().map(|service| service.id.as_str());
    let near = nearest(text, ids).map_or_else(String::new, |near| format!(" Did you mean {near}?"));
    Err(Fault::Because(format!(
        "{} is no service that is known; write one of those that `trackless lists services` shows.{near}",
        quoted(text)
    )))
}

fn zone(text: &str) -> Result<String, Fault> {
    match jiff::tz::TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Fault::Form),
    }
}

/// What may stand behind `Bearer` (RFC 6750 section 2.1), and is not guessed. It is in no error line,
/// which may be logged.
fn token(text: &str) -> Result<String, Fault> {
    let may_be = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(&octet);
    if (16..=256).contains(&text.len()) && text.bytes().all(may_be) {
        return Ok(text.to_owned());
    }
    Err(Fault::Because(format!("this is not a token; write {}", TOKEN.accepted)))
}

fn suffix(text: &str) -> Result<String, Fault> {
    let name = values::rule(text)?;
    if name.starts_with('=') { Err(Fault::Form) } else { Ok(name.to_ascii_lowercase()) }
}

pub(super) fn known_by(text: &str) -> Result<KnownBy, Fault> {
    if let Ok(mac) = text.parse() {
        return Ok(KnownBy::Mac(mac));
    }
    if let Ok(network) = values::network(text) {
        return Ok(KnownBy::Network(network));
    }
    own_name(text).map(KnownBy::Id).ok_or(Fault::Form)
}

pub(super) fn member(text: &str) -> Result<Member, Fault> {
    if let Some(tag) = text.strip_prefix('#') {
        return Ok(Member::Tag(name(tag)?));
    }
    match values::network(text) {
        Ok(network) => Ok(Member::Network(network)),
        Err(_) => Ok(Member::Device(name(text)?)),
    }
}
