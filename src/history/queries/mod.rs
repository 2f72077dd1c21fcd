//! The log of queries: every query with its name, for the owner who has switched it on by name.
//!
//! A file of its own, so that nobody who has not switched it on ever has it. What goes from it goes
//! from its free pages and its journal, too. No client address is ever here. It is written here and
//! read in [`read`].

pub mod read;
mod retire;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension as _, Statement, Transaction, params};
use serde::{Serialize, Serializer};
use twox_hash::XxHash3_64;
use utoipa::ToSchema;

use super::{Before, StoreError, is_damage, open, pages, remove_journals};
use crate::filter::syntax::rtype_text;

pub(super) const FILE: &str = "queries.db";
/// A row's place tells its time: queries of a second have places of their own, up to so many.
const PLACES: u64 = 1 << 16;
/// What is deleted is overwritten, and free pages can be given back. A power cut may take the last
/// transaction, but never the file: that is enough for a log.
const MANNER: &str = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA secure_delete = ON;
                      PRAGMA synchronous = NORMAL;";
/// How the file is laid out: each step leads to the next. Names are found by a hash: an index of the
/// names themselves would leave pieces of them where its pages were split. Queries have no index by
/// name: it would make each flush write as many pages as there were names.
pub(super) const STEPS: &[&str] = &["
    CREATE TABLE device (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE name (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
    CREATE INDEX name_hash ON name (hash);
    CREATE TABLE why (
        id INTEGER PRIMARY KEY, verdict TEXT NOT NULL, by TEXT NOT NULL, company TEXT NOT NULL,
        UNIQUE (verdict, by, company)
    ) STRICT;
    CREATE TABLE query (
        place INTEGER PRIMARY KEY, device INTEGER NOT NULL, name INTEGER NOT NULL,
        type INTEGER NOT NULL, why INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX query_device ON query (device);
"];

/// A query, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Logged {
    /// When, in seconds since 1970.
    pub at: u64,
    /// The device's key.
    pub device: String,
    /// What for, in lower case and without a final dot.
    pub name: String,
    /// Of which type.
    #[serde(rename = "type", serialize_with = "in_words")]
    #[schema(value_type = String)]
    pub qtype: u16,
    /// What became of it.
    pub verdict: String,
    /// By which list, or whose rule; empty for none.
    pub by: String,
    /// Whose name it is; empty where nobody knows.
    pub company: String,
}

fn in_words<S: Serializer>(qtype: &u16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rtype_text(*qtype))
}

/// The log, open to be written.
#[derive(Debug)]
pub struct QueryLog {
    connection: Connection,
    path: PathBuf,
}

impl QueryLog {
    /// Whether there is one in the data folder `folder`.
    pub fn exists(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// The log in the data folder `folder`; made if it is not there. A damaged one is begun anew, and
    /// nothing of it stays; the second value says so.
    ///
    /// # Errors
    /// It can be neither read nor made, or is a later version's.
    pub fn open(folder: &Path) -> Result<(Self, bool), StoreError> {
        let path = folder.join(FILE);
        let opened = open(&path, MANNER, STEPS, Before::Nothing);
        let was_damaged = matches!(&opened, Err(StoreError::Database { error, .. })
            if is_damage(error));
        let connection = if was_damaged {
            remove(&path)?;
            open(&path, MANNER, STEPS, Before::Nothing)?
        } else {
            opened?
        };
        Ok((Self { connection, path }, was_damaged))
    }

    /// Adds queries, in the order they were asked: all or none.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, queries: &[Logged]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        {
            let mut numbers = Numbers::new(&transaction)?;
            let sql = "INSERT INTO query VALUES (?1, ?2, ?3, ?4, ?5)";
            let mut insert = transaction.prepare(sql)?;
            // A second, and its next place that is free.
            let (mut second, mut next) = (None, 0);
            for query in queries {
                if second != Some(query.at) {
                    second = Some(query.at);
                    next = free_place(&transaction, query.at)?;
                }
                insert.execute(params![
                    next,
                    numbers.of_device(&query.device)?,
                    numbers.of_name(&query.name)?,
                    query.qtype,
                    numbers.of_why(query)?
                ])?;
                next += 1;
                // So many that they run into the next second: they are told to be of that one.
                if (next as u64).is_multiple_of(PLACES) {
                    next = free_place(&transaction, next as u64 / PLACES)?;
                }
            }
        }
        transaction.commit()?;
        self.empty_journal();
        Ok(())
    }

    /// Octets of the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        Ok(pages(&self.connection, "page_count")? * pages(&self.connection, "page_size")?)
    }

    /// Whoever reads may keep it from being emptied: then it is at the next time.
    fn empty_journal(&self) {
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(|error| StoreError::File { path: path.to_owned(), error })?;
    remove_journals(path);
    Ok(())
}

/// The first place of a second, in seconds since 1970.
fn first_place(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX).saturating_mul(PLACES as i64)
}

