//! Bytes ↔ DNS, without allocation; but for padding, which only encrypted replies get.
//!
//! ```text
//! packet ─▶ Query::read ─▶ (Name, Query) ─▶ engine ─▶ Refusal::write   blocked
//!                │                                   ├▶ Answer::write    held, patched for this client
//!                └ Rejected ─▶ Rejected::write       └▶ write_failure    no answer to be had
//! ```
//!
//! Plain Rust over byte slices: no clock (ages are arguments), no I/O, no knowledge of rules. It
//! must never panic on any input, never read a name through a pointer that does not go backwards,
//! and never write more than the client said it takes. Terms are those of RFC 9499.

mod answer;
mod lead;
mod made;
mod name;
mod padding;
mod query;
mod record;
mod reply;

pub use answer::{Answer, Malformed, TtlBounds};
pub use lead::{Lead, Leads, is_home};
pub(crate) use name::write_text;
pub use name::{Name, NameError};
pub use padding::{is_padded, padded};
pub use query::{Edns, Query, Rejected};
pub use record::least_ttl;
pub use reply::{ExtendedError, Refusal, write_any, write_failure, write_truncated};

/// Length of the message header (RFC 1035 section 4.1.1).
pub const HEADER: usize = 12;

/// Largest UDP payload we send or announce: fits an unfragmented IPv6 packet of the minimum MTU
/// (RFC 9715 section 3.1).
pub const UDP_PAYLOAD: usize = 1232;

/// Largest UDP reply for a client without EDNS (RFC 1035 section 4.2.1).
pub const UDP_PLAIN: usize = 512;

/// Type of a resource record or question (RFC 1035 section 3.2.2 and the IANA registry).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rtype(pub u16);

impl Rtype {
    /// IPv4 address.
    pub const A: Self = Self(1);
    /// Canonical name.
    pub const CNAME: Self = Self(5);
    /// Start of a zone of authority; its minimum bounds negative answers.
    pub const SOA: Self = Self(6);
    /// Name of an address (RFC 1035 section 3.5).
    pub const PTR: Self = Self(12);
    /// Host information; the minimal answer to ANY (RFC 8482).
    pub const HINFO: Self = Self(13);
    /// IPv6 address (RFC 3596).
    pub const AAAA: Self = Self(28);
    /// Canonical names of everything below a name (RFC 6672).
    pub const DNAME: Self = Self(39);
    /// EDNS (RFC 6891); never a question.
    pub const OPT: Self = Self(41);
    /// Where and how a service is reached (RFC 9460).
    pub const SVCB: Self = Self(64);
    /// The same of a web site (RFC 9460).
    pub const HTTPS: Self = Self(65);
    /// Incremental zone transfer.
    pub const IXFR: Self = Self(251);
    /// Whole zone transfer.
    pub const AXFR: Self = Self(252);
    /// All types; answered minimally (RFC 8482).
    pub const ANY: Self = Self(255);
}

/// Class of a resource record or question; the Internet's is the only one served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Class(pub u16);

impl Class {
    /// The Internet.
    pub const IN: Self = Self(1);
}

/// Response code, extended by EDNS to 12 bits (RFC 6891 section 6.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rcode(pub u16);

impl Rcode {
    /// Success, with or without data.
    pub const NOERROR: Self = Self(0);
    /// The message could not be read.
    pub const FORMERR: Self = Self(1);
    /// No answer could be had.
    pub const SERVFAIL: Self = Self(2);
    /// The name does not exist, or is refused as a tracker.
    pub const NXDOMAIN: Self = Self(3);
    /// This kind of query is not implemented.
    pub const NOTIMP: Self = Self(4);
    /// Not answered by policy.
    pub const REFUSED: Self = Self(5);
    /// EDNS version not implemented.
    pub const BADVERS: Self = Self(16);

    /// The mnemonic of the IANA registry, as metrics label it.
    pub const fn label(self) -> &'static str {
        match self.0 {
            0 => "NOERROR",
            1 => "FORMERR",
            2 => "SERVFAIL",
            3 => "NXDOMAIN",
            4 => "NOTIMP",
            5 => "REFUSED",
            6 => "YXDOMAIN",
            7 => "YXRRSET",
            8 => "NXRRSET",
            9 => "NOTAUTH",
            10 => "NOTZONE",
            16 => "BADVERS",
            _ => "OTHER",
        }
    }
}

/// Two octets at `at`, big-endian, or none past the end.
pub(crate) fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    let octets = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*octets))
}

/// Four octets at `at`, big-endian, or none past the end.
pub(crate) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let octets = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*octets))
}
