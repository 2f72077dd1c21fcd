//! Where rules come from: the builtin facts and the lists of the config, compiled into one table.
//!
//! ```text
//! url  ─▶ fetch ─▶ gate ─▶ keep ─┐ (on a thread of its own, whenever it is time)
//! file ──────────▶ gate ─▶ keep ─┤ (at each load)
//! trackers.yaml ─────────────────┴▶ feed ─▶ filter::build ─▶ rules.table ─▶ Rules
//!                                             └─ mapped as it is, while its stamp fits
//! ```
//!
//! It must never let one bad list spoil the rest, never wait for a network to load what it has,
//! and never trust a table made from other lists than these.

mod builtin;
mod databases;
mod explain;
mod feed;
pub mod fetch;
pub mod gate;
mod keep;
mod source;
#[cfg(test)]
mod tests;
mod update;
mod why;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::config::{Config, List};
use crate::filter::syntax::Format;
use crate::filter::{self, BuildError, Sink, Table};
use crate::policy::BUILTIN_LISTS;
use crate::trackers::{Facts, FactsError};
use gate::{Canaries, Gate};
use source::Source;

pub use explain::{ExplainError, Explained, explain};
pub use keep::{Copy, Keep, now};
pub use update::{Update, UpdateError, next, update};

/// The table's file in the data folder.
const TABLE: &str = "rules.table";
/// Octets of a list read at once.
const READ: usize = 256 * 1024;

/// All rules, ready to judge by, and what came of each list.
#[derive(Debug)]
pub struct Rules {
    /// The compiled table.
    pub table: Table,
    /// Companies and categories for the table's tracker numbers.
    pub facts: Facts,
    /// Every list by its number, the builtin ones first.
    pub lists: Vec<Status>,
    /// Every tracker database.
    pub databases: Vec<Status>,
    /// Why the table is in memory alone, where it should be in the data folder.
    pub not_kept: Option<BuildError>,
}

/// What came of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Where it comes from; none for a builtin one.
    pub source: Option<String>,
    /// Rules read, repeated ones included.
    pub rules: u64,
    /// How it was read.
    pub format: Option<String>,
    /// Under what conditions it may be used, where that is known.
    pub licence: Option<String>,
    /// Lines that could not be read, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The first of them, with their line numbers.
    pub first_skipped: Vec<String>,
    /// Why there is nothing of it.
    pub error: Option<String>,
    /// Why the newest one is not taken; the one before goes on.
    pub refused: Option<String>,
    /// Why either of these is so, in a word that stays the same; none where there is no word for it.
    #[serde(default)]
    pub why: Option<String>,
    /// Whether it was had but is not fit to be taken, and none since is.
    #[serde(default)]
    pub unfit: bool,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last known to be the newest, in seconds since 1970.
    pub checked: Option<u64>,
}

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// The builtin facts are broken.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The table could be built neither in the data folder nor in memory.
    #[error("cannot compile the lists: {0}")]
    Build(#[from] BuildError),
}

impl Rules {
    /// The rules that `config` names: from the table kept in `data` if it was made from exactly
    /// these lists, compiled anew otherwise. A list that cannot be read, or does not pass the
    /// gates, goes on as its last good copy, or has its `error` set and no rules. A folder that
    /// cannot be written to costs only the next start's time. Never waits for a network.
    ///
    /// # Errors
    /// Only if there is no memory for the table.
    pub fn load(config: &Config, data: Option<&Path>) -> Result<Self, ListsError> {
        let sources = Sources::of(config, data);
        let stamp = sources.stamp(config);
        let mut rules = match data.and_then(|data| kept(data, stamp)) {
            Some(rules) => rules,
            None => Self::compile(config, data, stamp, &sources)?,
        };
        let lists = rules.lists.iter_mut().skip(BUILTIN_LISTS.len()).zip(sources.lists);
        for (status, source) in lists.chain(rules.databases.iter_mut().zip(sources.databases)) {
            status.know(source);
        }
        Ok(rules)
    }

