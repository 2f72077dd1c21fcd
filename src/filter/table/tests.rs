//! Tables that are not as ours are made.

use std::fs;

use super::super::{ListRule, Listed, VerdictKind, build};
use super::*;

#[test]
fn a_table_without_an_empty_slot_still_judges() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.table");
    let buckets = build(&path, 0, |sink| {
        for index in 0..20 {
            let name = format!("n{index}.example").parse().unwrap();
            let rule = ListRule::of_name(&name, Scope::Name, Tier::Block);
            sink(Listed::Rule { list: 0, rule });
        }
        Ok(Vec::new())
    })
    .unwrap()
    .buckets;
    let mut bytes = fs::read(&path).unwrap();
    // Every slot and every filter full, of nothing that is a name.
    let filled = field::HEADER..layout(buckets).unwrap().first_set;
    bytes[filled].fill(0xff);
    let sum = checksum(&bytes);
    bytes[field::CHECKSUM..field::CHECKSUM + 8].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let table = Table::open(&path).unwrap();
    let mut verdict = Verdict::default();
    let name = "n1.example".parse().unwrap();
    table.judge(&name, &Asker::any(u64::MAX), &mut verdict);
    assert_eq!(verdict.kind, VerdictKind::Pass);
}
