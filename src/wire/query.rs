//! A query as it came in: a view over its packet, or the reply that a bad one gets.

use super::record::{Record, counts};
use super::reply::{Edge, write_header_only, write_short};
use super::{Class, HEADER, Name, Rcode, Rtype, UDP_PAYLOAD, UDP_PLAIN, read_u16};

/// A readable query with one question of class IN. Borrows its packet.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    packet: &'a [u8],
    question_end: usize,
    /// Type asked for.
    pub qtype: Rtype,
    /// What the client's OPT record says, if it sent one.
    pub edns: Option<Edns>,
}

/// The client's EDNS (RFC 6891).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    /// Largest UDP payload the client takes, as it says.
    pub udp_payload: u16,
    /// DO: DNSSEC records are wanted (RFC 3225).
    pub dnssec_ok: bool,
}

/// Why a packet is no query for us, and what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// Nothing: too short for a header, or itself a reply. Answering would feed loops.
    Silently,
    /// An error without a question: it could not be read, or its meaning is not known.
    Header(Rcode),
    /// An error with the question and, where the client has EDNS, an OPT record.
    Question {
        /// What to say.
        rcode: Rcode,
        /// Offset behind the question.
        question_end: usize,
        /// The client's EDNS.
        edns: Option<Edns>,
    },
}

impl<'a> Query<'a> {
    /// Reads a packet; its name goes to `name`. Allocates nothing.
    ///
    /// # Errors
    /// Everything that is not one question of class IN in a well-formed standard query
    /// (RFC 1035 section 4.1, RFC 6891, RFC 8906): the [`Rejected`] says what to send.
    pub fn read(packet: &'a [u8], name: &mut Name) -> Result<Self, Rejected> {
        let Some([questions, answers, authority, additional]) = counts(packet) else {
            return Err(Rejected::Silently);
        };
        if packet[2] & 0x80 != 0 {
            return Err(Rejected::Silently);
        }
        if packet[2] & 0x78 != 0 {
            return Err(Rejected::Header(Rcode::NOTIMP));
        }
        let formerr = Rejected::Header(Rcode::FORMERR);
        if questions != 1 {
            return Err(formerr);
        }
        let name_end = name.read_question(packet).ok_or(formerr)?;
        let qtype = Rtype(read_u16(packet, name_end).ok_or(formerr)?);
        let qclass = Class(read_u16(packet, name_end + 2).ok_or(formerr)?);
        let question_end = name_end + 4;
        let mut query = Self { packet, question_end, qtype, edns: None };

        let mut at = question_end;
        let mut version = 0;
        for index in 0..answers + authority + additional {
            let record = Record::read(packet, at).ok_or_else(|| query.rejected(Rcode::FORMERR))?;
            if record.rtype == Rtype::OPT {
                // One OPT, in the additional section, owned by the root (RFC 6891 section 6.1.1).
                let misplaced = index < answers + authority || packet[record.start] != 0;
                if misplaced || query.edns.is_some() {
                    return Err(query.rejected(Rcode::FORMERR));
                }
                version = (record.ttl >> 16) as u8;
                query.edns =
                    Some(Edns { udp_payload: record.class, dnssec_ok: record.ttl & 0x8000 != 0 });
                if version == 0 && !are_options(&packet[record.data..record.end]) {
                    return Err(query.rejected(Rcode::FORMERR));
                }
            }
            at = record.end;
        }
        if version > 0 {
            return Err(query.rejected(Rcode::BADVERS));
        }
        if qclass != Class::IN {
            return Err(query.rejected(Rcode::REFUSED));
        }
        match qtype {
            // An OPT or a reserved type is never asked for (RFC 6891 section 6.1.1, RFC 6895).
            Rtype::OPT | Rtype(0) => Err(query.rejected(Rcode::FORMERR)),
            // No zone here to transfer.
            Rtype::AXFR | Rtype::IXFR => Err(query.rejected(Rcode::REFUSED)),
            // TKEY, TSIG, MAILB, MAILA: meta-types that are not data.
            Rtype(249 | 250 | 253 | 254) => Err(query.rejected(Rcode::NOTIMP)),
            _ => Ok(query),
        }
    }

    fn rejected(&self, rcode: Rcode) -> Rejected {
        Rejected::Question { rcode, question_end: self.question_end, edns: self.edns }
    }

    /// RD: the client wants the whole way gone.
    pub fn recursion_desired(&self) -> bool {
        self.packet[2] & 0x01 != 0
    }

    /// CD: the client validates by itself (RFC 4035 section 3.2.2).
    pub fn checking_disabled(&self) -> bool {
        self.packet[3] & 0x10 != 0
    }

    /// DO: DNSSEC records are wanted.
    pub fn dnssec_ok(&self) -> bool {
        self.edns.is_some_and(|edns| edns.dnssec_ok)
    }

    /// Whether the reply may say AD: the client asked by AD or DO (RFC 6840 section 5.7).
    pub(super) fn wants_authentic_data(&self) -> bool {
        self.packet[3] & 0x20 != 0 || self.dnssec_ok()
    }

    /// Largest UDP reply: what the client says, within what never fragments.
    pub fn udp_limit(&self) -> usize {
        self.edns
            .map_or(UDP_PLAIN, |edns| usize::from(edns.udp_payload).clamp(UDP_PLAIN, UDP_PAYLOAD))
    }

    /// The packet itself.
    pub fn packet(&self) -> &'a [u8] {
        self.packet
    }

    /// Name, type and class as the client spelled them.
    pub(super) fn question(&self) -> &'a [u8] {
        &self.packet[HEADER..self.question_end]
    }

    pub(super) fn edge(&self) -> Edge<'a> {
        Edge { packet: self.packet, question_end: self.question_end, edns: self.edns }
    }
}

