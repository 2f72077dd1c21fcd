//! What is counted, and what is kept of it.

use std::net::SocketAddr;
use std::time::Duration;

/// Bounds of counting.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// Whether devices are told apart.
    pub level: StatsLevel,
    /// Devices counted by name, 1..=100 000; later ones are counted together as `other`.
    pub devices: usize,
    /// Companies counted by name, 100..=1 000 000; later ones are counted together as `other`.
    pub companies: usize,
    /// Pairs of device and company counted by themselves, by each thread, 100..=10 000 000; later
    /// ones are their device's `other`.
    pub pairs: usize,
}

/// What is kept of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// How often counts are written, 1 s..=1 h: what is lost when the power goes.
    pub flush: Duration,
    /// How long they are kept by hour, 1 d..=400 d.
    pub hours: Duration,
    /// How long they are kept by day, 1 d..=4 000 d.
    pub days: Duration,
    /// Most octets of the store, 8 MiB..=64 GiB: the oldest go before their time where it is passed.
    pub size: u64,
    /// How long queries are kept, where they are ([`StatsLevel::Full`]), 1 h..=400 d.
    pub queries: Duration,
    /// Octets of their file, 1 MiB..=64 GiB: the oldest go first.
    pub queries_size: u64,
}

/// Who may have the figures for Prometheus, and how many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// An address of their own; without one they are at [`Config::web`](super::Config::web).
    pub listen: Option<SocketAddr>,
    /// What who asks for them must know; empty for nothing.
    pub token: String,
    /// Companies shown by themselves, those that reach most devices first, 1..=10 000; later ones
    /// are shown together as `other`.
    pub companies: usize,
    /// Pairs of device and company shown by themselves, those with most queries first, 0..=100 000;
    /// later ones are their device's `other`. With 0 nothing is shown of pairs.
    pub pairs: usize,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatsLevel {
    /// Companies, whoever asked.
    Counts,
    /// Companies by device.
    #[default]
    Devices,
    /// Companies by device; and every query is kept, with its name.
    Full,
}

impl StatsLevel {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Devices => "devices",
            Self::Full => "full",
        }
    }
}

impl Default for History {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self {
            flush: Duration::from_secs(300),
            hours: days(90),
            days: days(400),
            size: 200 << 20,
            queries: days(7),
            queries_size: 256 << 20,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { listen: None, token: String::new(), companies: 100, pairs: 0 }
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self { level: StatsLevel::default(), devices: 1_024, companies: 50_000, pairs: 200_000 }
    }
}
