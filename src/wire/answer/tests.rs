//! Answers read, held, aged and cut to size.

use super::*;
use proptest::prelude::*;

const BOUNDS: TtlBounds = TtlBounds { min: 0, max: 86_400, max_negative: 3_600 };
const QUESTION: &[u8] = b"\x03wWw\x07example\0\0\x01\0\x01";
const A: &[u8] = b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\x7f\0\0\x01";
const A_LONGER: &[u8] = b"\xc0\x0c\0\x01\0\x01\0\0\x02\x58\0\x04\x7f\0\0\x02";
const SOA: &[u8] =
    b"\xc0\x10\0\x06\0\x01\0\0\x0e\x10\0\x16\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x3c";
const OPT_EDE: &[u8] = b"\0\0\x29\x04\xd0\0\0\x80\0\0\x0c\0\x0a\0\x02ab\0\x0f\0\x02\0\x09";

fn name() -> Name {
    "www.example".parse().unwrap()
}

fn message(flags: [u8; 2], counts: [u8; 3], records: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![0x99, 0x99, flags[0], flags[1], 0, 1];
    for count in counts {
        message.extend_from_slice(&[0, count]);
    }
    message.extend_from_slice(QUESTION);
    message.extend(records.concat());
    message
}

fn read(message: &[u8]) -> Answer {
    Answer::read(message, &name(), BOUNDS).unwrap()
}

/// `wwW.example IN A` with ID 0x0707, RD and, if asked, EDNS.
fn query(opt: &[u8]) -> Vec<u8> {
    let mut packet = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(!opt.is_empty())];
    packet.extend_from_slice(b"\x03wwW\x07example\0\0\x01\0\x01");
    packet.extend_from_slice(opt);
    packet
}

fn write(answer: &Answer, packet: &[u8], age: u32, limit: usize) -> Vec<u8> {
    let query = Query::read(packet, &mut Name::default()).unwrap();
    let mut out = [0; 1500];
    let len = answer.write(&query, age, limit, &mut out);
    out[..len].to_vec()
}

const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";

#[test]
fn an_answer_is_patched_for_its_client() {
    let answer = read(&message([0x85, 0xa0], [2, 0, 1], &[A, A_LONGER, OPT_EDE]));
    assert_eq!(answer.lifetime(), 300);
    let reply = write(&answer, &query(b""), 100, 512);
    assert_eq!(reply[..HEADER], [7, 7, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0]);
    assert_eq!(&reply[HEADER..HEADER + 4], b"\x03wwW");
    assert_eq!(read_u32(&reply, HEADER + QUESTION.len() + 6), Some(200));
    assert_eq!(read_u32(&reply, HEADER + QUESTION.len() + A.len() + 6), Some(500));
    assert_eq!(reply.len(), HEADER + QUESTION.len() + 2 * A.len());
}

#[test]
fn edns_is_mirrored_with_the_upstreams_extended_error() {
    let answer = read(&message([0x81, 0x82], [0, 0, 1], &[OPT_EDE]));
    let reply = write(&answer, &query(OPT), 0, 1232);
    assert!(reply.ends_with(b"\0\0\x29\x04\xd0\0\0\0\0\0\x06\0\x0f\0\x02\0\x09"));
    assert_eq!(reply[11], 1);
    assert_eq!(answer.lifetime(), SERVFAIL_TTL);
}

#[test]
fn an_opt_record_outside_the_additional_section_is_malformed() {
    for counts in [[2, 0, 0], [1, 1, 0], [1, 2, 1]] {
        let message = message([0x81, 0x80], counts, &[A, OPT_EDE, A]);
        assert_eq!(Answer::read(&message, &name(), BOUNDS), Err(Malformed));
    }
}

#[test]
fn only_a_reply_to_a_standard_query_is_an_answer() {
    for flags in [[0x01, 0x80], [0xa9, 0x80]] {
        let message = message(flags, [1, 0, 0], &[A]);
        assert_eq!(Answer::read(&message, &name(), BOUNDS), Err(Malformed));
    }
}

