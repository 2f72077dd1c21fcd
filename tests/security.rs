//! SECURITY.md names a test for each defence of its threat model: each of them must be there.

use std::fs;
use std::path::Path;

const FILE: &str = "SECURITY.md";

/// Rows of the threat model: its cells.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let (_, section) = text.split_once("\n## Threat model\n").expect("a threat model");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Names of tests, as `FILE::NAME`.
fn named(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::"))
}

#[test]
fn every_defence_has_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(FILE)).unwrap();
    let rows = rows(&text);
    assert!(rows.len() >= 10, "{} rows", rows.len());
    for row in &rows {
        let [_, _, threat, _, tests] = row[..] else { panic!("five cells: {row:?}") };
        let found = named(tests).count();
        assert!(found > 0 || tests.starts_with("none"), "{threat}: name a test, or write none");
        for (file, name) in named(tests) {
            let code = fs::read_to_string(root.join(file));
            let code = code.unwrap_or_else(|error| panic!("{threat}: {file}: {error}"));
            let (before, _) = code
                .split_once(&format!("fn {name}("))
                .unwrap_or_else(|| panic!("{threat}: {file} has no {name}"));
            let attributes = before.rsplit("\n}\n").next().unwrap();
            assert!(attributes.contains("test]"), "{threat}: {file}::{name} is no test");
        }
    }
}

#[test]
fn a_name_is_taken_from_its_ticks() {
    let cell = "`tests/a.rs::one`, and `x`; `src/b.rs::two`";
    assert_eq!(named(cell).collect::<Vec<_>>(), [("tests/a.rs", "one"), ("src/b.rs", "two")]);
    let text = "a\n## Threat model\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## Next\n| 3 | 4 |\n";
    assert_eq!(rows(text), [["1", "2"]]);
}
