//! Answers we hold, as wire bytes, bounded in bytes.
//!
//! What upstream said is kept, never what we made of it: policy is asked before the cache, so a
//! change of policy needs no flush. Readers take no lock and allocate nothing: a set of eight tags
//! is one cache line, and an entry is read through an `arc-swap` slot. Writers, which have just
//! waited for an upstream, take one lock.
//!
//! Eviction resists scans: an entry starts cold, is warmed by hits, and only cold ones go; a
//! thousand names asked once push each other out and not the names asked all day. Time is an
//! argument, in seconds. From here an answer goes to `wire`, which patches it for its client.

mod entry;
mod kept;

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwapOption, Guard};

use crate::wire::Name;

pub use entry::{Entry, Key, KeyHash, MOST_POOLS};
pub use kept::Damaged;

/// Entries that share a place: eight tags fill a cache line.
const WAYS: usize = 8;
/// Bytes of answers there is a slot for. Common answers take more, so bytes run out before slots.
const BYTES_PER_SLOT: u64 = 256;
/// Hits that count for an entry's staying; more would only make it leave later.
const HOTTEST: u8 = 3;

/// The answer cache, shared by all workers.
#[derive(Debug)]
pub struct Cache {
    /// Key hashes, 0 where empty.
    tags: Box<[AtomicU64]>,
    entries: Box<[ArcSwapOption<Entry>]>,
    heat: Box<[AtomicU8]>,
    /// When each entry expires: read by writers, who would otherwise touch every entry of a set.
    expires: Box<[AtomicU32]>,
    limit: usize,
    bytes: AtomicUsize,
    count: AtomicUsize,
    /// Where eviction goes on; also the writers' lock.
    hand: Mutex<usize>,
}

/// An entry that was found; it stays readable whatever happens to the cache meanwhile.
#[derive(Debug)]
pub struct Found {
    guard: Guard<Option<Arc<Entry>>>,
    heat: u8,
}

impl Found {
    /// The entry.
    pub fn entry(&self) -> Option<&Entry> {
        self.guard.as_deref()
    }

    /// Whether it is asked for often and about to expire: true once for each entry.
    #[inline]
    pub fn start_refresh(&self, now: u32) -> bool {
        self.heat >= HOTTEST && self.entry().is_some_and(|entry| entry.start_refresh(now))
    }
}

