//! Who followed whom, rolled up: by hour for some months, by day for a year, by month for questions
//! about many days.
//!
//! Counts are added to the running hour alone, so that little is written. A day that is over is made
//! of its hours, and a month of its days. A day's row also tells in which of its hours there was
//! anything, so that reach can be told when the hours are gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use foldhash::fast::RandomState;
use rusqlite::{OptionalExtension as _, Statement, Transaction, params};

use super::copy::remove_before;
use super::packed::{Counted, Counts, pack, unpack};
use super::read::Sums;
use super::rows::{
    Gathered, Part, Span, Whose, is_rolled_up, oldest, place, places, read, rolled_up_to, rows,
};
use super::{Store, StoreError};
use crate::trackers::Category;

/// The tables; nothing of what was counted before the first version is kept. A row is a device's hour,
/// day or month: its place says which. In a month a company has the category that most of its
/// queries were for, and device 0 tells in how many hours a company was anywhere. `met` is the day on
/// which a device first met a company. Days before `rolled_up_to` are in `day`, later ones only in
/// their hours. Categories are numbers, those of their order, and one more than the last for none.
pub(super) const STEP: &str = "
    DROP TABLE IF EXISTS device;
    DROP TABLE IF EXISTS company;
    DROP TABLE IF EXISTS hour;
    DROP TABLE IF EXISTS day;
    CREATE TABLE device (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE company (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE hour (place INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;
    CREATE TABLE day (place INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;
    CREATE TABLE month (place INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;
    CREATE TABLE met (
        device INTEGER NOT NULL, company INTEGER NOT NULL, day INTEGER NOT NULL,
        PRIMARY KEY (device, company)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO setting VALUES ('rolled_up_to', '0');
";

/// Seconds of an hour, and hours of a day: both by universal time.
pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24;
/// Days of what is called a month here: they begin on no calendar's first.
pub(super) const MONTH: u64 = 30;

/// The setting that is there while what was forgotten is still in pages that were not overwritten:
/// the power went, or somebody read.
const TO_REWRITE: &str = "to_rewrite";

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
        let mut by_device: BTreeMap<i64, Counts> = BTreeMap::new();
        {
            let mut meet = transaction.prepare(
                "INSERT INTO met VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET day = excluded.day WHERE excluded.day < day",
            )?;
            let mut devices = Numbers::new(&transaction, "device", "key")?;
            let mut companies = Numbers::new(&transaction, "company", "name")?;
            for row in rows {
                let (device, company) = (devices.of(&row.device)?, companies.of(&row.company)?);
                meet.execute(params![device, company, day as i64])?;
                let counts = by_device.entry(device).or_default();
                let sums = Sums { block: row.block, allow: row.allow, pass: row.pass };
                counts.entry((company, number(row.category))).or_default().add(sums, 1);
            }
        }
        // A clock that was set back adds to a day that was over.
        let was_over = day < rolled_up_to(&transaction)?;
        for (device, counts) in &by_device {
            merge(&transaction, Part::Hour, place(hour, *device), counts, 1)?;
            if was_over {
                merge(&transaction, Part::Day, place(day, *device), counts, 1 << (hour % DAY))?;
            }
        }
        if was_over {
            let (first, last) = places(day / MONTH, day / MONTH);
            transaction
                .execute("DELETE FROM month WHERE place BETWEEN ?1 AND ?2", [first, last])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Makes days of hours and months of days that are over at `now`, and lets go of what is older
    /// than it may be. Returns how many hours and days of devices went.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn roll_up(&mut self, retention: Retention, now: u64) -> Result<usize, StoreError> {
        if self.setting(TO_REWRITE)?.is_some() {
            self.rewrite()?;
        }
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
        let hours = delete_before(&transaction, Part::Hour, hour)?;
        let days = delete_before(&transaction, Part::Day, day)?;
        // A month of which a day is gone would tell too much.
        let month = day.div_ceil(MONTH);
        delete_before(&transaction, Part::Month, month)?;
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
    /// many hours and days of devices went.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(
        &mut self,
        device: Option<&str>,
        since: Option<u64>,
    ) -> Result<usize, StoreError> {
        // A copy of how it was before would remember.
        if let Some(path) = self.0.path() {
            remove_before(Path::new(path), |_| true);
        }
        let hour = since.unwrap_or(0);
        let (day, month) = (hour / DAY, hour / DAY / MONTH);
        let transaction = self.0.transaction()?;
        let end = rolled_up_to(&transaction)?;
        let device = match device {
            None => None,
            Some(key) => {
                let sql = "SELECT id FROM device WHERE key = ?1";
                let id: Option<i64> =
                    transaction.query_row(sql, [key], |row| row.get(0)).optional()?;
                let Some(id) = id else { return Ok(0) };
                Some(id)
            }
        };
        let delete = |part: Part, first: u64| {
            let sql = format!(
                "DELETE FROM {} WHERE place >= ?1 AND (?2 IS NULL OR place % ?3 = ?2)",
                part.table()
            );
            transaction.execute(&sql, params![place(first, 0), device, place(1, 0)])
        };
        // A day of which some hours stay is made anew of them, and so is a month of its days.
        let gone = delete(Part::Hour, hour)? + delete(Part::Day, day)?;
        transaction.execute("DELETE FROM month WHERE place >= ?1", [place(month, 0)])?;
        if day < end && !hour.is_multiple_of(DAY) {
            make_days(&transaction, day * DAY, hour, device)?;
        }
        for month in month.max(oldest(&transaction, Part::Day)?.unwrap_or(end) / MONTH)..end / MONTH
        {
            make_month(&transaction, month)?;
        }
        tidy(&transaction)?;
        transaction.execute("INSERT OR REPLACE INTO setting VALUES (?1, '')", [TO_REWRITE])?;
        transaction.commit()?;
        self.rewrite()?;
        Ok(gone)
    }

    /// Writes the file anew, without what is in it no more.
    pub(super) fn rewrite(&self) -> Result<(), StoreError> {
        self.0.execute_batch("VACUUM")?;
        if self.settle()? {
            self.0.execute("DELETE FROM setting WHERE name = ?1", [TO_REWRITE])?;
        }
        Ok(())
    }

    /// Moves what is in the journal to the file. Says whether that went: nobody may read meanwhile.
    pub(super) fn settle(&self) -> Result<bool, StoreError> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: i64 = self.0.query_row(sql, [], |row| row.get(0))?;
        Ok(is_busy == 0)
    }

    /// Whether there are counts of the device of this key.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has_device(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.0.prepare("SELECT 1 FROM device WHERE key = ?1")?.exists([key])?)
    }
}

/// Lets go of the hours, days or months before `end`. Returns how many rows went.
pub(super) fn delete_before(
    transaction: &Transaction<'_>,
    part: Part,
    end: u64,
) -> Result<usize, rusqlite::Error> {
    let sql = format!("DELETE FROM {} WHERE place < ?1", part.table());
    transaction.execute(&sql, [place(end, 0)])
}

/// Adds counts to a device's row, in `hours` of it.
fn merge(
    transaction: &Transaction<'_>,
    part: Part,
    place: i64,
    counts: &Counts,
    hours: u64,
) -> Result<(), rusqlite::Error> {
    let table = part.table();
    let sql = format!("SELECT packed FROM {table} WHERE place = ?1");
    let found: Option<Vec<u8>> =
        transaction.query_row(&sql, [place], |row| row.get(0)).optional()?;
    let mut all = Counts::new();
    unpack(&found.unwrap_or_default(), |company, category, counted| {
        all.insert((company, category), counted);
    })?;
    for (key, counted) in counts {
        all.entry(*key).or_default().add(counted.sums, hours);
    }
    write(transaction, part, place, &all)
}

fn write(
    transaction: &Transaction<'_>,
    part: Part,
    place: i64,
    counts: &Counts,
) -> Result<(), rusqlite::Error> {
    let sql = format!("INSERT OR REPLACE INTO {} VALUES (?1, ?2)", part.table());
    transaction.execute(&sql, params![place, pack(counts)])?;
    Ok(())
}

/// Makes days of the hours from `first` to before `end`: of one device, or of all.
fn make_days(
    transaction: &Transaction<'_>,
    first: u64,
    end: u64,
    device: Option<i64>,
) -> Result<(), rusqlite::Error> {
    let Some(oldest) = oldest(transaction, Part::Hour)? else { return Ok(()) };
    let mut from = first.max(oldest);
    while from < end {
        let next = (from / DAY * DAY + DAY).min(end);
        let mut by_device: BTreeMap<i64, Counts> = BTreeMap::new();
        read(transaction, Part::Hour, (from, next - 1), Whose::device(device), &mut |_, row| {
            let counts = by_device.entry(row.device).or_default();
            let Counted { sums, hours } = row.counted;
            counts.entry((row.company, row.category)).or_default().add(sums, hours);
        })?;
        for (device, counts) in by_device {
            write(transaction, Part::Day, place(from / DAY, device), &counts)?;
        }
        from = next;
    }
    Ok(())
}

/// Makes a month of its days, where it is not made yet.
fn make_month(transaction: &Transaction<'_>, month: u64) -> Result<(), rusqlite::Error> {
    if is_rolled_up(transaction, month)? {
        return Ok(());
    }
    let mut pairs: BTreeMap<i64, BTreeMap<i64, Gathered>> = BTreeMap::new();
    let days = (month * MONTH, month * MONTH + MONTH - 1);
    read(transaction, Part::Day, days, Whose::default(), &mut |part, row| {
        for device in [row.device, 0] {
            pairs.entry(device).or_default().entry(row.company).or_default().add(part, row);
        }
    })?;
    for (device, companies) in pairs {
        let counts = companies.into_iter().map(|(company, gathered)| {
            let sums = if device == 0 { Sums::default() } else { gathered.sums };
            let counted = Counted { sums, hours: gathered.hours() };
            ((company, number(gathered.category())), counted)
        });
        write(transaction, Part::Month, place(month, device), &counts.collect())?;
    }
    Ok(())
}

/// Lets go of devices, of companies and of who met whom, where nothing is counted of it any more.
pub(super) fn tidy(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    let mut pairs: HashSet<(i64, i64), RandomState> = HashSet::default();
    let all = Span { first: 0, last: i64::MAX as u64 };
    rows(transaction, all, Whose::default(), true, |_, row| {
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
