//! One answer in the cache, and the question it is found by.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use foldhash::quality::RandomState;

use crate::wire::{Answer, Name, Query, Rtype};

/// What an answer depends on. Class is always IN.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// Name asked for.
    pub name: &'a Name,
    /// Type asked for.
    pub qtype: Rtype,
    /// DO: the answer carries DNSSEC records.
    pub dnssec_ok: bool,
    /// CD: the answer was not validated and may be bogus.
    pub checking_disabled: bool,
    /// Which servers were asked, 0..=[`MOST_POOLS`]: see [`crate::policy::Policy::pool`].
    pub pool: u8,
}

/// Pools that are told apart, beside everybody's.
pub const MOST_POOLS: usize = 63;

/// Hash of a key: random for each process, so that nobody can aim at one place of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHash(u64);

impl<'a> Key<'a> {
    /// The key of what `query` asks `pool` for, about `name`.
    #[inline]
    pub fn of(name: &'a Name, query: &Query<'_>, pool: u8) -> Self {
        Self {
            name,
            qtype: query.qtype,
            dnssec_ok: query.dnssec_ok(),
            checking_disabled: query.checking_disabled(),
            pool,
        }
    }
}

impl Key<'_> {
    /// The hash of this key. About 5 ns.
    #[inline]
    pub fn hash(&self) -> KeyHash {
        static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::default);
        let mut hasher = STATE.build_hasher();
        hasher.write(self.name.wire());
        hasher.write_u32(u32::from(self.qtype.0) << 8 | u32::from(self.bits()));
        // 0 marks an empty slot.
        KeyHash(hasher.finish().max(1))
    }

    fn bits(&self) -> u8 {
        u8::from(self.dnssec_ok) | u8::from(self.checking_disabled) << 1 | self.pool << 2
    }
}

impl<'a> Key<'a> {
    /// The key of an entry with these [`Entry::bits`].
    pub(super) fn with_bits(name: &'a Name, qtype: Rtype, bits: u8) -> Self {
        let (dnssec_ok, checking_disabled) = (bits & 1 != 0, bits & 2 != 0);
        Self { name, qtype, dnssec_ok, checking_disabled, pool: bits >> 2 }
    }
}

impl KeyHash {
    pub(super) fn tag(self) -> u64 {
        self.0
    }

    pub(super) fn place(self) -> u64 {
        self.0
    }

    /// A number below `parts`, the same for the same question: spreads questions over threads.
    pub fn part(self, parts: usize) -> usize {
        // The low half: the high bits place an entry in the cache.
        (((self.0 & u64::from(u32::MAX)) * parts as u64) >> 32) as usize
    }
}

/// An answer with its time.
#[derive(Debug)]
pub struct Entry {
    answer: Answer,
    bits: u8,
    stored: u32,
    expires: u32,
    /// Until when a refresh need not be tried again.
    failed_until: AtomicU32,
    refreshing: AtomicBool,
}

/// Seconds after a failed refresh without another try (RFC 8767 section 5).
const RECHECK: u32 = 30;
/// Share of its lifetime that a popular answer is refreshed before its end.
const EARLY: u32 = 10;

impl Entry {
    /// The answer to `key`, as upstream gave it at `now`.
    pub fn new(key: &Key<'_>, answer: Answer, now: u32) -> Self {
        let expires = now.saturating_add(answer.lifetime());
        Self {
            answer,
            bits: key.bits(),
            stored: now,
            expires,
            failed_until: AtomicU32::new(0),
            refreshing: AtomicBool::new(false),
        }
    }

    /// The answer.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The name it was asked for.
    pub(super) fn name(&self) -> Name {
        let question = self.answer.question();
        Name::of_suffix(&question[..question.len() - 4])
    }

    /// What the question depends on beside name and type.
    pub(super) fn bits(&self) -> u8 {
        self.bits
    }

    /// Seconds since upstream gave it.
    pub fn age(&self, now: u32) -> u32 {
        now.saturating_sub(self.stored)
    }

    /// Notes at `now` that upstream had nothing newer.
    pub fn refresh_failed(&self, now: u32) {
        self.failed_until.store(now.saturating_add(RECHECK), Relaxed);
    }

    /// Whether upstream had nothing newer, so short a time ago that it is not asked again.
    pub fn has_failed_lately(&self, now: u32) -> bool {
        now < self.failed_until.load(Relaxed)
    }

    /// True once, to the first who asks in the last part of the answer's lifetime.
    #[inline]
    pub(super) fn start_refresh(&self, now: u32) -> bool {
        let left = self.expires.saturating_sub(now);
        left <= ((self.expires - self.stored) / EARLY).max(1)
            && !self.refreshing.load(Relaxed)
            && !self.refreshing.swap(true, Relaxed)
    }

    pub(super) fn is_fresh(&self, now: u32) -> bool {
        now < self.expires
    }

    pub(super) fn is_for(&self, key: &Key<'_>) -> bool {
        // Class IN, the only one that comes here, stands behind the type.
        let question = self.answer.question();
        let name = key.name.wire();
        self.bits == key.bits()
            && question.len() == name.len() + 4
            && question.starts_with(name)
            && question[name.len()..name.len() + 2] == key.qtype.0.to_be_bytes()
    }

    pub(super) fn expires(&self) -> u32 {
        self.expires
    }

    /// Memory taken: the bytes, the entry, and what two allocations cost.
    pub(super) fn size(&self) -> usize {
        /// Header and rounding of an allocation, on average.
        const ALLOCATION: usize = 16;
        self.answer.len() + size_of::<Self>() + 2 * ALLOCATION
    }
}
