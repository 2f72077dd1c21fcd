//! `trackless queries`: queries that were kept, the newest first.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use super::{Settings, finish, report};
use crate::clock;
use crate::control::{self, Order};
use crate::data::Folder;
use crate::filter::syntax::rtype_text;
use crate::history::queries::Logged;
use crate::history::queries::read::{Filter, Reader};

/// Queries read at once.
const PAGE: usize = 500;

/// What is asked for.
pub(super) struct Wanted {
    pub(super) filter: Filter,
    pub(super) last: Option<Duration>,
    pub(super) most: usize,
    pub(super) json: bool,
}

pub(super) fn run(wanted: Wanted, settings: &Settings) -> Result<(), String> {
    let config = settings.read()?;
    let folder = Folder::existing(config.data.as_deref())
        .ok_or("no data folder: give the server's by --data DIR or --config FILE")?;
    // A server that runs knows more than it has written.
    let _ = control::tell(folder.path(), &Order::WriteDown);
    let reader = Reader::open(folder.path()).map_err(|error| {
        format!("{error}; queries are kept only with `stats: {{ level: full }}` in the settings")
    })?;
    let names = report::names(folder.path());
    let Wanted { mut filter, last, most, json } = wanted;
    filter.since = last.map(|last| clock::now().0.saturating_sub(last).as_secs());
    filter.device = filter.device.map(|text| report::key_of(&names, &text).to_owned());
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut left, mut after) = (most, None);
    while left > 0 {
        let page =
            reader.page(&filter, after, left.min(PAGE)).map_err(|error| error.to_string())?;
        left -= page.queries.len();
        let mut queries = page.queries.iter();
        let written = queries.try_for_each(|query| match json {
            true => as_json(&mut out, query),
            false => as_text(&mut out, query, &names),
        });
        if written.is_err() {
            return finish(written);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    finish(out.flush())
}

fn as_json(out: &mut impl Write, query: &Logged) -> io::Result<()> {
    serde_json::to_writer(&mut *out, query)?;
    out.write_all(b"\n")
}

fn as_text(
    out: &mut impl Write,
    query: &Logged,
    names: &BTreeMap<String, String>,
) -> io::Result<()> {
    let Logged { at, device, name, qtype, verdict, by, company } = query;
    let at = i64::try_from(*at).ok().and_then(|at| Timestamp::from_second(at).ok());
    let at = TimeZone::system().to_datetime(at.unwrap_or_default());
    let at = at.strftime("%Y-%m-%d %H:%M:%S");
    let device = names.get(device).unwrap_or(device);
    write!(out, "{at} {device} {name} {} {verdict}", rtype_text(*qtype))?;
    write_why(out, by, company)
}

/// Ends a line with who refuses or allows, and whose name it is, where that is known.
pub(super) fn write_why(out: &mut impl Write, by: &str, company: &str) -> io::Result<()> {
    let said = [("by ", by), ("of ", company)];
    for (word, text) in said.iter().filter(|(_, text)| !text.is_empty()) {
        write!(out, " {word}{text}")?;
    }
    writeln!(out)
}
