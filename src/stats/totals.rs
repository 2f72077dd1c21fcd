//! Sums over the counters of all threads, as of the moment they are asked for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use foldhash::fast::RandomState;

use super::{Counters, Counts, Histogram, ListCounters, ListHits, Pair, RCODES, Source, Transport};
use crate::clients::DeviceId;
use crate::filter::MAX_LISTS;
use crate::wire::{ExtendedError, Rcode};

/// Sums over the counters of all threads.
#[derive(Debug)]
pub struct Totals<'a>(&'a [&'a Counters]);

impl<'a> Totals<'a> {
    /// Reads `counters`, now and then; each figure is as of the moment it is asked for.
    pub fn new(counters: &'a [&'a Counters]) -> Self {
        Self(counters)
    }

    /// Queries by device, company and category, and verdict.
    pub fn pairs(&self) -> HashMap<Pair, Counts, RandomState> {
        let mut pairs: HashMap<Pair, Counts, RandomState> = HashMap::default();
        for counters in self.0 {
            counters.pairs.read(|pair, counts| {
                let sums = pairs.entry(pair).or_default();
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            });
        }
        pairs
    }

    /// Pairs that threads count by themselves.
    pub fn pairs_used(&self) -> usize {
        self.0.iter().map(|counters| counters.pairs.used()).max().unwrap_or(0)
    }

    /// Answers by the word for where they came from.
    pub fn answers_by_source(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Source::ALL.into_iter().map(|source| {
            let of = self.0.iter().flat_map(|counters| &counters.answers[source as usize]);
            (source.as_str(), of.flatten().map(|count| count.load(Relaxed)).sum())
        })
    }

    /// Queries of `device` for names of ways around us.
    pub fn around(&self, device: DeviceId) -> u64 {
        let of = self.0.iter().filter_map(|counters| counters.around.get(device.0 as usize));
        of.map(|counter| counter.load(Relaxed)).sum()
    }

    /// Answers from `source` over `transport` with `rcode`.
    pub fn answers(&self, source: Source, transport: Transport, rcode: Rcode) -> u64 {
        let rcode = usize::from(rcode.0).min(RCODES - 1);
        let read = |counters: &&Counters| {
            counters.answers[source as usize][transport as usize][rcode].load(Relaxed)
        };
        self.0.iter().map(read).sum()
    }

    /// Durations of answers from `source`, one histogram a thread.
    pub fn durations(&self, source: Source) -> impl Iterator<Item = &'a Histogram> {
        self.0.iter().map(move |counters| &counters.durations[source as usize])
    }

    /// What each list did, by number.
    pub fn lists(&self) -> [ListHits; MAX_LISTS] {
        std::array::from_fn(|list| {
            let read = |value: fn(&ListCounters) -> &AtomicU64| {
                self.0.iter().map(|counters| value(&counters.lists[list]).load(Relaxed)).sum()
            };
            ListHits { hits: read(|list| &list.hits), alone: read(|list| &list.alone) }
        })
    }

    /// Answers refused because they led public names into the house.
    pub fn rebinding(&self) -> u64 {
        self.0.iter().map(|counters| counters.rebinding.load(Relaxed)).sum()
    }

    /// Queries of those who may not ask.
    pub fn denied(&self) -> u64 {
        self.0.iter().map(|counters| counters.denied.load(Relaxed)).sum()
    }

    /// Queries that were too many for their second.
    pub fn limited(&self) -> u64 {
        self.0.iter().map(|counters| counters.limited.load(Relaxed)).sum()
    }

    /// Held answers that were asked for again before their end.
    pub fn prefetched(&self) -> u64 {
        self.0.iter().map(|counters| counters.prefetched.load(Relaxed)).sum()
    }

    /// Queries that got no answer, by cause.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        (0..).zip(ExtendedError::FAILURES).map(|(cause, (_, name)): (usize, _)| {
            (name, self.0.iter().map(|counters| counters.failures[cause].load(Relaxed)).sum())
        })
    }

    /// Packets that were no query.
    pub fn ignored(&self) -> u64 {
        self.0.iter().map(|counters| counters.ignored.load(Relaxed)).sum()
    }
}
