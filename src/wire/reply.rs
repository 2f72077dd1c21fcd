//! Replies that we make ourselves: refusals, failures, the minimal answer to ANY.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::{Edns, HEADER, Query, Rcode, Rtype, UDP_PAYLOAD};

/// What every reply copies from its query.
pub(super) struct Edge<'a> {
    pub(super) packet: &'a [u8],
    pub(super) question_end: usize,
    pub(super) edns: Option<Edns>,
}

/// An extended DNS error: its code and a text for people (RFC 8914).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedError {
    /// Code from the IANA registry.
    pub code: u16,
    /// Short text; empty is allowed.
    pub text: &'static str,
}

impl ExtendedError {
    /// Refused by the rules of this server's owner.
    pub const BLOCKED: Self = Self { code: 15, text: "tracker, refused by Trackless" };
    /// Held for longer than it should be, for want of a newer answer.
    pub const STALE_ANSWER: Self = Self { code: 3, text: "" };
    /// The same, of an answer that there is no such name.
    pub const STALE_NXDOMAIN_ANSWER: Self = Self { code: 19, text: "" };
    /// It does not stand DNSSEC's validation.
    pub const BOGUS: Self = Self { code: 6, text: "DNSSEC" };
    /// Its signatures were good until some time ago.
    pub const SIGNATURE_EXPIRED: Self = Self { code: 7, text: "DNSSEC" };
    /// Its signatures will be good some time later.
    pub const SIGNATURE_NOT_YET_VALID: Self = Self { code: 8, text: "DNSSEC" };
    /// The key it is signed with is not there.
    pub const DNSKEY_MISSING: Self = Self { code: 9, text: "DNSSEC" };
    /// It should be signed and is not.
    pub const RRSIGS_MISSING: Self = Self { code: 10, text: "DNSSEC" };
    /// Who asks may not.
    pub const PROHIBITED: Self = Self { code: 18, text: "see access in the settings" };
    /// RD was not set and we are no authority.
    pub const NOT_AUTHORITATIVE: Self = Self { code: 20, text: "set RD" };
    /// No upstream could be reached.
    pub const NO_REACHABLE_AUTHORITY: Self = Self { code: 22, text: "no upstream answers" };
    /// An upstream could be reached but gave nothing usable.
    pub const NETWORK_ERROR: Self = Self { code: 23, text: "upstream failed" };
    /// More questions wait for upstream than we hold.
    pub const TOO_BUSY: Self = Self { code: 0, text: "too many questions in flight" };

    /// Those that say why there is no answer, and what each is called.
    pub const FAILURES: [(Self, &'static str); 8] = [
        (Self::NO_REACHABLE_AUTHORITY, "unreachable"),
        (Self::NETWORK_ERROR, "upstream"),
        (Self::TOO_BUSY, "busy"),
        (Self::BOGUS, "bogus"),
        (Self::SIGNATURE_EXPIRED, "signature_expired"),
        (Self::SIGNATURE_NOT_YET_VALID, "signature_not_yet_valid"),
        (Self::DNSKEY_MISSING, "dnskey_missing"),
        (Self::RRSIGS_MISSING, "rrsigs_missing"),
    ];

    pub(super) fn write(&self, out: &mut [u8]) -> usize {
        let text = self.text.as_bytes();
        let mut at = put(out, 0, &15_u16.to_be_bytes());
        at = put(out, at, &(2 + text.len() as u16).to_be_bytes());
        at = put(out, at, &self.code.to_be_bytes());
        put(out, at, text)
    }
}

/// The refusal of a tracker: usually NXDOMAIN with an SOA, so that clients remember it (RFC 2308
/// section 3), and the extended error "Blocked" for clients with EDNS. Rendered once, copied for
/// each query.
#[derive(Debug, Clone)]
pub struct Refusal {
    soa: Box<[u8]>,
    rcode: Rcode,
    ttl: [u8; 4],
    addresses: Option<(Option<Ipv4Addr>, Option<Ipv6Addr>)>,
}

/// Octets of an extended error's text: with the longest name, a refusal still fits into 512.
const MOST_TEXT: usize = 128;

impl Refusal {
    /// A refusal that clients may remember for `ttl`, counted in whole seconds.
    pub fn new(ttl: Duration) -> Self {
        let ttl = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX).to_be_bytes();
        // The SOA of an empty zone as RFC 6303 section 3 has it: owner and primary server are the
        // question's name (a pointer to it), the mailbox is nobody's.
        let mut data = b"\xc0\x0c\x06nobody\x07invalid\0".to_vec();
        for seconds in [1_u32, 3_600, 1_200, 604_800] {
            data.extend_from_slice(&seconds.to_be_bytes());
        }
        data.extend_from_slice(&ttl);
        let mut soa = b"\xc0\x0c\0\x06\0\x01".to_vec();
        soa.extend_from_slice(&ttl);
        soa.extend_from_slice(&(data.len() as u16).to_be_bytes());
        soa.extend_from_slice(&data);
        Self { soa: soa.into(), rcode: Rcode::NXDOMAIN, ttl, addresses: None }
    }

