//! Counters by device, company and category.
//!
//! One thread writes, any may read at any time; nothing is ever moved or taken out, so neither waits
//! for the other. The table grows by a further part whenever a key finds no place in those there are.
//! Beyond the bound, companies of a device are counted together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::bump;
use crate::clients::DeviceId;
use crate::filter::VerdictKind;
use crate::trackers::Category;

/// Parts of a table, each twice the size of the one before.
const PARTS: usize = 16;
/// Places of the first part.
const FIRST: usize = 256;
/// Places that a key may have in a part.
const WINDOW: usize = 8;
const VERDICTS: usize = VerdictKind::ALL.len();

/// A company by its number in [`super::Companies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompanyId(pub u32);

impl CompanyId {
    /// Nobody's: a name of no known tracker.
    pub const NONE: Self = Self(0);
    /// All beyond the bound.
    pub const OTHER: Self = Self(1);
}

/// What queries are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair {
    /// Who asked.
    pub device: DeviceId,
    /// Whose name it was.
    pub company: CompanyId,
    /// What the tracker is for; none for a name of none.
    pub category: Option<Category>,
}

/// Counts by verdict.
pub type Counts = [u64; VERDICTS];

/// The counters of one thread.
#[derive(Debug)]
pub(super) struct Pairs {
    parts: [OnceLock<Box<[Place]>>; PARTS],
    used: AtomicUsize,
    most: usize,
    /// Where not even a device's `other` finds a place.
    rest: Place,
}

/// A key, 0 for none, and its counts.
#[derive(Debug, Default)]
struct Place {
    key: AtomicU64,
    counts: [AtomicU64; VERDICTS],
}

impl Pair {
    /// Never 0: a category is told by one more than its number, and none by the last one.
    fn key(self) -> u64 {
        let category = self.category.map_or(Category::ALL.len(), |category| category as usize);
        (u64::from(self.device.0) << 40) | (u64::from(self.company.0) << 8) | (category as u64 + 1)
    }

    fn of_key(key: u64) -> Self {
        let category = (key & 0xff) as usize - 1;
        Self {
            device: DeviceId((key >> 40) as u32),
            company: CompanyId((key >> 8) as u32),
            category: Category::ALL.get(category).copied(),
        }
    }
}

impl Pairs {
    /// At most `most` pairs, and one more for each device and category beyond them.
    pub(super) fn new(most: usize) -> Self {
        Self { parts: Default::default(), used: AtomicUsize::new(0), most, rest: Place::default() }
    }

    /// Counts a query. Says whether its pair is counted by itself.
    #[inline]
    pub(super) fn count(&self, pair: Pair, verdict: VerdictKind) -> bool {
        let own = self.place(pair.key(), self.most);
        bump(&own.unwrap_or_else(|| self.beyond(pair)).counts[verdict as usize], 1);
        own.is_some()
    }

    #[cold]
    fn beyond(&self, pair: Pair) -> &Place {
        let other = Pair { company: CompanyId::OTHER, ..pair };
        self.place(other.key(), usize::MAX).unwrap_or(&self.rest)
    }

    /// The place of `key`, which is made where there are fewer than `most`.
    #[inline]
    fn place(&self, key: u64, most: usize) -> Option<&Place> {
        // Fibonacci hashing: the high bits of the product depend on all bits of the key.
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for (number, part) in self.parts.iter().enumerate() {
            let size = FIRST << number;
            let places = match part.get() {
                Some(places) => places,
                None if self.used.load(Ordering::Relaxed) >= most => return None,
                None => part.get_or_init(|| (0..size).map(|_| Place::default()).collect()),
            };
            let first = (hash >> 32) as usize;
            for step in 0..WINDOW {
                let place = &places[(first + step) & (size - 1)];
                let found = place.key.load(Ordering::Relaxed);
                if found == key {
                    return Some(place);
                }
                if found == 0 {
                    let used = self.used.load(Ordering::Relaxed);
                    if used >= most {
                        return None;
                    }
                    self.used.store(used + 1, Ordering::Relaxed);
                    place.key.store(key, Ordering::Release);
                    return Some(place);
                }
            }
        }
        None
    }

    /// Calls `each` with all there are, and their counts.
    pub(super) fn read(&self, mut each: impl FnMut(Pair, Counts)) {
        let counts = |place: &Place| {
            std::array::from_fn(|verdict| place.counts[verdict].load(Ordering::Relaxed))
        };
        for place in self.parts.iter().filter_map(OnceLock::get).flatten() {
            let key = place.key.load(Ordering::Acquire);
            if key != 0 {
                each(Pair::of_key(key), counts(place));
            }
        }
        let rest = counts(&self.rest);
        if rest != Counts::default() {
            let device = DeviceId::OTHER;
            each(Pair { device, company: CompanyId::OTHER, category: None }, rest);
        }
    }

    /// How many there are.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a map, with a bound that is passed.
        #[test]
        fn pairs_are_counted_as_in_a_map(
            queries in vec((0_u32..40, 0_u32..200, 0_usize..12, 0_usize..4), 0..3_000),
            most in 1_usize..3_000,
        ) {
            let pairs = Pairs::new(most);
            let mut model: HashMap<Pair, Counts> = HashMap::new();
            for (device, company, category, verdict) in queries {
                let category = Category::ALL.get(category).copied();
                let (device, company) = (DeviceId(device), CompanyId(company));
                let mut pair = Pair { device, company, category };
                let own = pairs.count(pair, VerdictKind::ALL[verdict]);
                let is_known = model.len() < most || model.contains_key(&pair);
                prop_assert_eq!(own, is_known);
                if !is_known {
                    pair.company = CompanyId::OTHER;
                }
                model.entry(pair).or_default()[verdict] += 1;
            }
            let mut found = HashMap::new();
            pairs.read(|pair, counts| {
                found.insert(pair, counts);
            });
            prop_assert_eq!(found, model);
        }
    }

    #[test]
    fn a_key_is_a_pair() {
        for category in Category::ALL.into_iter().map(Some).chain([None]) {
            let (device, company) = (DeviceId(100_001), CompanyId(u32::MAX));
            let pair = Pair { device, company, category };
            assert_eq!(Pair::of_key(pair.key()), pair);
        }
    }
}
