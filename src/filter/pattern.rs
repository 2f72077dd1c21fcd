//! Wildcards and regular expressions, many at once.
//!
//! ```text
//! name ─▶ one aho-corasick pass over the literals that patterns cannot do without
//!           └─▶ candidates ─▶ a glob's pieces, or the expression, alone ─▶ matches
//! ```
//!
//! Patterns see a name as lower-case text without final dot. All are matched in time linear in the
//! name; nothing is allocated but by an expression that runs for the first time. Patterns must
//! never be needed for what a name and its tree can say.

mod glob;
mod literal;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use foldhash::fast::RandomState;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use serde::{Deserialize, Serialize};

use glob::Glob;

/// Longest expression, in octets.
const MAX_EXPRESSION: usize = 1_000;
/// Most memory of a compiled expression's automaton, in bytes.
const MAX_AUTOMATON: usize = 64 << 10;
/// Literals shorter than this are in every other name.
const SHORTEST: usize = 2;
/// Most literals for which the automaton of all is a table, which is faster and larger.
const MOST_FOR_TABLE: usize = 2_000;
/// Matches of one name that are told apart; beyond it one may be given again.
const TOLD_APART: usize = 32;

/// A pattern as lists write it, checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pattern {
    /// Literal text and stars, see [`Pattern::glob`].
    Glob(String),
    /// A regular expression, see [`Pattern::regex`].
    Regex {
        /// The expression.
        text: String,
        /// Whether it is the names it does not match that are meant.
        invert: bool,
    },
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A character that no name has.
    #[error("character {0:?} does not belong in a pattern of names")]
    Character(char),
    /// Nothing, or nothing but stars.
    #[error("a pattern that matches every name")]
    Everything,
    /// Two dots in a row, or one at an end.
    #[error("a pattern that no name matches")]
    Nothing,
    /// An expression over the length that is read.
    #[error("an expression longer than {MAX_EXPRESSION} characters")]
    Long,
    /// An expression that is not one, or asks for what would take more than linear time.
    #[error("not an expression that can be run: {0}")]
    Expression(String),
    /// An expression whose automaton would be too large.
    #[error("the expression needs more than 64 KiB; make its repetitions shorter")]
    Large,
}

impl Pattern {
    /// A text with stars: `*` is any run of characters, dots too, also an empty one. `||` before
    /// is the start of a label, `|` the start of the name; `|` behind is the end of the name.
    /// Without them it matches within names. Letters count in any case.
    ///
    /// # Errors
    /// A character that no name has; nothing but stars.
    pub fn glob(text: &str) -> Result<Self, PatternError> {
        glob::canonical(text).map(Self::Glob)
    }

    /// A regular expression, searched for in the name, letters in any case; `invert` means the
    /// names it does not match. About 20 µs: it is compiled to be sure that it can be.
    ///
    /// # Errors
    /// An expression too long or large, or with back-references or look-around.
    pub fn regex(text: &str, invert: bool) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Everything);
        }
        if text.len() > MAX_EXPRESSION {
            return Err(PatternError::Long);
        }
        compile(text)?;
        Ok(Self::Regex { text: text.to_owned(), invert })
    }

    /// Whether it matches `name`. Compiles anew each time: to explain, and as a model.
    pub fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Glob(text) => Glob::new(text).matches(name),
            Self::Regex { text, invert } => {
                compile(text).is_ok_and(|regex| regex.is_match(name) != *invert)
            }
        }
    }

    /// Whether it must be run on every name, as no two characters in a row must appear.
    pub fn is_costly(&self) -> bool {
        self.literals().is_none()
    }

    /// Texts of which each match holds at least one; none where there are no telling ones.
    fn literals(&self) -> Option<Vec<Vec<u8>>> {
        let literals = match self {
            Self::Glob(text) => vec![Glob::new(text).literal()],
            Self::Regex { invert: true, .. } => return None,
            Self::Regex { text, .. } => literal::required(&parser().build().parse(text).ok()?)?,
        };
        literals.iter().all(|literal| literal.len() >= SHORTEST).then_some(literals)
    }
}

impl fmt::Display for Pattern {
    /// As Adblock-style lists have it; an inverted expression, which they do not know, behind `!`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A text with neither star nor anchor would be read as a name.
            Self::Glob(text) => {
                let before = if text.starts_with('|') { "" } else { "*" };
                let behind = if text.ends_with('|') { "" } else { "*" };
                write!(f, "{before}{text}{behind}")
            }
            Self::Regex { text, invert: false } => write!(f, "/{text}/"),
            Self::Regex { text, invert: true } => write!(f, "!/{text}/"),
        }
    }
}

