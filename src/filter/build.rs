//! Compiling lists into a [`Table`], as a stream: each list is read twice, nothing but the table
//! itself is held.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use foldhash::fast::RandomState;

use super::census::Census;
use super::hash::{Seed, SuffixHash};
use super::storage::Draft;
use super::table::{
    LINE, Layout, MAGIC, RuleSet, SLOTS, checksum, field, filter_bits, layout, place, read_u64,
};
use super::{Listed, Table, TableError};
use crate::wire::Name;

/// Slots in use, in percent: fuller buckets run over more often, emptier ones cost memory.
const LOAD_PERCENT: u64 = 75;
/// Bits of a slot that number its rule set, tried in this order; what is left tells names apart.
const SET_BITS: [u32; 2] = [16, 24];

/// Room for the notes of 64 lists, in bytes.
const MAX_NOTES: usize = 1 << 20;

/// Why no table came out.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A list could not be read or the table not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The finished table does not check out.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The lists changed while they were read, each of several times.
    #[error("the lists changed while they were being compiled; try again")]
    Unsteady,
}

/// Takes what is listed of one name.
pub type Sink<'a> = &'a mut dyn FnMut(&Name, Listed);

/// Compiles what `feed` gives into a file at `path`, replacing it only when all is done. `feed` is
/// called at least twice and should give the same each time; `stamp`, and what it returns the last
/// time, are kept in the table.
///
/// Costs about 0.4 µs a name, and no memory but the table's own pages.
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
        let mut census = Census::default();
        feed(&mut |name, _| census.see(seed.whole(name)))?;
        let buckets = census.estimate() * 100 / LOAD_PERCENT / SLOTS as u64 + 1;
        let Some(mut slots) = Slots::new(seed, buckets, set_bits, &mut draft)? else { continue };
        let notes = feed(&mut |name, listed| slots.insert(seed.whole(name), listed))?;
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

/// The table in the making.
struct Slots {
    draft: Draft,
    layout: Layout,
    seed: Seed,
    set_bits: u32,
    buckets: u64,
    names: u64,
    sets: Vec<RuleSet>,
    numbers: HashMap<RuleSet, u32, RandomState>,
    /// Which set a set becomes with one more fact; saves hashing whole sets.
    next: HashMap<(u32, Listed), u32, RandomState>,
    overflow: bool,
}

impl Slots {
    /// None where the draft would be larger than memory can be.
    fn new(
        seed: Seed,
        buckets: u64,
        set_bits: u32,
        draft: &mut impl FnMut(usize) -> io::Result<Draft>,
    ) -> io::Result<Option<Self>> {
        let Some(layout) = layout(buckets) else { return Ok(None) };
        // Room for as many sets as there could be; pages that stay empty cost nothing.
        let sets = (layout.first_set / 8).min(1 << set_bits) + 1;
        Ok(Some(Self {
            draft: draft(layout.first_set + sets * LINE + MAX_NOTES)?,
            layout,
            seed,
            set_bits,
            buckets,
            names: 0,
            sets: vec![RuleSet::default()],
            numbers: HashMap::default(),
            next: HashMap::default(),
            overflow: false,
        }))
    }

