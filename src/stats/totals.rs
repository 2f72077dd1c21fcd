//! Sums over the counters of all threads, as of the moment they are asked for, without what was
//! forgotten.
//!
//! Counters have one writer and are never set back: what they had counted by the time it was to be
//! forgotten is taken off whenever they are read.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use foldhash::fast::RandomState;

use super::{
    Bound, Counters, Counts, Histogram, ListCounters, ListHits, Pair, RCODES, Source, Transport,
    types,
};
use crate::clients::DeviceId;
use crate::filter::MAX_LISTS;
use crate::wire::{ExtendedError, Rcode};

type ByPair = HashMap<Pair, Counts, RandomState>;

/// Sums over the counters of all threads.
#[derive(Debug)]
pub struct Totals {
    threads: Vec<Arc<Counters>>,
    forgotten: Arc<Forgotten>,
}

/// What was counted and is forgotten. How fast answers were, and what was refused to whom may not
/// ask, tells of nobody, and stays.
#[derive(Debug, Clone, Default)]
pub struct Forgotten {
    pairs: ByPair,
    around: HashMap<DeviceId, u64, RandomState>,
    answers: [[[u64; RCODES]; Transport::ALL.len()]; Source::ALL.len()],
    types: [u64; types::PLACES],
    beyond: [u64; Bound::ALL.len()],
}

impl Totals {
    /// Reads `threads` without what is `forgotten`, now and then; each figure is as of the moment it
    /// is asked for.
    pub fn new(threads: Vec<Arc<Counters>>, forgotten: Arc<Forgotten>) -> Self {
        Self { threads, forgotten }
    }

    /// What is forgotten if all there is now of `devices`, or of everybody, is to be, too.
    pub fn forget(&self, devices: Option<&[DeviceId]>) -> Forgotten {
        let all = Self::new(self.threads.clone(), Arc::default());
        let Some(meant) = devices else { return all.everything() };
        let mut forgotten = Forgotten::clone(&self.forgotten);
        forgotten.pairs.extend(all.pairs().into_iter().filter(|(p, _)| meant.contains(&p.device)));
        forgotten.around.extend(meant.iter().map(|device| (*device, all.around(*device))));
        forgotten
    }

    fn everything(&self) -> Forgotten {
        let known = self.threads.iter().map(|counters| counters.around.len()).max().unwrap_or(0);
        let devices = (0..known as u32).map(DeviceId);
        let around = devices.map(|device| (device, self.around(device)));
        let mut answers = Forgotten::default().answers;
        for (source, by_transport) in Source::ALL.into_iter().zip(&mut answers) {
            for (transport, by_rcode) in Transport::ALL.into_iter().zip(by_transport) {
                *by_rcode = std::array::from_fn(|rcode| {
                    self.answers(source, transport, Rcode(rcode as u16))
                });
            }
        }
        Forgotten {
            pairs: self.pairs(),
            around: around.filter(|(_, count)| *count > 0).collect(),
            answers,
            types: std::array::from_fn(|place| self.of_type(place)),
            beyond: Bound::ALL.map(|bound| self.beyond(bound)),
        }
    }

    fn sum(&self, counter: impl Fn(&Counters) -> &AtomicU64) -> u64 {
        self.threads.iter().map(|counters| counter(counters).load(Relaxed)).sum()
    }

    /// Queries by device, company and category, and verdict.
    pub fn pairs(&self) -> ByPair {
        let mut pairs = ByPair::default();
        for counters in &self.threads {
            counters.pairs.read(|pair, counts| {
                let sums = pairs.entry(pair).or_default();
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            });
        }
        if !self.forgotten.pairs.is_empty() {
            pairs.retain(|pair, sums| {
                let gone = self.forgotten.pairs.get(pair).copied().unwrap_or_default();
                sums.iter_mut().zip(gone).for_each(|(sum, gone)| *sum = sum.saturating_sub(gone));
                *sums != Counts::default()
            });
        }
        pairs
    }

