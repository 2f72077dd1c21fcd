//! Any message of an upstream: it is rejected, or what clients get of it fits them and says the
//! same.
//!
//! The input is the answer's age (4 octets), the client's limit (2), the length of its query (2;
//! the top bit puts the query's question into the message), the query, the message.
#![no_main]

use hickory_proto::op::Message;
use hickory_proto::rr::Record;
use libfuzzer_sys::fuzz_target;
use trackless::wire::{Answer, HEADER, Lead, Leads, Name, Query, TtlBounds, UDP_PLAIN, is_home};
use trackless_fuzz::reply::{check, walk};

const BOUNDS: TtlBounds = TtlBounds { min: 0, max: 86_400, max_negative: 3_600 };

fuzz_target!(|data: &[u8]| {
    let Some((&[a, b, c, d, e, f, g, h], rest)) = data.split_first_chunk::<8>() else { return };
    let age = u32::from_be_bytes([a, b, c, d]);
    let limit = usize::from(u16::from_be_bytes([e, f])).max(UDP_PLAIN);
    let Some((packet, message)) =
        rest.split_at_checked(usize::from(u16::from_be_bytes([g & 0x7f, h])))
    else {
        return;
    };
    let mut name = Name::default();
    let Ok(query) = Query::read(packet, &mut name) else { return };
    let question_end = HEADER + name.wire().len() + 4;
    let question = &packet[HEADER..question_end];
    let message = match message.split_at_checked(HEADER) {
        Some((header, records)) if g & 0x80 != 0 => [header, question, records].concat(),
        _ => message.to_vec(),
    };
    let Ok(answer) = Answer::read(&message, &name, BOUNDS) else { return };
    let (mut names, mut home) = (0, false);
    answer.each_lead(&mut Name::default(), |_, lead| match lead {
        Lead::Name => names += 1,
        Lead::Address(address) => home |= is_home(address),
    });
    assert_eq!(answer.leads(), Leads { names: names > 0, home });
    // Type and class were checked where the message came in.
    if message[question_end - 4..question_end] != question[question.len() - 4..] {
        return;
    }

    let whole = answer.reply_len(&query);
    let mut out = vec![0xff; whole.min(limit).max(UDP_PLAIN)];
    let len = answer.write(&query, age, limit, &mut out);
    let reply = &out[..len];
    assert!(len <= limit);
    if whole > limit {
        check(packet, reply, question_end, answer.rcode().0, query.edns.is_some());
        assert_ne!(reply[2] & 0x02, 0, "TC");
        return;
    }
    assert_eq!(len, whole);
    assert_eq!(reply[2] & 0x02, 0, "TC");
    assert_eq!(walk(reply).map(|walk| walk.end), Some(len), "the counts fit the records");
    let Some(theirs) = meaning(&message) else { return };
    let ours = check(packet, reply, question_end, answer.rcode().0, query.edns.is_some());
    for record in ours.answers.iter().chain(&ours.authorities) {
        assert!(record.ttl <= BOUNDS.max.saturating_sub(age));
    }
    assert_eq!(without_ttl(&ours.answers), without_ttl(&theirs.answers));
    assert_eq!(without_ttl(&ours.authorities), without_ttl(&theirs.authorities));
});

/// What hickory reads in `message`, where that does not depend on octets that every forwarder
/// changes: a name may lead through the header or a TTL, and then means another thing each time.
fn meaning(message: &[u8]) -> Option<Message> {
    let original = Message::from_vec(message).ok()?;
    let into_header = |pair: &[u8]| pair[0] == 0xc0 && usize::from(pair[1]) < HEADER;
    if message.windows(2).any(into_header) {
        return None;
    }
    let mut patched = message.to_vec();
    for at in walk(message)?.ttls {
        patched[at..at + 4].iter_mut().for_each(|octet| *octet ^= 0x55);
    }
    let patched = Message::from_vec(&patched).ok()?;
    let same = without_ttl(original.all_sections()) == without_ttl(patched.all_sections());
    same.then_some(original)
}

fn without_ttl<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<Record> {
    let mut records: Vec<_> = records.into_iter().cloned().collect();
    for record in &mut records {
        record.ttl = 0;
    }
    records
}