impl Cache {
    /// A cache for `limit` bytes of answers, 0 for none. Slots take a twelfth of it on top.
    pub fn new(limit: u64) -> Self {
        let slots = (limit.div_ceil(BYTES_PER_SLOT) as usize).next_multiple_of(WAYS);
        Self {
            tags: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            entries: (0..slots).map(|_| ArcSwapOption::empty()).collect(),
            heat: (0..slots).map(|_| AtomicU8::new(0)).collect(),
            expires: (0..slots).map(|_| AtomicU32::new(0)).collect(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            bytes: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            hand: Mutex::new(0),
        }
    }

    /// Bytes held, each entry's own cost included.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// Answers held.
    pub fn entries(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// The answer to `key` that is still fresh at `now`. Takes no lock, allocates nothing.
    #[inline]
    pub fn get(&self, key: &Key<'_>, hash: KeyHash, now: u32) -> Option<Found> {
        let (slot, found) = self.find(key, hash)?;
        if !found.entry().is_some_and(|entry| entry.is_fresh(now)) {
            return None;
        }
        if found.heat < HOTTEST {
            // Hits may be lost between two workers: a few more make up for them.
            self.heat[slot].store(found.heat + 1, Relaxed);
        }
        Some(found)
    }

    /// The answer to `key` even if it has expired, by at most `longest` seconds: better than none
    /// (RFC 8767).
    pub fn stale(&self, key: &Key<'_>, hash: KeyHash, now: u32, longest: u32) -> Option<Found> {
        let (_, found) = self.find(key, hash)?;
        let expires = found.entry()?.expires();
        (now < expires.saturating_add(longest)).then_some(found)
    }

    #[inline]
    fn find(&self, key: &Key<'_>, hash: KeyHash) -> Option<(usize, Found)> {
        for slot in self.ways(hash) {
            if self.tags[slot].load(Relaxed) == hash.tag() {
                let guard = self.entries[slot].load();
                if guard.as_ref().is_some_and(|entry| entry.is_for(key)) {
                    return Some((slot, Found { guard, heat: self.heat[slot].load(Relaxed) }));
                }
            }
        }
        None
    }

    /// Holds `entry`, in place of an older answer to the same question.
    pub fn insert(&self, entry: Arc<Entry>, hash: KeyHash, now: u32) {
        let size = entry.size();
        if size > self.limit / WAYS {
            return;
        }
        let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = self.slot_for(hash, now);
        self.clear(slot);
        self.bytes.fetch_add(size, Relaxed);
        self.count.fetch_add(1, Relaxed);
        self.expires[slot].store(entry.expires(), Relaxed);
        self.entries[slot].store(Some(entry));
        self.tags[slot].store(hash.tag(), Relaxed);
        while self.bytes.load(Relaxed) > self.limit {
            *hand = (*hand + 1) % self.tags.len();
            self.cool_or_clear(*hand, now);
        }
    }

    /// Lets go of the answers to questions for which `goes` is true, of their names; returns how many
    /// those were. Looks at every answer; readers are not held up.
    pub fn flush(&self, goes: impl Fn(&Name) -> bool) -> usize {
        let _writing = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = 0;
        for slot in 0..self.entries.len() {
            if self.entries[slot].load().as_deref().is_some_and(|entry| goes(&entry.name())) {
                self.clear(slot);
                gone += 1;
            }
        }
        gone
    }

    /// The slot to write to: the same question's, an empty one, or the coldest.
    fn slot_for(&self, hash: KeyHash, now: u32) -> usize {
        let mut coldest = (u8::MAX, 0);
        for slot in self.ways(hash) {
            let heat = match self.tags[slot].load(Relaxed) {
                // Another question with the same 64 bits, should there ever be one, has to go.
                tag if tag == hash.tag() => return slot,
                0 => 0,
                _ if now < self.expires[slot].load(Relaxed) => 1 + self.heat[slot].load(Relaxed),
                _ => 1,
            };
            if heat < coldest.0 {
                coldest = (heat, slot);
            }
        }
        if coldest.0 > 1 {
            // All are warm: they cool together, or the first to get warm would stay for ever.
            for slot in self.ways(hash) {
                let heat = self.heat[slot].load(Relaxed);
                self.heat[slot].store(heat.saturating_sub(1), Relaxed);
            }
        }
        coldest.1
    }

    fn cool_or_clear(&self, slot: usize, now: u32) {
        let heat = self.heat[slot].load(Relaxed);
        if heat > 0 && now < self.expires[slot].load(Relaxed) {
            self.heat[slot].store(heat - 1, Relaxed);
        } else {
            self.clear(slot);
        }
    }

    fn clear(&self, slot: usize) {
        self.tags[slot].store(0, Relaxed);
        self.heat[slot].store(0, Relaxed);
        if let Some(old) = self.entries[slot].swap(None) {
            self.bytes.fetch_sub(old.size(), Relaxed);
            self.count.fetch_sub(1, Relaxed);
        }
    }

    fn ways(&self, hash: KeyHash) -> std::ops::Range<usize> {
        let sets = (self.tags.len() / WAYS) as u64;
        let start = ((u128::from(hash.place()) * u128::from(sets)) >> 64) as usize * WAYS;
        start..(start + WAYS).min(self.tags.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Answer, Rtype, TtlBounds};

    pub(super) const BOUNDS: TtlBounds = TtlBounds { min: 0, max: 86_400, max_negative: 3_600 };

    fn name(index: usize) -> Name {
        format!("n{index}.example").parse().unwrap()
    }

    fn key(name: &Name) -> Key<'_> {
        Key { name, qtype: Rtype(1), dnssec_ok: false, checking_disabled: false, pool: 0 }
    }

    /// Asked for `index` at `now`; like a server, keeps an answer of `ttl` seconds on a miss.
    pub(super) fn ask(cache: &Cache, index: usize, ttl: u32, now: u32) -> bool {
        let name = name(index);
        let key = key(&name);
        let hash = key.hash();
        if cache.get(&key, hash, now).is_some() {
            return true;
        }
        let mut message = vec![0, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
        message.extend_from_slice(name.wire());
        message.extend_from_slice(&[0, 1, 0, 1]);
        message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01");
        message.extend_from_slice(&ttl.to_be_bytes());
        message.extend_from_slice(b"\0\x04\x7f\0\0\x01");
        let answer = Answer::read(&message, &name, BOUNDS).unwrap();
        cache.insert(Arc::new(Entry::new(&key, answer, now)), hash, now);
        false
    }

    #[test]
    fn an_answer_is_found_until_it_expires() {
        let cache = Cache::new(1 << 20);
        assert!(!ask(&cache, 1, 60, 100));
        assert!(ask(&cache, 1, 60, 159));
        assert!(!ask(&cache, 1, 60, 160));
        assert!(ask(&cache, 1, 60, 161));
        assert_eq!(cache.entries(), 1);
    }

    #[test]
    fn an_expired_answer_is_there_for_need() {
        let cache = Cache::new(1 << 20);
        ask(&cache, 1, 60, 100);
        let name = name(1);
        let key = key(&name);
        assert!(cache.stale(&key, key.hash(), 100 + 60 + 9, 10).is_some());
        assert!(cache.stale(&key, key.hash(), 100 + 60 + 10, 10).is_none());
        assert!(cache.get(&key, key.hash(), 100 + 60).is_none());
    }

    #[test]
    fn what_is_popular_is_refreshed_once_before_it_expires() {
        let cache = Cache::new(1 << 20);
        let due = |now| {
            let (name, found);
            name = self::name(1);
            let key = key(&name);
            found = cache.get(&key, key.hash(), now).unwrap();
            found.start_refresh(now)
        };
        ask(&cache, 1, 100, 0);
        assert!(!due(95), "asked for once");
        assert!(!due(89) && !due(89) && !due(89), "too early");
        assert!(due(90) && !due(91));
    }

    #[test]
    fn other_type_and_bits_are_other_questions() {
        let cache = Cache::new(1 << 20);
        ask(&cache, 1, 60, 0);
        let name = name(1);
        for other in [
            Key { qtype: Rtype(28), ..key(&name) },
            Key { dnssec_ok: true, ..key(&name) },
            Key { checking_disabled: true, ..key(&name) },
            Key { pool: 1, ..key(&name) },
        ] {
            assert!(cache.get(&other, other.hash(), 0).is_none());
        }
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let cache = Cache::new(64 << 10);
        for index in 0..10_000 {
            ask(&cache, index, 60, 0);
            assert!(cache.bytes() <= 64 << 10);
        }
        assert!(cache.entries() > 100);
        for slot in 0..cache.tags.len() {
            cache.clear(slot);
        }
        assert_eq!((cache.bytes(), cache.entries()), (0, 0));
    }

    #[test]
    fn a_scan_does_not_push_out_what_is_asked_often() {
        let cache = Cache::new(64 << 10);
        let popular = 0..40;
        for _ in 0..4 {
            for index in popular.clone() {
                ask(&cache, index, 600, 0);
            }
        }
        let mut hits = 0;
        for round in 0..100 {
            for index in 0..50 {
                ask(&cache, 1_000 + round * 50 + index, 600, 0);
            }
            hits += popular.clone().filter(|&index| ask(&cache, index, 600, 0)).count();
        }
        assert!(hits > 3_600, "{hits} of 4000");
    }

    #[test]
    fn what_is_flushed_is_asked_for_again() {
        let cache = Cache::new(1 << 20);
        for index in 0..20 {
            ask(&cache, index, 60, 0);
        }
        assert_eq!(cache.flush(|name| name.wire() == self::name(3).wire()), 1);
        assert!(!ask(&cache, 3, 60, 0) && ask(&cache, 4, 60, 0));
        assert_eq!(cache.flush(|_| true), 20);
        assert_eq!((cache.bytes(), cache.entries()), (0, 0));
    }

    #[test]
    fn no_cache_holds_nothing() {
        let cache = Cache::new(0);
        assert!(!ask(&cache, 1, 60, 0) && !ask(&cache, 1, 60, 0));
        assert_eq!(cache.entries(), 0);
    }

    #[test]
    fn readers_and_writers_do_not_disturb_each_other() {
        let cache = Cache::new(16 << 10);
        std::thread::scope(|scope| {
            for start in 0..4 {
                let cache = &cache;
                scope.spawn(move || {
                    for round in 0..5_000 {
                        ask(cache, (start * 7 + round) % 300, 60, 0);
                    }
                });
            }
        });
        assert!(cache.bytes() <= 16 << 10);
    }
}
