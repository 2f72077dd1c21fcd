//! The compiled rules of all lists: one hash table from names to rule sets, used as it lies in
//! its file.
//!
//! ```text
//! header  128 bytes: magic, version, key, sizes, stamp, checksum
//! buckets  64 bytes each, one cache line: 8 slots of print (high bits) and set number (low bits)
//! filters  8 bytes each, one a bucket: four bits for every name that belongs there
//! sets     64 bytes each: masks of lists by tier, tracker, service, group of rules with terms
//! extras   rules beside the names, as `extras` writes them
//! notes    what the maker wants to know again
//! ```
//!
//! No names are kept: a slot holds the high 48 bits of a keyed 64-bit print, in a bucket chosen by
//! an independent 64-bit hash. A name that is not listed is taken for a listed one with a chance
//! of about 8 · 2^-48 a suffix: at 100,000 queries a day, once in about 300,000 years. Nobody can
//! look for such a name without the key, which never leaves the file. The name of a rule is the
//! matched suffix of the query itself. In return a look-up is short: most names are not listed, and
//! the filters, small enough to stay in a processor's cache, turn away 98 of 100 such suffixes;
//! a listed one costs one cache line more.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use twox_hash::XxHash3_64;

use super::extras::Extras;
use super::hash::Seed;
use super::storage::Storage;
use super::terms::{Asker, Reply};
use super::{ListRule, Origin, Rule, Scope, Subject, Tier, Verdict};
use crate::wire::Name;

pub(super) const MAGIC: [u8; 8] = *b"TRKLESS2";
pub(super) const LINE: usize = 64;
pub(super) const SLOTS: usize = 8;
/// Header fields by their offset.
pub(super) mod field {
    pub(crate) const SEED: usize = 8;
    pub(crate) const BUCKETS: usize = 40;
    pub(crate) const SETS: usize = 48;
    pub(crate) const SET_BITS: usize = 52;
    pub(crate) const STAMP: usize = 56;
    pub(crate) const CHECKSUM: usize = 64;
    pub(crate) const NAMES: usize = 72;
    pub(crate) const NOTES: usize = 80;
    pub(crate) const EXTRAS: usize = 88;
    /// Two lines: the fields above, and room.
    pub(crate) const HEADER: usize = 128;
}

/// Tiers that have masks, in the order they are kept.
const TIERS: [Tier; 3] = [Tier::Block, Tier::Allow, Tier::ImportantBlock];

/// What is listed of one name: for each tier the lists with a rule for the name itself, and those
/// with a rule for everything below; tracker, service, and group of rules with terms, 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct RuleSet {
    masks: [u64; 6],
    tracker: u32,
    group: u32,
    service: u16,
}

/// One thing listed of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mark {
    /// A rule without terms; `tier` is its place among those that have masks.
    Rule {
        list: u8,
        tier: u8,
        scope: Scope,
    },
    Special(u32),
    Tracker(u32),
    Service(u16),
}

impl RuleSet {
    /// With one more mark. A name that two facts give to different trackers, or services, stays
    /// with the first. `group_with` gives the group that one becomes with one more special.
    pub(super) fn with(mut self, mark: Mark, group_with: impl FnOnce(u32, u32) -> u32) -> Self {
        match mark {
            Mark::Rule { list, tier, scope } => {
                let [itself, below] = match scope {
                    Scope::Name => [1, 0],
                    Scope::Below => [0, 1],
                    Scope::Tree | Scope::Pattern => [1, 1],
                };
                self.masks[2 * usize::from(tier)] |= itself << list;
                self.masks[2 * usize::from(tier) + 1] |= below << list;
            }
            Mark::Special(special) => self.group = group_with(self.group, special),
            Mark::Tracker(tracker) if self.tracker == 0 => self.tracker = tracker,
            Mark::Service(service) if self.service == 0 => self.service = service,
            Mark::Tracker(_) | Mark::Service(_) => {}
        }
        self
    }

    pub(super) fn write(&self, line: &mut [u8]) {
        for (word, mask) in line.chunks_exact_mut(8).zip(self.masks) {
            word.copy_from_slice(&mask.to_le_bytes());
        }
        line[48..52].copy_from_slice(&self.tracker.to_le_bytes());
        line[52..56].copy_from_slice(&self.group.to_le_bytes());
        line[56..58].copy_from_slice(&self.service.to_le_bytes());
    }
}

