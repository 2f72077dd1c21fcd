//! Where rules come from: the builtin facts and the lists of the config, compiled into one table.
//!
//! ```text
//! trackers.yaml, files ─▶ feed ─▶ filter::build ─▶ rules.table in the data folder ─▶ Rules
//!                                                    └─ mapped as it is, while its stamp fits
//! ```
//!
//! It must never let one bad list spoil the rest, and never trust a table made from other lists
//! than these.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::config::{self, Action, Config};
use crate::filter::syntax::{self, Outcome};
use crate::filter::{self, BuildError, ListRule, Listed, Scope, Sink, Subject, Table, Tier};
use crate::policy::BUILTIN_LISTS;
use crate::trackers::{Domain, Facts, FactsError};
use crate::wire::Name;

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
    /// Why the table is in memory alone, where it should be in the data folder.
    pub not_kept: Option<BuildError>,
}

/// What came of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Rules read, repeated ones included.
    pub rules: u64,
    /// How it was read.
    pub format: Option<String>,
    /// Lines that could not be read, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The first of them, with their line numbers.
    pub first_skipped: Vec<String>,
    /// Why it could not be read at all.
    pub error: Option<String>,
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
    /// these lists, compiled anew otherwise. A list that cannot be read has its `error` set and no
    /// rules. A folder that cannot be written to costs only the next start's time.
    ///
    /// # Errors
    /// Only if there is no memory for the table.
    pub fn load(config: &Config, data: Option<&Path>) -> Result<Self, ListsError> {
        let stamp = stamp(config);
        let (facts, domains) = Facts::builtin()?;
        if let Some(data) = data
            && let Ok(table) = Table::open(&data.join(TABLE))
            && table.stamp() == stamp
            && let Ok(lists) = serde_json::from_slice(table.notes())
        {
            return Ok(Self { table, facts, lists, not_kept: None });
        }
        Self::compile(config, data, stamp, facts, &domains)
    }

    fn compile(
        config: &Config,
        data: Option<&Path>,
        stamp: u64,
        facts: Facts,
        domains: &[Domain],
    ) -> Result<Self, ListsError> {
        let mut lists = Vec::new();
        let mut feed = |sink: Sink<'_>| {
            lists = feed(config, domains, sink);
            serde_json::to_vec(&lists).map_err(io::Error::other)
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
        Ok(Self { table, facts, lists, not_kept })
    }
}

/// Gives every rule and fact to `sink`, and says what came of each list.
fn feed(config: &Config, domains: &[Domain], sink: Sink<'_>) -> Vec<Status> {
    let mut statuses = Vec::with_capacity(BUILTIN_LISTS.len() + config.lists.len());
    let mut name = Name::default();
    for (list, level) in BUILTIN_LISTS.into_iter().enumerate() {
        let mut rules = 0;
        for domain in domains.iter().filter(|domain| domain.level == level) {
            // A test sees to it that every builtin name is one.
            if name.read_text(domain.name.as_bytes()).is_ok() {
                let list = list as u8;
                let rule = ListRule::of_name(&name, Scope::Tree, Tier::Block);
                sink(Listed::Rule { list, rule });
                sink(Listed::Tracker(&name, domain.tracker));
                rules += 1;
            }
        }
        let name = format!("builtin {}", level.as_str());
        statuses.push(Status::new(name, Outcome { rules, ..Outcome::default() }));
    }
    for (list, settings) in (BUILTIN_LISTS.len() as u8..).zip(&config.lists) {
        let result = read(settings, |_, rule| {
            sink(Listed::Rule { list, rule: as_set(*rule, settings) });
        });
        statuses.push(match result {
            Ok(outcome) => Status::new(settings.name.clone(), outcome),
            Err(error) => Status {
                error: Some(format!("{}: {error}", settings.file.display())),
                ..Status::new(settings.name.clone(), Outcome::default())
            },
        });
    }
    statuses
}

/// A rule as the settings of its list want it.
fn as_set<'a>(rule: ListRule<'a>, settings: &config::List) -> ListRule<'a> {
    let tier = match settings.action {
        Action::Block => rule.tier,
        Action::Allow => rule.tier.allowing(),
    };
    let subject = match rule.subject {
        Subject::Name(name, Scope::Name) if settings.subdomains => {
            Subject::Name(name, Scope::Tree)
        }
        subject => subject,
    };
    ListRule { subject, tier, ..rule }
}

