//! Any bytes as the settings of another server, which the first one chooses: refused, or settings that
//! our own reader takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::import::{self, ImportError, Product};

fuzz_target!(|input: &[u8]| {
    let Some((product, bytes)) = input.split_first() else { return };
    let product = match product % 3 {
        0 => Product::PiHole,
        1 => Product::AdGuardHome,
        _ => Product::Blocky,
    };
    let Ok(imported) = import::read(product, bytes) else { return };
    for note in imported.notes() {
        assert!(!note.to_string().contains('\n'));
    }
    match imported.write("file") {
        Ok(written) => assert!(!written.yaml.is_empty()),
        Err(ImportError::NotAccepted(error)) => panic!("{error}"),
        Err(_) => {}
    }
});
