//! Replies that rules bring along, from the words lists write them in.

use std::net::IpAddr;

use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};

use super::super::terms::{Reply, ReplyRecord, Terms};
use super::{Reason, host};
use crate::wire::{Name, Rcode, Rtype};

/// Most octets of a record's text; also keeps its data well within a message.
const MAX_TEXT: usize = 1_024;

/// Terms that answer with an address.
pub(super) fn address_terms(address: IpAddr) -> Terms {
    Terms { reply: Some(Reply::Record(address_record(address))), ..Terms::default() }
}

/// Terms of nothing but a reply.
pub(super) fn terms(reply: Reply) -> Terms {
    Terms { reply: Some(reply), ..Terms::default() }
}

pub(super) fn address_record(address: IpAddr) -> ReplyRecord {
    match address {
        IpAddr::V4(address) => ReplyRecord { rtype: 1, data: address.octets().to_vec() },
        IpAddr::V6(address) => ReplyRecord { rtype: 28, data: address.octets().to_vec() },
    }
}

/// A reply of one record: its type and its data as zone files write them.
pub(super) fn record(rtype: &str, data: &str) -> Result<Reply, Reason> {
    let number = rtype_number(rtype).ok_or(Reason::Reply)?;
    if data.is_empty() || data.len() > MAX_TEXT {
        return Err(Reason::Reply);
    }
    if number == 5 {
        return cname(data.as_bytes());
    }
    if let Some(data) = data.strip_prefix("\\#") {
        let data = unknown(data).ok_or(Reason::Reply)?;
        return Ok(Reply::Record(ReplyRecord { rtype: number, data }));
    }
    let data = RData::try_from_str(RecordType::from(number), data).map_err(|_| Reason::Reply)?;
    let mut bytes = Vec::new();
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    data.emit(&mut encoder).map_err(|_| Reason::Reply)?;
    Ok(Reply::Record(ReplyRecord { rtype: number, data: bytes }))
}

/// A record of the house's own: a name, a type and data, with spaces between. `*.` before the name
/// is said of all names below it, and given back apart.
///
/// # Errors
/// What is wrong with it.
pub fn local_record(text: &str) -> Result<(Name, bool, Reply), String> {
    let mut words = text.trim().splitn(3, char::is_whitespace);
    let mut word = |what: &str| {
        words.next().map(str::trim).filter(|word| !word.is_empty()).ok_or_else(|| {
            format!("no {what}; write a name, a type and data: nas.home.arpa A 192.168.1.5")
        })
    };
    let (name, rtype, data) = (word("name")?, word("type")?, word("data")?);
    let wild = name.strip_prefix("*.");
    let owner = wild.unwrap_or(name);
    let owner = owner.parse().map_err(|error| format!("`{owner}` is no name: {error}"))?;
    let reply = record(rtype, data).map_err(|_| format!("`{rtype} {data}` is no record"))?;
    Ok((owner, wild.is_some(), reply))
}

/// Length and hexadecimal data of a record of an unknown type (RFC 3597 section 5).
fn unknown(text: &str) -> Option<Vec<u8>> {
    let (len, digits) = text.trim().split_once(' ')?;
    let digits: String = digits.split_whitespace().collect();
    let octet = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let data: Vec<u8> = (0..digits.len()).step_by(2).map(octet).collect::<Option<_>>()?;
    (data.len() == len.parse::<usize>().ok()?).then_some(data)
}

/// A reply that leads to another name.
pub(super) fn cname(target: &[u8]) -> Result<Reply, Reason> {
    let mut name = Name::default();
    host::read(target, &mut name)?;
    Ok(Reply::Cname(name.to_string()))
}

/// A type by its mnemonic, or as `TYPE65`.
pub fn rtype_number(text: &str) -> Option<u16> {
    let text = text.trim().to_ascii_uppercase();
    match text.strip_prefix("TYPE") {
        Some(number) => number.parse().ok(),
        None if text == "ANY" => Some(Rtype::ANY.0),
        None => Some(u16::from(text.parse::<RecordType>().ok()?)),
    }
}

/// A type's mnemonic, or `TYPE65280`.
pub fn rtype_text(number: u16) -> String {
    match RecordType::from(number) {
        RecordType::Unknown(number) => format!("TYPE{number}"),
        known => known.to_string(),
    }
}

/// A response code by its mnemonic.
pub(super) fn rcode(text: &str) -> Option<Rcode> {
    let codes = [
        ("NOERROR", Rcode::NOERROR),
        ("FORMERR", Rcode::FORMERR),
        ("SERVFAIL", Rcode::SERVFAIL),
        ("NXDOMAIN", Rcode::NXDOMAIN),
        ("NOTIMP", Rcode::NOTIMP),
        ("REFUSED", Rcode::REFUSED),
    ];
    codes.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, code)| code)
}
