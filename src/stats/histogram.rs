//! A histogram of durations that one thread or many may feed while another reads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets in microseconds: 10 µs to 5 s, three or so a decade.
pub const BOUNDS_US: [u64; 16] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 250_000, 500_000,
    1_000_000, 5_000_000,
];

/// Counts of durations by bucket, and their sum. Feeding costs two relaxed additions.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_ns: AtomicU64,
}

impl Histogram {
    /// Counts `count` durations of the same length.
    pub fn record(&self, duration: Duration, count: u64) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|&bound| bound < us);
        self.buckets[bucket].fetch_add(count, Relaxed);
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns.saturating_mul(count), Relaxed);
    }

    /// Counts in each bucket (not cumulative; the last one is above every bound) and the sum.
    pub fn read(&self) -> ([u64; BOUNDS_US.len() + 1], Duration) {
        let counts = std::array::from_fn(|bucket| self.buckets[bucket].load(Relaxed));
        (counts, Duration::from_nanos(self.sum_ns.load(Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_micros(10), 1);
        histogram.record(Duration::from_micros(11), 2);
        histogram.record(Duration::from_secs(60), 1);
        let (counts, sum) = histogram.read();
        assert_eq!((counts[0], counts[1], counts[BOUNDS_US.len()]), (1, 2, 1));
        assert_eq!(sum, Duration::from_micros(60_000_032));
    }
}
