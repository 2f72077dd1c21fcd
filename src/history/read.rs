//! Questions to the store, over a connection of their own that can only read: whoever asks never
//! keeps the writer waiting.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use foldhash::fast::RandomState;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde::Serialize;

use super::rollup::{DAY, HOUR, category};
use super::rows::{Counted, Gathered, Part, rows, sums};
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
        let mut totals = Sums::default();
        self.rows(first, last, device, |_, row| {
            totals.block += row.sums.block;
            totals.allow += row.sums.allow;
            totals.pass += row.sums.pass;
        })?;
        Ok(totals)
    }

    fn rows(
        &self,
        first: u64,
        last: u64,
        device: Option<&str>,
        each: impl FnMut(Part, Counted),
    ) -> Result<(), StoreError> {
        let device = match device {
            None => None,
            Some(key) => {
                let sql = "SELECT id FROM device WHERE key = ?1";
                let id = self.0.query_row(sql, [key], |row| row.get(0)).optional()?;
                let Some(id) = id else { return Ok(()) };
                Some(id)
            }
        };
        // One view of all: a day may be made of its hours meanwhile.
        let view = self.0.unchecked_transaction()?;
        Ok(rows(&view, first, last, device, each)?)
    }

    /// Texts of a table by their numbers.
    fn texts(&self, sql: &str) -> Result<HashMap<i64, String, RandomState>, StoreError> {
        let mut statement = self.0.prepare(sql)?;
        let texts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(texts.collect::<Result<_, _>>()?)
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
        let mut names = self.texts("SELECT id, name FROM company WHERE name <> ''")?;
        let mut found: HashMap<i64, Gathered, RandomState> = HashMap::default();
        let mut pairs: HashSet<(i64, i64), RandomState> = HashSet::default();
        self.rows(first, last, device, |part, row| {
            if !names.contains_key(&row.company) {
                return;
            }
            let company = found.entry(row.company).or_default();
            // The hours of all devices together are told in rows of their own.
            if part == Part::Month && (row.device == 0 || device.is_some()) {
                company.add_hours_of(row);
            }
            if row.device != 0 {
                company.add(part, row);
                pairs.insert((row.device, row.company));
            }
        })?;
        let mut devices: HashMap<i64, (u64, bool), RandomState> = HashMap::default();
        let mut met = self.0.prepare("SELECT day FROM met WHERE device = ?1 AND company = ?2")?;
        for (device, company) in pairs {
            let day: Option<i64> = met.query_row([device, company], |row| row.get(0)).optional()?;
            let (count, is_old) = devices.entry(company).or_default();
            *count += 1;
            *is_old |= day.is_some_and(|day| day < first as i64);
        }
        if device.is_none() {
            // Those that met devices which were silent in these days are not new, either.
            let mut before = self.0.prepare("SELECT DISTINCT company FROM met WHERE day < ?1")?;
            let mut before = before.query([first as i64])?;
            while let Some(row) = before.next()? {
                if let Some((_, is_old)) = devices.get_mut(&row.get(0)?) {
                    *is_old = true;
                }
            }
        }
        let mut companies = Vec::with_capacity(found.len());
        for (company, of) in found {
            let Some(name) = names.remove(&company) else { continue };
            let (devices, is_old) = devices.get(&company).copied().unwrap_or_default();
            let (hours, category) = (of.hours(), of.category());
            let Sums { block, allow, pass } = of.sums;
            let is_new = !is_old;
            companies.push(Company { name, category, block, allow, pass, devices, hours, is_new });
        }
        let all = |company: &Company| company.block + company.allow + company.pass;
        companies.sort_by(|a, b| {
            let key = |company: &Company| (company.devices, company.hours, all(company));
            key(b).cmp(&key(a)).then_with(|| a.name.cmp(&b.name))
        });
        Ok(companies)
    }

    /// Devices from day `first` to day `last`, those first that asked the most.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn devices(&self, first: u64, last: u64) -> Result<Vec<Device>, StoreError> {
        let mut keys = self.texts("SELECT id, key FROM device")?;
        let none: Option<i64> = self
            .0
            .query_row("SELECT id FROM company WHERE name = ''", [], |row| row.get(0))
            .optional()?;
        let mut found: HashMap<i64, (Sums, HashSet<i64, RandomState>), RandomState> =
            HashMap::default();
        self.rows(first, last, None, |_, row| {
            if row.device == 0 {
                return;
            }
            let (sums, companies) = found.entry(row.device).or_default();
            sums.block += row.sums.block;
            sums.allow += row.sums.allow;
            sums.pass += row.sums.pass;
            if Some(row.company) != none {
                companies.insert(row.company);
            }
        })?;
        let devices = found.into_iter().filter_map(|(device, (sums, companies))| {
            Some(Device { key: keys.remove(&device)?, sums, companies: companies.len() as u64 })
        });
        let mut devices: Vec<Device> = devices.collect();
        devices.sort_by(|a, b| {
            let all = |Device { sums, .. }: &Device| sums.block + sums.allow + sums.pass;
            all(b).cmp(&all(a)).then_with(|| a.key.cmp(&b.key))
        });
        Ok(devices)
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
            By::Day => ("every_day", HOUR * DAY),
        };
        let sql = format!(
            "WITH every_day AS (
                 SELECT day AS at, device, company, category, block, allow, pass FROM day
                 UNION ALL
                 SELECT hour / 24, device, company, category, sum(block), sum(allow), sum(pass)
                 FROM hour WHERE hour >= 24 * (
                     SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'rolled_up_to')
                 GROUP BY hour / 24, device, company, category)
             SELECT {at}, device.key, company.name, category, block, allow, pass
             FROM {table} AS kept JOIN device ON device.id = kept.device
                 JOIN company ON company.id = kept.company
             ORDER BY 1, 2, 3, 4",
            at = if table == "hour" { "hour" } else { "at" },
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
        let sql = "SELECT min(coalesce((SELECT min(day) FROM day), hour / 24), hour / 24)
                   FROM (SELECT min(hour) AS hour FROM hour)";
        let day: Option<i64> = self.0.query_row(sql, [], |row| row.get(0))?;
        Ok(day.and_then(|day| u64::try_from(day).ok()))
    }
}