/// Whether these octets are whole options (RFC 6891 section 6.1.2).
fn are_options(mut data: &[u8]) -> bool {
    while let [_, _, high, low, rest @ ..] = data {
        let Some(left) = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..) else {
            return false;
        };
        data = left;
    }
    data.is_empty()
}

impl Rejected {
    /// Writes the reply to `packet` and returns its length and code; none for silence.
    ///
    /// `out` must hold [`UDP_PLAIN`] octets.
    pub fn write(&self, packet: &[u8], out: &mut [u8]) -> Option<(usize, Rcode)> {
        match *self {
            Self::Silently => None,
            Self::Header(rcode) => Some((write_header_only(packet, rcode, out), rcode)),
            Self::Question { rcode, question_end, edns } => {
                let edge = Edge { packet, question_end, edns };
                Some((write_short(&edge, rcode, None, out), rcode))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Header with RD, one question `a.example IN A`, then `tail`.
    fn packet(counts: [u8; 4], tail: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x12, 0x34, 0x01, 0x00];
        for count in counts {
            packet.extend_from_slice(&[0, count]);
        }
        packet.extend_from_slice(b"\x01A\x07eXample\0\0\x01\0\x01");
        packet.extend_from_slice(tail);
        packet
    }

    const OPT: &[u8] = b"\0\0\x29\x10\0\0\0\x80\0\0\0";

    fn read(packet: &[u8]) -> Result<Query<'_>, Rejected> {
        Query::read(packet, &mut Name::default())
    }

    fn rcode(packet: &[u8]) -> Option<Rcode> {
        let rejected = read(packet).unwrap_err();
        let mut out = [0; UDP_PLAIN];
        let (len, rcode) = rejected.write(packet, &mut out)?;
        assert_eq!(out[..2], packet[..2]);
        assert_eq!(u16::from(out[3] & 0x0f), rcode.0 & 0x0f);
        assert!(len >= HEADER && out[2] & 0x80 != 0);
        Some(rcode)
    }

    #[test]
    fn a_query_is_read() {
        let packet = packet([1, 0, 0, 1], OPT);
        let mut name = Name::default();
        let query = Query::read(&packet, &mut name).unwrap();
        assert_eq!(name.to_string(), "a.example");
        assert_eq!(query.qtype, Rtype(1));
        assert_eq!(query.edns, Some(Edns { udp_payload: 4096, dnssec_ok: true }));
        assert_eq!(query.udp_limit(), 1232);
        assert!(query.recursion_desired() && !query.checking_disabled());
        assert_eq!(query.question(), b"\x01A\x07eXample\0\0\x01\0\x01");
    }

    macro_rules! rejects {
        ($name:ident, $packet:expr, $rcode:expr) => {
            #[test]
            fn $name() {
                assert_eq!(rcode(&$packet), $rcode);
            }
        };
    }

    fn with(index: usize, octet: u8) -> Vec<u8> {
        let mut packet = packet([1, 0, 0, 0], b"");
        packet[index] = octet;
        packet
    }

    fn qtype(qtype: u8) -> Vec<u8> {
        with(HEADER + 12, qtype)
    }

    rejects!(nothing_for_less_than_a_header, [0; 11], None);
    rejects!(nothing_for_a_reply, with(2, 0x81), None);
    rejects!(notimp_for_other_opcodes, with(2, 0x28), Some(Rcode::NOTIMP));
    rejects!(formerr_for_a_bare_header, [0; 12], Some(Rcode::FORMERR));
    rejects!(formerr_for_two_questions, with(5, 2), Some(Rcode::FORMERR));
    rejects!(formerr_for_a_compressed_question, with(12, 0xc0), Some(Rcode::FORMERR));
    rejects!(formerr_for_missing_records, with(11, 1), Some(Rcode::FORMERR));
    rejects!(formerr_for_two_opt, packet([1, 0, 0, 2], &[OPT, OPT].concat()), Some(Rcode::FORMERR));
    rejects!(formerr_for_opt_as_answer, packet([1, 1, 0, 0], OPT), Some(Rcode::FORMERR));
    rejects!(badvers, packet([1, 0, 0, 1], b"\0\0\x29\x10\0\0\x01\0\0\0\0"), Some(Rcode::BADVERS));
    rejects!(
        formerr_for_an_option_that_is_too_long,
        packet([1, 0, 0, 1], b"\0\0\x29\x02\0\0\0\0\0\0\x06\0\x03\0\x09ab"),
        Some(Rcode::FORMERR)
    );
    rejects!(
        formerr_for_half_an_option,
        packet([1, 0, 0, 1], b"\0\0\x29\x02\0\0\0\0\0\0\x03\0\x03\0"),
        Some(Rcode::FORMERR)
    );
    rejects!(refused_for_class_chaos, with(HEADER + 14, 3), Some(Rcode::REFUSED));
    rejects!(formerr_for_type_opt, qtype(41), Some(Rcode::FORMERR));
    rejects!(refused_for_axfr, qtype(252), Some(Rcode::REFUSED));
    rejects!(notimp_for_tkey, qtype(249), Some(Rcode::NOTIMP));

    #[test]
    fn odd_but_legal_queries_are_read() {
        for legal in [qtype(255), qtype(64), packet([1, 0, 0, 0], b"trailing"), with(3, 0x40)] {
            assert!(read(&legal).is_ok());
        }
        let nsid_and_unknown_option = b"\0\0\x29\x02\0\0\0\0\0\0\x0a\0\x03\0\0\xff\xfe\0\x02ab";
        let packet = packet([1, 0, 0, 1], nsid_and_unknown_option);
        assert_eq!(read(&packet).unwrap().udp_limit(), 512);
    }
}