    /// The same with another code: NOERROR says that there is nothing of the type, REFUSED no more
    /// than that.
    #[must_use]
    pub fn with_code(self, rcode: Rcode) -> Self {
        Self { rcode, ..self }
    }

    /// The same with addresses for those who ask for such, and nothing for all others.
    #[must_use]
    pub fn with_addresses(self, v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>) -> Self {
        Self { rcode: Rcode::NOERROR, addresses: Some((v4, v6)), ..self }
    }

    /// Writes the refusal of `query` and returns its length and code. `why` is told to clients with
    /// EDNS: a list and a company, empty where there is none. `out` must hold 512 octets.
    #[inline]
    pub fn write(&self, query: &Query<'_>, why: [&str; 2], out: &mut [u8]) -> (usize, Rcode) {
        let edge = query.edge();
        let mut options = [0; 6 + MOST_TEXT];
        let options = match edge.edns {
            Some(_) => blocked(why, &mut options),
            None => &[],
        };
        if self.rcode == Rcode::REFUSED {
            let at = write_edge(&edge, self.rcode, out);
            return (write_opt(&edge, self.rcode, options, out, at), self.rcode);
        }
        if let Some((v4, v6)) = self.addresses {
            let (v4, v6) = (v4.map(|v4| v4.octets()), v6.map(|v6| v6.octets()));
            let data: Option<&[u8]> = match query.qtype {
                Rtype::A => v4.as_ref().map(|octets| &octets[..]),
                Rtype::AAAA => v6.as_ref().map(|octets| &octets[..]),
                _ => None,
            };
            if let Some(data) = data {
                return (self.write_address(&edge, query.qtype, data, options, out), self.rcode);
            }
        }
        (self.write_negative(&edge, self.rcode, options, out), self.rcode)
    }

    fn write_address(
        &self,
        edge: &Edge<'_>,
        qtype: Rtype,
        data: &[u8],
        options: &[u8],
        out: &mut [u8],
    ) -> usize {
        let mut at = write_edge(edge, Rcode::NOERROR, out);
        out[7] = 1;
        at = put(out, at, b"\xc0\x0c");
        at = put(out, at, &qtype.0.to_be_bytes());
        at = put(out, at, b"\0\x01");
        at = put(out, at, &self.ttl);
        at = put(out, at, &(data.len() as u16).to_be_bytes());
        at = put(out, at, data);
        write_opt(edge, Rcode::NOERROR, options, out, at)
    }

    /// As [`Self::write`], but that the name is there and has nothing of the type asked for
    /// (RFC 2308 section 2.2); `why` says which rule wanted it so, if one did.
    pub fn write_no_data(
        &self,
        query: &Query<'_>,
        why: Option<[&str; 2]>,
        out: &mut [u8],
    ) -> usize {
        let mut options = [0; 6 + MOST_TEXT];
        let options = why.map_or(&[][..], |why| blocked(why, &mut options));
        self.write_negative(&query.edge(), Rcode::NOERROR, options, out)
    }

    /// As [`Self::write`], but that nobody refused it: there is no such name.
    pub fn write_absence(&self, query: &Query<'_>, out: &mut [u8]) -> usize {
        self.write_negative(&query.edge(), Rcode::NXDOMAIN, &[], out)
    }

    #[inline]
    fn write_negative(
        &self,
        edge: &Edge<'_>,
        rcode: Rcode,
        options: &[u8],
        out: &mut [u8],
    ) -> usize {
        let mut at = write_edge(edge, rcode, out);
        out[9] = 1;
        at = put(out, at, &self.soa);
        write_opt(edge, rcode, options, out, at)
    }
}

