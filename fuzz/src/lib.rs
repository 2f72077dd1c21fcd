//! What must hold for the rooms that take bytes from strangers, told by readers that share no
//! code with them.
//!
//! ```text
//! cargo +nightly fuzz run TARGET -- -max_total_time=180 -rss_limit_mb=2048 -timeout=5
//! ```
//!
//! Targets: `query`, `answer`, `list_hosts`, `list_names`, `table`, `config`; `-timeout` is what
//! tells a slow input from a fast one. The seeds in `corpus/` are written by hand, but for
//! `table/three_names.table`: `filter::build` wrote it, and must again for another file version.

pub mod list;
pub mod reply;
