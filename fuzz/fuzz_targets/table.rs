//! Any file as a compiled table: it is rejected, or it judges. Once as it is, and once with its
//! checksum made right, so that what lies behind the checksum is reached.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;
use trackless::filter::{Asker, Table, Verdict};
use trackless::wire::Name;
use twox_hash::XxHash3_64;

/// Where the checksum of all other bytes stands.
const CHECKSUM: usize = 64;

static FILE: LazyLock<NamedTempFile> =
    LazyLock::new(|| NamedTempFile::new().expect("a file to write to"));

/// The names of the seed, names below and beside them, the longest one, the root.
static NAMES: LazyLock<Vec<Name>> = LazyLock::new(|| {
    let mut names = vec![Name::default()];
    for text in ["ads.example", "x.ads.example", "tracker.test", "ok.tracker.test", "a.b.c"] {
        names.push(text.parse().expect("a name"));
    }
    names.push(("a.".repeat(126) + "a").parse().expect("a name"));
    names
});

fuzz_target!(|bytes: &[u8]| {
    judge(bytes);
    if let Some(rest) = bytes.get(CHECKSUM + 8..) {
        let before = XxHash3_64::oneshot(&bytes[..CHECKSUM]);
        let sum = XxHash3_64::oneshot_with_seed(before, rest);
        let mut repaired = bytes.to_vec();
        repaired[CHECKSUM..CHECKSUM + 8].copy_from_slice(&sum.to_le_bytes());
        judge(&repaired);
    }
});

fn judge(bytes: &[u8]) {
    fs::write(FILE.path(), bytes).expect("room for a small file");
    let Ok(table) = Table::open(FILE.path()) else { return };
    assert_eq!(table.size(), bytes.len());
    let _ = (table.notes().len(), table.names(), table.stamp());
    for name in &*NAMES {
        let asker = Asker::any(u64::MAX);
        let mut verdict = Verdict::default();
        table.judge(name, &asker, &mut verdict);
        if let Some(rule) = verdict.rule {
            let _ = (table.rule_text(rule, name), table.replies(rule, name, &asker));
        }
    }
}
