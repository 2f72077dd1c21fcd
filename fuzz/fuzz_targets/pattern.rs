//! Any lines as patterns, together and each alone, against any name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::filter::pattern::{Pattern, Patterns};

fuzz_target!(|input: (String, String)| {
    let (name, lines) = input;
    let name = name.to_ascii_lowercase();
    let patterns: Vec<Pattern> = lines
        .lines()
        .take(20)
        .filter_map(|line| match line.strip_prefix('/') {
            Some(expression) => Pattern::regex(expression, line.len() % 7 == 0).ok(),
            None => Pattern::glob(line).ok(),
        })
        .collect();
    let together = Patterns::new(patterns.clone()).expect("a few patterns fit");
    let mut found = Vec::new();
    together.each_match(name.as_bytes(), |index| found.push(index));
    found.sort_unstable();
    let alone: Vec<u32> = (0..)
        .zip(&patterns)
        .filter(|(_, pattern)| pattern.matches(name.as_bytes()))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(found, alone, "{patterns:?}");
});