/// The first free place at or after second `at`.
fn free_place(transaction: &Transaction<'_>, mut at: u64) -> Result<i64, rusqlite::Error> {
    let sql = "SELECT max(place) FROM query WHERE place >= ?1 AND place < ?2";
    let mut last = transaction.prepare(sql)?;
    loop {
        let (first, end) = (first_place(at), first_place(at + 1));
        let last: Option<i64> = last.query_row([first, end], |row| row.get(0))?;
        match last {
            None => return Ok(first),
            Some(last) if last + 1 < end => return Ok(last + 1),
            Some(_) => at += 1,
        }
    }
}

/// Numbers of what is the same in many rows.
struct Numbers<'a> {
    find_device: Statement<'a>,
    add_device: Statement<'a>,
    find_name: Statement<'a>,
    add_name: Statement<'a>,
    find_why: Statement<'a>,
    add_why: Statement<'a>,
    devices: HashMap<String, i64, RandomState>,
    names: HashMap<String, i64, RandomState>,
    whys: HashMap<[String; 3], i64, RandomState>,
}

impl<'a> Numbers<'a> {
    fn new(transaction: &'a Transaction<'_>) -> Result<Self, rusqlite::Error> {
        let prepare = |sql| transaction.prepare(sql);
        Ok(Self {
            find_device: prepare("SELECT id FROM device WHERE key = ?1")?,
            add_device: prepare("INSERT INTO device (key) VALUES (?1) RETURNING id")?,
            find_name: prepare("SELECT id FROM name WHERE hash = ?1 AND text = ?2")?,
            add_name: prepare("INSERT INTO name (hash, text) VALUES (?1, ?2) RETURNING id")?,
            find_why: prepare(
                "SELECT id FROM why WHERE verdict = ?1 AND by = ?2 AND company = ?3",
            )?,
            add_why: prepare(
                "INSERT INTO why (verdict, by, company) VALUES (?1, ?2, ?3) RETURNING id",
            )?,
            devices: HashMap::default(),
            names: HashMap::default(),
            whys: HashMap::default(),
        })
    }

    fn of_device(&mut self, key: &str) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.devices.get(key) {
            return Ok(*number);
        }
        let number = number(&mut self.find_device, &mut self.add_device, [key])?;
        self.devices.insert(key.to_owned(), number);
        Ok(number)
    }

    fn of_name(&mut self, text: &str) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.names.get(text) {
            return Ok(*number);
        }
        let hash = XxHash3_64::oneshot(text.as_bytes()) as i64;
        let number = number(&mut self.find_name, &mut self.add_name, params![hash, text])?;
        self.names.insert(text.to_owned(), number);
        Ok(number)
    }

    fn of_why(&mut self, query: &Logged) -> Result<i64, rusqlite::Error> {
        let why = [&query.verdict, &query.by, &query.company].map(Clone::clone);
        if let Some(number) = self.whys.get(&why) {
            return Ok(*number);
        }
        let number =
            number(&mut self.find_why, &mut self.add_why, params![why[0], why[1], why[2]])?;
        self.whys.insert(why, number);
        Ok(number)
    }
}

/// The number that `find` finds, or that `add` gives.
fn number(
    find: &mut Statement<'_>,
    add: &mut Statement<'_>,
    params: impl rusqlite::Params + Clone,
) -> Result<i64, rusqlite::Error> {
    match find.query_row(params.clone(), |row| row.get(0)).optional()? {
        Some(number) => Ok(number),
        None => add.query_row(params, |row| row.get(0)),
    }
}

#[cfg(test)]
mod tests;
