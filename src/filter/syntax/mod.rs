//! List formats: bytes of a list ─▶ names, one parser a format.
//!
//! A list is read as a stream, line by line, in bounded memory. A bad line never spoils a list:
//! it is counted, and the first few are kept with their line numbers for the person who asks.

mod hosts;
mod names;

use std::io::{self, BufRead};

use super::Scope;
use crate::wire::{Name, NameError};

/// Longest line that is read, in octets; the rest of a longer one is passed over. A name has 253.
const MAX_LINE: usize = 4096;
/// Bad lines that are kept to be shown.
const KEPT_SKIPS: usize = 10;
/// Octets looked at to tell a list's format.
const DETECT: usize = 64 * 1024;

/// Formats we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `/etc/hosts` style: an address, then names.
    Hosts,
    /// One name a line; `*.name` and `.name` also cover sub-domains.
    Names,
}

/// What reading a list came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rules read, repeated ones included.
    pub rules: u64,
    /// Lines that carry something we could not read.
    pub skipped: u64,
    /// The first of them.
    pub first_skipped: Vec<Skipped>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Skipped {
    /// Line number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a line is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Over 4096 octets.
    #[error("the line is longer than 4096 characters")]
    LongLine,
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A hosts line that does not start with an address.
    #[error("no address at the start of the line")]
    NoAddress,
    /// A hosts line that leads to another place than nowhere.
    #[error("the address is neither 0.0.0.0 nor a loopback address")]
    OtherAddress,
    /// A name line with more than a name.
    #[error("more than one word on the line")]
    ManyWords,
}

/// Reads a list to its end and gives every rule to `each`. The format is told by content where
/// `format` is none.
///
/// # Errors
/// Only what reading the source reports; lines are never an error.
pub fn read(
    mut source: impl BufRead,
    format: Option<Format>,
    mut each: impl FnMut(&Name, Scope),
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut name = Name::default();
    let mut line = Vec::with_capacity(256);
    let mut number = 0;
    let mut format = format;
    loop {
        number += 1;
        line.clear();
        let whole = read_line(&mut source, &mut line)?;
        if line.is_empty() && whole {
            return Ok(outcome);
        }
        let text = content(&line, number == 1);
        if text.is_empty() {
            continue;
        }
        let format = *format.get_or_insert_with(|| detect(text));
        let mut rule = |name: &Name, scope| {
            outcome.rules += 1;
            each(name, scope);
        };
        let result = match format {
            _ if !whole => Err(Reason::LongLine),
            Format::Hosts => hosts::read_line(text, &mut name, &mut rule),
            Format::Names => names::read_line(text, &mut name, &mut rule),
        };
        if let Err(reason) = result {
            outcome.skipped += 1;
            if outcome.first_skipped.len() < KEPT_SKIPS {
                outcome.first_skipped.push(Skipped { line: number, reason });
            }
        }
    }
}

/// Reads up to the next line feed into `line`, which stays empty only at the end of the source.
/// False where the line was too long and its rest was passed over.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut whole = true;
    loop {
        let buffer = match source.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = buffer.iter().take(DETECT).position(|&octet| octet == b'\n');
        let taken = end.map_or_else(|| buffer.len().min(DETECT), |end| end + 1);
        let room = MAX_LINE - line.len();
        line.extend_from_slice(&buffer[..taken.min(room)]);
        whole &= taken <= room;
        source.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(whole);
        }
    }
}

/// The line without byte-order mark, comment and surrounding space.
fn content(line: &[u8], first: bool) -> &[u8] {
    let line = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    let comment = line.iter().position(|&octet| octet == b'#').unwrap_or(line.len());
    let text = line[..comment].trim_ascii();
    // Comments of other formats appear in plain lists too, at the start of a line.
    if text.starts_with(b"!") || text.starts_with(b";") { b"" } else { text }
}

/// Tells the format by the first line that carries anything.
fn detect(text: &[u8]) -> Format {
    if hosts::has_address(text) { Format::Hosts } else { Format::Names }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(text: &[u8]) -> (Vec<String>, Outcome) {
        let mut rules = Vec::new();
        let outcome = read(text, None, |name, scope| {
            rules.push(match scope {
                Scope::Name => name.to_string(),
                Scope::Tree => format!("*.{name}"),
            });
        })
        .unwrap();
        (rules, outcome)
    }

    macro_rules! reads {
        ($($name:ident: $text:expr => $rules:expr, skipped $skipped:expr;)*) => {$(
            #[test]
            fn $name() {
                let (rules, outcome) = rules($text);
                assert_eq!(rules, $rules as [&str; _]);
                assert_eq!(outcome.rules, rules.len() as u64);
                let lines: Vec<_> = outcome.first_skipped.iter().map(|skip| skip.line).collect();
                assert_eq!(lines, $skipped as [u64; _]);
            }
        )*};
    }

    reads! {
        nothing: b"" => [], skipped [];
        names: b"a.test\nb.test\n" => ["a.test", "b.test"], skipped [];
        the_last_line_needs_no_end: b"a.test" => ["a.test"], skipped [];
        windows_lines_and_a_mark: b"\xef\xbb\xbfa.test\r\n\r\nb.test\r\n" => ["a.test", "b.test"], skipped [];
        comments: b"# x\n! y\n; z\na.test # why\n" => ["a.test"], skipped [];
        names_in_capitals: b"A.Test.\n" => ["a.test"], skipped [];
        trees: b"*.a.test\n.b.test\n" => ["*.a.test", "*.b.test"], skipped [];
        bad_names: b"a..b\nok.test\nb\xfc.test\n-\n*\n" => ["ok.test", "-"], skipped [1, 3, 5];
        two_words: b"a.test b.test\n" => [], skipped [1];
        hosts: b"0.0.0.0 a.test b.test\n127.0.0.1\tc.test\n:: d.test\n" => ["a.test", "b.test", "c.test", "d.test"], skipped [];
        hosts_own_names: b"127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n255.255.255.255 broadcasthost\n0.0.0.0 a.test\n" => ["a.test"], skipped [];
        hosts_own_names_with_a_dot: b"127.0.0.1 localhost. a.test.\n0.0.0.0 0.0.0.0.\n" => ["a.test"], skipped [];
        hosts_elsewhere: b"0.0.0.0 a.test\n192.0.2.7 nas.test\nb.test\n0.0.0.0 ok.test b..d\n" => ["a.test", "ok.test"], skipped [2, 3, 4];
    }

    #[test]
    fn an_absurd_line_is_passed_over() {
        let mut text = vec![b'a'; 3 << 20];
        text.extend_from_slice(b"\nb.test\n");
        let (rules, outcome) = rules(&text);
        assert_eq!(rules, ["b.test"]);
        assert_eq!(outcome.first_skipped, [Skipped { line: 1, reason: Reason::LongLine }]);
    }

    #[test]
    fn bad_lines_are_counted_but_not_all_kept() {
        let (_, outcome) = rules("a..b\n".repeat(1_000).as_bytes());
        assert_eq!((outcome.skipped, outcome.first_skipped.len()), (1_000, KEPT_SKIPS));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(text in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let (rules, outcome) = rules(&text);
            prop_assert!(outcome.rules == rules.len() as u64);
        }

        #[test]
        fn what_is_read_reads_the_same_again(text in "([a-c.*# 0\r\n-]{0,12}\n){0,20}") {
            let (first, _) = rules(text.as_bytes());
            let (again, outcome) = rules(first.join("\n").as_bytes());
            prop_assert_eq!(outcome.skipped, 0);
            prop_assert_eq!(first, again);
        }
    }
}
