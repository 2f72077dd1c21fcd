//! What was counted: device × category × verdict, answers by source, rcode and transport.
//!
//! Each thread that answers owns one [`Counters`] and is its only writer, so counting is a load,
//! an addition and a store, without lock or locked instruction. Readers sum over all of them at
//! any time and stop nobody. No names of domains are ever counted here.

mod histogram;
mod list_hits;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::clients::DeviceId;
use crate::filter::{MAX_LISTS, VerdictKind};
use crate::trackers::Category;
use crate::wire::{ExtendedError, Rcode};

pub use histogram::{BOUNDS_US, Histogram};
pub use list_hits::{HitsByName, ListHits};

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A rule refused the name.
    Filter,
    /// Held from before.
    Cache,
    /// Held for longer than it should be, for want of a newer one.
    Stale,
    /// Asked for.
    Upstream,
    /// Made here: errors, the minimal answer to ANY.
    Local,
}

impl Source {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 5] =
        [Self::Filter, Self::Cache, Self::Stale, Self::Upstream, Self::Local];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Cache => "cache",
            Self::Stale => "stale",
            Self::Upstream => "upstream",
            Self::Local => "local",
        }
    }
}

/// How a query came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// In a datagram.
    Udp,
    /// In a stream.
    Tcp,
    /// In a stream under TLS.
    Tls,
    /// In a request of HTTP/2 or HTTP/1.1.
    Https,
    /// In a request of HTTP/3.
    H3,
    /// In a stream of QUIC.
    Quic,
}

impl Transport {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 6] = [Self::Udp, Self::Tcp, Self::Tls, Self::Https, Self::H3, Self::Quic];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::H3 => "h3",
            Self::Quic => "quic",
        }
    }
}

/// Codes counted by themselves; higher ones share the last place.
pub const RCODES: usize = 18;
/// Companies counted by themselves; those of higher numbers are not.
const MOST_COMPANIES: usize = 16_384;
/// Categories, and one more for names no tracker is known for.
const CATEGORIES: usize = Category::ALL.len() + 1;
const VERDICTS: usize = VerdictKind::ALL.len();

/// Counters of one device.
#[derive(Debug, Default)]
struct DeviceCounters {
    queries: [[AtomicU64; VERDICTS]; CATEGORIES],
    /// For names of ways around us.
    around: AtomicU64,
}

/// The counters of one thread.
#[derive(Debug)]
pub struct Counters {
    devices: Box<[OnceLock<Box<DeviceCounters>>]>,
    /// By company: refused, and let through.
    companies: Box<[[AtomicU64; 2]]>,
    answers: [[[AtomicU64; RCODES]; Transport::ALL.len()]; Source::ALL.len()],
    durations: [Histogram; Source::ALL.len()],
    ignored: AtomicU64,
    rebinding: AtomicU64,
    denied: AtomicU64,
    limited: AtomicU64,
    failures: [AtomicU64; ExtendedError::FAILURES.len()],
    lists: [ListCounters; MAX_LISTS],
}

/// What one list did: refusals it took part in, and those that only it wanted.
#[derive(Debug, Default)]
struct ListCounters {
    hits: AtomicU64,
    alone: AtomicU64,
}

impl Counters {
    /// Counters for `devices` devices, `other` included.
    pub fn new(devices: usize) -> Self {
        Self {
            devices: (0..devices).map(|_| OnceLock::new()).collect(),
            companies: (0..MOST_COMPANIES).map(|_| Default::default()).collect(),
            answers: Default::default(),
            durations: Default::default(),
            ignored: AtomicU64::new(0),
            rebinding: AtomicU64::new(0),
            denied: AtomicU64::new(0),
            limited: AtomicU64::new(0),
            failures: Default::default(),
            lists: std::array::from_fn(|_| ListCounters::default()),
        }
    }

    /// Counts a query. Allocates only for a device that is new to this thread.
    #[inline]
    pub fn query(&self, device: DeviceId, category: Option<Category>, verdict: VerdictKind) {
        let Some(device) = self.devices.get(device.0 as usize) else { return };
        let counters = device.get_or_init(Box::default);
        let category = category.map_or(CATEGORIES - 1, |category| category as usize);
        bump(&counters.queries[category][verdict as usize], 1);
    }

    /// Counts a query for a name of a company, by its number.
    #[inline]
    pub fn company(&self, company: u32, refused: bool) {
        if let Some(counters) = self.companies.get(company as usize) {
            bump(&counters[usize::from(!refused)], 1);
        }
    }

    /// From here on the companies' numbers stand for others.
    pub fn forget_companies(&self) {
        self.companies.iter().flatten().for_each(|counter| counter.store(0, Relaxed));
    }

    /// Counts a query of a device for the name of a way around us.
    #[cold]
    pub fn around(&self, device: DeviceId) {
        let Some(device) = self.devices.get(device.0 as usize) else { return };
        bump(&device.get_or_init(Box::default).around, 1);
    }

