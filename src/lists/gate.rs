//! The gates a list must pass before it counts: a broken or hostile list must not take a house
//! off the network.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use foldhash::fast::RandomState;
use serde::Deserialize;

use super::READ;
use crate::config::{Action, Config, List};
use crate::filter::pattern::{Pattern, Patterns};
use crate::filter::syntax;
use crate::filter::{ListRule, Reply, Scope, Subject};
use crate::trackers::import::{self, ImportError};
use crate::trackers::registrable;
use crate::wire::Name;

const BUILTIN: &str = include_str!("../../blocklists/canaries.yaml");

/// Most patterns a list may have: each one costs memory, and time at the start.
const MOST_PATTERNS: usize = 50_000;
/// Most patterns a list may have that are run on every name.
const MOST_COSTLY: usize = 100;
/// Most rules with terms a list may have.
const MOST_TERMS: usize = 500_000;
/// Lists below this many rules may grow and shrink as they like.
const SMALL: u64 = 100;
/// So many times more or fewer rules than before are not believed.
const JUMP: u64 = 10;
/// Octets looked at to tell a web page.
const HEAD: u64 = 1_024;

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// It could not be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Over the size that is taken.
    #[error("it has more than {limit} bytes; raise updates.size if that is right")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A page for people.
    #[error("it is a web page, not a list; see whether its address is still right")]
    WebPage,
    /// Nothing in it can be used.
    #[error("there is no rule in it; see whether its address and format are right")]
    NoRules,
    /// Most of it cannot be read.
    #[error(
        "{skipped} of its lines cannot be read as {format}, and only {rules} can; see whether the \
         format is right"
    )]
    Unreadable {
        /// Lines that cannot.
        skipped: u64,
        /// Rules read.
        rules: u64,
        /// As what it was read.
        format: &'static str,
    },
    /// It would refuse a whole top-level name.
    #[error(
        "line {line} would refuse everything under {name}; set `force: true` for this list if that is wanted"
    )]
    TopLevel {
        /// Where.
        line: u64,
        /// The name.
        name: String,
    },
    /// It would refuse what must always resolve.
    #[error(
        "line {line} would refuse {name}, which must always resolve; set `force: true` for this list if that is wanted"
    )]
    Canary {
        /// Where.
        line: u64,
        /// The name.
        name: String,
    },
    /// It has shrunk too much to be believed.
    #[error(
        "it has shrunk from {old} to {new} rules; set `force: true` for this list if that is right"
    )]
    Shrunk {
        /// Rules before.
        old: u64,
        /// Rules now.
        new: u64,
    },
    /// It has grown too much to be believed.
    #[error(
        "it has grown from {old} to {new} rules; set `force: true` for this list if that is right"
    )]
    Grown {
        /// Rules before.
        old: u64,
        /// Rules now.
        new: u64,
    },
    /// More patterns than can be run.
    #[error("it has more than {MOST_PATTERNS} patterns")]
    ManyPatterns,
    /// More patterns that must be run on every name than can be.
    #[error(
        "more than {MOST_COSTLY} of its patterns have no two characters that must appear: they would slow down every query"
    )]
    ManyCostly,
    /// Not a tracker database.
    #[error("{0}")]
    Database(ImportError),
    /// More rules with terms than are kept.
    #[error("it has more than {MOST_TERMS} rules with conditions or answers of their own")]
    ManyTerms,
}

