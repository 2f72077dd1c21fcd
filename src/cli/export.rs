//! `trackless export`: all that is kept, for other programs.

use std::io::{self, BufWriter, Write};

use clap::ValueEnum;

use super::{Settings, finish};
use crate::control::{self, Order};
use crate::data::Folder;
use crate::history::read::{By, CSV_HEAD, Reader};

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table with commas between its columns (RFC 4180)
    Csv,
    /// One JSON object a line
    Jsonl,
}

pub(super) fn run(days: bool, format: Format, settings: &Settings) -> Result<(), String> {
    let config = settings.read()?;
    let folder = Folder::existing(config.data.as_deref())
        .ok_or("no data folder: give the server's by --data DIR or --config FILE")?;
    // A server that runs knows more than it has written.
    let _ = control::tell(folder.path(), &Order::WriteDown);
    let reader = Reader::open(folder.path()).map_err(|error| error.to_string())?;
    let mut out = BufWriter::new(io::stdout().lock());
    let head = match format {
        Format::Csv => out.write_all(CSV_HEAD.as_bytes()),
        Format::Jsonl => Ok(()),
    };
    let by = if days { By::Day } else { By::Hour };
    let written = head.and_then(|()| {
        let rows = reader.each(by, |kept| match format {
            Format::Csv => kept.write_csv(&mut out),
            Format::Jsonl => kept.write_json(&mut out),
        });
        rows.map_err(io::Error::other)?
    });
    finish(written.and_then(|()| out.flush()))
}
