//! List formats: bytes of a list ─▶ rules, one parser a format.
//!
//! A list is read as a stream, line by line, in bounded memory. A bad line never spoils a list:
//! it is counted, and the first few are kept with their line numbers for the person who asks.

mod adblock;
mod detect;
mod dnsmasq;
mod host;
mod hosts;
mod line;
mod modifiers;
mod names;
mod reason;
mod record;
mod regex;
mod rpz;
#[cfg(test)]
mod tests;
mod unbound;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use super::{ListRule, Tier};
use crate::wire::Name;

pub use reason::Reason;
pub use record::{local_record, rtype_number, rtype_text};

/// Bad lines that are kept to be shown.
const KEPT_SKIPS: usize = 10;
/// Octets looked at to tell a list's format.
const SAMPLE: u64 = 64 * 1024;

/// Formats we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `/etc/hosts` style: an address, then names.
    Hosts,
    /// One name a line; `*.name` and `.name` also cover what is below.
    Names,
    /// Rules as for browsers, those of them that concern names: `||name^`, `@@||name^$important`.
    Adblock,
    /// Regular expressions, as Pi-hole has them.
    Regex,
    /// Configuration of dnsmasq: `address=/name/`.
    Dnsmasq,
    /// Configuration of Unbound: `local-zone: "name" always_nxdomain`.
    Unbound,
    /// A response policy zone.
    Rpz,
}

impl Format {
    /// All of them with their words.
    pub const ALL: [(Self, &str); 7] = [
        (Self::Hosts, "hosts"),
        (Self::Names, "names"),
        (Self::Adblock, "adblock"),
        (Self::Regex, "regex"),
        (Self::Dnsmasq, "dnsmasq"),
        (Self::Unbound, "unbound"),
        (Self::Rpz, "rpz"),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(format, _)| *format == self).map_or("", |(_, word)| word)
    }
}

/// What reading a list came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How it was read; none for a list without any line.
    pub format: Option<Format>,
    /// Rules read, repeated ones included.
    pub rules: u64,
    /// Lines that carry something we could not read, by [`Reason::kind`].
    pub skipped: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub first_skipped: Vec<Skipped>,
}

impl Outcome {
    fn skip(&mut self, line: u64, text: &[u8], reason: Reason) {
        *self.skipped.entry(reason.kind()).or_default() += 1;
        if self.first_skipped.len() < KEPT_SKIPS {
            self.first_skipped.push(Skipped { line, text: line::shown(text), reason });
        }
    }
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}: {text}")]
pub struct Skipped {
    /// Line number, from 1.
    pub line: u64,
    /// Its beginning, fit to be shown.
    pub text: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Reads a list to its end and gives every rule, with the number of its line, to `each`. The
/// format is told by content where `format` is none. Costs about 0.1 µs a line.
///
/// # Errors
/// Only what reading the source reports; lines are never an error.
pub fn read(
    mut source: impl BufRead,
    format: Option<Format>,
    mut each: impl FnMut(u64, &ListRule<'_>),
) -> io::Result<Outcome> {
    let mut sample = Vec::new();
    source.by_ref().take(SAMPLE).read_to_end(&mut sample)?;
    let Some(format) = format.or_else(|| detect::detect(&sample)) else {
        return Ok(Outcome::default());
    };
    let mut outcome = Outcome { format: Some(format), ..Outcome::default() };
    let mut reader = Reader::new(format);
    let mut line = Vec::with_capacity(256);
    let mut source = io::Cursor::new(sample).chain(source);
    for number in 1.. {
        line.clear();
        let whole = line::read(&mut source, &mut line)?;
        if line.is_empty() && whole {
            break;
        }
        let text = line::content(&line, number == 1);
        let result = if whole {
            reader.line(text, &mut |rule| {
                outcome.rules += 1;
                each(number, &rule);
            })
        } else {
            Err(Reason::LongLine)
        };
        if let Err(reason) = result {
            outcome.skip(number, text, reason);
        }
    }
    Ok(outcome)
}

/// One format's reader, with what it remembers from line to line.
enum Reader {
    /// Formats whose lines stand alone; with scratch space, so that a line costs no allocation.
    Plain(Format, Name),
    Unbound(unbound::Reader),
    Rpz(rpz::Reader),
}

impl Reader {
    fn new(format: Format) -> Self {
        match format {
            Format::Unbound => Self::Unbound(unbound::Reader::default()),
            Format::Rpz => Self::Rpz(rpz::Reader::default()),
            _ => Self::Plain(format, Name::default()),
        }
    }

    fn line(&mut self, text: &[u8], rule: &mut impl FnMut(ListRule<'_>)) -> Result<(), Reason> {
        match self {
            Self::Unbound(reader) => reader.line(text, rule),
            Self::Rpz(reader) => reader.line(text, rule),
            Self::Plain(format, name) => match format {
                Format::Hosts => hosts::read_line(text, name, rule),
                Format::Adblock => adblock::read_line(text, name, rule),
                Format::Regex => regex::read_line(text, rule),
                Format::Dnsmasq => dnsmasq::read_line(text, name, rule),
                Format::Names | Format::Unbound | Format::Rpz => names::read_line(text, name, rule),
            },
        }
    }
}

/// The words of a line.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// The tier of a plain refusal.
const BLOCK: Tier = Tier::Block;
