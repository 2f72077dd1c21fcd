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

/// Whether it may be the time that the clock shows.
pub fn is_set() -> bool {
    now().1
}
