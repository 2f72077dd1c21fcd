//! Any file in place of the kept cache: it is taken in or not, and what is taken in can be saved again.
//!
//! The input is what stands between the first line and the checksum, which are put around it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::cache::Cache;
use trackless::wire::TtlBounds;
use twox_hash::XxHash3_64;

const BOUNDS: TtlBounds = TtlBounds { min: 0, max: 86_400, max_negative: 3_600 };
const SIZE: u64 = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let mut bytes = b"trackless cache 1\n".to_vec();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(&XxHash3_64::oneshot(&bytes).to_be_bytes());
    let cache = Cache::new(SIZE);
    let Ok(taken) = cache.load(&bytes, 0, 1_000, BOUNDS) else { return };
    assert!(cache.entries() <= taken && cache.bytes() as u64 <= SIZE);
    let saved = cache.save(0, 1_000);
    let again = Cache::new(SIZE);
    assert_eq!(again.load(&saved, 0, 1_000, BOUNDS), Ok(cache.entries()));
});
