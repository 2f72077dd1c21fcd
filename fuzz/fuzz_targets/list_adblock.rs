//! Any text as a list in the format `adblock`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::filter::syntax::Format;

fuzz_target!(|text: &[u8]| trackless_fuzz::list::check(text, Format::Adblock));
