//! Where an answer leads: the names and addresses a client would go on to.
//!
//! A tracker may stand behind a name of the site's own (CNAME cloaking), so the rules are asked
//! about these as well. They are read from the held message when they are needed; what kinds there
//! are is known beforehand, so that most answers, which lead nowhere but to addresses, cost nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::record::{Record, skip_name};
use super::{Answer, Name, Rtype, read_u16};

/// Names that one answer may lead to. No chain that anybody follows is this long.
const MOST_NAMES: usize = 64;
/// Keys of SVCB parameters (RFC 9460 section 14.3.2).
const IPV4HINT: u16 = 4;
const IPV6HINT: u16 = 6;

/// What kinds of leads an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leads {
    /// It leads to other names.
    pub names: bool,
    /// It leads to an address that only means something at home.
    pub home: bool,
}

/// One place an answer leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Lead {
    /// Another name; it is in the buffer.
    Name,
    /// An address.
    Address(IpAddr),
}

impl Leads {
    /// The kinds in `message`, whose records begin at each of `records`.
    ///
    /// None where there are more names than anybody follows, or one of them cannot be read.
    pub(super) fn find(message: &[u8], records: impl Iterator<Item = Record>) -> Option<Self> {
        let mut found = Self::default();
        let mut names = 0;
        let mut name = Name::default();
        for record in records {
            each(message, &record, &mut name, |_, lead| match lead {
                Lead::Name => {
                    names += 1;
                    found.names = true;
                }
                Lead::Address(address) => found.home |= is_home(address),
            })?;
        }
        (names <= MOST_NAMES).then_some(found)
    }
}

impl Answer {
    /// Calls `each` with every lead of the answer, in the order of its records. A name is in the
    /// buffer given along. Costs about 50 ns a name.
    pub fn each_lead(&self, name: &mut Name, mut then: impl FnMut(&Name, Lead)) {
        let message = self.message();
        for ttl_at in self.ttls() {
            // The TTL stands behind type and class, wherever the owner's name began.
            let Some(record) = Record::at_ttl(message, ttl_at) else { continue };
            // Read before without a mistake.
            let _ = each(message, &record, name, &mut then);
        }
    }
}

/// Calls `then` with the leads of one record; none where one cannot be read.
fn each(
    message: &[u8],
    record: &Record,
    name: &mut Name,
    mut then: impl FnMut(&Name, Lead),
) -> Option<()> {
    let data = message.get(record.data..record.end)?;
    match record.rtype {
        Rtype::A => {
            let octets: [u8; 4] = data.try_into().ok()?;
            then(name, Lead::Address(Ipv4Addr::from(octets).into()));
        }
        Rtype::AAAA => {
            let octets: [u8; 16] = data.try_into().ok()?;
            then(name, Lead::Address(Ipv6Addr::from(octets).into()));
        }
        Rtype::CNAME | Rtype::DNAME => {
            (skip_name(message, record.data)? == record.end).then_some(())?;
            name.read_at(message, record.data)?;
            then(name, Lead::Name);
        }
        Rtype::SVCB | Rtype::HTTPS => {
            let mut at = skip_name(message, record.data + 2)?;
            // The root stands for the owner itself, or for nothing.
            if message.get(record.data + 2) != Some(&0) {
                name.read_at(message, record.data + 2)?;
                then(name, Lead::Name);
            }
            while at < record.end {
                let key = read_u16(message, at)?;
                let end = at + 4 + usize::from(read_u16(message, at + 2)?);
                let value = message.get(at + 4..end.min(record.end))?;
                match key {
                    IPV4HINT => value.as_chunks::<4>().0.iter().for_each(|octets| {
                        then(name, Lead::Address(Ipv4Addr::from(*octets).into()));
                    }),
                    IPV6HINT => value.as_chunks::<16>().0.iter().for_each(|octets| {
                        then(name, Lead::Address(Ipv6Addr::from(*octets).into()));
                    }),
                    _ => {}
                }
                at = end;
            }
            (at == record.end).then_some(())?;
        }
        _ => {}
    }
    Some(())
}

