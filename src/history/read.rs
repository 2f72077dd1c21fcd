//! Questions to the store, over a connection of their own that can only read: whoever asks never
//! keeps the writer waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, params};
use serde::Serialize;

use super::rollup::{DAY, HOUR, category};
use super::{FILE, PATIENCE, StoreError};
use crate::trackers::Category;

/// A store, open to be read.
#[derive(Debug)]
pub struct Reader(Connection);

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

/// A company in some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// As people know it.
    pub name: String,
    /// What most of its queries were for.
    pub category: Option<Category>,
    /// Refused.
    pub block: u64,
    /// Let through by a rule.
    pub allow: u64,
    /// Let through.
    pub pass: u64,
    /// In how many devices it appeared.
    pub devices: u64,
    /// In how many hours.
    pub hours: u64,
    /// Whether there was nothing of it before these days.
    pub is_new: bool,
}

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

/// A device in some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its key.
    pub key: String,
    /// Its queries.
    pub sums: Sums,
    /// How many companies appeared in it.
    pub companies: u64,
}

impl Reader {
    /// The store in the data folder `folder`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let database = |error| StoreError::Database { path: path.clone(), error };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(database)?;
        connection.busy_timeout(PATIENCE).map_err(database)?;
        Ok(Self(connection))
    }

    /// What was set under `name`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        super::setting(&self.0, name)
    }

    /// All queries from day `first` to day `last`, in days since 1970; of one device, or of all.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn totals(&self, first: u64, last: u64, device: Option<&str>) -> Result<Sums, StoreError> {
        let sql = "SELECT coalesce(sum(block), 0), coalesce(sum(allow), 0), coalesce(sum(pass), 0)
                   FROM day WHERE day BETWEEN ?1 AND ?2
                   AND (?3 IS NULL OR device = (SELECT id FROM device WHERE key = ?3))";
        let days = params![first as i64, last as i64, device];
        Ok(self.0.query_row(sql, days, |row| sums(row, 0))?)
    }

    /// Companies from day `first` to day `last`, those first that reached the most devices in the
    /// most hours; of one device, or of all.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn companies(
        &self,
        first: u64,
        last: u64,
        device: Option<&str>,
    ) -> Result<Vec<Company>, StoreError> {
        let sql = "SELECT company.name, category, day.day, day.device, block, allow, pass, hours
                   FROM day JOIN company ON company.id = day.company
                   WHERE day BETWEEN ?1 AND ?2 AND company.name <> ''
                   AND (?3 IS NULL OR device = (SELECT id FROM device WHERE key = ?3))";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query(params![first as i64, last as i64, device])?;
        let mut found: BTreeMap<String, Gathered> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let company = found.entry(row.get(0)?).or_default();
            let sums = sums(row, 4)?;
            let all = sums.block + sums.allow + sums.pass;
            *company.categories.entry(row.get(1)?).or_default() += all;
            *company.hours.entry(row.get(2)?).or_default() |= row.get::<_, i64>(7)?;
            company.devices.insert(row.get(3)?);
            company.sums.block += sums.block;
            company.sums.allow += sums.allow;
            company.sums.pass += sums.pass;
        }
        let before = "SELECT 1 FROM day JOIN company ON company.id = day.company
                      WHERE company.name = ?1 AND day < ?2
                      AND (?3 IS NULL OR device = (SELECT id FROM device WHERE key = ?3)) LIMIT 1";
        let mut before = self.0.prepare(before)?;
        let mut companies = Vec::with_capacity(found.len());
        for (name, of) in found {
            let most = of.categories.iter().max_by_key(|(_, count)| **count);
            companies.push(Company {
                category: most.and_then(|(number, _)| category(*number)),
                block: of.sums.block,
                allow: of.sums.allow,
                pass: of.sums.pass,
                devices: of.devices.len() as u64,
                hours: of.hours.values().map(|hours| u64::from(hours.count_ones())).sum(),
                is_new: !before.exists(params![name, first as i64, device])?,
                name,
            });
        }
        let all = |company: &Company| company.block + company.allow + company.pass;
        companies.sort_by_key(|company| {
            std::cmp::Reverse((company.devices, company.hours, all(company)))
        });
        Ok(companies)
    }

    /// Devices from day `first` to day `last`, those first that asked the most.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn devices(&self, first: u64, last: u64) -> Result<Vec<Device>, StoreError> {
        let sql = "SELECT device.key, sum(block), sum(allow), sum(pass),
                       count(DISTINCT CASE WHEN company.name <> '' THEN company END)
                   FROM day JOIN device ON device.id = day.device
                       JOIN company ON company.id = day.company
                   WHERE day BETWEEN ?1 AND ?2
                   GROUP BY device.key ORDER BY sum(block) + sum(allow) + sum(pass) DESC";
        let mut statement = self.0.prepare(sql)?;
        let device = |row: &Row<'_>| {
            let companies = row.get::<_, i64>(4)?;
            Ok(Device {
                key: row.get(0)?,
                sums: sums(row, 1)?,
                companies: u64::try_from(companies).unwrap_or_default(),
            })
        };
        let found: Result<_, _> =
            statement.query_map(params![first as i64, last as i64], device)?.collect();
        Ok(found?)
    }

    /// Devices and companies that met in each hour from `first` on, in hours since 1970.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn met(&self, first: u64, mut each: impl FnMut(u64, &str, &str)) -> Result<(), StoreError> {
        let sql = "SELECT DISTINCT hour, device.key, company.name FROM hour
                       JOIN device ON device.id = hour.device
                       JOIN company ON company.id = hour.company
                   WHERE hour >= ?1 AND company.name <> ''";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([first as i64])?;
        while let Some(row) = rows.next()? {
            let hour = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
            let (device, company): (String, String) = (row.get(1)?, row.get(2)?);
            each(hour, &device, &company);
        }
        Ok(())
    }

    /// Calls `each` with all that is kept, by hour or by day, the oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn each(
        &self,
        by: By,
        mut each: impl FnMut(&Kept) -> std::io::Result<()>,
    ) -> Result<std::io::Result<()>, StoreError> {
        let (table, seconds) = match by {
            By::Hour => ("hour", HOUR),
            By::Day => ("day", HOUR * DAY),
        };
        let sql = format!(
            "SELECT {table}.{table}, device.key, company.name, category, block, allow, pass
             FROM {table} JOIN device ON device.id = {table}.device
                 JOIN company ON company.id = {table}.company
             ORDER BY {table}.{table}, device.key, company.name"
        );
        let mut statement = self.0.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Sums { block, allow, pass } = sums(row, 4)?;
            let kept = Kept {
                since: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default() * seconds,
                device: row.get(1)?,
                company: row.get(2)?,
                category: category(row.get(3)?).map(Category::as_str),
                block,
                allow,
                pass,
            };
            if let Err(error) = each(&kept) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// The first day of which anything is known.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn first_day(&self) -> Result<Option<u64>, StoreError> {
        let day: Option<i64> =
            self.0.query_row("SELECT min(day) FROM day", [], |row| row.get(0))?;
        Ok(day.and_then(|day| u64::try_from(day).ok()))
    }
}

#[derive(Default)]
struct Gathered {
    sums: Sums,
    categories: BTreeMap<i64, u64>,
    devices: BTreeSet<i64>,
    hours: BTreeMap<i64, i64>,
}

/// Three counts of a row, from column `at` on.
fn sums(row: &Row<'_>, at: usize) -> Result<Sums, rusqlite::Error> {
    let count = |at| row.get(at).map(|count: i64| u64::try_from(count).unwrap_or_default());
    Ok(Sums { block: count(at)?, allow: count(at + 1)?, pass: count(at + 2)? })
}
