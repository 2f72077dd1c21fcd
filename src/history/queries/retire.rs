//! What goes from the log: what is old, what is too much, and what is to be forgotten.

use rusqlite::{OptionalExtension as _, params};

use super::{QueryLog, first_place, pages, remove};
use crate::history::StoreError;

/// Of all rows, one in so many goes at once where there are too many: the journal of that is small.
const PART: i64 = 16;

impl QueryLog {
    /// Lets go of queries before second `oldest` of 1970. Reads all there are.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn retire(&mut self, oldest: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM query WHERE place < ?1";
        if self.connection.execute(sql, [first_place(oldest)])? > 0 {
            self.tidy()?;
            let all = pages(&self.connection, "page_count")?;
            if pages(&self.connection, "freelist_count")? > all / 4 {
                self.give_back()?;
            }
            self.empty_journal();
        }
        Ok(())
    }

    /// Lets go of the oldest queries where the file would come to have more than `size` octets.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn trim(&mut self, size: u64) -> Result<(), StoreError> {
        // With some room for what is written until the next time.
        let page = pages(&self.connection, "page_size")?;
        let (most, enough) = (size / 10 * 9 / page, size / 10 * 8 / page);
        if self.used()? <= most {
            return Ok(());
        }
        let all: i64 =
            self.connection.query_row("SELECT count(*) FROM query", [], |row| row.get(0))?;
        let sql = "DELETE FROM query WHERE place IN
                   (SELECT place FROM query ORDER BY place LIMIT ?1)";
        while self.used()? > enough && self.connection.execute(sql, [all / PART + 1])? > 0 {
            self.tidy()?;
            self.empty_journal();
        }
        if pages(&self.connection, "page_count")? > most {
            self.give_back()?;
            self.empty_journal();
        }
        Ok(())
    }

    /// Gives free pages back to the disk, one a step.
    fn give_back(&self) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare("PRAGMA incremental_vacuum")?;
        let mut steps = statement.query([])?;
        while steps.next()?.is_some() {}
        Ok(())
    }

    /// Pages that are in use.
    fn used(&self) -> Result<u64, StoreError> {
        let free = pages(&self.connection, "freelist_count")?;
        Ok(pages(&self.connection, "page_count")?.saturating_sub(free))
    }

    /// Lets go of names and devices that no query has any more.
    fn tidy(&self) -> Result<(), StoreError> {
        self.connection.execute_batch(
            "DELETE FROM name WHERE id NOT IN (SELECT name FROM query);
             DELETE FROM device
             WHERE NOT EXISTS (SELECT 1 FROM query WHERE query.device = device.id);",
        )?;
        Ok(())
    }

    /// Forgets queries of the device of this key, or of all, since second `since` of 1970. Returns
    /// how many went. Takes a while: the file is written anew.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(&mut self, device: Option<&str>, since: u64) -> Result<usize, StoreError> {
        let gone = match device {
            None => {
                let sql = "DELETE FROM query WHERE place >= ?1";
                self.connection.execute(sql, [first_place(since)])?
            }
            Some(key) => {
                let sql = "SELECT id FROM device WHERE key = ?1";
                let id: Option<i64> =
                    self.connection.query_row(sql, [key], |row| row.get(0)).optional()?;
                let Some(id) = id else { return Ok(0) };
                let sql = "DELETE FROM query WHERE device = ?1 AND place >= ?2";
                self.connection.execute(sql, params![id, first_place(since)])?
            }
        };
        self.tidy()?;
        // Pages that are in use have gaps, and there may be old pieces in them.
        self.connection.execute_batch(
            "DELETE FROM why WHERE id NOT IN (SELECT why FROM query);
             VACUUM; PRAGMA wal_checkpoint(TRUNCATE);",
        )?;
        Ok(gone)
    }

    /// Forgets all, the file included. Returns how many queries went.
    ///
    /// # Errors
    /// The file cannot be read, or not be removed.
    pub fn forget_all(self) -> Result<usize, StoreError> {
        let Self { connection, path } = self;
        let count: i64 =
            connection.query_row("SELECT count(*) FROM query", [], |row| row.get(0))?;
        drop(connection);
        remove(&path)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }
}