/// The extended error of a refusal, with list and company.
fn blocked<'a>(why: [&str; 2], out: &'a mut [u8; 6 + MOST_TEXT]) -> &'a [u8] {
    let ExtendedError { code, text } = ExtendedError::BLOCKED;
    let mut at = 6;
    for part in [[text, ""], [": ", why[0]], [", ", why[1]]] {
        if part[1].is_empty() && part[0] != text {
            continue;
        }
        for text in part {
            let most = text.len().min(out.len() - at);
            let fits = (0..=most).rfind(|end| text.is_char_boundary(*end)).unwrap_or(0);
            at = put(out, at, &text.as_bytes()[..fits]);
        }
    }
    put(out, 0, &15_u16.to_be_bytes());
    put(out, 2, &(at as u16 - 4).to_be_bytes());
    put(out, 4, &code.to_be_bytes());
    &out[..at]
}

/// Writes an answer without data, such as SERVFAIL with its reason, and returns its length.
/// `out` must hold 512 octets.
pub fn write_failure(
    query: &Query<'_>,
    rcode: Rcode,
    error: Option<ExtendedError>,
    out: &mut [u8],
) -> usize {
    write_short(&query.edge(), rcode, error, out)
}

/// Writes the minimal answer to ANY, a synthesized HINFO (RFC 8482 section 4.2), and returns its
/// length. `out` must hold 512 octets.
pub fn write_any(query: &Query<'_>, out: &mut [u8]) -> usize {
    /// TTL of one hour, CPU `RFC8482`, no operating system.
    const HINFO: &[u8] = b"\xc0\x0c\0\x0d\0\x01\0\0\x0e\x10\0\x09\x07RFC8482\0";
    let edge = query.edge();
    let mut at = write_edge(&edge, Rcode::NOERROR, out);
    out[7] = 1;
    at = put(out, at, HINFO);
    write_opt(&edge, Rcode::NOERROR, &[], out, at)
}

/// Header and question of a truncated reply (RFC 2181 section 9) with the OPT record.
pub fn write_truncated(query: &Query<'_>, rcode: Rcode, out: &mut [u8]) -> usize {
    let len = write_short(&query.edge(), rcode, None, out);
    out[2] |= 0x02;
    len
}

pub(super) fn write_short(
    edge: &Edge<'_>,
    rcode: Rcode,
    error: Option<ExtendedError>,
    out: &mut [u8],
) -> usize {
    let at = write_edge(edge, rcode, out);
    let mut options = [0; 64];
    let len = error.map_or(0, |error| error.write(&mut options));
    write_opt(edge, rcode, &options[..len], out, at)
}

/// A reply of nothing but a header, where the question could not be read.
pub(super) fn write_header_only(packet: &[u8], rcode: Rcode, out: &mut [u8]) -> usize {
    write_edge(&Edge { packet, question_end: HEADER, edns: None }, rcode, out)
}

/// Header and question: ID, opcode, RD and CD as asked, QR and RA set.
fn write_edge(edge: &Edge<'_>, rcode: Rcode, out: &mut [u8]) -> usize {
    let at = put(out, 0, &edge.packet[..edge.question_end]);
    out[2] = 0x80 | (edge.packet[2] & 0x79);
    out[3] = 0x80 | (edge.packet[3] & 0x10) | (rcode.0 & 0x0f) as u8;
    out[4..HEADER].fill(0);
    out[5] = u8::from(edge.question_end > HEADER);
    at
}

/// Appends our OPT record where the client sent one: our payload size, its DO, `options`.
pub(super) fn write_opt(
    edge: &Edge<'_>,
    rcode: Rcode,
    options: &[u8],
    out: &mut [u8],
    at: usize,
) -> usize {
    let Some(edns) = edge.edns else { return at };
    let size = (UDP_PAYLOAD as u16).to_be_bytes();
    let rtype = Rtype::OPT.0.to_be_bytes();
    let dnssec_ok = u8::from(edns.dnssec_ok) << 7;
    let len = (options.len() as u16).to_be_bytes();
    let fixed = [
        0,
        rtype[0],
        rtype[1],
        size[0],
        size[1],
        (rcode.0 >> 4) as u8,
        0,
        dnssec_ok,
        0,
        len[0],
        len[1],
    ];
    let at = put(out, at, &fixed);
    let at = put(out, at, options);
    let additional = u16::from_be_bytes([out[10], out[11]]) + 1;
    out[10..HEADER].copy_from_slice(&additional.to_be_bytes());
    at
}

/// Octets an OPT record takes besides its options.
pub(super) const OPT_FIXED: usize = 11;

/// Copies `bytes` to `at` and returns the offset behind them.
pub(super) fn put(out: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let end = at + bytes.len();
    out[at..end].copy_from_slice(bytes);
    end
}

