//! Whether the clock can be believed.
//!
//! A small computer has no clock of its own: until a time server has been asked, which takes DNS, it
//! may believe in years ago. Then nothing that is signed would be good yet.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When this was written (2026-11-23): it cannot be earlier.
const WRITTEN: Duration = Duration::from_secs(1_795_392_000);

/// Time since 1970, and whether it may be right.
pub fn now() -> (Duration, bool) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now, now >= WRITTEN)
}

/// A moment by two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since the machine has started; never jumps.
    pub steady: Duration,
    /// Since 1970, as far as the machine knows.
    pub wall: Duration,
    /// Whether the clock on the wall may be right: a small computer has none until it is told.
    pub wall_is_set: bool,
}

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        let (wall, wall_is_set) = now();
        Self { steady: steady(), wall, wall_is_set }
    }
}

/// Time since the machine has started, while it was asleep, too.
#[cfg(target_os = "linux")]
fn steady() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
fn steady() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// Whether it may be the time that the clock shows.
pub fn is_set() -> bool {
    now().1
}
