//! `trackless export`: all that is kept, for other programs.

use std::io::{self, BufWriter, Write};

use clap::ValueEnum;

use super::{Settings, finish};
use crate::control::{self, Order};
use crate::data::Folder;
use crate::history::read::{By, Kept, Reader};

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
        Format::Csv => out.write_all(b"since,device,company,category,block,allow,pass\r\n"),
        Format::Jsonl => Ok(()),
    };
    let by = if days { By::Day } else { By::Hour };
    let written = head.and_then(|()| {
        let rows = reader.each(by, |kept| match format {
            Format::Csv => csv(&mut out, kept),
            Format::Jsonl => {
                serde_json::to_writer(&mut out, kept)?;
                out.write_all(b"\n")
            }
        });
        rows.map_err(io::Error::other)?
    });
    finish(written.and_then(|()| out.flush()))
}

fn csv(out: &mut impl Write, kept: &Kept) -> io::Result<()> {
    let Kept { since, device, company, category, block, allow, pass } = kept;
    let (device, company) = (quoted(device), quoted(company));
    let category = category.unwrap_or("");
    write!(out, "{since},{device},{company},{category},{block},{allow},{pass}\r\n")
}

/// In quotes where it would not be read back else; nothing that a table's program takes for a formula.
fn quoted(text: &str) -> String {
    let text = match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    if text.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_it_must_be() {
        for (text, expected) in [
            ("Acme", "Acme"),
            ("Acme, Inc.", "\"Acme, Inc.\""),
            ("the \"one\"", "\"the \"\"one\"\"\""),
            ("=1+1", "'=1+1"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