fn read(settings: &config::List, each: impl FnMut(u64, &ListRule<'_>)) -> io::Result<Outcome> {
    let file = File::open(&settings.file)?;
    syntax::read(BufReader::with_capacity(READ, file), settings.format, each)
}

impl Status {
    /// Lines that could not be read, whatever the reason.
    pub fn skipped_lines(&self) -> u64 {
        self.skipped.values().sum()
    }

    fn new(name: String, outcome: Outcome) -> Self {
        Self {
            name,
            rules: outcome.rules,
            format: outcome.format.map(|format| format.as_str().to_owned()),
            skipped: outcome.skipped.into_iter().map(|(why, n)| (why.to_owned(), n)).collect(),
            first_skipped: outcome.first_skipped.iter().map(ToString::to_string).collect(),
            error: None,
        }
    }
}

/// A number that changes when the table must be compiled anew: the lists named, their settings,
/// the sizes and times of their files, the builtin facts, and the version of this program.
fn stamp(config: &Config) -> u64 {
    let mut text = format!("{} {:x}", env!("CARGO_PKG_VERSION"), Facts::builtin_digest());
    for list in &config.lists {
        let file = fs::metadata(&list.file).and_then(|file| Ok((file.len(), file.modified()?)));
        let _ = write!(text, "\n{list:?} {:?}", file.ok());
    }
    XxHash3_64::oneshot(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::List;
    use crate::filter::{Asker, Verdict, VerdictKind};

    fn config(folder: &Path, files: &[(&str, &str)]) -> Config {
        let lists = files.iter().map(|(name, text)| {
            let file = folder.join(name);
            fs::write(&file, text).unwrap();
            List {
                name: (*name).to_owned(),
                file,
                format: None,
                action: Action::Block,
                subdomains: false,
            }
        });
        Config { lists: lists.collect(), ..Config::default() }
    }

    fn kind(rules: &Rules, name: &str) -> VerdictKind {
        let mut verdict = Verdict::default();
        rules.table.judge(&name.parse().unwrap(), &Asker::any(u64::MAX), &mut verdict);
        verdict.kind
    }

    #[test]
    fn a_kept_table_serves_until_a_list_changes() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[("own", "a.test\nb..test\n")]);
        let data = Some(folder.path());
        let first = Rules::load(&config, data).unwrap();
        assert_eq!(
            (kind(&first, "a.test"), kind(&first, "x.a.test")),
            (VerdictKind::Block, VerdictKind::Pass)
        );
        let own = &first.lists[3];
        assert_eq!((own.rules, own.skipped_lines()), (1, 1));
        assert_eq!(own.first_skipped, ["line 2: a label is empty: b..test"]);

        let inode = || {
            fs::metadata(folder.path().join(TABLE))
                .map(|file| std::os::unix::fs::MetadataExt::ino(&file))
                .unwrap()
        };
        let compiled = inode();
        let again = Rules::load(&config, data).unwrap();
        assert_eq!((inode(), &again.lists), (compiled, &first.lists));

        fs::write(folder.path().join("own"), "other.test\n").unwrap();
        let changed = Rules::load(&config, data).unwrap();
        assert_eq!(
            (kind(&changed, "a.test"), kind(&changed, "other.test")),
            (VerdictKind::Pass, VerdictKind::Block)
        );
        assert_eq!(kind(&first, "a.test"), VerdictKind::Block, "the replaced table lives on");
    }

    #[test]
    fn a_damaged_table_is_compiled_anew() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[("own", "a.test\n")]);
        drop(Rules::load(&config, Some(folder.path())).unwrap());
        let path = folder.path().join(TABLE);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        assert!(Table::open(&path).is_err());
        let rules = Rules::load(&config, Some(folder.path())).unwrap();
        assert_eq!(kind(&rules, "a.test"), VerdictKind::Block);
        assert!(Table::open(&path).is_ok());
    }

    #[test]
    fn one_missing_list_does_not_spoil_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[("gone", ""), ("own", "a.test\n")]);
        fs::remove_file(folder.path().join("gone")).unwrap();
        let rules = Rules::load(&config, None).unwrap();
        assert_eq!(kind(&rules, "a.test"), VerdictKind::Block);
        assert!(rules.lists[3].error.as_ref().unwrap().contains("gone"));
        assert_eq!(kind(&rules, "ads.doubleclick.net"), VerdictKind::Block);
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_said() {
        let rules = Rules::load(&Config::default(), Some(Path::new("/proc/no/such"))).unwrap();
        assert!(rules.not_kept.is_some());
        assert_eq!(kind(&rules, "doubleclick.net"), VerdictKind::Block);
    }
}
