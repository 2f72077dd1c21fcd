//! Padding (RFC 7830): a reply over TLS, HTTPS or QUIC tells who listens little by its length.

use super::record::{Record, records};
use super::{Rtype, read_u16};

/// Octets that a padded reply is a multiple of (RFC 8467 section 4.1).
const BLOCK: usize = 468;
/// The option's code.
const PADDING: u16 = 12;
/// Octets of an option before its data.
const HEAD: usize = 4;

/// Whether a client has padded its query, and so is owed a padded reply.
pub fn is_padded(query: &[u8]) -> bool {
    let Some(opt) = opt(query) else { return false };
    let mut at = opt.data;
    while at + HEAD <= opt.end {
        let (Some(code), Some(len)) = (read_u16(query, at), read_u16(query, at + 2)) else {
            return false;
        };
        if code == PADDING {
            return true;
        }
        at += HEAD + usize::from(len);
    }
    false
}

/// A reply with padding in its OPT record; as it is where there is none at its end, or no room.
pub fn padded(reply: &[u8]) -> Vec<u8> {
    let mut padded = reply.to_vec();
    let Some(opt) = opt(reply).filter(|opt| opt.end == reply.len()) else { return padded };
    let len = (reply.len() + HEAD).next_multiple_of(BLOCK);
    let data = opt.end - opt.data + len - reply.len();
    let (Ok(data), Ok(_)) = (u16::try_from(data), u16::try_from(len)) else { return padded };
    padded[opt.data - 2..opt.data].copy_from_slice(&data.to_be_bytes());
    padded.extend_from_slice(&PADDING.to_be_bytes());
    padded.extend_from_slice(&((len - reply.len() - HEAD) as u16).to_be_bytes());
    padded.resize(len, 0);
    padded
}

fn opt(message: &[u8]) -> Option<Record> {
    records(message)?.map_while(|record| record).find(|record| record.rtype == Rtype::OPT)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const QUESTION: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\x01\x01a\x07example\0\0\x01\0\x01";

    fn with(opt: &[u8]) -> Vec<u8> {
        [QUESTION, opt].concat()
    }

    #[test]
    fn a_reply_is_padded_to_blocks() {
        let plain = with(b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
        let asked = with(b"\0\0\x29\x04\xd0\0\0\0\0\0\x06\0\x0c\0\x02\0\0");
        assert!(is_padded(&asked) && !is_padded(&plain) && !is_padded(&QUESTION[..20]));
        let reply = padded(&plain);
        assert_eq!(reply.len(), BLOCK);
        assert!(is_padded(&reply));
        assert_eq!(opt(&reply).unwrap().end, BLOCK);
        let mut without = QUESTION.to_vec();
        without[11] = 0;
        assert_eq!(padded(&without), without, "no EDNS, no padding");
    }

    proptest! {
        #[test]
        fn no_octets_are_too_odd(octets in vec(any::<u8>(), 0..99)) {
            let message = [QUESTION, &octets].concat();
            is_padded(&octets);
            is_padded(&message);
            prop_assert!(padded(&message).starts_with(&message[..12]));
            prop_assert!(padded(&octets).len() >= octets.len());
        }
    }
}