fn parser() -> regex_syntax::ParserBuilder {
    let mut parser = regex_syntax::ParserBuilder::new();
    parser.unicode(false).utf8(false).case_insensitive(true).nest_limit(50);
    parser
}

fn compile(text: &str) -> Result<Regex, PatternError> {
    let syntax =
        syntax::Config::new().unicode(false).utf8(false).case_insensitive(true).nest_limit(50);
    // Tables that grow while searching would cost megabytes for each expression and thread.
    let config = Config::new()
        .utf8_empty(false)
        .hybrid(false)
        .dfa(false)
        .onepass(false)
        .nfa_size_limit(Some(MAX_AUTOMATON));
    let regex = Regex::builder().syntax(syntax).configure(config).build(text);
    regex.map_err(|error| match error.syntax_error() {
        None => PatternError::Large,
        Some(error) => {
            let text = error.to_string();
            let why = text.lines().last().unwrap_or("").trim_start_matches("error: ");
            PatternError::Expression(why.to_owned())
        }
    })
}

/// Many patterns, looked for together. Keeps each one's index.
#[derive(Debug, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
    ready: Vec<Ready>,
    /// None without literals.
    literals: Option<AhoCorasick>,
    /// Patterns of each literal.
    of_literal: Vec<Vec<u32>>,
    /// Patterns that are run on every name.
    costly: Vec<u32>,
}

#[derive(Debug)]
enum Ready {
    Glob(Glob),
    /// Compiled when it is first a candidate.
    Regex(OnceLock<Option<Regex>>),
}

impl Patterns {
    /// Gets `patterns` ready: about 1 µs each for globs, 10 µs for expressions, and 200 bytes; the
    /// automaton of an expression takes some kilobytes more once a name has made it a candidate.
    ///
    /// # Errors
    /// More literals than an automaton can hold.
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, PatternError> {
        let mut numbers: HashMap<Vec<u8>, usize, RandomState> = HashMap::default();
        let mut texts = Vec::new();
        let mut this = Self { patterns, ..Self::default() };
        for (index, pattern) in (0..).zip(&this.patterns) {
            this.ready.push(match pattern {
                Pattern::Glob(text) => Ready::Glob(Glob::new(text)),
                Pattern::Regex { .. } => Ready::Regex(OnceLock::new()),
            });
            let Some(literals) = pattern.literals() else {
                this.costly.push(index);
                continue;
            };
            for literal in literals {
                let number = *numbers.entry(literal).or_insert_with_key(|literal| {
                    texts.push(literal.clone());
                    this.of_literal.push(Vec::new());
                    texts.len() - 1
                });
                this.of_literal[number].push(index);
            }
        }
        if !texts.is_empty() {
            let table = texts.len() <= MOST_FOR_TABLE;
            let kind = if table { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
            let automaton = AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .kind(Some(kind))
                .build(&texts)
                .map_err(|_| PatternError::Large)?;
            this.literals = Some(automaton);
        }
        Ok(this)
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The pattern at `index`.
    pub fn pattern(&self, index: u32) -> Option<&Pattern> {
        self.patterns.get(index as usize)
    }

    /// Calls `each` with the index of every pattern that matches `name`, in no order; once, unless
    /// more than 32 match.
    pub fn each_match(&self, name: &[u8], mut each: impl FnMut(u32)) {
        let mut seen = [0; TOLD_APART];
        let mut count = 0;
        let mut candidate = |index: u32| {
            if !seen[..count].contains(&index) && self.matches(index, name) {
                if let Some(place) = seen.get_mut(count) {
                    *place = index;
                    count += 1;
                }
                each(index);
            }
        };
        self.costly.iter().for_each(|&index| candidate(index));
        let Some(literals) = &self.literals else { return };
        for found in literals.find_overlapping_iter(name) {
            let patterns = self.of_literal.get(found.pattern().as_usize());
            patterns.into_iter().flatten().for_each(|&index| candidate(index));
        }
    }

    fn matches(&self, index: u32, name: &[u8]) -> bool {
        let at = index as usize;
        match (self.ready.get(at), self.patterns.get(at)) {
            (Some(Ready::Glob(glob)), _) => glob.matches(name),
            (Some(Ready::Regex(ready)), Some(Pattern::Regex { text, invert })) => ready
                .get_or_init(|| compile(text).ok())
                .as_ref()
                .is_some_and(|regex| regex.is_match(name) != *invert),
            _ => false,
        }
    }
}
