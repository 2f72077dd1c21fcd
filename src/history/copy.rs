//! Copies of what is kept, and whether a file is sound: before the store is laid out anew, for a
//! backup, and for who wants to know.
//!
//! A copy is one consistent state, made while others write, and has nothing of what was forgotten:
//! its pages are all written anew. It must never be readable by anybody but its owner.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, OpenFlags};

use super::{STEPS, StoreError, open_to_read, queries};

/// A copy of the store as it was before it was laid out anew stays for so long.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// What the names of such copies go on with.
const BEFORE: &str = ".before-v";
/// Steps of SQLite's between two looks at the clock.
const PACE: i32 = 10_000;
/// What every file of SQLite begins with, and where its header has the version.
const MAGIC: &[u8] = b"SQLite format 3\0";
const VERSION_AT: usize = 60;

/// One of the files of SQLite in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: &'static str,
    /// The version that this program writes, and the last it reads.
    pub version: usize,
}

/// The store.
pub const STORE: Database = Database { name: super::FILE, version: STEPS.len() };
/// The log of queries.
pub const QUERIES: Database = Database { name: queries::FILE, version: queries::STEPS.len() };

/// All of them.
pub const DATABASES: [Database; 2] = [STORE, QUERIES];

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// It cannot be read, or is a newer version's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It can be read, but not all of it is as it should be.
    #[error("{}: damaged: {said}", path.display())]
    Damaged {
        /// It.
        path: PathBuf,
        /// What SQLite says.
        said: String,
    },
}

impl Database {
    /// Writes a copy of the one in the folder `folder` to `to`, which must not be there.
    ///
    /// # Errors
    /// It cannot be read, or the copy not be written.
    pub fn copy(self, folder: &Path, to: &Path) -> Result<(), StoreError> {
        copy(&open_to_read(&folder.join(self.name))?, to)
    }

    /// Looks at all of the file at `path`, for at most `time`; returns its version. None says that
    /// the time was over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(self, path: &Path, time: Duration) -> Result<Option<usize>, Unsound> {
        let database = |error| StoreError::Database { path: path.to_owned(), error };
        let mut connection = open_to_read(path)?;
        let version = version(&connection).map_err(database)?;
        if version > self.version {
            let (path, known) = (path.to_owned(), self.version);
            return Err(StoreError::Newer { path, version, known }.into());
        }
        // Files come from elsewhere, too, and what they define is not to be run.
        connection.pragma_update(None, "trusted_schema", false).map_err(database)?;
        let damaged = |said| Unsound::Damaged { path: path.to_owned(), said };
        let sql = "SELECT name FROM sqlite_schema WHERE type NOT IN ('table', 'index') LIMIT 1";
        let strange: Option<String> =
            rusqlite::OptionalExtension::optional(connection.query_row(sql, [], |row| row.get(0)))
                .map_err(database)?;
        if let Some(name) = strange {
            return Err(damaged(format!("`{name}` is none of our tables")));
        }
        let end = Instant::now() + time;
        let is_over = move || Instant::now() > end;
        connection.progress_handler(PACE, Some(is_over)).map_err(database)?;
        let sql = "PRAGMA quick_check(1)";
        match connection.query_row(sql, [], |row| row.get::<_, String>(0)) {
            Ok(said) if said == "ok" => Ok(Some(version)),
            Ok(said) => Err(damaged(said)),
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
            {
                Ok(None)
            }
            Err(error) => Err(database(error).into()),
        }
    }
}

/// Sets what is kept under `name` in the copy at `path` anew; nothing of what was there stays in it.
///
/// # Errors
/// It cannot be written.
pub fn set_in(path: &Path, name: &str, value: &str) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // It is nobody else's yet: without a journal there is none to be left over.
    connection.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA secure_delete = ON;")?;
    connection.execute("UPDATE setting SET value = ?2 WHERE name = ?1", [name, value])?;
    connection.execute_batch("VACUUM")?;
    Ok(())
}

pub(super) fn version(connection: &Connection) -> Result<usize, rusqlite::Error> {
    let version =
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// The version in the header of the file at `path`, which is not opened as a database: that alone
/// would change it. None where it is none of SQLite's, or empty.
pub(super) fn version_of_header(path: &Path) -> Option<usize> {
    let mut header = [0; VERSION_AT + 4];
    io::Read::read_exact(&mut fs::File::open(path).ok()?, &mut header).ok()?;
    let version = header.last_chunk::<4>().filter(|_| header.starts_with(MAGIC))?;
    usize::try_from(i32::from_be_bytes(*version)).ok()
}

/// Keeps a copy of the store that `connection` has open at `path`, as it is before it is laid out
/// as version `version` has it; and no older one.
///
/// # Errors
/// It cannot be written.
pub(super) fn keep_before(
    connection: &Connection,
    path: &Path,
    version: usize,
) -> Result<(), StoreError> {
    let file = |error| StoreError::File { path: path.to_owned(), error };
    let name = |end: &str| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!("{BEFORE}{version}{end}"));
        path.with_file_name(name)
    };
    let draft = name(".new");
    let _ = fs::remove_file(&draft);
    copy(connection, &draft)?;
    remove_before(path, |_| true);
    fs::rename(&draft, name("")).map_err(file)
}