    fn compile(
        config: &Config,
        data: Option<&Path>,
        stamp: u64,
        sources: &Sources,
    ) -> Result<Self, ListsError> {
        let (imported, databases) = databases::read(config, &sources.databases);
        let (facts, domains) = Facts::with(&imported)?;
        drop(imported);
        let mut notes = Notes { lists: Vec::new(), databases, facts };
        let mut feed = |sink: Sink<'_>| {
            notes.lists = feed::feed(config, &sources.lists, &domains, sink);
            serde_json::to_vec(&notes).map_err(io::Error::other)
        };
        let mut not_kept = None;
        let kept = data.and_then(|data| {
            filter::build(&data.join(TABLE), stamp, &mut feed)
                .map_err(|error| not_kept = Some(error))
                .ok()
        });
        let table = match kept {
            Some(table) => table,
            None => filter::build_in_memory(stamp, &mut feed)?,
        };
        let Notes { lists, databases, facts } = notes;
        Ok(Self { table, facts, lists, databases, not_kept })
    }
}

/// What is kept beside the rules in the table's file.
#[derive(Serialize, Deserialize)]
struct Notes {
    lists: Vec<Status>,
    databases: Vec<Status>,
    facts: Facts,
}

impl Status {
    /// Lines that could not be read, whatever the reason.
    pub fn skipped_lines(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Adds what is known of the copy it was read from.
    fn know(&mut self, source: Source) {
        let copy = source.copy;
        if source.path.is_some() {
            self.refused = copy.refused;
        } else {
            self.error = copy.refused;
        }
        self.why = copy.why;
        self.unfit = copy.unfit;
        self.bytes = copy.bytes;
        self.checked = copy.checked;
    }
}

/// All lists and databases of `config`, each with the gate it must pass.
pub fn gated<'a>(config: &'a Config, canaries: &'a Canaries) -> Vec<(&'a List, Gate<'a>)> {
    let limit = config.updates.size;
    let lists = config.lists.iter().map(|list| (list, Gate::Rules { canaries, limit }));
    let databases = config.databases.iter().map(|list| (list, Gate::Database { limit }));
    lists.chain(databases).collect()
}

/// What everything is read from.
struct Sources {
    lists: Vec<Source>,
    databases: Vec<Source>,
}

impl Sources {
    fn of(config: &Config, data: Option<&Path>) -> Self {
        let keep = data.map(Keep::new);
        let canaries = Canaries::new(config);
        let mut lists: Vec<Source> = gated(config, &canaries)
            .into_iter()
            .map(|(list, gate)| Source::of(list, keep.as_ref(), &gate))
            .collect();
        let databases = lists.split_off(config.lists.len());
        Self { lists, databases }
    }

    /// A number that changes when the table must be compiled anew: the lists named, their
    /// settings, their copies, the builtin facts, and the version of this program.
    fn stamp(&self, config: &Config) -> u64 {
        let mut text = format!("{} {:x}", env!("CARGO_PKG_VERSION"), Facts::builtin_digest());
        let lists = config.lists.iter().zip(&self.lists);
        for (list, Source { path, copy }) in
            lists.chain(config.databases.iter().zip(&self.databases))
        {
            let settings = (&list.name, list.format, list.action, list.subdomains, list.answers);
            let digest = copy.digest;
            let _ = write!(text, "\n{settings:?} {path:?} {digest:x}");
        }
        XxHash3_64::oneshot(text.as_bytes())
    }
}

/// What is in the table in `data`, if it was made with this stamp.
fn kept(data: &Path, stamp: u64) -> Option<Rules> {
    let table = Table::open(&data.join(TABLE)).ok()?;
    if table.stamp() != stamp {
        return None;
    }
    let Notes { lists, databases, facts } = serde_json::from_slice(table.notes()).ok()?;
    Some(Rules { table, facts, lists, databases, not_kept: None })
}

/// How a list is to be read; none to look at its content.
fn format(list: &List) -> Option<Format> {
    list.format
}
