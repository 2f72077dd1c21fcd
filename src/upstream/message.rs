//! The query we send and the check of what comes back.

use crate::wire::{HEADER, Name, UDP_PAYLOAD};

/// The question to ask. Equal questions share one query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// Canonical name in wire form, root byte included.
    pub name: Box<[u8]>,
    /// Type.
    pub qtype: u16,
    /// Class.
    pub qclass: u16,
    /// DO.
    pub dnssec_ok: bool,
    /// CD.
    pub checking_disabled: bool,
    /// Whose servers are asked: 0 for everybody's, else the place among those of `upstream.clients`.
    pub pool: u8,
}

impl Question {
    /// The one for the root's servers, which everybody can answer and which tells of nobody.
    pub fn harmless() -> Self {
        Self {
            name: Box::new([0]),
            qtype: 2,
            qclass: 1,
            dnssec_ok: false,
            checking_disabled: false,
            pool: 0,
        }
    }

    /// The name.
    pub fn name(&self) -> Name {
        Name::of_suffix(&self.name)
    }

    /// The whole query with `id`, and where its question ends: RD, AD (so that the reply tells
    /// whether it is authentic, RFC 6840 section 5.7), CD and DO as the client has them, and no
    /// other option.
    pub(super) fn message(&self, id: u16) -> (Vec<u8>, usize) {
        let question_end = HEADER + self.name.len() + 4;
        let mut message = Vec::with_capacity(question_end + 11);
        message.extend_from_slice(&id.to_be_bytes());
        let checking_disabled = u8::from(self.checking_disabled) << 4;
        message.extend_from_slice(&[0x01, 0x20 | checking_disabled, 0, 1, 0, 0, 0, 0, 0, 1]);
        message.extend_from_slice(&self.name);
        message.extend_from_slice(&self.qtype.to_be_bytes());
        message.extend_from_slice(&self.qclass.to_be_bytes());
        let size = (UDP_PAYLOAD as u16).to_be_bytes();
        let dnssec_ok = u8::from(self.dnssec_ok) << 7;
        message.extend_from_slice(&[0, 0, 41, size[0], size[1], 0, 0, dnssec_ok, 0, 0, 0]);
        (message, question_end)
    }
}

/// Pads a query, whose last record is its OPT record without options, to a multiple of 128 octets
/// (RFC 7830, RFC 8467 section 4.1).
pub(super) fn pad(message: &mut Vec<u8>) {
    const BLOCK: usize = 128;
    /// Code of the option, and what it takes without its octets.
    const PADDING: u8 = 12;
    const HEAD: usize = 4;
    let before = message.len();
    let padding = (before + HEAD).next_multiple_of(BLOCK) - before - HEAD;
    message.truncate(before - 2);
    message.extend_from_slice(&[0, (HEAD + padding) as u8, 0, PADDING, 0, padding as u8]);
    message.resize(before + HEAD + padding, 0);
}

/// Whether `message` replies to the question `wire`, and to how it is spelled. The ID is the
/// caller's to check.
pub(super) fn replies_to(message: &[u8], wire: &[u8]) -> Reply {
    let Some(header) = message.first_chunk::<HEADER>() else { return Reply::No };
    let is_reply = header[2] & 0xf8 == 0x80 && header[4..6] == [0, 1];
    match message.get(HEADER..HEADER + wire.len()) {
        Some(question) if is_reply && question == wire => Reply::Exactly,
        Some(question) if is_reply && question.eq_ignore_ascii_case(wire) => Reply::InOtherCase,
        _ => Reply::No,
    }
}

/// How a message relates to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// It replies to it, spelled the same.
    Exactly,
    /// It replies to it, letters in another case.
    InOtherCase,
    /// It has nothing to do with it.
    No,
}

/// TC: the rest is to be had over a stream.
pub(super) fn is_truncated(message: &[u8]) -> bool {
    message.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

/// Whether the reply says that this server could not or would not answer: FORMERR, SERVFAIL,
/// NOTIMP, REFUSED. Another one may.
pub(super) fn is_failure(message: &[u8]) -> bool {
    message.get(3).is_none_or(|flags| matches!(flags & 0x0f, 1 | 2 | 4 | 5))
}
