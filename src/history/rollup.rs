//! Who followed whom, rolled up: by hour for some months, by day for a year.
//!
//! A day's row also tells in which of its hours there was anything, so that reach can be told when
//! the hours are gone.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{OptionalExtension as _, Statement, Transaction, params};

use super::{Store, StoreError};
use crate::trackers::Category;

/// The tables. Categories are numbers, those of their order, and one more than the last for none.
pub(super) const STEP: &str = "
    CREATE TABLE device (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE company (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE hour (
        hour INTEGER NOT NULL, device INTEGER NOT NULL, company INTEGER NOT NULL,
        category INTEGER NOT NULL, block INTEGER NOT NULL, allow INTEGER NOT NULL,
        pass INTEGER NOT NULL, PRIMARY KEY (hour, device, company, category)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE day (
        day INTEGER NOT NULL, device INTEGER NOT NULL, company INTEGER NOT NULL,
        category INTEGER NOT NULL, block INTEGER NOT NULL, allow INTEGER NOT NULL,
        pass INTEGER NOT NULL, hours INTEGER NOT NULL,
        PRIMARY KEY (day, device, company, category)
    ) STRICT, WITHOUT ROWID;
";

/// Seconds of an hour, and hours of a day: both by universal time.
pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24;

/// Queries of a device for names of a company, since they were last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The device's key.
    pub device: String,
    /// The company; empty for names of none.
    pub company: String,
    /// What its tracker is for.
    pub category: Option<Category>,
    /// Refused.
    pub block: u64,
    /// Let through by a rule.
    pub allow: u64,
    /// Let through, or answered by the house.
    pub pass: u64,
}

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Hours, in days.
    pub hours: u64,
    /// Days.
    pub days: u64,
}

pub(super) fn number(category: Option<Category>) -> i64 {
    category.map_or(Category::ALL.len(), |category| category as usize) as i64
}

pub(super) fn category(number: i64) -> Option<Category> {
    Category::ALL.get(usize::try_from(number).ok()?).copied()
}

impl Store {
    /// Adds `rows` to the hour and the day of `now`, in seconds since 1970: all or none.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, rows: &[Row], now: u64) -> Result<(), StoreError> {
        let (hour, day) = (now / HOUR, now / HOUR / DAY);
        let of_day = 1_i64 << (hour % DAY);
        let transaction = self.0.transaction()?;
        {
            let mut into_hour = transaction.prepare(
                "INSERT INTO hour VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO UPDATE SET block = block + excluded.block,
                     allow = allow + excluded.allow, pass = pass + excluded.pass",
            )?;
            let mut into_day = transaction.prepare(
                "INSERT INTO day VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT DO UPDATE SET block = block + excluded.block,
                     allow = allow + excluded.allow, pass = pass + excluded.pass,
                     hours = hours | excluded.hours",
            )?;
            let mut devices = Numbers::new(&transaction, "device", "key")?;
            let mut companies = Numbers::new(&transaction, "company", "name")?;
            for row in rows {
                let (device, company) = (devices.of(&row.device)?, companies.of(&row.company)?);
                let [block, allow, pass] =
                    [row.block, row.allow, row.pass].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
                let category = number(row.category);
                let (hour, day) = (hour as i64, day as i64);
                into_hour.execute(params![hour, device, company, category, block, allow, pass])?;
                into_day
                    .execute(params![day, device, company, category, block, allow, pass, of_day])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Lets go of what is older than it may be, at `now`. Returns how many rows went.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn retire(&mut self, retention: Retention, now: u64) -> Result<usize, StoreError> {
        let today = now / HOUR / DAY;
        let hour = today.saturating_sub(retention.hours) * DAY;
        let day = today.saturating_sub(retention.days);
        let transaction = self.0.transaction()?;
        let gone = transaction.execute("DELETE FROM hour WHERE hour < ?1", [hour as i64])?
            + transaction.execute("DELETE FROM day WHERE day < ?1", [day as i64])?;
        tidy(&transaction)?;
        transaction.commit()?;
        Ok(gone)
    }

    /// Forgets all counts of the device of this key, or of all, since `since` hours of 1970, or for
    /// ever: also from the journal and from pages of the file that are no longer in use. Returns how
    /// many rows went.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(
        &mut self,
        device: Option<&str>,
        since: Option<u64>,
    ) -> Result<usize, StoreError> {
        let hour = since.unwrap_or(0);
        let transaction = self.0.transaction()?;
        let whose = "(?1 IS NULL OR device IN (SELECT id FROM device WHERE key = ?1))";
        let mut gone = transaction.execute(
            &format!("DELETE FROM hour WHERE {whose} AND hour >= ?2"),
            params![device, hour as i64],
        )?;
        // A day of which some hours stay is made anew of them.
        gone += transaction.execute(
            &format!("DELETE FROM day WHERE {whose} AND day >= ?2"),
            params![device, (hour / DAY) as i64],
        )?;
        if since.is_some_and(|hour| hour % DAY != 0) {
            transaction.execute(
                &format!(
                    "INSERT INTO day SELECT hour / 24, device, company, category, sum(block),
                         sum(allow), sum(pass), sum(1 << (hour % 24))
                     FROM hour WHERE {whose} AND hour >= ?2 AND hour < ?3
                     GROUP BY hour / 24, device, company, category"
                ),
                params![device, (hour / DAY * DAY) as i64, hour as i64],
            )?;
        }
        tidy(&transaction)?;
        transaction.commit()?;
        self.0.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
        Ok(gone)
    }
}

/// Lets go of devices and companies of which nothing is counted any more.
fn tidy(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    transaction.execute_batch(
        "DELETE FROM device WHERE id NOT IN (SELECT device FROM day UNION SELECT device FROM hour);
         DELETE FROM company WHERE id NOT IN (SELECT company FROM day UNION SELECT company FROM hour);",
    )
}

/// Numbers of texts in a table of them.
struct Numbers<'a> {
    find: Statement<'a>,
    add: Statement<'a>,
    known: HashMap<String, i64, RandomState>,
}

impl<'a> Numbers<'a> {
    fn new(
        transaction: &'a Transaction<'_>,
        table: &str,
        column: &str,
    ) -> Result<Self, rusqlite::Error> {
        let find = format!("SELECT id FROM {table} WHERE {column} = ?1");
        let add = format!("INSERT INTO {table} ({column}) VALUES (?1) RETURNING id");
        Ok(Self {
            find: transaction.prepare(&find)?,
            add: transaction.prepare(&add)?,
            known: HashMap::default(),
        })
    }

    fn of(&mut self, text: &str) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.known.get(text) {
            return Ok(*number);
        }
        let found = self.find.query_row([text], |row| row.get(0)).optional()?;
        let number = match found {
            Some(number) => number,
            None => self.add.query_row([text], |row| row.get(0))?,
        };
        self.known.insert(text.to_owned(), number);
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::Reader;
    use super::*;

    const NOW: u64 = 20_000 * DAY * HOUR + 5 * HOUR;

    fn row(device: &str, company: &str, block: u64) -> Row {
        let category = (!company.is_empty()).then_some(Category::Analytics);
        let (device, company) = (device.to_owned(), company.to_owned());
        Row { device, company, category, block, allow: 1, pass: 2 }
    }

    #[test]
    fn rows_add_up_by_hour_and_day_and_go_when_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        store.add(&[row("tv", "Acme", 5), row("tv", "", 0)], NOW).unwrap();
        store.add(&[row("tv", "Acme", 5)], NOW + 60).unwrap();
        store.add(&[row("pad", "Acme", 1)], NOW + HOUR).unwrap();
        let reader = Reader::open(folder.path()).unwrap();
        let whole = |reader: &Reader| reader.companies(20_000, 20_000, None).unwrap();
        let companies = whole(&reader);
        assert_eq!(companies.len(), 1);
        let acme = &companies[0];
        assert_eq!((acme.block, acme.allow, acme.pass), (11, 3, 6));
        assert_eq!((acme.devices, acme.hours), (2, 2));
        assert_eq!(reader.companies(20_000, 20_000, Some("pad")).unwrap()[0].block, 1);
        assert_eq!(reader.totals(20_000, 20_000, None).unwrap().pass, 8);
        let retention = Retention { hours: 1, days: 2 };
        assert_eq!(store.retire(retention, NOW + DAY * HOUR).unwrap(), 0);
        assert_eq!(store.retire(retention, NOW + 2 * DAY * HOUR).unwrap(), 3, "the hours");
        assert_eq!(whole(&reader).len(), 1);
        assert_eq!(store.retire(retention, NOW + 3 * DAY * HOUR).unwrap(), 3, "the days");
        assert_eq!(whole(&reader).len(), 0);
    }

    #[test]
    fn what_is_forgotten_is_in_no_file_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        let planted = "planted-pseudonym";
        store.add(&[row(planted, "Planted Inc.", 5), row("tv", "Acme", 1)], NOW).unwrap();
        store.add(&[row(planted, "Planted Inc.", 5)], NOW + HOUR).unwrap();
        let holds = |text: &str| {
            let files = std::fs::read_dir(folder.path()).unwrap();
            let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
            files.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        };
        assert!(holds(planted) && holds("Planted Inc."));
        // The last hour alone: the day keeps the one before.
        assert_eq!(store.forget(Some(planted), Some((NOW + HOUR) / HOUR)).unwrap(), 2);
        let reader = Reader::open(folder.path()).unwrap();
        let left = reader.companies(20_000, 20_000, Some(planted)).unwrap();
        assert_eq!((left[0].block, left[0].hours), (5, 1));
        drop(reader);
        assert_eq!(store.forget(Some(planted), None).unwrap(), 2);
        assert!(!holds(planted) && !holds("Planted Inc.") && holds("Acme"));
        store.forget(None, None).unwrap();
        assert!(!holds("Acme"));
    }
}