/// Names that must always resolve.
#[derive(Debug)]
pub struct Canaries {
    /// Wire form.
    names: Vec<Name>,
    known: HashSet<Box<[u8]>, RandomState>,
    /// The names and everything above them.
    above: HashSet<Box<[u8]>, RandomState>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Canary {
    name: String,
    #[serde(rename = "why")]
    _why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CanaryFile {
    #[serde(rename = "version")]
    _version: u32,
    canaries: Vec<Canary>,
}

impl Canaries {
    /// Those that come along, and the names of the upstreams in `config`.
    pub fn new(config: &Config) -> Self {
        let builtin: Vec<Canary> = serde_yaml::from_str::<CanaryFile>(BUILTIN)
            .map(|file| file.canaries)
            .unwrap_or_default();
        let upstream = config.upstream.all_servers().filter_map(|server| server.name());
        let names = builtin.iter().map(|canary| canary.name.as_str()).chain(upstream);
        let names: Vec<Name> = names.filter_map(|name| name.parse().ok()).collect();
        let suffixes = |name: &Name| {
            (1..=name.label_count()).map(|labels| name.suffix(labels).into()).collect::<Vec<_>>()
        };
        Self {
            known: names.iter().map(|name| name.wire().into()).collect(),
            above: names.iter().flat_map(suffixes).collect(),
            names,
        }
    }

    /// The canary that a refusal of these names would hit.
    fn hit(&self, name: &Name, scope: Scope) -> Option<&Name> {
        let set = if scope == Scope::Name { &self.known } else { &self.above };
        if !set.contains(name.wire()) {
            return None;
        }
        let labels = name.label_count();
        self.names.iter().find(|canary| {
            let itself = canary.label_count() == labels;
            canary.suffix(labels) == name.wire()
                && match scope {
                    Scope::Name => itself,
                    Scope::Below => !itself,
                    Scope::Tree | Scope::Pattern => true,
                }
        })
    }
}

/// What lets lists and databases in.
#[derive(Debug)]
pub enum Gate<'a> {
    /// For lists of rules.
    Rules {
        /// What they must not refuse.
        canaries: &'a Canaries,
        /// Most bytes.
        limit: u64,
    },
    /// For databases of companies behind names.
    Database {
        /// Most bytes.
        limit: u64,
    },
}

impl Gate<'_> {
    /// Looks at the file `path` before it counts: `previous` is how many rules, or names, the last
    /// good copy of `list` has. Returns how many are in it.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn pass(&self, path: &Path, list: &List, previous: Option<u64>) -> Result<u64, GateError> {
        self.size(path)?;
        if is_web_page(&File::open(path)?)? {
            return Err(GateError::WebPage);
        }
        let new = match self {
            Self::Rules { canaries, .. } => rules(path, list, canaries)?,
            Self::Database { .. } => names(&fs::read(path)?)?,
        };
        match previous {
            _ if list.force => Ok(new),
            Some(old) if old >= SMALL && new < old / JUMP => Err(GateError::Shrunk { old, new }),
            Some(old) if old >= SMALL && new / JUMP > old => Err(GateError::Grown { old, new }),
            _ => Ok(new),
        }
    }

    /// # Errors
    /// It is too large, or not there.
    pub fn size(&self, path: &Path) -> Result<(), GateError> {
        let (Self::Rules { limit, .. } | Self::Database { limit }) = *self;
        if fs::metadata(path)?.len() > limit { Err(GateError::TooLarge { limit }) } else { Ok(()) }
    }
}

/// Names of a database; 0 for the second file that some have, which only names companies.
fn names(bytes: &[u8]) -> Result<u64, GateError> {
    match import::read(&[bytes.to_vec()]) {
        Ok(imported) => Ok(imported.names.len() as u64),
        Err(_) if import::is_companion(bytes) => Ok(0),
        Err(error) => Err(GateError::Database(error)),
    }
}

fn rules(path: &Path, list: &List, canaries: &Canaries) -> Result<u64, GateError> {
    let file = BufReader::with_capacity(READ, File::open(path)?);
    let mut finding = Finding::default();
    let outcome = syntax::read(file, super::format(list), |line, rule| {
        finding.look(line, rule, list, canaries);
    })?;
    if let Some(error) = finding.limits() {
        return Err(error);
    }
    let new = outcome.rules;
    let skipped: u64 = outcome.skipped.values().sum();
    if new == 0 && (skipped > 0 || list.file.is_none()) {
        return Err(GateError::NoRules);
    }
    let browsers = outcome.skipped.get("for browsers only").copied().unwrap_or(0);
    if skipped - browsers > SMALL && (skipped - browsers) / JUMP > new {
        let format = outcome.format.map_or("a list", |format| format.as_str());
        return Err(GateError::Unreadable { skipped: skipped - browsers, rules: new, format });
    }
    if !list.force {
        if let Some(error) = finding.error.take() {
            return Err(error);
        }
        finding.patterns(canaries)?;
    }
    Ok(new)
}