    /// Counts a refusal for every list that wanted it: bit n of `lists` is list n. `owner` says
    /// that the owner's own rules wanted it, too.
    #[inline]
    pub fn refused(&self, lists: u64, owner: bool) {
        let alone = lists.count_ones() == 1 && !owner;
        let mut left = lists;
        while left != 0 {
            let list = &self.lists[left.trailing_zeros() as usize];
            bump(&list.hits, 1);
            if alone {
                bump(&list.alone, 1);
            }
            left &= left - 1;
        }
    }

    /// Counts a query of somebody who may not ask.
    pub fn denied(&self) {
        bump(&self.denied, 1);
    }

    /// Counts a query that was one too many for its second.
    pub fn limited(&self) {
        bump(&self.limited, 1);
    }

    /// Counts a query that got no answer because of `error`, one of [`ExtendedError::FAILURES`].
    pub fn failed(&self, error: ExtendedError) {
        let mut causes = ExtendedError::FAILURES.iter();
        if let Some(cause) = causes.position(|(cause, _)| *cause == error) {
            bump(&self.failures[cause], 1);
        }
    }

    /// Counts an answer that was refused because it leads a public name into the house.
    #[inline]
    pub fn rebinding(&self) {
        bump(&self.rebinding, 1);
    }

    /// Counts an answer that left.
    #[inline]
    pub fn answer(&self, source: Source, transport: Transport, rcode: Rcode) {
        let rcode = usize::from(rcode.0).min(RCODES - 1);
        bump(&self.answers[source as usize][transport as usize][rcode], 1);
    }

    /// Counts how long `count` answers took, from receiving to sending.
    #[inline]
    pub fn duration(&self, source: Source, duration: Duration, count: u64) {
        if count > 0 {
            self.durations[source as usize].record(duration, count);
        }
    }

    /// Counts a packet that got no answer because it was no query.
    #[inline]
    pub fn ignored(&self) {
        bump(&self.ignored, 1);
    }
}

/// One writer: no locked instruction is needed for readers to see whole numbers.
#[inline]
fn bump(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed) + by, Relaxed);
}

/// Sums over the counters of all threads.
#[derive(Debug)]
pub struct Totals<'a>(&'a [&'a Counters]);

impl<'a> Totals<'a> {
    /// Reads `counters`, now and then; each figure is as of the moment it is asked for.
    pub fn new(counters: &'a [&'a Counters]) -> Self {
        Self(counters)
    }

    /// Queries of `device` by category (none: no tracker known) and verdict, where there are any.
    pub fn queries(&self, device: DeviceId) -> Vec<(Option<Category>, VerdictKind, u64)> {
        let mut queries = Vec::new();
        for category in 0..CATEGORIES {
            for verdict in VerdictKind::ALL {
                let sum: u64 = self
                    .0
                    .iter()
                    .filter_map(|counters| counters.devices.get(device.0 as usize)?.get())
                    .map(|device| device.queries[category][verdict as usize].load(Relaxed))
                    .sum();
                if sum > 0 {
                    queries.push((Category::ALL.get(category).copied(), verdict, sum));
                }
            }
        }
        queries
    }

    /// Queries for names of the company of this number: refused, and let through.
    pub fn company(&self, company: u32) -> (u64, u64) {
        let of = self.0.iter().filter_map(|counters| counters.companies.get(company as usize));
        of.fold((0, 0), |(refused, passed), counters| {
            (refused + counters[0].load(Relaxed), passed + counters[1].load(Relaxed))
        })
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
        let counters = self.0.iter().filter_map(|counters| {
            Some(counters.devices.get(device.0 as usize)?.get()?.around.load(Relaxed))
        });
        counters.sum()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_add_up() {
        let (one, two) = (Counters::new(3), Counters::new(3));
        one.query(DeviceId(1), Some(Category::Social), VerdictKind::Block);
        two.query(DeviceId(1), Some(Category::Social), VerdictKind::Block);
        two.query(DeviceId(1), None, VerdictKind::Pass);
        two.query(DeviceId(2), None, VerdictKind::Pass);
        two.query(DeviceId(3), None, VerdictKind::Pass);
        one.answer(Source::Cache, Transport::Udp, Rcode::NOERROR);
        one.refused(0b1001, false);
        two.refused(0b1000, false);
        two.refused(0b1000, true);
        two.answer(Source::Cache, Transport::Udp, Rcode(4_000));
        let threads = [&one, &two];
        let totals = Totals::new(&threads);
        assert_eq!(
            totals.queries(DeviceId(1)),
            [(Some(Category::Social), VerdictKind::Block, 2), (None, VerdictKind::Pass, 1)]
        );
        assert_eq!(totals.queries(DeviceId(2)), [(None, VerdictKind::Pass, 1)]);
        assert_eq!(totals.queries(DeviceId(3)), []);
        assert_eq!(totals.answers(Source::Cache, Transport::Udp, Rcode::NOERROR), 1);
        assert_eq!(totals.answers(Source::Cache, Transport::Udp, Rcode(17)), 1);
        let lists = [0, 1, 3].map(|list| totals.lists()[list]);
        assert_eq!(lists.map(|list| (list.hits, list.alone)), [(1, 0), (0, 0), (3, 1)]);
    }
}
