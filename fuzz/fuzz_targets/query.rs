//! Any packet: it is read or rejected, and every reply we could give to it is a sound one.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use trackless::wire::{
    self, ExtendedError, HEADER, Name, Query, Rcode, Refusal, Rejected, Rtype, UDP_PAYLOAD,
    UDP_PLAIN,
};
use trackless_fuzz::reply::check;

const FAILURES: [(Rcode, Option<ExtendedError>); 4] = [
    (Rcode::SERVFAIL, None),
    (Rcode::SERVFAIL, Some(ExtendedError::NO_REACHABLE_AUTHORITY)),
    (Rcode::SERVFAIL, Some(ExtendedError::TOO_BUSY)),
    (Rcode::REFUSED, Some(ExtendedError::NOT_AUTHORITATIVE)),
];

fuzz_target!(|packet: &[u8]| {
    let mut name = Name::default();
    // What an earlier reply left in the buffer must not shine through.
    let mut out = [0xff; UDP_PLAIN];
    match Query::read(packet, &mut name) {
        Ok(query) => {
            let edns = query.edns.is_some();
            let question_end = HEADER + name.wire().len() + 4;
            assert!(
                packet[HEADER..]
                    .get(..name.wire().len())
                    .is_some_and(|asked| { asked.eq_ignore_ascii_case(name.wire()) })
            );
            assert!((UDP_PLAIN..=UDP_PAYLOAD).contains(&query.udp_limit()));
            let _ = name.to_string();

            let why = ["a list whose name is ".repeat(9), "a company".repeat(9)];
            let why = [why[0].as_str(), why[1].as_str()];
            let (len, _) = Refusal::new(Duration::MAX).write(&query, why, &mut out);
            let refusal = check(packet, &out[..len], question_end, Rcode::NXDOMAIN.0, edns);
            assert_eq!(refusal.authorities.len(), 1);
            let len = wire::write_any(&query, &mut out);
            let any = check(packet, &out[..len], question_end, Rcode::NOERROR.0, edns);
            assert_eq!(u16::from(any.answers[0].record_type()), Rtype::HINFO.0);
            for (rcode, error) in FAILURES {
                let len = wire::write_failure(&query, rcode, error, &mut out);
                check(packet, &out[..len], question_end, rcode.0, edns);
            }
        }
        Err(rejected) => {
            let (question_end, edns) = match rejected {
                Rejected::Silently => (HEADER, false),
                Rejected::Header(_) => (HEADER, false),
                Rejected::Question { question_end, edns, .. } => (question_end, edns.is_some()),
            };
            match rejected.write(packet, &mut out) {
                Some((len, rcode)) => {
                    check(packet, &out[..len], question_end, rcode.0, edns);
                }
                None => assert!(packet.len() < HEADER || packet[2] & 0x80 != 0),
            }
        }
    }
});
