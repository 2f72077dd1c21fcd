//! Any file as a DHCP server's leases, and as a record of the house's own: names that fit a label, or
//! nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::clients::Leases;
use trackless::filter::syntax::local_record;

fuzz_target!(|text: &str| {
    let mut leases = Leases::default();
    leases.read(text);
    for name in leases.addresses.values().chain(leases.cards.values()) {
        assert!((1..=63).contains(&name.len()) && name.is_ascii());
    }
    let _ = local_record(text);
});
