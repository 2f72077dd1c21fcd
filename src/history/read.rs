//! Questions to the store, over a connection of their own that can only read: whoever asks never
//! keeps the writer waiting. What is counted but not written yet is told as if it were.

mod ages;
mod export;
mod followed;
mod hours;
mod unwritten;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::rollup::DAY;
pub use super::rows::Span;
use super::rows::{Part, Row, Whose, oldest, read, rows};
use super::{Change, FILE, StoreError, open_to_read};
pub use ages::Age;
pub use export::{By, CSV_HEAD, Kept};
pub use followed::{Company, Device, Graph, OfDevice};
pub use hours::Hour;
use unwritten::Unwritten;

/// Texts by number.
pub(super) type Texts = HashMap<i64, String, RandomState>;

/// Steps of SQLite's between two looks at the clock.
const STEPS: i32 = 10_000;

/// A store, open to be read.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
    unwritten: Unwritten,
}

/// What became of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Refused.
    pub block: u64,
    /// Let through by a rule.
    pub allow: u64,
    /// Let through, or answered by the house.
    pub pass: u64,
}

impl Sums {
    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.block = self.block.saturating_add(other.block);
        self.allow = self.allow.saturating_add(other.allow);
        self.pass = self.pass.saturating_add(other.pass);
    }

    /// All of them.
    pub fn all(self) -> u64 {
        self.block.saturating_add(self.allow).saturating_add(self.pass)
    }
}

impl Reader {
    /// The store in the data folder `folder`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let connection = open_to_read(&folder.join(FILE))?;
        Ok(Self { connection, unwritten: Unwritten::default() })
    }

    /// A store of which nothing is kept.
    ///
    /// # Errors
    /// There is no memory.
    pub fn of_nothing() -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()?;
        super::STEPS.iter().try_for_each(|step| connection.execute_batch(step))?;
        Ok(Self { connection, unwritten: Unwritten::default() })
    }

    /// From here on all questions see one state of the store, with `rows` as of `now`, in seconds
    /// since 1970, that are counted and not in it. To be called while nothing is written.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn see(&mut self, rows: &[super::Row], now: u64) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN")?;
        self.unwritten = Unwritten::new(&self.connection, rows, now)?;
        Ok(())
    }

    /// Questions that are not answered after `time` from now are given up.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn give_up_after(&mut self, time: Duration) -> Result<(), StoreError> {
        let end = Instant::now() + time;
        self.connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
        Ok(())
    }

    /// What was set under `name`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        super::setting(&self.connection, name)
    }

    /// The latest changes, the latest first, each with its number: at most `most` of those before
    /// number `before`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn changes(
        &self,
        before: Option<i64>,
        most: usize,
    ) -> Result<Vec<(i64, Change)>, StoreError> {
        super::changes(&self.connection, before, most)
    }

    /// All queries of a span; of one device, or of all.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn totals(&self, span: Span, device: Option<&str>) -> Result<Sums, StoreError> {
        let mut totals = Sums::default();
        self.rows(span, device, |_, row| {
            totals.add(row.counted.sums);
        })?;
        Ok(totals)
    }

    fn rows(
        &self,
        span: Span,
        device: Option<&str>,
        mut each: impl FnMut(Part, Row),
    ) -> Result<(), StoreError> {
        let Ok(device) = self.device(device)? else { return Ok(()) };
        self.rows_of(span, Whose::device(device), true, &mut each)
    }

    fn rows_of(
        &self,
        span: Span,
        whose: Whose,
        months: bool,
        each: &mut impl FnMut(Part, Row),
    ) -> Result<(), StoreError> {
        let view = self.view()?;
        rows(view.as_deref().unwrap_or(&self.connection), span, whose, months, &mut *each)?;
        self.unwritten.rows(span, whose, |row| each(Part::Hour, row));
        Ok(())
    }

    /// One view of all: a day may be made of its hours meanwhile. None where there is one already.
    fn view(&self) -> Result<Option<Transaction<'_>>, StoreError> {
        let is_seen = !self.connection.is_autocommit();
        Ok(if is_seen { None } else { Some(self.connection.unchecked_transaction()?) })
    }

    /// The number of the device of this key; none for all. An error where there is no such device.
    fn device(&self, key: Option<&str>) -> Result<Result<Option<i64>, ()>, StoreError> {
        let Some(key) = key else { return Ok(Ok(None)) };
        let number = self.number("SELECT id FROM device WHERE key = ?1", key)?;
        Ok(number.or_else(|| self.unwritten.devices.number(key)).map(Some).ok_or(()))
    }

    /// The number of the company of this name.
    fn company_number(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let number = self.number("SELECT id FROM company WHERE name = ?1", name)?;
        Ok(number.or_else(|| self.unwritten.companies.number(name)))
    }

    fn number(&self, sql: &str, text: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.connection.query_row(sql, [text], |row| row.get(0)).optional()?)
    }

    /// Devices by number.
    pub(super) fn devices_by_number(&self) -> Result<Texts, StoreError> {
        let mut devices = texts(&self.connection, "SELECT id, key FROM device")?;
        devices.extend(self.unwritten.devices.texts());
        Ok(devices)
    }

    /// Companies by number, the empty one of names of none included.
    pub(super) fn companies_by_number(&self) -> Result<Texts, StoreError> {
        let mut companies = texts(&self.connection, "SELECT id, name FROM company")?;
        companies.extend(self.unwritten.companies.texts());
        Ok(companies)
    }

    /// Devices and companies that met in each hour from `first` on, in hours since 1970.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn met(&self, first: u64, mut each: impl FnMut(u64, &str, &str)) -> Result<(), StoreError> {
        let (devices, companies) = (self.devices_by_number()?, self.companies_by_number()?);
        read(&self.connection, Part::Hour, (first, u64::MAX), Whose::default(), &mut |_, row| {
            let hour = row.day * DAY + u64::from(row.counted.hours.trailing_zeros());
            let names = (devices.get(&row.device), companies.get(&row.company));
            if let (Some(device), Some(company)) = names
                && !company.is_empty()
            {
                each(hour, device, company);
            }
        })?;
        Ok(())
    }

    /// The first day of which anything is known.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn first_day(&self) -> Result<Option<u64>, StoreError> {
        let hour = oldest(&self.connection, Part::Hour)?.into_iter().chain(self.unwritten.hour());
        let hour = hour.map(|hour| hour / DAY);
        Ok(oldest(&self.connection, Part::Day)?.into_iter().chain(hour).min())
    }
}

fn texts(connection: &Connection, sql: &str) -> Result<Texts, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let texts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(texts.collect::<Result<_, _>>()?)
}
