//! All that is kept, row by row, for other programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::super::rollup::{DAY, HOUR, category};
use super::super::rows::{Part, Row, Span, Whose, read, rolled_up_to};
use super::{Reader, StoreError, Sums};
use crate::trackers::Category;

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Hours.
    Hour,
    /// Days, by universal time.
    Day,
}

/// What is kept of a device and a company in an hour or a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its beginning, in seconds since 1970.
    pub since: u64,
    /// The device's key.
    pub device: String,
    /// The company; empty for names of none.
    pub company: String,
    /// What the tracker is for.
    pub category: Option<&'static str>,
    /// Refused.
    pub block: u64,
    /// Let through by a rule.
    pub allow: u64,
    /// Let through, or answered by the house.
    pub pass: u64,
}

/// The first line of a table of [`Kept`].
pub const CSV_HEAD: &str = "since,device,company,category,block,allow,pass\r\n";

impl Kept {
    /// Writes a line of a table with commas between its columns (RFC 4180).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { since, device, company, category, block, allow, pass } = self;
        let (device, company) = (quoted(device), quoted(company));
        let category = category.unwrap_or("");
        write!(out, "{since},{device},{company},{category},{block},{allow},{pass}\r\n")
    }

    /// Writes a line that is an object of JSON.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
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

impl Reader {
    /// Calls `each` with all that is kept, by hour or by day, the oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn each(
        &self,
        by: By,
        mut each: impl FnMut(&Kept) -> io::Result<()>,
    ) -> Result<io::Result<()>, StoreError> {
        let view = self.view()?;
        let view = view.as_deref().unwrap_or(&self.connection);
        let (devices, companies) = (self.devices_by_number()?, self.companies_by_number()?);
        let mut outcome = Ok(());
        let mut tell = |at: u64, row: Row| {
            let names = (devices.get(&row.device), companies.get(&row.company));
            let (Some(device), Some(company), true) = (names.0, names.1, outcome.is_ok()) else {
                return;
            };
            let Sums { block, allow, pass } = row.counted.sums;
            outcome = each(&Kept {
                since: at,
                device: device.clone(),
                company: company.clone(),
                category: category(row.category).map(Category::as_str),
                block,
                allow,
                pass,
            });
        };
        let hour = |row: &Row| row.day * DAY + u64::from(row.counted.hours.trailing_zeros());
        let end = rolled_up_to(view)?;
        // What is not told at once: the hour of what is not written yet, or days that are not over.
        let mut left: BTreeMap<(u64, i64, i64, i64), Row> = BTreeMap::new();
        let mut add = |at: u64, row: Row| {
            left.entry((at, row.device, row.company, row.category))
                .and_modify(|sum| sum.counted.sums.add(row.counted.sums))
                .or_insert(row);
        };
        let all = Span { first: 0, last: u64::MAX };
        if by == By::Hour {
            let running = self.unwritten.hour();
            read(
                view,
                Part::Hour,
                (0, u64::MAX),
                Whose::default(),
                &mut |_, row| match hour(&row) {
                    at if Some(at) == running => add(at * HOUR, row),
                    at => tell(at * HOUR, row),
                },
            )?;
            self.unwritten.rows(all, Whose::default(), |row| add(hour(&row) * HOUR, row));
        } else {
            let day = DAY * HOUR;
            read(view, Part::Day, (0, end), Whose::default(), &mut |_, row| {
                tell(row.day * day, row)
            })?;
            read(view, Part::Hour, (end * DAY, u64::MAX), Whose::default(), &mut |_, row| {
                add(row.day * day, row)
            })?;
            self.unwritten.rows(all, Whose::default(), |row| add(row.day * day, row));
        }
        left.into_iter().for_each(|((at, ..), row)| tell(at, row));
        Ok(outcome)
    }
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
