//! Addresses of IPv4 for those who have IPv6 alone, behind a gateway (RFC 6147): where a name has no
//! AAAA record one is made of each of its A records, and the other way round for reverse names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{AAAA, CNAME};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use ipnet::Ipv6Net;

use super::Question;
use super::dnssec::is_dnssec;
use crate::wire::is_home;

/// TTL of what is made where the absence has none, in seconds (RFC 6147 section 5.1.7).
const TTL: u32 = 600;
/// Bits 64 to 71 of an address with an embedded one are zero (RFC 6052 section 2.2).
const GAP: u32 = 8;

/// What upstream is to be asked instead, if `question` is for the name of an address behind `prefix`.
pub(super) fn reverse(question: &Question, prefix: Ipv6Net) -> Option<Question> {
    if question.qtype != u16::from(RecordType::PTR) {
        return None;
    }
    let name = Name::from_bytes(&question.name).ok()?;
    let IpAddr::V6(address) =
        name.parse_arpa_name().ok().filter(|net| net.prefix_len() == 128)?.addr()
    else {
        return None;
    };
    let name =
        prefix.contains(&address).then(|| Name::from(IpAddr::V4(embedded(address, prefix))))?;
    Some(Question { name: name.to_bytes().ok()?.into(), ..question.clone() })
}

/// The reply to `question`, with an alias to the name `target` was asked for before that.
pub(super) fn behind_alias(question: &Question, target: &[u8]) -> Option<Vec<u8>> {
    let mut message = Message::from_vec(target).ok()?;
    let name = Name::from_bytes(&question.name).ok()?;
    let query = message.queries.first_mut()?;
    let alias = Record::from_rdata(name.clone(), TTL, RData::CNAME(CNAME(query.name().clone())));
    query.set_name(name);
    message.answers.insert(0, alias);
    message.metadata.authentic_data = false;
    message.to_vec().ok()
}

/// Whether `reply` to `question` has no address, and one may be made: the client does not validate by
/// itself (RFC 6147 section 5.5).
pub(super) fn is_wanted(question: &Question, reply: &[u8]) -> bool {
    if question.qtype != u16::from(RecordType::AAAA)
        || question.dnssec_ok && question.checking_disabled
    {
        return false;
    }
    Message::from_vec(reply).is_ok_and(|reply| {
        reply.metadata.response_code == ResponseCode::NoError
            && !reply.answers.iter().any(|record| record.record_type() == RecordType::AAAA)
    })
}

/// The reply to a question for AAAA records out of that for A records; none where it has none.
/// Addresses of a house are left out: the gateway leads to the Internet (RFC 6052 section 3.1).
pub(super) fn synthesize(of_v4: &[u8], absence: &[u8], prefix: Ipv6Net) -> Option<Vec<u8>> {
    let mut message = Message::from_vec(of_v4).ok()?;
    let absence = Message::from_vec(absence).ok()?;
    let soa = absence.authorities.iter().find(|record| record.record_type() == RecordType::SOA);
    let most = soa.map_or(TTL, |soa| soa.ttl);
    let mut made = false;
    let records = std::mem::take(&mut message.answers);
    message.answers = records
        .into_iter()
        .filter(|record| !is_dnssec(record.record_type()))
        .filter_map(|mut record| {
            if let RData::A(address) = record.data {
                if is_home(address.0.into()) {
                    return None;
                }
                record.data = RData::AAAA(AAAA(embed(address.0, prefix)));
                record.ttl = record.ttl.min(most);
                made = true;
            }
            Some(record)
        })
        .collect();
    message.queries.first_mut()?.set_query_type(RecordType::AAAA);
    message.authorities.clear();
    message.additionals.clear();
    message.metadata.authentic_data = false;
    made.then(|| message.to_vec().ok())?
}

/// `address` behind `prefix` (RFC 6052 section 2.2).
fn embed(address: Ipv4Addr, prefix: Ipv6Net) -> Ipv6Addr {
    let length = u32::from(prefix.prefix_len());
    let bits = u128::from(u32::from(address));
    let placed = (bits << 96) >> length;
    Ipv6Addr::from(u128::from(prefix.network()) | if length == 96 { bits } else { widen(placed) })
}

/// Makes room for the gap in what is written without it.
fn widen(bits: u128) -> u128 {
    let behind = (1 << 64) - 1;
    (bits & !behind) | ((bits & behind) >> GAP)
}

/// The address that `address` has behind `prefix`.
fn embedded(address: Ipv6Addr, prefix: Ipv6Net) -> Ipv4Addr {
    let length = u32::from(prefix.prefix_len());
    let bits = u128::from(address);
    let behind = (1 << 64) - 1;
    let narrow = if length == 96 { bits } else { (bits & !behind) | ((bits & behind) << GAP) };
    Ipv4Addr::from(((narrow << length) >> 96) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_embedded_as_the_standard_has_it() {
        // The examples of RFC 6052 section 2.4.
        let address = Ipv4Addr::new(192, 0, 2, 33);
        for (prefix, whole) in [
            ("2001:db8::/32", "2001:db8:c000:221::"),
            ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
            ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
            ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
        ] {
            let prefix: Ipv6Net = prefix.parse().unwrap();
            assert_eq!(embed(address, prefix), whole.parse::<Ipv6Addr>().unwrap(), "{prefix}");
            assert_eq!(embedded(embed(address, prefix), prefix), address, "{prefix}");
        }
    }
}
