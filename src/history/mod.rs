//! The embedded store: what was set while the server runs, a record of such changes, and who
//! followed whom, by hour and day.
//!
//! One file of SQLite, written by one connection. A power cut at any moment leaves what was there
//! before or after a change. It must never be waited for by the DNS path; who cannot write says so,
//! and what was set holds until the next start. No address and no name that somebody asked for is
//! ever in it: names are in a file of their own, [`queries`], where the owner wants them.

pub mod copy;
pub mod lately;
mod packed;
pub mod queries;
pub mod read;
mod rollup;
mod rows;
mod size;

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

pub use rollup::{Retention, Row};
pub use size::Dropped;

const FILE: &str = "trackless.db";
/// Under what settings are kept that were made while the server runs.
pub const SETTINGS: &str = "settings";
/// Octets of a page.
const PAGE: i64 = 1_024;
/// How the file is laid out, from the first version on: each step leads to the next.
const STEPS: &[&str] = &[
    "
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE change (
        at INTEGER NOT NULL, way TEXT NOT NULL, scope TEXT NOT NULL, what TEXT NOT NULL
    ) STRICT;
    CREATE INDEX change_at ON change (at);
",
    // Counts were first laid out in another way, before there was a version.
    "",
    rollup::STEP,
    "
    ALTER TABLE change RENAME COLUMN what TO text;
    ALTER TABLE change ADD COLUMN what TEXT NOT NULL DEFAULT '';
    ALTER TABLE change ADD COLUMN given TEXT NOT NULL DEFAULT '';
",
];
/// Changes are remembered for so long.
const REMEMBERED: Duration = Duration::from_secs(400 * 86_400);
/// Time another program, one that looks in, may keep us from writing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The store, open.
#[derive(Debug)]
pub struct Store(Connection);

/// Why there is no store, or nothing could be written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be made.
    #[error("{}: {error}", path.display())]
    File {
        /// It.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// SQLite's own.
    #[error("{}: {error}", path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// What SQLite says.
        error: rusqlite::Error,
    },
    /// It was written by a newer version.
    #[error(
        "{}: made by a newer version ({version}), this one reads up to {known}: install the newer Trackless, or move the file away", path.display()
    )]
    Newer {
        /// Its file.
        path: PathBuf,
        /// The version of how it is laid out.
        version: usize,
        /// The last one that is known.
        known: usize,
    },
    /// While it was open.
    #[error("the store: {0}")]
    Write(#[from] rusqlite::Error),
}

/// Something that was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When, in seconds since 1970.
    pub at: u64,
    /// By which way: the command line, for example.
    pub way: String,
    /// For whom.
    pub scope: String,
    /// What, in a word: `refused`, for example; empty for what was written down before there were any.
    pub what: String,
    /// What is to be filled in, for that word.
    pub given: String,
    /// The same as a line for people.
    pub text: String,
}

impl Store {
    /// The store in the data folder `folder`; made if it is not there. Damaged, it is put aside and
    /// begun anew; the second value is where the damaged one is. An older version's is copied before
    /// it is laid out anew.
    ///
    /// # Errors
    /// It can be neither read nor made, or is a newer version's: that is left as it is.
    pub fn open(folder: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        let path = folder.join(FILE);
        copy::remove_old(&path);
        match Self::open_at(&path) {
            Err(StoreError::Database { error, .. }) if is_damage(&error) => {
                let aside = path.with_extension("damaged");
                fs::rename(&path, &aside)
                    .map_err(|error| StoreError::File { path: path.clone(), error })?;
                remove_journals(&path);
                Ok((Self::open_at(&path)?, Some(aside)))
            }
            opened => Ok((opened?, None)),
        }
    }

    fn open_at(path: &Path) -> Result<Self, StoreError> {
        // Small pages, for small changes.
        let manner = format!("PRAGMA page_size = {PAGE}; PRAGMA synchronous = FULL;");
        Ok(Self(open(path, &manner, STEPS, Before::Copy)?))
    }

    /// Octets of the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        Ok(pages(&self.0, "page_count")? * pages(&self.0, "page_size")?)
    }

    /// What was set under `name`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        setting(&self.0, name)
    }

    /// Sets all of `settings` and remembers `change`, or nothing of it; lets go of what is no longer
    /// to be remembered.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(
        &mut self,
        settings: &[(&str, String)],
        change: Option<&Change>,
    ) -> Result<(), StoreError> {
        let transaction = self.0.transaction()?;
        for (name, value) in settings {
            let sql = "INSERT INTO setting (name, value) VALUES (?1, ?2)
                       ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            transaction.execute(sql, params![name, value])?;
        }
        if let Some(Change { at, way, scope, what, given, text }) = change {
            let sql = "INSERT INTO change (at, way, scope, what, given, text)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let at = i64::try_from(*at).unwrap_or(i64::MAX);
            transaction.execute(sql, params![at, way, scope, what, given, text])?;
            let forgotten = at.saturating_sub(REMEMBERED.as_secs() as i64);
            transaction.execute("DELETE FROM change WHERE at < ?1", [forgotten])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The latest `most` changes, the latest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn changes(&self, most: usize) -> Result<Vec<Change>, StoreError> {
        let changes = changes(&self.0, None, most)?;
        Ok(changes.into_iter().map(|(_, change)| change).collect())
    }

    /// The same file, open to be read.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn reader(&self) -> Result<read::Reader, StoreError> {
        let path = self.0.path().map(Path::new).and_then(Path::parent);
        read::Reader::open(path.unwrap_or_else(|| Path::new("")))
    }
}

