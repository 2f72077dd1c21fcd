//! Any text as a list of one name a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::filter::syntax::Format;

fuzz_target!(|text: &[u8]| trackless_fuzz::list::check(text, Format::Names));