fn is_web_page(file: &File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head).trim_start_matches('\u{feff}').to_ascii_lowercase();
    let head = head.trim_start();
    Ok(head.starts_with("<!doctype") || head.starts_with("<html") || head.starts_with("<?xml"))
}

/// What is found while a list is read.
#[derive(Default)]
struct Finding {
    error: Option<GateError>,
    patterns: Vec<(u64, Pattern)>,
    pattern_count: usize,
    costly: usize,
    terms: usize,
}

impl Finding {
    fn look(&mut self, line: u64, rule: &ListRule<'_>, list: &List, canaries: &Canaries) {
        self.terms += usize::from(rule.terms.is_some());
        if let Subject::Pattern(pattern) = rule.subject {
            self.pattern_count += 1;
            self.costly += usize::from(pattern.is_costly());
        }
        if self.error.is_some() || !refuses_everybody(rule, list) {
            return;
        }
        match rule.subject {
            Subject::Name(name, scope) => {
                if scope != Scope::Name && is_top_level(name) && !excepts(rule) {
                    self.error = Some(GateError::TopLevel { line, name: name.to_string() });
                } else if let Some(hit) = canaries.hit(name, scope)
                    && !harmless(rule, hit)
                {
                    self.error = Some(GateError::Canary { line, name: hit.to_string() });
                }
            }
            Subject::Pattern(pattern) if self.patterns.len() < MOST_PATTERNS => {
                self.patterns.push((line, pattern.clone()));
            }
            Subject::Pattern(_) | Subject::Network(_) => {}
        }
    }

    fn limits(&self) -> Option<GateError> {
        if self.pattern_count > MOST_PATTERNS {
            Some(GateError::ManyPatterns)
        } else if self.costly > MOST_COSTLY {
            Some(GateError::ManyCostly)
        } else if self.terms > MOST_TERMS {
            Some(GateError::ManyTerms)
        } else {
            None
        }
    }

    /// Whether a pattern would refuse a canary.
    fn patterns(self, canaries: &Canaries) -> Result<(), GateError> {
        let (lines, patterns): (Vec<u64>, Vec<Pattern>) = self.patterns.into_iter().unzip();
        let Ok(patterns) = Patterns::new(patterns) else { return Err(GateError::ManyPatterns) };
        for canary in &canaries.names {
            let mut hit = None;
            patterns.each_match(canary.to_string().as_bytes(), |pattern| {
                hit = hit.or_else(|| lines.get(pattern as usize).copied());
            });
            if let Some(line) = hit {
                return Err(GateError::Canary { line, name: canary.to_string() });
            }
        }
        Ok(())
    }
}

/// Whether a rule keeps every client from the names it speaks of.
fn refuses_everybody(rule: &ListRule<'_>, list: &List) -> bool {
    let some = rule.terms.is_some_and(|terms| {
        !terms.clients.is_any() || !terms.tags.is_any() || !terms.types.is_any()
    });
    rule.tier.blocks() && list.action == Action::Block && !rule.cancels && !some
}

/// Whether a rule leaves names alone that it would cover.
fn excepts(rule: &ListRule<'_>) -> bool {
    rule.terms.is_some_and(|terms| !terms.except.is_empty())
}

/// Whether a rule leads a canary to another name of the same owner, as safe search does, or
/// excepts it.
fn harmless(rule: &ListRule<'_>, canary: &Name) -> bool {
    let Some(terms) = rule.terms else { return false };
    let excepted = terms.except.iter().filter_map(|name| name.parse::<Name>().ok());
    if excepted.into_iter().any(|name| canary.suffix(name.label_count()) == name.wire()) {
        return true;
    }
    match &terms.reply {
        Some(Reply::Cname(target)) => target.parse::<Name>().is_ok_and(|target| {
            registrable(&target).is_some_and(|own| Some(own) == registrable(canary))
        }),
        _ => false,
    }
}

/// Whether people register names right below this one: `com`, `co.uk`.
fn is_top_level(name: &Name) -> bool {
    if name.label_count() == 0 {
        return true;
    }
    if name.label_count() > 4 {
        return false;
    }
    let text = name.to_string();
    psl::suffix(text.as_bytes()).is_some_and(|suffix| {
        suffix.as_bytes() == text.as_bytes() && suffix.typ() == Some(psl::Type::Icann)
    })
}
