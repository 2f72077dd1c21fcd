//! What was counted: device × category × verdict, answers by source, rcode and transport.
//!
//! Each thread that answers owns one [`Counters`] and is its only writer, so counting is a load,
//! an addition and a store, without lock or locked instruction. Readers sum over all of them at
//! any time and stop nobody. No names of domains are ever counted here.

mod companies;
mod histogram;
mod list_hits;
mod minutes;
mod pairs;
mod reach;
mod totals;
mod types;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::clients::DeviceId;
use crate::filter::{MAX_LISTS, VerdictKind};
use crate::wire::{ExtendedError, Rcode, Rtype};

pub use companies::Companies;
pub use histogram::{BOUNDS_US, Histogram};
pub use list_hits::{HitsByName, ListHits};
pub use minutes::{MINUTES, Minute, Minutes, Split};
use pairs::Pairs;
pub use pairs::{CompanyId, Counts, Pair};
pub use reach::Reach;
pub use totals::{Forgotten, Totals};

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

    /// Whether who listens on the way reads nothing but lengths and times.
    pub const fn is_encrypted(self) -> bool {
        !matches!(self, Self::Udp | Self::Tcp)
    }

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

/// A bound of counting, beyond which is `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Devices.
    Devices,
    /// Companies.
    Companies,
    /// Pairs of both.
    Pairs,
}

impl Bound {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 3] = [Self::Devices, Self::Companies, Self::Pairs];

    /// The setting's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Companies => "companies",
            Self::Pairs => "pairs",
        }
    }
}

/// Codes counted by themselves; higher ones share the last place.
pub const RCODES: usize = 18;

/// The counters of one thread.
#[derive(Debug)]
pub struct Counters {
    pairs: Pairs,
    beyond: [AtomicU64; Bound::ALL.len()],
    types: [AtomicU64; types::PLACES],
    /// Queries for names of ways around us, by device.
    around: Box<[AtomicU64]>,
    answers: [[[AtomicU64; RCODES]; Transport::ALL.len()]; Source::ALL.len()],
    durations: [Histogram; Source::ALL.len()],
    ignored: AtomicU64,
    rebinding: AtomicU64,
    denied: AtomicU64,
    limited: AtomicU64,
    prefetched: AtomicU64,
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
    /// Counters for `devices` devices, `other` included, and `pairs` pairs of device and company.
    pub fn new(devices: usize, pairs: usize) -> Self {
        Self {
            pairs: Pairs::new(pairs),
            beyond: Default::default(),
            types: Default::default(),
            around: (0..devices).map(|_| AtomicU64::new(0)).collect(),
            answers: Default::default(),
            durations: Default::default(),
            ignored: AtomicU64::new(0),
            rebinding: AtomicU64::new(0),
            denied: AtomicU64::new(0),
            limited: AtomicU64::new(0),
            prefetched: AtomicU64::new(0),
            failures: Default::default(),
            lists: std::array::from_fn(|_| ListCounters::default()),
        }
    }

    /// Counts a query. Allocates only where the pairs seen so far have doubled.
    #[inline]
    pub fn query(&self, pair: Pair, verdict: VerdictKind) {
        if !self.pairs.count(pair, verdict) {
            self.beyond(Bound::Pairs);
        }
    }

    /// Counts a query that is one of `other` because `bound` was passed.
    #[cold]
    pub fn beyond(&self, bound: Bound) {
        bump(&self.beyond[bound as usize], 1);
    }

    /// Counts a query for records of type `rtype`.
    #[inline]
    pub fn query_type(&self, rtype: Rtype) {
        bump(&self.types[types::place(rtype)], 1);
    }

    /// Counts a query of a device for the name of a way around us.
    #[cold]
    pub fn around(&self, device: DeviceId) {
        if let Some(counter) = self.around.get(device.0 as usize) {
            bump(counter, 1);
        }
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

    /// Counts a held answer that is asked for again before its end.
    pub fn prefetched(&self) {
        bump(&self.prefetched, 1);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::trackers::Category;

    #[test]
    fn threads_add_up() {
        let threads = vec![Arc::new(Counters::new(3, 99)), Arc::new(Counters::new(3, 99))];
        let (one, two) = (&threads[0], &threads[1]);
        let social = Some(Category::Social);
        let pair = |device, company, category| Pair {
            device: DeviceId(device),
            company: CompanyId(company),
            category,
        };
        one.query(pair(1, 7, social), VerdictKind::Block);
        two.query(pair(1, 7, social), VerdictKind::Block);
        two.query(pair(1, 0, None), VerdictKind::Pass);
        two.query(pair(2, 0, None), VerdictKind::Pass);
        one.answer(Source::Cache, Transport::Udp, Rcode::NOERROR);
        one.refused(0b1001, false);
        two.refused(0b1000, false);
        two.refused(0b1000, true);
        two.answer(Source::Cache, Transport::Udp, Rcode(4_000));
        let totals = Totals::new(threads.clone(), Arc::default());
        let pairs = totals.pairs();
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[&pair(1, 7, social)], [2, 0, 0, 0]);
        assert_eq!(pairs[&pair(1, 0, None)], [0, 0, 1, 0]);
        assert_eq!(totals.answers(Source::Cache, Transport::Udp, Rcode::NOERROR), 1);
        assert_eq!(totals.answers(Source::Cache, Transport::Udp, Rcode(17)), 1);
        let lists = [0, 1, 3].map(|list| totals.lists()[list]);
        assert_eq!(lists.map(|list| (list.hits, list.alone)), [(1, 0), (0, 0), (3, 1)]);
    }
}
