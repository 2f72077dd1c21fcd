//! Compiling lists into a [`Table`], as a stream: each list is read four times, nothing but the
//! table itself and the few rules beside the names is held.
//!
//! ```text
//! 1 survey   which names have listed ones below them; which rules are taken away
//! 2 covers   which lists cover everything below those names
//! 3 census   how many names are left to keep; rules with terms, patterns
//! 4 insert   into a table of the right size
//! ```

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use foldhash::fast::RandomState;

use super::census::{Ancestors, Census, Covers};
use super::extras::Collector;
use super::hash::{Seed, SuffixHash};
use super::rule::{ListRule, Subject};
use super::storage::Draft;
use super::table::{
    LINE, Layout, MAGIC, Mark, RuleSet, SLOTS, checksum, field, filter_bits, layout, place,
    read_u64,
};
use super::verdict::{Scope, Tier};
use super::{Table, TableError};
use crate::wire::Name;

/// Slots in use, in percent: fuller buckets run over more often, emptier ones cost memory.
const LOAD_PERCENT: u64 = 75;
/// Bits of a slot that number its rule set, tried in this order; what is left tells names apart.
const SET_BITS: [u32; 2] = [16, 24];
/// Room for the rules beside the names and for the notes, in bytes; unused room costs nothing.
const MAX_REST: usize = 64 << 20;

/// Why no table came out.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A list could not be read or the table not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The finished table does not check out.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The lists changed while they were read, each of several times, or have more patterns and
    /// rules with terms than there is room for.
    #[error(
        "the lists changed while they were being compiled, or have more patterns and rules with \
         conditions than fit into 64 MiB; try again, or leave one out"
    )]
    Unsteady,
}