/// Whether `address` is one that nobody on the Internet can have: this machine, a private network,
/// this link (RFC 1122, RFC 1918, RFC 3927, RFC 4193, RFC 4291), also within an IPv6 address that
/// stands for an IPv4 one (RFC 4291 section 2.5.5.2, RFC 6052).
pub fn is_home(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.octets()[0] == 0
        }
        IpAddr::V6(v6) => {
            let within = match v6.segments() {
                [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
                }
                _ => None,
            };
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || within.is_some_and(|v4| is_home(v4.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TtlBounds;
    use super::*;

    fn answer(records: &[(u16, &[u8])]) -> Option<Answer> {
        let name: Name = "www.example".parse().unwrap();
        let records = records.iter().copied();
        Answer::of_records(&name, Rtype::A, records, 60).ok()
    }

    fn leads(answer: &Answer) -> Vec<String> {
        let mut found = Vec::new();
        answer.each_lead(&mut Name::default(), |name, lead| {
            found.push(match lead {
                Lead::Name => name.to_string(),
                Lead::Address(address) => address.to_string(),
            });
        });
        found
    }

    #[test]
    fn chains_addresses_and_hints_are_leads() {
        // The second name is compressed: it ends in the question's.
        let https = b"\0\x01\x01t\0\0\x04\0\x08\x7f\0\0\x01\xc6\x33\x64\x01\0\x06\0\x10\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01";
        let answer = answer(&[
            (5, b"\x07Tracker\x07eXample\0"),
            (39, b"\x01d\xc0\x10"),
            (65, https),
            (65, b"\0\x01\0"),
            (1, &[192, 0, 2, 1]),
            (16, b"\x03txt"),
        ])
        .unwrap();
        assert_eq!(
            leads(&answer),
            [
                "tracker.example",
                "d.example",
                "t",
                "127.0.0.1",
                "198.51.100.1",
                "fe80::1",
                "192.0.2.1"
            ]
        );
        assert_eq!(answer.leads(), Leads { names: true, home: true });
    }

    #[test]
    fn an_address_alone_costs_nothing() {
        let answer = answer(&[(1, &[192, 0, 2, 1])]).unwrap();
        assert_eq!(answer.leads(), Leads::default());
    }

    #[test]
    fn what_cannot_be_read_is_not_taken() {
        for record in [
            (1, b"\x7f\0\0".as_slice()),
            (5, b"\x07short\0"),
            (5, b"\x01a\0trailing"),
            (65, b"\0\x01\0\0\x04\0\x09\x7f\0\0\x01"),
        ] {
            assert!(answer(&[record]).is_none(), "{record:?}");
        }
        let chain: Vec<(u16, &[u8])> = vec![(5, b"\x01a\0"); MOST_NAMES + 1];
        assert!(answer(&chain).is_none());
        assert!(answer(&chain[1..]).is_some());
    }

    #[test]
    fn a_record_behind_opt_is_no_lead() {
        let name: Name = "www.example".parse().unwrap();
        let mut message = vec![0, 0, 0x80, 0x80, 0, 1, 0, 0, 0, 0, 0, 2];
        message.extend_from_slice(b"\x03www\x07example\0\0\x01\0\x01");
        message.extend_from_slice(b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
        message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01");
        let bounds = TtlBounds { min: 0, max: 60, max_negative: 60 };
        assert_eq!(Answer::read(&message, &name, bounds).unwrap().leads(), Leads::default());
    }

    #[test]
    fn home_is_home_in_every_guise() {
        for text in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "127.9.9.9",
            "169.254.1.1",
            "0.0.0.0",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:192.168.1.1",
            "64:ff9b::a00:1",
        ] {
            assert!(is_home(text.parse().unwrap()), "{text}");
        }
        for text in ["172.32.0.1", "100.64.0.1", "192.0.2.1", "2001:db8::1", "64:ff9b::808:808"] {
            assert!(!is_home(text.parse().unwrap()), "{text}");
        }
    }
}
