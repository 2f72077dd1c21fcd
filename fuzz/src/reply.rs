//! A reply as its client sees it: walked octet by octet, and read by hickory.

use hickory_proto::op::{Message, MessageType};
use trackless::wire::HEADER;

/// Where the parts of a message lie.
pub struct Walk {
    /// Offsets of all TTLs, those of OPT records too.
    pub ttls: Vec<usize>,
    /// Offset behind the last record.
    pub end: usize,
}

/// Walks a message by its counts; none where it ends too early.
pub fn walk(message: &[u8]) -> Option<Walk> {
    let count = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
    let mut at = HEADER;
    for _ in 0..count(4)? {
        at = behind_name(message, at)? + 4;
    }
    let mut ttls = Vec::new();
    for _ in 0..u32::from(count(6)?) + u32::from(count(8)?) + u32::from(count(10)?) {
        at = behind_name(message, at)?;
        ttls.push(at + 4);
        at += 10 + usize::from(count(at + 8)?);
    }
    (at <= message.len()).then_some(Walk { ttls, end: at })
}

fn behind_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            len @ 1..=63 => at += 1 + usize::from(len),
            64.. => return Some(at + 2),
        }
    }
}

/// Checks what holds for every reply to `packet`, whose question, if it is to be echoed, ends at
/// `question_end`; gives it as hickory reads it.
pub fn check(packet: &[u8], reply: &[u8], question_end: usize, rcode: u16, edns: bool) -> Message {
    assert!(reply.len() >= HEADER);
    assert_eq!(reply[..2], packet[..2], "ID");
    assert_ne!(reply[2] & 0x80, 0, "QR");
    assert_eq!(reply[2] & 0x79, packet[2] & 0x79, "opcode and RD");
    assert_eq!(reply[3] & 0x40, 0, "Z");
    assert_eq!(reply[HEADER..question_end], packet[HEADER..question_end], "question");
    let walk = walk(reply).expect("the counts fit the records");
    assert_eq!(walk.end, reply.len(), "nothing behind the records");

    let message = Message::from_vec(reply).expect("hickory reads it");
    assert_eq!(message.metadata.message_type, MessageType::Response);
    assert_eq!(message.queries.len(), usize::from(question_end > HEADER));
    assert_eq!(message.edns.is_some(), edns);
    // Without an OPT record, only the low half of an extended code can be said.
    let rcode = if edns { rcode } else { rcode & 0x0f };
    assert_eq!(u16::from(message.metadata.response_code), rcode);
    message
}
