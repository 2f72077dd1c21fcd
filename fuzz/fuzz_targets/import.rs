//! Any two files as a tracker database: refused, or names and companies that hold together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::trackers::import;
use trackless::wire::Name;

fuzz_target!(|files: (Vec<u8>, Vec<u8>)| {
    let _ = import::is_companion(&files.0);
    let Ok(imported) = import::read(&[files.0, files.1]) else { return };
    for name in &imported.names {
        assert!(name.name.parse::<Name>().expect("a name").label_count() > 1);
        assert!(name.company.is_none_or(|number| (number as usize) < imported.companies.len()));
    }
});
