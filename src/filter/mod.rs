//! Does a rule match a name?
//!
//! ```text
//! lists ─▶ syntax (a line ─▶ names) ─▶ build ─▶ Table (one file, mapped)
//!                                                 │
//! a query's name ─▶ Overlay (the owner's rules) ─▶├─▶ Verdict: block | allow | pass, and by what
//! ```
//!
//! Plain Rust: no clock, no network; the only I/O is mapping the table's file. A lookup takes no
//! lock, allocates nothing and must never refuse a name it cannot explain. From here a query goes
//! back to `engine`: refused, or on to the cache.

mod build;
mod census;
mod hash;
mod overlay;
mod storage;
pub mod syntax;
mod table;
mod verdict;

pub use build::{BuildError, Sink, build, build_in_memory};
pub use overlay::Overlay;
pub use table::{Table, TableError};
pub use verdict::{Listed, Origin, Rule, Scope, Tier, Verdict, VerdictKind};

/// The most lists one table can hold: a rule's lists are the bits of one word.
pub const MAX_LISTS: usize = 64;