/// What a list, or the facts, say.
#[derive(Debug, Clone, Copy)]
pub enum Listed<'a> {
    /// A rule of list number `list`, below 64.
    Rule {
        /// The list.
        list: u8,
        /// The rule.
        rule: ListRule<'a>,
    },
    /// The name and everything below it belong to this tracker, at least 1.
    Tracker(&'a Name, u32),
    /// The name and everything below it belong to this service, at least 1.
    Service(&'a Name, u16),
}

/// Takes what is listed.
pub type Sink<'a> = &'a mut dyn FnMut(Listed<'_>);

/// Compiles what `feed` gives into a file at `path`, replacing it only when all is done. `feed` is
/// called at least four times and should give the same each time; `stamp`, and what it returns the
/// last time, are kept in the table.
///
/// Costs about 0.8 µs a name; memory for the table's own pages, up to 32 MiB beside them, and the
/// patterns and rules with terms.
///
/// # Errors
/// What `feed` reports, or what the file system does; the old file then stays.
pub fn build(
    path: &Path,
    stamp: u64,
    feed: impl FnMut(Sink<'_>) -> io::Result<Vec<u8>>,
) -> Result<Table, BuildError> {
    let draft_path = path.with_extension("new");
    let result = compile(stamp, feed, |len| {
        let _ = fs::remove_file(&draft_path);
        let file = File::options().read(true).write(true).create_new(true).open(&draft_path)?;
        Draft::in_file(file, len)
    });
    match &result {
        Ok(_) => fs::rename(&draft_path, path)?,
        Err(_) => drop(fs::remove_file(&draft_path)),
    }
    result
}

/// As [`build`], in memory alone: for a server without a folder to write to.
///
/// # Errors
/// What `feed` reports.
pub fn build_in_memory(
    stamp: u64,
    feed: impl FnMut(Sink<'_>) -> io::Result<Vec<u8>>,
) -> Result<Table, BuildError> {
    compile(stamp, feed, Draft::in_memory)
}

fn compile(
    stamp: u64,
    mut feed: impl FnMut(Sink<'_>) -> io::Result<Vec<u8>>,
    mut draft: impl FnMut(usize) -> io::Result<Draft>,
) -> Result<Table, BuildError> {
    let seed = random_seed()?;
    for set_bits in SET_BITS {
        let mut survey = Survey::new(seed);
        feed(&mut |listed| survey.see(listed))?;
        feed(&mut |listed| survey.cover(listed))?;
        survey.ancestors = None;
        let mut collector = Collector::default();
        let mut census = Census::default();
        feed(&mut |listed| {
            if let Some((hash, _)) = survey.mark(listed, &mut collector) {
                census.see(hash);
            }
        })?;
        let buckets = census.estimate() * 100 / LOAD_PERCENT / SLOTS as u64 + 1;
        let Some(mut slots) = Slots::new(seed, buckets, set_bits, collector, &mut draft)? else {
            continue;
        };
        let notes = feed(&mut |listed| {
            if let Some((hash, mark)) = survey.mark(listed, &mut slots.collector) {
                slots.insert(hash, mark);
            }
        })?;
        if let Some(finished) = slots.finish(stamp, &notes)? {
            return Ok(finished);
        }
    }
    Err(BuildError::Unsteady)
}

fn random_seed() -> io::Result<Seed> {
    let mut words = [0; 4];
    for word in &mut words {
        *word = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
    }
    Ok(Seed(words))
}

/// What is known of all rules before they are kept.
struct Survey {
    seed: Seed,
    /// Only while it is found out what covers what.
    ancestors: Option<Ancestors>,
    covers: Covers,
    cancelled: HashSet<u64, RandomState>,
}

impl Survey {
    fn new(seed: Seed) -> Self {
        Self {
            seed,
            ancestors: Some(Ancestors::default()),
            covers: Covers::default(),
            cancelled: HashSet::default(),
        }
    }

    fn see(&mut self, listed: Listed<'_>) {
        let Listed::Rule { rule, .. } = listed else { return };
        if rule.cancels {
            self.cancelled.insert(rule.key());
        } else if let (Some((name, _, _)), Some(ancestors)) = (plain(&rule), &mut self.ancestors) {
            let above = name.label_count() - 1;
            self.seed.suffixes(name).take(above).for_each(|hash| ancestors.see(hash));
        }
    }

    fn cover(&mut self, listed: Listed<'_>) {
        let Listed::Rule { list, rule } = listed else { return };
        if let Some((name, tier, Scope::Tree | Scope::Below)) = plain(&rule)
            && let Some(ancestors) = &self.ancestors
        {
            let hash = self.seed.whole(name);
            if ancestors.may_hold(hash) && !self.is_cancelled(&rule) {
                self.covers.add(hash, tier, list);
            }
        }
    }

    fn is_cancelled(&self, rule: &ListRule<'_>) -> bool {
        rule.cancels || (!self.cancelled.is_empty() && self.cancelled.contains(&rule.key()))
    }

    /// What is to be kept with which name; none for a rule that goes elsewhere or nowhere.
    fn mark(&self, listed: Listed<'_>, collector: &mut Collector) -> Option<(SuffixHash, Mark)> {
        let (list, rule) = match listed {
            Listed::Tracker(name, tracker) => {
                return Some((self.seed.whole(name), Mark::Tracker(tracker)));
            }
            Listed::Service(name, service) => {
                return Some((self.seed.whole(name), Mark::Service(service)));
            }
            Listed::Rule { list, rule } => (list, rule),
        };
        if self.is_cancelled(&rule) {
            return None;
        }
        let Some((name, tier, scope)) = plain(&rule) else {
            let special = collector.take(list, &rule)?;
            let Subject::Name(name, _) = rule.subject else { return None };
            return Some((self.seed.whole(name), Mark::Special(special)));
        };
        let mut whole = None;
        for (index, hash) in self.seed.suffixes(name).enumerate() {
            if index + 1 == name.label_count() {
                whole = Some(hash);
            } else if self.covers.hold(hash, tier, list) {
                return None;
            }
        }
        Some((whole?, Mark::Rule { list, tier: tier as u8, scope }))
    }
}

/// A rule that is bits in the masks of a name: name, place of its tier, and scope.
fn plain<'a>(rule: &ListRule<'a>) -> Option<(&'a Name, usize, Scope)> {
    match rule.subject {
        Subject::Name(name, scope)
            if rule.terms.is_none()
                && rule.tier != Tier::ImportantAllow
                && name.label_count() > 0 =>
        {
            Some((name, rule.tier as usize, scope))
        }
        _ => None,
    }
}

/// The table in the making.
struct Slots {
    draft: Draft,
    layout: Layout,
    seed: Seed,
    set_bits: u32,
    buckets: u64,
    names: u64,
    collector: Collector,
    sets: Vec<RuleSet>,
    numbers: HashMap<RuleSet, u32, RandomState>,
    /// Which set a set becomes with one more mark; saves hashing whole sets.
    next: HashMap<(u32, Mark), u32, RandomState>,
    overflow: bool,
}

impl Slots {
    /// None where the draft would be larger than memory can be.
    fn new(
        seed: Seed,
        buckets: u64,
        set_bits: u32,
        collector: Collector,
        draft: &mut impl FnMut(usize) -> io::Result<Draft>,
    ) -> io::Result<Option<Self>> {
        let Some(layout) = layout(buckets) else { return Ok(None) };
        // Room for as many sets as there could be; pages that stay empty cost nothing.
        let sets = (layout.first_set / 8).min(1 << set_bits) + 1;
        Ok(Some(Self {
            draft: draft(layout.first_set + sets * LINE + MAX_REST)?,
            layout,
            seed,
            set_bits,
            buckets,
            names: 0,
            collector,
            sets: vec![RuleSet::default()],
            numbers: HashMap::default(),
            next: HashMap::default(),
            overflow: false,
        }))
    }

    fn insert(&mut self, hash: SuffixHash, mark: Mark) {
        let set_mask = (1 << self.set_bits) - 1;
        let mut bucket = place(hash.place, self.buckets);
        let filter_at = self.layout.first_filter + bucket as usize * 8;
        let filter = read_u64(self.draft.bytes(), filter_at) | filter_bits(hash.print);
        if self.overflow || self.names + 1 >= self.buckets * SLOTS as u64 {
            self.overflow = true;
            return;
        }
        self.put(filter_at, filter);
        loop {
            let start = field::HEADER + bucket as usize * LINE;
            for at in (start..start + LINE).step_by(8) {
                let slot = read_u64(self.draft.bytes(), at);
                if slot == 0 || (slot ^ hash.print) & !set_mask == 0 {
                    self.names += u64::from(slot == 0);
                    let set = self.set_with((slot & set_mask) as u32, mark);
                    self.put(at, (hash.print & !set_mask) | u64::from(set));
                    return;
                }
            }
            bucket = if bucket + 1 == self.buckets { 0 } else { bucket + 1 };
        }
    }

    fn put(&mut self, at: usize, word: u64) {
        self.draft.bytes()[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// The number of the set that `set` becomes with `mark`.
    fn set_with(&mut self, set: u32, mark: Mark) -> u32 {
        if let Some(&number) = self.next.get(&(set, mark)) {
            return number;
        }
        let collector = &mut self.collector;
        let grown = self.sets[set as usize]
            .with(mark, |group, special| collector.group_with(group, special));
        let number = *self.numbers.entry(grown).or_insert_with(|| {
            self.sets.push(grown);
            (self.sets.len() - 1) as u32
        });
        if u64::from(number) >= 1 << self.set_bits {
            self.overflow = true;
            return set.max(1);
        }
        self.next.insert((set, mark), number);
        number
    }

    /// None where names, sets or the rest were more than there was room for.
    fn finish(mut self, stamp: u64, notes: &[u8]) -> Result<Option<Table>, BuildError> {
        let extras = std::mem::take(&mut self.collector).write()?;
        let first_set = self.layout.first_set;
        let first_extra = first_set + self.sets.len() * LINE;
        let first_note = first_extra + extras.len();
        let len = first_note + notes.len();
        if self.overflow || len > self.draft.bytes().len() {
            return Ok(None);
        }
        let bytes = &mut self.draft.bytes()[..len];
        for (line, set) in bytes[first_set..].chunks_exact_mut(LINE).zip(&self.sets) {
            set.write(line);
        }
        bytes[first_extra..first_note].copy_from_slice(&extras);
        bytes[first_note..].copy_from_slice(notes);
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &MAGIC);
        for (index, word) in self.seed.0.iter().enumerate() {
            put(field::SEED + 8 * index, &word.to_le_bytes());
        }
        put(field::BUCKETS, &self.buckets.to_le_bytes());
        put(field::SETS, &(self.sets.len() as u32).to_le_bytes());
        put(field::SET_BITS, &self.set_bits.to_le_bytes());
        put(field::STAMP, &stamp.to_le_bytes());
        put(field::NAMES, &self.names.to_le_bytes());
        put(field::EXTRAS, &(extras.len() as u64).to_le_bytes());
        put(field::NOTES, &(notes.len() as u64).to_le_bytes());
        let sum = checksum(bytes);
        bytes[field::CHECKSUM..field::CHECKSUM + 8].copy_from_slice(&sum.to_le_bytes());
        Ok(Some(Table::new(self.draft.finish(len)?)?))
    }
}

#[cfg(test)]
mod tests;