#[test]
fn authentic_data_only_for_those_who_ask() {
    let answer = read(&message([0x81, 0xa0], [1, 0, 0], &[A]));
    assert_eq!(write(&answer, &query(b""), 0, 512)[3] & AD, 0);
    assert_eq!(write(&answer, &query(b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"), 0, 512)[3] & AD, AD);
    let mut asks = query(b"");
    asks[3] |= AD;
    assert_eq!(write(&answer, &asks, 0, 512)[3] & AD, AD);
}

#[test]
fn what_does_not_fit_is_truncated() {
    let answer = read(&message([0x81, 0x80], [1, 0, 0], &[A]));
    let reply = write(&answer, &query(OPT), 0, 40);
    assert_eq!(reply[..HEADER], [7, 7, 0x83, 0x80, 0, 1, 0, 0, 0, 0, 0, 1]);
    assert!(reply.ends_with(OPT));
}

#[test]
fn negative_answers_live_as_their_soa_says() {
    let answer = read(&message([0x81, 0x83], [0, 1, 0], &[SOA]));
    assert_eq!(answer.lifetime(), 60);
    let reply = write(&answer, &query(b""), 10, 512);
    assert_eq!(read_u32(&reply, HEADER + QUESTION.len() + 6), Some(50));
    assert_eq!(read(&message([0x81, 0x80], [0, 1, 0], &[SOA])).lifetime(), 60);
    assert_eq!(read(&message([0x81, 0x83], [0, 0, 0], &[])).lifetime(), 0);
}

#[test]
fn ttl_bounds_hold() {
    let bounds = TtlBounds { min: 400, max: 500, max_negative: 10 };
    let positive = message([0x81, 0x80], [2, 0, 0], &[A, A_LONGER]);
    let answer = Answer::read(&positive, &name(), bounds).unwrap();
    assert_eq!(answer.lifetime(), 400);
    let reply = write(&answer, &query(b""), 0, 512);
    assert_eq!(read_u32(&reply, HEADER + QUESTION.len() + 6), Some(400));
    assert_eq!(read_u32(&reply, HEADER + QUESTION.len() + A.len() + 6), Some(500));
    let negative = message([0x81, 0x83], [0, 1, 0], &[SOA]);
    assert_eq!(Answer::read(&negative, &name(), bounds).unwrap().lifetime(), 10);
    let top_bit_set = [b"\xc0\x0c\0\x01\0\x01\x80\0\0\0\0\x04\x7f\0\0\x01".as_slice()];
    assert_eq!(read(&message([0x81, 0x80], [1, 0, 0], &top_bit_set)).lifetime(), 0);
}

#[test]
fn other_questions_and_cut_messages_are_malformed() {
    let good = message([0x81, 0x80], [1, 0, 0], &[A]);
    let other = "www.example2".parse().unwrap();
    assert_eq!(Answer::read(&good, &other, BOUNDS), Err(Malformed));
    for len in 0..good.len() {
        assert_eq!(Answer::read(&good[..len], &name(), BOUNDS), Err(Malformed), "{len}");
    }
}

proptest! {
    #[test]
    fn mutated_messages_are_read_or_rejected(
        flips in proptest::collection::vec((0_usize..120, any::<u8>()), 0..6),
        age in any::<u32>(),
        limit in 512_usize..1500,
    ) {
        let mut bytes = message([0x81, 0x80], [2, 1, 1], &[A, A_LONGER, SOA, OPT_EDE]);
        for (at, octet) in flips {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = octet;
            }
        }
        if let Ok(answer) = Answer::read(&bytes, &name(), BOUNDS) {
            let reply = write(&answer, &query(OPT), age, limit);
            prop_assert!(reply.len() <= limit);
            prop_assert_eq!(&reply[..2], &[7, 7]);
        }
    }
}
