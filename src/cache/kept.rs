//! The cache as bytes, for those who want it to outlive the server.
//!
//! It names what was asked for: whoever keeps it decides that, see `cache.keep` in the settings. The
//! bytes are the time of saving (seconds since 1970), the answers (two octets of length, one of the
//! question's bits, a DNS message), and a checksum, behind a line that says so.

use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::{Cache, Entry, Key};
use crate::wire::{Answer, HEADER, Name, Rcode, Rtype, TtlBounds};

const HEAD: &[u8] = b"trackless cache 1\n";
const CHECKSUM: usize = 8;

/// Why bytes are no cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is damaged, or of another version")]
pub struct Damaged;

impl Cache {
    /// What is held and fresh at `now`, which is `time` seconds since 1970. Costs a copy of it all.
    pub fn save(&self, now: u32, time: u64) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.extend_from_slice(&time.to_be_bytes());
        for slot in self.entries.iter() {
            let guard = slot.load();
            let Some(entry) = guard.as_deref().filter(|entry| entry.is_fresh(now)) else {
                continue;
            };
            let message = entry.answer().aged(entry.age(now));
            bytes.extend_from_slice(&(message.len() as u16).to_be_bytes());
            bytes.push(entry.bits());
            bytes.extend_from_slice(&message);
        }
        let checksum = XxHash3_64::oneshot(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// Takes in what [`Self::save`] gave, but for what has expired since; returns how many answers
    /// that are.
    ///
    /// # Errors
    /// The bytes are not what was saved. Nothing is taken in then.
    pub fn load(
        &self,
        bytes: &[u8],
        now: u32,
        time: u64,
        bounds: TtlBounds,
    ) -> Result<usize, Damaged> {
        let (bytes, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(Damaged)?;
        if XxHash3_64::oneshot(bytes).to_be_bytes() != *checksum {
            return Err(Damaged);
        }
        let bytes = bytes.strip_prefix(HEAD).ok_or(Damaged)?;
        let (saved, mut bytes) = bytes.split_first_chunk::<8>().ok_or(Damaged)?;
        // A clock that went back says nothing of what has expired.
        let passed = time.checked_sub(u64::from_be_bytes(*saved));
        let Some(passed) = passed.and_then(|passed| u32::try_from(passed).ok()) else {
            return Ok(0);
        };
        let mut taken = 0;
        while let Some((&[high, low, bits], rest)) = bytes.split_first_chunk::<3>() {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let (message, rest) = rest.split_at_checked(length).ok_or(Damaged)?;
            bytes = rest;
            taken += usize::from(self.take(message, bits, now, passed, bounds).is_some());
        }
        Ok(taken)
    }

    fn take(
        &self,
        message: &[u8],
        bits: u8,
        now: u32,
        passed: u32,
        bounds: TtlBounds,
    ) -> Option<()> {
        let name_end = HEADER + message.get(HEADER..)?.iter().position(|&octet| octet == 0)? + 1;
        let name = Name::of_canonical(message.get(HEADER..name_end)?)?;
        let qtype = message.get(name_end..name_end + 2)?.try_into().ok()?;
        // Which pool has which number may have changed meanwhile.
        let key = Some(Key::with_bits(&name, Rtype(u16::from_be_bytes(qtype)), bits))
            .filter(|key| key.pool == 0)?;
        let read = |message: &[u8]| Answer::read(message, &name, bounds).ok();
        let answer = read(message).filter(|answer| answer.lifetime() > passed)?;
        let answer = read(&answer.aged(passed))?;
        if !matches!(answer.rcode(), Rcode::NOERROR | Rcode::NXDOMAIN) || answer.lifetime() == 0 {
            return None;
        }
        self.insert(Arc::new(Entry::new(&key, answer, now)), key.hash(), now);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::tests::{BOUNDS, ask};

    fn saved() -> Vec<u8> {
        let cache = Cache::new(1 << 20);
        for index in 0..50 {
            ask(&cache, index, 100 + index as u32, 10);
        }
        ask(&cache, 50, 5, 10);
        cache.save(20, 1_000)
    }

    #[test]
    fn what_is_kept_is_there_again_and_expires_when_it_would_have() {
        let cache = Cache::new(1 << 20);
        // Saved 10 s after it was asked for, and loaded 110 s later: 120 s of each TTL are over.
        assert_eq!(cache.load(&saved(), 0, 1_110, BOUNDS), Ok(29));
        assert!(!ask(&cache, 20, 60, 0), "its 120 s are over");
        assert!(ask(&cache, 21, 60, 0) && !ask(&cache, 21, 60, 1));
        assert!(ask(&cache, 49, 60, 28) && !ask(&cache, 49, 60, 29));
    }

    #[test]
    fn damage_and_clocks_that_go_back_cost_only_what_was_kept() {
        let good = saved();
        let cache = Cache::new(1 << 20);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(cache.load(&bad, 0, 1_000, BOUNDS), Err(Damaged), "{at}");
        }
        assert_eq!(cache.load(&good[..good.len() / 2], 0, 1_000, BOUNDS), Err(Damaged));
        assert_eq!(cache.load(b"", 0, 1_000, BOUNDS), Err(Damaged));
        assert_eq!(cache.load(&good, 0, 999, BOUNDS), Ok(0));
        assert_eq!(cache.entries(), 0);
    }
}
