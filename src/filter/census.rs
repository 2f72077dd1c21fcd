//! How many different names there are, before there is a table to count them in.

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
