//! Who followed whom, rolled up: by hour for some months, by day for a year, by month for questions
//! about many days.
//!
//! Counts are added to the running hour alone, so that little is written. A day that is over is made
//! of its hours, and a month of its days. A day's row also tells in which of its hours there was
//! anything, so that reach can be told when the hours are gone.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;
use rusqlite::{OptionalExtension as _, Statement, Transaction, params};

use super::rows::{Gathered, Part, is_rolled_up, rolled_up_to, rows};
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

/// Months, with the category that most of a pair's queries were for and the number of its hours;
/// device 0 tells in how many hours a company was anywhere. And the day on which a device first met
/// a company. Days before `rolled_up_to` are in `day`, later ones only in their hours.
pub(super) const STEP_OF_MONTHS: &str = "
    CREATE TABLE month (
        month INTEGER NOT NULL, device INTEGER NOT NULL, company INTEGER NOT NULL,
        category INTEGER NOT NULL, block INTEGER NOT NULL, allow INTEGER NOT NULL,
        pass INTEGER NOT NULL, hours INTEGER NOT NULL,
        PRIMARY KEY (month, device, company)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE met (
        device INTEGER NOT NULL, company INTEGER NOT NULL, day INTEGER NOT NULL,
        PRIMARY KEY (device, company)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO met SELECT device, company, min(day) FROM day GROUP BY device, company;
    INSERT INTO setting SELECT 'rolled_up_to', coalesce(max(day) + 1, 0) FROM day;
";

/// Seconds of an hour, and hours of a day: both by universal time.
pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24;
/// Days of what is called a month here: they begin on no calendar's first.
pub(super) const MONTH: u64 = 30;

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
    /// Adds `rows` to the hour of `now`, in seconds since 1970: all or none.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, rows: &[Row], now: u64) -> Result<(), StoreError> {
        let (hour, day) = (now / HOUR, now / HOUR / DAY);
        let transaction = self.0.transaction()?;
        // A clock that was set back adds to a day that was over.
        let was_over = day < rolled_up_to(&transaction)?;
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
            let mut meet = transaction.prepare(
                "INSERT INTO met VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET day = excluded.day WHERE excluded.day < day",
            )?;
            let mut devices = Numbers::new(&transaction, "device", "key")?;
            let mut companies = Numbers::new(&transaction, "company", "name")?;
            for row in rows {
                let (device, company) = (devices.of(&row.device)?, companies.of(&row.company)?);
                let [block, allow, pass] =
                    [row.block, row.allow, row.pass].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
                let category = number(row.category);
                into_hour.execute(params![
                    hour as i64,
                    device,
                    company,
                    category,
                    block,
                    allow,
                    pass
                ])?;
                meet.execute(params![device, company, day as i64])?;
                if was_over {
                    let (day, hours) = (day as i64, 1_i64 << (hour % DAY));
                    into_day.execute(params![
                        day, device, company, category, block, allow, pass, hours
                    ])?;
                }
            }
        }
        if was_over {
            transaction.execute("DELETE FROM month WHERE month = ?1", [(day / MONTH) as i64])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Makes days of hours and months of days that are over at `now`, and lets go of what is older
    /// than it may be. Returns how many rows went. What is long over is not looked at again.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn roll_up(&mut self, retention: Retention, now: u64) -> Result<usize, StoreError> {
        let today = now / HOUR / DAY;
        let hour = today.saturating_sub(retention.hours) * DAY;
        let day = today.saturating_sub(retention.days);
        let transaction = self.0.transaction()?;
        let first = rolled_up_to(&transaction)?;
        if first < today {
            make_days(&transaction, first * DAY, today * DAY, None)?;
            let sql = "UPDATE setting SET value = ?1 WHERE name = 'rolled_up_to'";
            transaction.execute(sql, [today.to_string()])?;
        }
        let hours = transaction.execute("DELETE FROM hour WHERE hour < ?1", [hour as i64])?;
        let days = transaction.execute("DELETE FROM day WHERE day < ?1", [day as i64])?;
        // A month of which a day is gone would tell too much.
        let month = day.div_ceil(MONTH);
        transaction.execute("DELETE FROM month WHERE month < ?1", [month as i64])?;
        for month in month..today.max(first) / MONTH {
            make_month(&transaction, month)?;
        }
        if days > 0 {
            tidy(&transaction)?;
        }
        transaction.commit()?;
        Ok(hours + days)
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
        let (day, month) = (hour / DAY, hour / DAY / MONTH);
        let transaction = self.0.transaction()?;
        let end = rolled_up_to(&transaction)?;
        let delete = |from: &str, first: u64| {
            let whose = "(?1 IS NULL OR device IN (SELECT id FROM device WHERE key = ?1))";
            let sql = format!("DELETE FROM {from} WHERE {whose} AND {from} >= ?2");
            transaction.execute(&sql, params![device, first as i64])
        };
        // A day of which some hours stay is made anew of them, and so is a month of its days.
        let gone = delete("hour", hour)? + delete("day", day)?;
        transaction.execute("DELETE FROM month WHERE month >= ?1", [month as i64])?;
        if day < end && !hour.is_multiple_of(DAY) {
            make_days(&transaction, day * DAY, hour, device)?;
        }
        for month in month..end / MONTH {
            make_month(&transaction, month)?;
        }
        tidy(&transaction)?;
        transaction.commit()?;
        self.0.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
        Ok(gone)
    }
}