/// The compiled rules. Immutable; a look-up needs nothing but `&self`.
#[derive(Debug)]
pub struct Table {
    storage: Storage,
    seed: Seed,
    sets: usize,
    set_mask: u64,
    layout: Layout,
    buckets: u64,
    names: u64,
    stamp: u64,
    first_note: usize,
    extras: Extras,
}

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It could not be read.
    #[error("cannot read the compiled table: {0}")]
    Io(#[from] io::Error),
    /// It is of another version, or no table.
    #[error("not a compiled table of this version")]
    Version,
    /// Its bytes are not those that were written.
    #[error("the compiled table is damaged")]
    Damaged,
}

impl Table {
    /// Maps a table file after checking it as a whole (about 0.1 ms a megabyte).
    ///
    /// # Errors
    /// A file that is missing, of another version, or differs by one bit from what was written.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        Self::new(Storage::open(&File::open(path)?)?)
    }

    pub(super) fn new(storage: Storage) -> Result<Self, TableError> {
        let bytes = storage.bytes();
        if bytes.get(..8) != Some(&MAGIC) || bytes.len() < field::HEADER {
            return Err(TableError::Version);
        }
        if read_u64(bytes, field::CHECKSUM) != checksum(bytes) {
            return Err(TableError::Damaged);
        }
        let sets = read_u32(bytes, field::SETS) as usize;
        let set_bits = read_u32(bytes, field::SET_BITS);
        let buckets = read_u64(bytes, field::BUCKETS);
        let layout = layout(buckets).ok_or(TableError::Damaged)?;
        let first_extra = layout.first_set.saturating_add(sets.saturating_mul(LINE));
        let extras = read_u64(bytes, field::EXTRAS) as usize;
        let first_note = first_extra.saturating_add(extras);
        let fits =
            bytes.len().checked_sub(first_note) == Some(read_u64(bytes, field::NOTES) as usize);
        if !fits || buckets == 0 || !(8..=32).contains(&set_bits) {
            return Err(TableError::Damaged);
        }
        let extras =
            Extras::read(&bytes[first_extra..first_note]).map_err(|_| TableError::Damaged)?;
        Ok(Self {
            seed: Seed(std::array::from_fn(|word| read_u64(bytes, field::SEED + 8 * word))),
            sets,
            set_mask: (1 << set_bits) - 1,
            layout,
            buckets,
            names: read_u64(bytes, field::NAMES),
            stamp: read_u64(bytes, field::STAMP),
            first_note,
            extras,
            storage,
        })
    }

    /// What the table was compiled from, as the compiler was told.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// What `feed` returned when the table was compiled.
    pub fn notes(&self) -> &[u8] {
        &self.storage.bytes()[self.first_note..]
    }

    /// Different names listed.
    pub fn names(&self) -> u64 {
        self.names
    }

    /// Bytes of the table.
    pub fn size(&self) -> usize {
        self.storage.bytes().len()
    }

    /// Weighs every rule that matches `name` for `asker`, and finds the tracker. About 100 ns; a
    /// cache line a label.
    #[inline]
    pub fn judge(&self, name: &Name, asker: &Asker<'_>, verdict: &mut Verdict) {
        self.each_match(name, |labels, set| {
            if set.tracker() != 0 {
                verdict.tracker = set.tracker();
            }
            let whole = labels == name.label_count();
            for (index, tier) in TIERS.into_iter().enumerate() {
                let mask = set.mask(index, whole);
                verdict.noted |= tier.blocks() && mask & asker.noted != 0;
                let lists = mask & asker.lists;
                if lists == 0 {
                    continue;
                }
                if tier.blocks() {
                    verdict.against |= lists;
                }
                let list = lists.trailing_zeros() as u8;
                let both = set.mask(index, !whole) & (1 << list) != 0;
                let scope = match (both, whole) {
                    (true, _) => Scope::Tree,
                    (false, true) => Scope::Name,
                    (false, false) => Scope::Below,
                };
                verdict.weigh(Rule::plain(Origin::List(list), tier, scope, labels));
            }
            if set.service() != 0 && asker.refuses_service(set.service()) {
                let origin = Origin::Service(set.service());
                verdict.weigh(Rule::plain(origin, Tier::ImportantBlock, Scope::Tree, labels));
            }
            if set.group() != 0 {
                self.extras.weigh_group(set.group(), labels, name, asker, verdict);
            }
        });
        if !self.extras.only_names() {
            self.extras.weigh_rest(name, asker, verdict);
        }
    }

    /// Whether there are rules on where answers lead.
    #[inline]
    pub fn speaks_of_addresses(&self) -> bool {
        self.extras.has_networks()
    }

    /// Weighs the rules on answers that lead to `address`, which `name` was asked for.
    pub fn judge_address(
        &self,
        address: IpAddr,
        name: &Name,
        asker: &Asker<'_>,
        verdict: &mut Verdict,
    ) {
        self.extras.weigh_address(address, name, asker, verdict);
    }

    /// The replies that `rule`, which won for `name`, brings along; with those of equal rules.
    pub fn replies(&self, rule: Rule, name: &Name, asker: &Asker<'_>) -> Vec<&Reply> {
        let mut group = 0;
        self.each_match(name, |labels, set| {
            if labels == usize::from(rule.labels) {
                group = set.group();
            }
        });
        self.extras.replies(rule, group, name, asker)
    }

    /// A rule that won for `name`, in the notation of Adblock-style lists.
    pub fn rule_text(&self, rule: Rule, name: &Name) -> String {
        let listed = Name::of_suffix(name.suffix(usize::from(rule.labels)));
        let subject = match self.extras.pattern_of(rule, name) {
            Some(pattern) => Subject::Pattern(pattern),
            None => Subject::Name(&listed, rule.scope),
        };
        let terms = self.extras.terms_of(rule);
        ListRule { subject, tier: rule.tier, terms, cancels: false }.to_string()
    }

    /// Calls `each` with every listed suffix, shortest first: its labels and what is listed.
    #[inline]
    fn each_match(&self, name: &Name, mut each: impl FnMut(usize, SetRef<'_>)) {
        let bytes = self.storage.bytes();
        for (index, hash) in self.seed.suffixes(name).enumerate() {
            let mut bucket = place(hash.place, self.buckets);
            let bits = filter_bits(hash.print);
            if read_u64(bytes, self.layout.first_filter + bucket as usize * 8) & bits != bits {
                continue;
            }
            // A table of ours has an empty slot somewhere; one that claims so without must not
            // lead round and round.
            for _ in 0..self.buckets {
                let at = field::HEADER + bucket as usize * LINE;
                let Some(line) = bytes.get(at..).and_then(|rest| rest.first_chunk::<LINE>()) else {
                    break;
                };
                let mut last = 0;
                for slot in line.chunks_exact(8) {
                    last = read_u64(slot, 0);
                    if (last ^ hash.print) & !self.set_mask == 0 && last != 0 {
                        let set = (last & self.set_mask) as usize;
                        if set < self.sets {
                            let at = self.layout.first_set + set * LINE;
                            each(index + 1, SetRef(&bytes[at..at + LINE]));
                        }
                        last = 0;
                        break;
                    }
                }
                // Slots fill from the left, and only a full bucket runs over into the next.
                if last == 0 {
                    break;
                }
                bucket = if bucket + 1 == self.buckets { 0 } else { bucket + 1 };
            }
        }
    }
}