#[cfg(test)]
mod tests {
    use super::super::{Name, UDP_PLAIN};
    use super::*;

    const LONGEST: usize = HEADER + 255 + 4;

    fn query(name: &Name, opt: bool) -> Vec<u8> {
        let mut packet = vec![0xab, 0xcd, 0x01, 0x10, 0, 1, 0, 0, 0, 0, 0, u8::from(opt)];
        packet.extend_from_slice(name.wire());
        packet.extend_from_slice(&[0, 1, 0, 1]);
        if opt {
            packet.extend_from_slice(b"\0\0\x29\x04\xd0\0\0\x80\0\0\0");
        }
        packet
    }

    #[test]
    fn a_refusal_says_nxdomain_soa_and_blocked() {
        let packet = query(&"ads.example".parse().unwrap(), true);
        let query = Query::read(&packet, &mut Name::default()).unwrap();
        let mut out = [0; UDP_PLAIN];
        let refusal = Refusal::new(Duration::from_secs(60));
        let (len, _) = refusal.write(&query, ["", ""], &mut out);
        let reply = &out[..len];
        assert_eq!(reply[..HEADER], [0xab, 0xcd, 0x81, 0x93, 0, 1, 0, 0, 0, 1, 0, 1]);
        let soa = b"\xc0\x0c\0\x06\0\x01\0\0\0\x3c\0\x26\xc0\x0c\x06nobody\x07invalid\0";
        assert!(reply.windows(soa.len()).any(|window| window == soa));
        let ede = b"\0\x0f\0\x1f\0\x0ftracker, refused by Trackless";
        assert!(reply.ends_with(ede));
        let (len, _) = refusal.write(&query, ["my list", "Acme"], &mut out);
        assert!(out[..len].ends_with(b"\x0ftracker, refused by Trackless: my list, Acme"));
    }

    #[test]
    fn a_refusal_may_be_another_answer() {
        let ask = |refusal: &Refusal, qtype: u16| {
            let mut packet = query(&"ads.example".parse().unwrap(), false);
            let end = packet.len();
            packet[end - 4..end - 2].copy_from_slice(&qtype.to_be_bytes());
            let query = Query::read(&packet, &mut Name::default()).unwrap();
            let mut out = [0; UDP_PLAIN];
            let (len, rcode) = refusal.write(&query, ["", ""], &mut out);
            assert_eq!(rcode.0, u16::from(out[3] & 15));
            (rcode, out[7], out[9], out[..len].to_vec())
        };
        let plain = Refusal::new(Duration::from_secs(60));
        let (rcode, answers, authority, _) = ask(&plain.clone().with_code(Rcode::REFUSED), 1);
        assert_eq!((rcode, answers, authority), (Rcode::REFUSED, 0, 0));
        let (rcode, answers, authority, _) = ask(&plain.clone().with_code(Rcode::NOERROR), 1);
        assert_eq!((rcode, answers, authority), (Rcode::NOERROR, 0, 1));
        let nowhere = plain.with_addresses(Some([192, 0, 2, 1].into()), None);
        let (rcode, answers, authority, reply) = ask(&nowhere, 1);
        assert_eq!((rcode, answers, authority), (Rcode::NOERROR, 1, 0));
        assert!(reply.ends_with(b"\0\0\0\x3c\0\x04\xc0\0\x02\x01"));
        let (rcode, answers, authority, _) = ask(&nowhere, 28);
        assert_eq!((rcode, answers, authority), (Rcode::NOERROR, 0, 1));
    }

    #[test]
    fn no_reply_of_ours_passes_the_plain_udp_size() {
        let longest: Name = ("a.".repeat(126) + "a").parse().unwrap();
        let packet = query(&longest, true);
        let query = Query::read(&packet, &mut Name::default()).unwrap();
        assert_eq!(query.question().len() + HEADER, LONGEST);
        let mut out = [0; UDP_PLAIN];
        let long = "x".repeat(300);
        let (len, _) = Refusal::new(Duration::MAX).write(&query, [&long, &long], &mut out);
        assert!(len <= UDP_PLAIN);
        assert!(write_any(&query, &mut out) <= UDP_PLAIN);
        for error in [ExtendedError::NO_REACHABLE_AUTHORITY, ExtendedError::TOO_BUSY] {
            assert!(write_failure(&query, Rcode::SERVFAIL, Some(error), &mut out) <= UDP_PLAIN);
        }
    }
}
