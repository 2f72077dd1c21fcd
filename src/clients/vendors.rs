//! Who made a network card, by the registry of IEEE, which `vendors/build.rs` packs.

use crate::config::Mac;

/// Set in the first octet of addresses that a device made up itself.
const MADE_UP: u8 = 0b10;
/// A length and as many octets, over and over.
const NAMES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vendors-names"));
/// Blocks of addresses by the number of their hexadecimal digits, the smallest first: sorted, five octets of the
/// block and three of the place of its owner's name.
const BLOCKS: [(u32, &[u8]); 3] = [
    (9, include_bytes!(concat!(env!("OUT_DIR"), "/vendors-9"))),
    (7, include_bytes!(concat!(env!("OUT_DIR"), "/vendors-7"))),
    (6, include_bytes!(concat!(env!("OUT_DIR"), "/vendors-6"))),
];

/// Who made a network card, by the first half of its address; none for an address that a device
/// made up itself, as phones do for their owner's privacy.
pub fn vendor(card: Mac) -> Option<&'static str> {
    if card.0[0] & MADE_UP != 0 {
        return None;
    }
    let number = card.0.iter().fold(0, |number, octet| number << 8 | u64::from(*octet));
    let place = BLOCKS.iter().find_map(|(digits, table)| {
        let block = number >> (4 * (12 - digits));
        let (entries, _) = table.as_chunks::<8>();
        let index = entries.binary_search_by_key(&block, |entry| u64::from_be_bytes(*entry) >> 24);
        Some(u64::from_be_bytes(entries[index.ok()?]) & 0xff_ffff)
    })?;
    let (len, rest) = NAMES.get(place as usize..)?.split_first()?;
    str::from_utf8(rest.get(..usize::from(*len))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_tell_their_makers() {
        let maker = |card: &str| vendor(card.parse().unwrap());
        assert!(maker("b8:27:eb:00:00:01").unwrap().contains("Raspberry"));
        assert_eq!(maker("00:00:00:12:34:56"), Some("XEROX CORPORATION"));
        assert_eq!(maker("02:00:00:00:00:01"), None);
    }

    /// What is packed says what the library says, at the edges of blocks of all three sizes.
    #[test]
    fn nobody_is_forgotten() {
        for (digits, table) in BLOCKS {
            let (entries, rest) = table.as_chunks::<8>();
            assert!(entries.is_sorted() && rest.is_empty());
            for entry in entries.iter().step_by(7) {
                let block = u64::from_be_bytes(*entry) >> 24;
                let shift = 4 * (12 - digits);
                for number in [block << shift, ((block + 1) << shift) - 1] {
                    let card = Mac(number.to_be_bytes()[2..].try_into().unwrap());
                    if card.0[0] & MADE_UP == 0 {
                        let known = oui_data::lookup(&card.to_string());
                        assert_eq!(vendor(card), known.map(|known| known.organization()), "{card}");
                    }
                }
            }
        }
    }
}