/// A rule set as it lies in the table.
struct SetRef<'a>(&'a [u8]);

impl SetRef<'_> {
    /// Lists with a rule of the tier at `index` for the name itself, or for what is below.
    fn mask(&self, index: usize, itself: bool) -> u64 {
        read_u64(self.0, 8 * (2 * index + usize::from(!itself)))
    }

    fn tracker(&self) -> u32 {
        read_u32(self.0, 48)
    }

    fn group(&self) -> u32 {
        read_u32(self.0, 52)
    }

    fn service(&self) -> u16 {
        u16::from_le_bytes([self.0[56], self.0[57]])
    }
}

/// The bucket a hash belongs to, of `buckets`: evenly, and without a division.
#[inline]
pub(super) fn place(hash: u64, buckets: u64) -> u64 {
    ((u128::from(hash) * u128::from(buckets)) >> 64) as u64
}

/// The bits of a name in its bucket's filter. They come from the low half of the print, which the
/// slot does not keep, so that filter and slot err independently.
#[inline]
pub(super) fn filter_bits(print: u64) -> u64 {
    [0, 6, 12, 18].into_iter().fold(0, |bits, shift| bits | 1 << ((print >> shift) & 63))
}

/// Where the parts of a table of `buckets` begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) first_filter: usize,
    pub(super) first_set: usize,
}

/// None where the table would be larger than memory can be.
pub(super) fn layout(buckets: u64) -> Option<Layout> {
    let buckets = usize::try_from(buckets).ok()?;
    let first_filter = buckets.checked_mul(LINE)?.checked_add(field::HEADER)?;
    let first_set =
        buckets.checked_mul(8)?.checked_add(first_filter)?.checked_next_multiple_of(LINE)?;
    Some(Layout { first_filter, first_set })
}

/// Checksum of all bytes but the checksum itself.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    let before = XxHash3_64::oneshot(&bytes[..field::CHECKSUM]);
    XxHash3_64::oneshot_with_seed(before, &bytes[field::CHECKSUM + 8..])
}

#[inline]
pub(super) fn read_u64(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests;
