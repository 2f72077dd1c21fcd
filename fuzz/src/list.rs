//! Lists are read the same however they come, and what is read can be written down again.

use std::io::{BufRead, BufReader};

use trackless::filter::Subject;
use trackless::filter::syntax::{self, Format, Outcome};

/// Rules as text with their lines, those apart that the common notation does not know.
#[derive(Debug, Default, PartialEq)]
struct Rules {
    known: Vec<String>,
    lines: Vec<u64>,
}

fn read(source: impl BufRead, format: Option<Format>) -> (Rules, Outcome) {
    let mut rules = Rules::default();
    let mut count = 0;
    let outcome = syntax::read(source, format, |line, rule| {
        count += 1;
        rules.lines.push(line);
        let text = rule.to_string();
        let of_everything = matches!(rule.subject, Subject::Name(name, _) if name.label_count() == 0)
            && rule.terms.is_none();
        let network = matches!(rule.subject, Subject::Network(_));
        if !network && !of_everything && !text.starts_with("!/") {
            rules.known.push(text);
        }
    })
    .expect("memory can be read");
    assert_eq!(outcome.rules, count);
    (rules, outcome)
}

/// Checks `text` as a list in `format`, and with its format told by content.
pub fn check(text: &[u8], format: Format) {
    let whole = read(text, Some(format));
    assert_eq!(read(BufReader::with_capacity(7, text), Some(format)), whole, "read in pieces");

    let (again, outcome) = read(whole.0.known.join("\n").as_bytes(), Some(Format::Adblock));
    assert!(outcome.skipped.is_empty(), "{:?}", outcome.first_skipped);
    assert_eq!(again.known, whole.0.known);

    let told = read(text, None);
    match told.1.format {
        None => assert_eq!(told.1.rules, 0),
        Some(found) => assert_eq!(told, read(text, Some(found))),
    }
}