/// Removes the copies of the store at `path` that were kept for longer than they are to be.
pub(super) fn remove_old(path: &Path) {
    let is_old = |changed: SystemTime| changed.elapsed().is_ok_and(|age| age > KEPT);
    remove_before(path, is_old);
}

/// Removes copies of the store at `path` that were last changed when `is_meant` says.
pub(super) fn remove_before(path: &Path, is_meant: impl Fn(SystemTime) -> bool) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
    let start = format!("{}{BEFORE}", name.to_string_lossy());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_one =
            entry.file_name().to_string_lossy().strip_prefix(&start).is_some_and(|end| {
                !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit())
            });
        let changed = entry.metadata().and_then(|known| known.modified());
        if is_one && changed.is_ok_and(&is_meant) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn copy(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    // Made by us first: nobody else is to read it, not even for a moment.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| StoreError::File { path: to.to_owned(), error })?;
    let copied = connection.execute("VACUUM INTO ?1", [to.to_string_lossy()]);
    copied.map_err(|error| {
        let _ = fs::remove_file(to);
        StoreError::Database { path: to.to_owned(), error }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::Store;
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// A store as version 1 has it, with one setting.
    fn old(folder: &Path) -> PathBuf {
        let path = folder.join(STORE.name);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection.execute_batch("INSERT INTO setting VALUES ('button', 'off')").unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        path
    }

    #[test]
    fn an_older_store_is_copied_before_it_is_laid_out_anew_and_the_copy_goes_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = old(folder.path());
        let other = folder.path().join("trackless.db.before-v2");
        fs::write(&other, "an older copy").unwrap();
        let beside = folder.path().join("trackless.db.before-very-long");
        fs::write(&beside, "of the owner").unwrap();
        let (store, _) = Store::open(folder.path()).unwrap();
        assert_eq!(store.setting("button").unwrap().as_deref(), Some("off"));
        assert_eq!(version(&store.0).unwrap(), STEPS.len());
        let before = folder.path().join(format!("trackless.db.before-v{}", STEPS.len()));
        assert_eq!(STORE.check(&before, LONG).unwrap(), Some(1));
        assert_eq!(fs::metadata(&before).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!other.exists() && beside.exists(), "one is kept, and what is not ours");
        drop(store);
        drop(Store::open(folder.path()).unwrap());
        assert!(before.exists(), "not old yet");
        let long_ago = SystemTime::now() - KEPT - Duration::from_secs(1);
        fs::File::open(&before).unwrap().set_modified(long_ago).unwrap();
        drop(Store::open(folder.path()).unwrap());
        assert!(!before.exists());
        assert_eq!(STORE.check(&path, LONG).unwrap(), Some(STEPS.len()));
    }

    #[test]
    fn what_is_forgotten_is_in_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        old(folder.path());
        let (mut store, _) = Store::open(folder.path()).unwrap();
        let before = folder.path().join(format!("trackless.db.before-v{}", STEPS.len()));
        assert!(before.exists());
        store.forget(None, None).unwrap();
        assert!(!before.exists());
    }

    #[test]
    fn a_damaged_or_strange_file_is_said_and_a_copy_is_sound() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        store.set(&[("settings", "secret-word".to_owned())], None).unwrap();
        let copy = folder.path().join("copy.db");
        STORE.copy(folder.path(), &copy).unwrap();
        assert_eq!(STORE.check(&copy, LONG).unwrap(), Some(STORE.version));
        assert!(STORE.copy(folder.path(), &copy).is_err(), "nothing is written over");
        let holds = |word: &str| {
            fs::read(&copy).unwrap().windows(word.len()).any(|window| window == word.as_bytes())
        };
        assert!(holds("secret-word"));
        set_in(&copy, "settings", "public").unwrap();
        assert!(holds("public") && !holds("secret-word"));
        let mut bytes = fs::read(&copy).unwrap();
        let half = bytes.len() / 2;
        bytes[half..].fill(0x55);
        fs::write(&copy, &bytes).unwrap();
        assert!(STORE.check(&copy, LONG).is_err());
        fs::remove_file(&copy).unwrap();
        STORE.copy(folder.path(), &copy).unwrap();
        let strange = "CREATE TRIGGER evil AFTER INSERT ON setting BEGIN DELETE FROM change; END";
        Connection::open(&copy).unwrap().execute_batch(strange).unwrap();
        let said = STORE.check(&copy, LONG).unwrap_err().to_string();
        assert!(said.contains("`evil` is none of our tables"), "{said}");
    }
}
