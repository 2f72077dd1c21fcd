//! Packs the names of those who make network cards, as IEEE has registered them, for `clients/vendors.rs`. The
//! library that knows them has pointers in every entry: 4 MB more on disk, and in memory, than this.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

/// Digits of the blocks of addresses that are registered.
const DIGITS: [usize; 3] = [6, 7, 9];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/clients/vendors/build.rs");
    let mut tables: [Vec<(u64, &str)>; 3] = Default::default();
    for block in 0..1 << 24 {
        // Those with this bit are made up, by whoever likes, and nobody asks whose they are.
        if block >> 16 & 2 != 0 {
            continue;
        }
        let Some(entry) = registered(block, DIGITS[0]) else { continue };
        tables[0].push((block, entry));
        // Smaller blocks are only in those that the registrar keeps for them.
        if !entry.to_uppercase().starts_with("IEEE REGISTRATION AUTHORITY") {
            continue;
        }
        for (digits, table) in DIGITS.into_iter().zip(&mut tables).skip(1) {
            let bits = 4 * (digits - DIGITS[0]);
            let smaller = block << bits..(block + 1) << bits;
            table.extend(smaller.filter_map(|block| Some((block, registered(block, digits)?))));
        }
    }
    let folder = env::var_os("OUT_DIR").expect("Cargo says where to put it");
    let mut names = Vec::new();
    let mut places = BTreeMap::new();
    for (digits, table) in DIGITS.into_iter().zip(tables) {
        assert!(table.len() > 1_000, "{} of {digits} digits: the library has changed", table.len());
        let mut packed = Vec::new();
        for (block, name) in table {
            let place = *places.entry(name).or_insert_with(|| {
                let place = names.len() as u64;
                names.push(u8::try_from(name.len()).expect("no name is that long"));
                names.extend_from_slice(name.as_bytes());
                place
            });
            assert!(place < 1 << 24, "three octets are not enough");
            packed.extend_from_slice(&(block << 24 | place).to_be_bytes());
        }
        fs::write(Path::new(&folder).join(format!("vendors-{digits}")), packed)?;
    }
    fs::write(Path::new(&folder).join("vendors-names"), names)
}

/// Who has this very block, of as many hexadecimal digits.
fn registered(block: u64, digits: usize) -> Option<&'static str> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = [0; 9];
    for (place, digit) in text[..digits].iter_mut().rev().enumerate() {
        *digit = HEX[(block >> (4 * place) & 15) as usize];
    }
    let entry = oui_data::lookup(str::from_utf8(&text[..digits]).ok()?)?;
    // A smaller block that nobody has is told as the larger one that it is in.
    (entry.oui().len() == digits).then(|| entry.organization())
}
