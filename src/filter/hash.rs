//! Keyed hashes of all suffixes of a name, in one walk from the right.
//!
//! Two independent 64-bit lanes: one places a name in the table, the other tells names in one
//! place apart. The key is random for each compiled table, so nobody outside can look for names
//! that collide; a list's author, who could, may as well list the name itself.

use crate::wire::Name;

/// Hash of one suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SuffixHash {
    /// Uniform over 64 bits; its high bits choose the bucket.
    pub(super) place: u64,
    /// Uniform over 64 bits, independent of `place`; kept in the table.
    pub(super) print: u64,
}

/// The key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seed(pub(super) [u64; 4]);

impl Seed {
    /// Hashes of the suffixes of one label, two labels, … the whole name.
    #[inline]
    pub(super) fn suffixes(self, name: &Name) -> impl Iterator<Item = SuffixHash> {
        let [start_place, start_print, key_place, key_print] = self.0;
        let mut hash = SuffixHash { place: start_place, print: start_print };
        name.labels_from_right().map(move |(len, octets)| {
            let mut left = len;
            for chunk in octets.chunks(8) {
                // A label's own length octet is its first, so zero-filling the rest of the last
                // word keeps different labels different.
                let word = match chunk.first_chunk::<8>() {
                    Some(word) => u64::from_le_bytes(*word),
                    None => break,
                };
                let word = if left < 8 { word & ((1 << (8 * left)) - 1) } else { word };
                hash.place = fold(hash.place ^ word, key_place);
                hash.print = fold(hash.print ^ word, key_print);
                if left <= 8 {
                    break;
                }
                left -= 8;
            }
            hash
        })
    }

    /// Hash of the whole name.
    pub(super) fn whole(self, name: &Name) -> SuffixHash {
        self.suffixes(name).last().unwrap_or(SuffixHash { place: self.0[0], print: self.0[1] })
    }
}

/// Both halves of a 128-bit product, folded.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed([
        0x243f_6a88_85a3_08d3,
        0x1319_8a2e_0370_7344,
        0xa409_3822_299f_31d1,
        0x082e_fa98_ec4e_6c89,
    ]);

    #[test]
    fn a_suffix_hashes_like_the_name_alone() {
        let long: Name = "a-label-longer-than-eight.exactly8.ab.example".parse().unwrap();
        let hashes: Vec<_> = SEED.suffixes(&long).collect();
        for (index, text) in ["example", "ab.example", "exactly8.ab.example"].iter().enumerate() {
            assert_eq!(hashes[index], SEED.whole(&text.parse().unwrap()));
        }
        assert_eq!(hashes[3], SEED.whole(&long));
    }

    #[test]
    fn near_names_differ() {
        let texts = ["a", "b", "aa", "a.a", "aa.a", "a.aa", "aaaaaaa", "aaaaaaaa", "aaaaaaa.a"];
        let hashes: std::collections::HashSet<_> =
            texts.iter().map(|text| SEED.whole(&text.parse().unwrap()).print).collect();
        assert_eq!(hashes.len(), texts.len());
    }
}
