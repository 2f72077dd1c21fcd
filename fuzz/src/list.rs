//! Lists are read the same however they come, and what is read can be written down again.

use std::io::{BufRead, BufReader};

use trackless::filter::Scope;
use trackless::filter::syntax::{self, Format, Outcome};

type Rules = Vec<(String, Scope)>;

fn read(source: impl BufRead, format: Option<Format>) -> (Rules, Outcome) {
    let mut rules = Vec::new();
    let outcome = syntax::read(source, format, |name, scope| rules.push((name.to_string(), scope)))
        .expect("memory can be read");
    assert_eq!(outcome.rules, rules.len() as u64);
    (rules, outcome)
}

/// Checks `text` as a list in `format`, and with its format told by content.
pub fn check(text: &[u8], format: Format) {
    let whole = read(text, Some(format));
    assert_eq!(read(BufReader::with_capacity(7, text), Some(format)), whole, "read in pieces");

    let line = |(name, scope): &(String, Scope)| match (format, scope) {
        (Format::Hosts, _) => format!("0.0.0.0 {name}\n"),
        (Format::Names, Scope::Name) => format!("{name}\n"),
        (Format::Names, Scope::Tree) => format!("*.{name}\n"),
    };
    let printed: String = whole.0.iter().map(line).collect();
    let (again, outcome) = read(printed.as_bytes(), Some(format));
    assert_eq!(again, whole.0);
    assert_eq!(outcome.skipped, 0, "{:?}", outcome.first_skipped);

    let other = match format {
        Format::Hosts => Format::Names,
        Format::Names => Format::Hosts,
    };
    let told = read(text, None);
    assert!(told == whole || told == read(text, Some(other)));
}
