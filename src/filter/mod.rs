//! Does a rule match a name?
//!
//! ```text
//! lists ─▶ syntax (a line ─▶ rules) ─▶ build ─▶ Table (one file, mapped)
//!                                                │ names, Patterns, rules with Terms
//! a query's name ─▶ Overlay (the owner's rules) ─▶├─▶ Verdict: block | allow | pass, and by what
//! ```
//!
//! Plain Rust: no clock, no network; the only I/O is mapping the table's file. A lookup takes no
//! lock, allocates nothing and must never refuse a name it cannot explain. From here a query goes
//! back to `engine`: refused, or on to the cache.

mod build;
mod census;
mod extras;
mod hash;
mod notation;
mod overlay;
pub mod pattern;
mod rule;
mod storage;
pub mod syntax;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod verdict;

pub use build::{BuildError, Listed, Sink, build, build_in_memory};
pub use overlay::Overlay;
pub use rule::{ListRule, Subject};
pub use table::{Table, TableError};
pub use terms::{Asker, Choice, ClientTerm, Reply, ReplyRecord, Terms};
pub use verdict::{Answers, Origin, Rule, Scope, Tier, Verdict, VerdictKind, Whose};

/// The most lists one table can hold: a rule's lists are the bits of one word.
pub const MAX_LISTS: usize = 64;
