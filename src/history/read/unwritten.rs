//! What is counted and not written yet, in numbers that fit those of the store.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension as _};

use super::super::packed::Counted;
use super::super::rollup::{self, DAY, HOUR};
use super::super::rows::{Row, Span, Whose};
use super::Sums;

/// Rows of the running hour.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    hour: u64,
    rows: Vec<Row>,
    /// Those that the store does not know.
    pub(super) devices: New,
    pub(super) companies: New,
}

/// Texts with numbers beyond those of the store.
#[derive(Debug, Default)]
pub(super) struct New(HashMap<String, i64, RandomState>);

impl Unwritten {
    pub(super) fn new(
        connection: &Connection,
        rows: &[rollup::Row],
        now: u64,
    ) -> Result<Self, rusqlite::Error> {
        let hour = now / HOUR;
        let mut unwritten = Self { hour, ..Self::default() };
        // Also begins the view of the store that these fit.
        let mut devices = Known::new(connection, "device", "key")?;
        let mut companies = Known::new(connection, "company", "name")?;
        for rollup::Row { device, company, category, block, allow, pass } in rows {
            let sums = Sums { block: *block, allow: *allow, pass: *pass };
            unwritten.rows.push(Row {
                day: hour / DAY,
                device: devices.number(device, &mut unwritten.devices)?,
                company: companies.number(company, &mut unwritten.companies)?,
                category: rollup::number(*category),
                counted: Counted { sums, hours: 1 << (hour % DAY) },
            });
        }
        Ok(unwritten)
    }

    /// Calls `each` with the rows of a span.
    pub(super) fn rows(&self, span: Span, whose: Whose, each: impl FnMut(Row)) {
        if span.has(self.hour) {
            self.rows.iter().filter(|row| whose.has(row)).copied().for_each(each);
        }
    }

    /// Calls `each` with every device there is anything of, once or more, and the hour.
    pub(super) fn each_device(&self, mut each: impl FnMut(i64, u64)) {
        self.rows.iter().for_each(|row| each(row.device, self.hour));
    }

    /// The hour there is anything of.
    pub(super) fn hour(&self) -> Option<u64> {
        (!self.rows.is_empty()).then_some(self.hour)
    }
}

impl New {
    pub(super) fn number(&self, text: &str) -> Option<i64> {
        self.0.get(text).copied()
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = (i64, String)> {
        self.0.iter().map(|(text, number)| (*number, text.clone()))
    }
}

/// Numbers of texts in a table of them.
struct Known<'a> {
    find: rusqlite::Statement<'a>,
    found: HashMap<String, i64, RandomState>,
    next: i64,
}

impl<'a> Known<'a> {
    fn new(connection: &'a Connection, table: &str, column: &str) -> Result<Self, rusqlite::Error> {
        let last = format!("SELECT coalesce(max(id), 0) FROM {table}");
        let last: i64 = connection.query_row(&last, [], |row| row.get(0))?;
        let find = connection.prepare(&format!("SELECT id FROM {table} WHERE {column} = ?1"))?;
        Ok(Self { find, found: HashMap::default(), next: last + 1 })
    }

    fn number(&mut self, text: &str, new: &mut New) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.found.get(text) {
            return Ok(*number);
        }
        let found = self.find.query_row([text], |row| row.get(0)).optional()?;
        let number = found.unwrap_or_else(|| {
            self.next += 1;
            new.0.insert(text.to_owned(), self.next - 1);
            self.next - 1
        });
        self.found.insert(text.to_owned(), number);
        Ok(number)
    }
}
