//! What must be known of all names before there is a table: how many there are, which of them have
//! others below them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::hash::SuffixHash;

/// Estimates how many different names there are, by linear counting (Whang et al. 1990): exact to
/// well under a percent up to 30 million names, in 512 KiB.
pub(super) struct Census {
    seen: Vec<u64>,
}

impl Census {
    const BITS_LOG2: u32 = 22;

    pub(super) fn see(&mut self, hash: SuffixHash) {
        let bit = hash.print >> (64 - Self::BITS_LOG2);
        self.seen[(bit / 64) as usize] |= 1 << (bit % 64);
    }

    pub(super) fn estimate(&self) -> u64 {
        let bits = f64::from(1_u32 << Self::BITS_LOG2);
        let unseen: u32 = self.seen.iter().map(|word| word.count_zeros()).sum();
        (bits * (bits / f64::from(unseen.max(1))).ln()).ceil() as u64
    }
}

impl Default for Census {
    fn default() -> Self {
        Self { seen: vec![0; (1 << Self::BITS_LOG2) / 64] }
    }
}

/// Names that have listed ones below them, more or less: some others are taken for such, none is
/// missed. 8 MiB, good for some ten million names.
pub(super) struct Ancestors {
    bits: Vec<u64>,
}

impl Ancestors {
    const BITS_LOG2: u32 = 26;

    fn places(hash: SuffixHash) -> [u64; 2] {
        [hash.place, hash.print].map(|hash| hash >> (64 - Self::BITS_LOG2))
    }

    pub(super) fn see(&mut self, hash: SuffixHash) {
        for bit in Self::places(hash) {
            self.bits[(bit / 64) as usize] |= 1 << (bit % 64);
        }
    }

    pub(super) fn may_hold(&self, hash: SuffixHash) -> bool {
        Self::places(hash).iter().all(|bit| self.bits[(bit / 64) as usize] & (1 << (bit % 64)) != 0)
    }
}

impl Default for Ancestors {
    fn default() -> Self {
        Self { bits: vec![0; (1 << Self::BITS_LOG2) / 64] }
    }
}

/// For names that have others below them: the lists that cover everything below, by tier.
#[derive(Default)]
pub(super) struct Covers {
    lists: HashMap<u64, [u64; 3], RandomState>,
}

impl Covers {
    /// Names remembered at most, about 24 MiB; beyond it fewer redundant names are found.
    const MOST: usize = 500_000;

    pub(super) fn add(&mut self, hash: SuffixHash, tier: usize, list: u8) {
        if self.lists.len() < Self::MOST || self.lists.contains_key(&hash.print) {
            self.lists.entry(hash.print).or_default()[tier] |= 1 << list;
        }
    }

    /// Whether a rule of `list` for `hash` says the same of everything below.
    pub(super) fn hold(&self, hash: SuffixHash, tier: usize, list: u8) -> bool {
        self.lists.get(&hash.print).is_some_and(|lists| lists[tier] & (1 << list) != 0)
    }
}