    fn insert(&mut self, hash: SuffixHash, listed: Listed) {
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
                    let set = self.set_with((slot & set_mask) as u32, listed);
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

    /// The number of the set that `set` becomes with `listed`.
    fn set_with(&mut self, set: u32, listed: Listed) -> u32 {
        if let Some(&number) = self.next.get(&(set, listed)) {
            return number;
        }
        let grown = self.sets[set as usize].with(listed);
        let number = *self.numbers.entry(grown).or_insert_with(|| {
            self.sets.push(grown);
            (self.sets.len() - 1) as u32
        });
        if u64::from(number) >= 1 << self.set_bits {
            self.overflow = true;
            return set.max(1);
        }
        self.next.insert((set, listed), number);
        number
    }

    /// None where names or sets were more than there was room for.
    fn finish(mut self, stamp: u64, notes: &[u8]) -> Result<Option<Table>, TableError> {
        let first_set = self.layout.first_set;
        let first_note = first_set + self.sets.len() * LINE;
        let len = first_note + notes.len();
        if self.overflow || len > self.draft.bytes().len() {
            return Ok(None);
        }
        let bytes = &mut self.draft.bytes()[..len];
        for (line, set) in bytes[first_set..].chunks_exact_mut(LINE).zip(&self.sets) {
            set.write(line);
        }
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
        put(field::NOTES, &(notes.len() as u64).to_le_bytes());
        let sum = checksum(bytes);
        bytes[field::CHECKSUM..field::CHECKSUM + 8].copy_from_slice(&sum.to_le_bytes());
        Table::new(self.draft.finish(len)?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::{Origin, Rule, Scope, Tier, Verdict, VerdictKind};
    use super::*;

    fn rule(list: u8, tier: Tier, scope: Scope) -> Listed {
        Listed::Rule { list, tier, scope }
    }

    fn table(rules: &[(String, Listed)]) -> Table {
        build_in_memory(7, |sink| {
            for (text, listed) in rules {
                sink(&text.parse().unwrap(), *listed);
            }
            Ok(Vec::new())
        })
        .unwrap()
    }

    fn judge(table: &Table, name: &str, mask: u64) -> Verdict {
        let mut verdict = Verdict::default();
        table.judge(&name.parse().unwrap(), mask, &mut verdict);
        verdict
    }

    #[test]
    fn an_empty_table_lets_everything_pass() {
        let table = table(&[]);
        assert_eq!(table.names(), 0);
        assert_eq!(judge(&table, "a.b.c", u64::MAX), Verdict::default());
    }

    #[test]
    fn important_beats_allow_beats_block_and_then_the_longer_name() {
        let own = |text: &str| text.to_owned();
        let table = table(&[
            (own("example"), rule(0, Tier::Block, Scope::Tree)),
            (own("good.example"), rule(1, Tier::Allow, Scope::Tree)),
            (own("bad.good.example"), rule(2, Tier::ImportantBlock, Scope::Name)),
            (own("ads.good.example"), rule(0, Tier::Block, Scope::Name)),
            (own("twice.test"), rule(5, Tier::Block, Scope::Tree)),
            (own("twice.test"), rule(3, Tier::Block, Scope::Name)),
            (own("example"), Listed::Tracker(9)),
        ]);
        for (name, mask, kind, list) in [
            ("example", 0b111, VerdictKind::Block, Some(0)),
            ("x.good.example", 0b111, VerdictKind::Allow, Some(1)),
            ("x.good.example", 0b101, VerdictKind::Block, Some(0)),
            ("bad.good.example", 0b111, VerdictKind::Block, Some(2)),
            ("x.bad.good.example", 0b111, VerdictKind::Allow, Some(1)),
            ("ads.good.example", 0b111, VerdictKind::Allow, Some(1)),
            ("example", 0b110, VerdictKind::Pass, None),
            ("twice.test", u64::MAX, VerdictKind::Block, Some(3)),
            ("x.twice.test", u64::MAX, VerdictKind::Block, Some(5)),
        ] {
            let verdict = judge(&table, name, mask);
            let origin = list.map(Origin::List);
            assert_eq!((verdict.kind, verdict.rule.map(|rule| rule.origin)), (kind, origin));
            assert_eq!(verdict.tracker, if name.ends_with("example") { 9 } else { 0 });
        }
    }

    #[test]
    fn a_file_outlives_its_maker_and_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.table");
        let feed = |sink: Sink<'_>| {
            for index in 0..5_000 {
                let name = format!("n{index}.example").parse().unwrap();
                sink(&name, rule(0, Tier::Block, Scope::Name));
            }
            Ok(b"notes".to_vec())
        };
        drop(build(&path, 42, feed).unwrap());
        let table = Table::open(&path).unwrap();
        assert_eq!((table.names(), table.stamp(), table.notes()), (5_000, 42, b"notes".as_slice()));
        assert_eq!(judge(&table, "n4999.example", 1).kind, VerdictKind::Block);
        assert_eq!(judge(&table, "n5000.example", 1).kind, VerdictKind::Pass);

        let good = fs::read(&path).unwrap();
        for at in [0, 9, 41, 65, 200, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert!(Table::open(&path).is_err(), "bit flipped at {at}");
        }
        for len in [0, 7, 127, 128, good.len() - 64] {
            fs::write(&path, &good[..len]).unwrap();
            assert!(Table::open(&path).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn a_failed_build_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.table");
        drop(build(&path, 1, |_| Ok(Vec::new())).unwrap());
        assert!(build(&path, 2, |_| Err(io::Error::other("gone"))).is_err());
        assert_eq!(Table::open(&path).unwrap().stamp(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn more_sets_than_sixteen_bits_number_are_kept() {
        let rules: Vec<_> = (1..70_000)
            .map(|tracker| (format!("n{tracker}.example"), Listed::Tracker(tracker)))
            .collect();
        let table = table(&rules);
        assert_eq!(judge(&table, "n69999.example", 0).tracker, 69_999);
    }

    /// The rules as they were given, asked one by one.
    fn naive(rules: &[(String, Listed)], name: &str, mask: u64) -> Verdict {
        let mut verdict = Verdict::default();
        let mut trackers = BTreeMap::new();
        for (text, listed) in rules {
            let below = name.strip_suffix(text.as_str()).is_some_and(|rest| rest.ends_with('.'));
            let labels = text.split('.').count() as u8;
            match *listed {
                Listed::Tracker(tracker) if below || name == text => {
                    trackers.entry(labels).or_insert(tracker);
                }
                Listed::Rule { list, tier, scope }
                    if (name == text || (below && scope == Scope::Tree))
                        && mask & (1 << list) != 0 =>
                {
                    verdict.weigh(Rule { origin: Origin::List(list), tier, scope, labels });
                }
                _ => {}
            }
        }
        verdict.tracker = trackers.last_key_value().map_or(0, |(_, &tracker)| tracker);
        verdict
    }

    fn any_listed() -> impl Strategy<Value = Listed> {
        let tier = prop_oneof![Just(Tier::Block), Just(Tier::Allow), Just(Tier::ImportantBlock)];
        let scope = prop_oneof![Just(Scope::Name), Just(Scope::Tree)];
        prop_oneof![
            4 => (0_u8..64, tier, scope).prop_map(|(list, tier, scope)| rule(list, tier, scope)),
            1 => (1_u32..9).prop_map(Listed::Tracker),
        ]
    }

    proptest! {
        #[test]
        fn the_table_agrees_with_a_naive_matcher(
            rules in proptest::collection::vec(("[ab]{1,2}(\\.[ab]{1,2}){0,3}", any_listed()), 0..60),
            names in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,4}", 1..20),
            mask in any::<u64>(),
        ) {
            let table = table(&rules);
            for name in names {
                let (found, expected) = (judge(&table, &name, mask), naive(&rules, &name, mask));
                let without_scope = |verdict: Verdict| {
                    (verdict.kind, verdict.tracker, verdict.rule.map(|rule| (rule.origin, rule.labels)))
                };
                prop_assert_eq!(without_scope(found), without_scope(expected), "{}", name);
            }
        }
    }
}
