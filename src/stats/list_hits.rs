//! What lists did, by name: counters go by number, and a reload may number lists anew.

use std::collections::BTreeMap;

use super::Totals;
use crate::filter::MAX_LISTS;

/// What a list did since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListHits {
    /// Refusals it took part in.
    pub hits: u64,
    /// Refusals that only it wanted.
    pub alone: u64,
}

/// What lists did under the numbers they have now, and under those they had before.
#[derive(Debug)]
pub struct HitsByName {
    names: Vec<String>,
    /// Counters when the numbers were given.
    base: [ListHits; MAX_LISTS],
    before: BTreeMap<String, ListHits>,
}

impl HitsByName {
    /// For lists of these names, by number, of which nothing is counted yet.
    pub fn new(names: Vec<String>) -> Self {
        Self { names, base: [ListHits::default(); MAX_LISTS], before: BTreeMap::new() }
    }

    /// From here on the numbers stand for other lists.
    pub fn rename(&mut self, names: Vec<String>, totals: &Totals) {
        if self.names != names {
            let known = self.read(totals);
            *self = Self { names, base: totals.lists(), before: known };
        }
    }

    /// Forgets all there is.
    pub fn forget(&mut self, totals: &Totals) {
        self.base = totals.lists();
        self.before.clear();
    }

    /// What each list did. Lists of one name are counted together.
    pub fn read(&self, totals: &Totals) -> BTreeMap<String, ListHits> {
        let mut hits = self.before.clone();
        for ((name, now), base) in self.names.iter().zip(totals.lists()).zip(self.base) {
            let sum = hits.entry(name.clone()).or_default();
            sum.hits += now.hits - base.hits;
            sum.alone += now.alone - base.alone;
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Counters;
    use super::*;

    #[test]
    fn hits_stay_with_a_name_when_numbers_change() {
        let counters = Arc::new(Counters::new(1, 9));
        let totals = Totals::new(vec![Arc::clone(&counters)], Arc::default());
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut by_name = HitsByName::new(names(&["a", "b"]));
        counters.refused(0b11, false);
        counters.refused(0b10, false);
        by_name.rename(names(&["b", "c"]), &totals);
        counters.refused(0b01, false);
        let hits: Vec<_> = by_name
            .read(&totals)
            .into_iter()
            .map(|(name, did)| (name, did.hits, did.alone))
            .collect();
        let expected = [("a", 1, 0), ("b", 3, 2), ("c", 0, 0)];
        assert_eq!(hits, expected.map(|(name, hits, alone)| (name.to_owned(), hits, alone)));
        by_name.forget(&totals);
        counters.refused(0b10, false);
        let hits = by_name.read(&totals).into_values().map(|did| did.hits);
        assert_eq!(hits.collect::<Vec<_>>(), [0, 1]);
    }
}