/// The latest changes with their numbers, before number `before`.
fn changes(
    connection: &Connection,
    before: Option<i64>,
    most: usize,
) -> Result<Vec<(i64, Change)>, StoreError> {
    let sql = "SELECT rowid, at, way, scope, what, given, text FROM change
               WHERE ?1 IS NULL OR rowid < ?1 ORDER BY rowid DESC LIMIT ?2";
    let mut statement = connection.prepare(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        let at = u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default();
        let (way, scope, what) = (row.get(2)?, row.get(3)?, row.get(4)?);
        let change = Change { at, way, scope, what, given: row.get(5)?, text: row.get(6)? };
        Ok((row.get(0)?, change))
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let changes: Result<_, _> = statement.query_map(params![before, most], read)?.collect();
    Ok(changes?)
}

/// Whether what is laid out anew is copied before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Copy,
    /// What is kept for days only must not stay longer in a copy.
    Nothing,
}

/// Opens the file at `path` for its one writer, in this `manner`, and leads it through `steps`.
fn open(
    path: &Path,
    manner: &str,
    steps: &[&str],
    before: Before,
) -> Result<Connection, StoreError> {
    let newer =
        |version| Err(StoreError::Newer { path: path.to_owned(), version, known: steps.len() });
    if let Some(version) = copy::version_of_header(path).filter(|version| *version > steps.len()) {
        return newer(version);
    }
    // Made by us first: nobody else is to read it, not even for a moment.
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::File { path: path.to_owned(), error })?;
    let database = |error| StoreError::Database { path: path.to_owned(), error };
    let mut connection = Connection::open(path).map_err(database)?;
    connection.busy_timeout(PATIENCE).map_err(database)?;
    // What does not fit into memory meanwhile goes where all else is, not where others write.
    let folder = path.parent().and_then(Path::to_str);
    let _ = connection.pragma_update(None, "temp_store_directory", folder);
    // What a file is made of can only be said while it is new: before the journal.
    connection.execute_batch(manner).map_err(database)?;
    connection.pragma_update(None, "journal_mode", "wal").map_err(database)?;
    let version = copy::version(&connection).map_err(database)?;
    if version > steps.len() {
        return newer(version);
    }
    if before == Before::Copy && (1..steps.len()).contains(&version) {
        copy::keep_before(&connection, path, steps.len())?;
    }
    for (step, sql) in steps.iter().enumerate().skip(version) {
        let transaction = connection.transaction().map_err(database)?;
        transaction.execute_batch(sql).map_err(database)?;
        transaction.pragma_update(None, "user_version", step as i64 + 1).map_err(database)?;
        transaction.commit().map_err(database)?;
    }
    Ok(connection)
}

/// Opens the file at `path` to be read alone.
fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let database = |error| StoreError::Database { path: path.to_owned(), error };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database)?;
    connection.busy_timeout(PATIENCE).map_err(database)?;
    Ok(connection)
}

/// A number that SQLite tells of the file: of pages, or of octets in one.
fn pages(connection: &Connection, name: &str) -> Result<u64, rusqlite::Error> {
    let number = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))?;
    Ok(u64::try_from(number).unwrap_or_default())
}

/// Takes the journals of the file at `path` away.
fn remove_journals(path: &Path) {
    for journal in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(path.with_extension(journal));
    }
}

fn setting(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM setting WHERE name = ?1";
    Ok(connection.query_row(sql, [name], |row| row.get(0)).optional()?)
}

/// Whether the file is no store of ours any more.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn change(at: u64, what: &str) -> Change {
        let [way, scope, what, given, text] =
            ["command", "house", what, "", "a line"].map(str::to_owned);
        Change { at, way, scope, what, given, text }
    }

    #[test]
    fn what_was_set_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        assert_eq!(store.setting("button").unwrap(), None);
        store.set(&[("button", "1".to_owned())], Some(&change(5, "off"))).unwrap();
        store.set(&[("button", "2".to_owned())], Some(&change(6, "on"))).unwrap();
        drop(store);
        let (mut store, aside) = Store::open(folder.path()).unwrap();
        assert_eq!(store.setting("button").unwrap().as_deref(), Some("2"));
        assert_eq!(store.changes(1).unwrap(), [change(6, "on")]);
        assert_eq!((store.changes(9).unwrap().len(), aside), (2, None));
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let later = 6 + REMEMBERED.as_secs();
        store.set(&[], Some(&change(later, "off"))).unwrap();
        assert_eq!(store.changes(9).unwrap(), [change(later, "off"), change(6, "on")]);
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_a_later_ones_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "no database, but longer than the header of one: ".repeat(9)).unwrap();
        let (store, aside) = Store::open(folder.path()).unwrap();
        assert!(aside.unwrap().exists());
        store.0.pragma_update(None, "user_version", 99).unwrap();
        drop(store);
        let untouched = fs::read(&path).unwrap();
        let error = Store::open(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Newer { version: 99, .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), untouched);
    }
}