/// Makes days of the hours from `first` to before `end`: of one device, or of all.
fn make_days(
    transaction: &Transaction<'_>,
    first: u64,
    end: u64,
    device: Option<&str>,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO day SELECT hour / 24, device, company, category, sum(block),
                   sum(allow), sum(pass), sum(1 << (hour % 24))
               FROM hour WHERE hour >= ?1 AND hour < ?2
               AND (?3 IS NULL OR device IN (SELECT id FROM device WHERE key = ?3))
               GROUP BY hour / 24, device, company, category";
    let end = i64::try_from(end).unwrap_or(i64::MAX);
    transaction.execute(sql, params![first as i64, end, device])?;
    Ok(())
}

/// Makes a month of its days, where it is not made yet.
fn make_month(transaction: &Transaction<'_>, month: u64) -> Result<(), rusqlite::Error> {
    if is_rolled_up(transaction, month)? {
        return Ok(());
    }
    let mut pairs: BTreeMap<(i64, i64), Gathered> = BTreeMap::new();
    let (first, last) = (month * MONTH, (month + 1) * MONTH - 1);
    rows(transaction, first, last, None, |part, row| {
        debug_assert!(part != Part::Month, "not made yet");
        pairs.entry((row.device, row.company)).or_default().add(part, row);
        pairs.entry((0, row.company)).or_default().add(part, row);
    })?;
    let mut insert =
        transaction.prepare("INSERT INTO month VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for ((device, company), gathered) in pairs {
        let hours = gathered.hours() as i64;
        let sums = if device == 0 { Default::default() } else { gathered.sums };
        let [block, allow, pass] = [sums.block, sums.allow, sums.pass].map(|sum| sum as i64);
        let category = number(gathered.category());
        let month = month as i64;
        insert.execute(params![month, device, company, category, block, allow, pass, hours])?;
    }
    Ok(())
}

/// Lets go of devices, of companies and of who met whom, where nothing is counted of it any more.
fn tidy(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    let mut pairs: HashSet<(i64, i64), RandomState> = HashSet::default();
    let end = i64::MAX as u64 / DAY - 1;
    rows(transaction, 0, end, None, |_, row| {
        pairs.insert((row.device, row.company));
    })?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let mut known = transaction.prepare("SELECT device, company FROM met")?;
    let known: Vec<(i64, i64)> = known.query_map([], read)?.collect::<Result<_, _>>()?;
    let mut part = transaction.prepare("DELETE FROM met WHERE device = ?1 AND company = ?2")?;
    for pair in known {
        if !pairs.contains(&pair) {
            part.execute(pair)?;
        }
    }
    transaction.execute_batch(
        "DELETE FROM device WHERE id NOT IN (SELECT device FROM met);
         DELETE FROM company WHERE id NOT IN (SELECT company FROM met);",
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
mod tests;