    /// Queries by verdict of each device, by its number.
    pub fn by_device(&self) -> Vec<Counts> {
        let mut devices = Vec::new();
        for (pair, counts) in self.pairs() {
            let number = pair.device.0 as usize;
            devices.resize(devices.len().max(number + 1), Counts::default());
            devices[number].iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        devices
    }

    /// Pairs that threads count by themselves.
    pub fn pairs_used(&self) -> usize {
        self.threads.iter().map(|counters| counters.pairs.used()).max().unwrap_or(0)
    }

    /// Queries that were counted as `other` because `bound` was passed.
    pub fn beyond(&self, bound: Bound) -> u64 {
        let sum = self.sum(|counters| &counters.beyond[bound as usize]);
        sum.saturating_sub(self.forgotten.beyond[bound as usize])
    }

    /// Queries by the type of record they are for; those of types that are not counted by themselves
    /// are `other`.
    pub fn by_type(&self) -> impl Iterator<Item = (String, u64)> {
        (0..types::PLACES).map(|place| (types::text(place), self.of_type(place)))
    }

    fn of_type(&self, place: usize) -> u64 {
        let sum = self.sum(|counters| &counters.types[place]);
        sum.saturating_sub(self.forgotten.types[place])
    }

    /// Answers from `source`.
    pub fn answers_from(&self, source: Source) -> u64 {
        let rcodes = || (0..RCODES as u16).map(Rcode);
        let of = |transport| rcodes().map(move |rcode| self.answers(source, transport, rcode));
        Transport::ALL.into_iter().flat_map(of).sum()
    }

    /// Queries of `device` for names of ways around us.
    pub fn around(&self, device: DeviceId) -> u64 {
        let of = self.threads.iter().filter_map(|counters| counters.around.get(device.0 as usize));
        let sum: u64 = of.map(|counter| counter.load(Relaxed)).sum();
        sum.saturating_sub(self.forgotten.around.get(&device).copied().unwrap_or(0))
    }

    /// Answers from `source` over `transport` with `rcode`.
    pub fn answers(&self, source: Source, transport: Transport, rcode: Rcode) -> u64 {
        let (source, transport) = (source as usize, transport as usize);
        let rcode = usize::from(rcode.0).min(RCODES - 1);
        let sum = self.sum(|counters| &counters.answers[source][transport][rcode]);
        sum.saturating_sub(self.forgotten.answers[source][transport][rcode])
    }

    /// Durations of answers from `source`, one histogram a thread.
    pub fn durations(&self, source: Source) -> impl Iterator<Item = &Histogram> {
        self.threads.iter().map(move |counters| &counters.durations[source as usize])
    }

    /// What each list did, by number.
    pub fn lists(&self) -> [ListHits; MAX_LISTS] {
        std::array::from_fn(|list| {
            let read = |value: fn(&ListCounters) -> &AtomicU64| {
                self.sum(|counters| value(&counters.lists[list]))
            };
            ListHits { hits: read(|list| &list.hits), alone: read(|list| &list.alone) }
        })
    }

    /// Answers refused because they led public names into the house.
    pub fn rebinding(&self) -> u64 {
        self.sum(|counters| &counters.rebinding)
    }

    /// Queries of those who may not ask.
    pub fn denied(&self) -> u64 {
        self.sum(|counters| &counters.denied)
    }

    /// Queries that were too many for their second.
    pub fn limited(&self) -> u64 {
        self.sum(|counters| &counters.limited)
    }

    /// Held answers that were asked for again before their end.
    pub fn prefetched(&self) -> u64 {
        self.sum(|counters| &counters.prefetched)
    }

    /// Queries that got no answer, by cause.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        (0..).zip(ExtendedError::FAILURES).map(|(cause, (_, name)): (usize, _)| {
            (name, self.sum(|counters| &counters.failures[cause]))
        })
    }

    /// Packets that were no query.
    pub fn ignored(&self) -> u64 {
        self.sum(|counters| &counters.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::VerdictKind;
    use crate::stats::CompanyId;
    use crate::wire::Rtype;

    fn pair(device: u32, company: u32) -> Pair {
        Pair { device: DeviceId(device), company: CompanyId(company), category: None }
    }

    fn count(counters: &Counters, device: u32) {
        counters.query(pair(device, 7), VerdictKind::Block);
        counters.around(DeviceId(device));
        counters.answer(Source::Filter, Transport::Udp, Rcode::NXDOMAIN);
        counters.query_type(Rtype::A);
        counters.beyond(Bound::Devices);
    }

    #[test]
    fn what_is_forgotten_is_told_no_more_and_what_comes_after_is() {
        let threads = vec![Arc::new(Counters::new(3, 99)), Arc::new(Counters::new(3, 99))];
        let totals = |forgotten| Totals::new(threads.clone(), Arc::new(forgotten));
        (1..3).for_each(|device| threads.iter().for_each(|counters| count(counters, device)));
        let without_one = totals(totals(Forgotten::default()).forget(Some(&[DeviceId(1)])));
        assert_eq!(without_one.pairs().into_keys().collect::<Vec<_>>(), [pair(2, 7)]);
        assert_eq!(without_one.by_device()[2][VerdictKind::Block as usize], 2);
        assert_eq!([1, 2].map(|device| without_one.around(DeviceId(device))), [0, 2]);
        assert_eq!(without_one.answers_from(Source::Filter), 4, "whose they were is not known");
        let without_all = totals(without_one.forget(None));
        assert_eq!((without_all.pairs().len(), without_all.around(DeviceId(2))), (0, 0));
        assert_eq!(without_all.by_type().map(|(_, count)| count).sum::<u64>(), 0);
        assert_eq!(without_all.beyond(Bound::Devices), 0);
        count(&threads[1], 1);
        assert_eq!(without_all.by_device()[1][VerdictKind::Block as usize], 1);
        assert_eq!((without_all.around(DeviceId(1)), without_all.beyond(Bound::Devices)), (1, 1));
        assert_eq!(without_all.answers_from(Source::Filter), 1);
        assert_eq!(without_all.by_type().next(), Some(("A".to_owned(), 1)));
    }
}
