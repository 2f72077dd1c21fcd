//! Questions to the store, over a connection of their own that can only read: whoever asks never
//! keeps the writer waiting.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use foldhash::fast::RandomState;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde::Serialize;

use super::rollup::{DAY, HOUR, category};
use super::rows::{Gathered, Part, Row, oldest, read, rolled_up_to, rows};
use super::{FILE, PATIENCE, StoreError};
use crate::trackers::Category;

/// Texts by number.
pub(super) type Texts = HashMap<i64, String, RandomState>;

/// A store, open to be read.
#[derive(Debug)]
pub struct Reader(pub(super) Connection);

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
    pub(super) fn add(&mut self, other: Self) {
        self.block = self.block.saturating_add(other.block);
        self.allow = self.allow.saturating_add(other.allow);
        self.pass = self.pass.saturating_add(other.pass);
    }

    /// All of them.
    pub fn all(self) -> u64 {
        self.block.saturating_add(self.allow).saturating_add(self.pass)
    }
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
            totals.add(row.counted.sums);
        })?;
        Ok(totals)
    }

    fn rows(
        &self,
        first: u64,
        last: u64,
        device: Option<&str>,
        each: impl FnMut(Part, Row),
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
    fn texts(&self, sql: &str) -> Result<Texts, StoreError> {
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
            sums.add(row.counted.sums);
            if Some(row.company) != none {
                companies.insert(row.company);
            }
        })?;
        let devices = found.into_iter().filter_map(|(device, (sums, companies))| {
            Some(Device { key: keys.remove(&device)?, sums, companies: companies.len() as u64 })
        });
        let mut devices: Vec<Device> = devices.collect();
        devices.sort_by(|a, b| b.sums.all().cmp(&a.sums.all()).then_with(|| a.key.cmp(&b.key)));
        Ok(devices)
    }

    /// Devices and companies that met in each hour from `first` on, in hours since 1970.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn met(&self, first: u64, mut each: impl FnMut(u64, &str, &str)) -> Result<(), StoreError> {
        let (devices, companies) = self.names()?;
        read(&self.0, Part::Hour, (first, u64::MAX), None, &mut |_, row| {
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

    /// Devices and companies by number.
    pub(super) fn names(&self) -> Result<(Texts, Texts), StoreError> {
        let devices = self.texts("SELECT id, key FROM device")?;
        Ok((devices, self.texts("SELECT id, name FROM company")?))
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
        let view = self.0.unchecked_transaction()?;
        let (devices, companies) = self.names()?;
        let mut outcome = Ok(());
        let mut tell = |at: u64, row: Row| {
            let names = (devices.get(&row.device), companies.get(&row.company));
            let (Some(device), Some(company), true) = (names.0, names.1, outcome.is_ok()) else {
                return;
            };
            let Sums { block, allow, pass } = row.counted.sums;
            outcome = each(&Kept {
                since: at,
                device: device.clone(),
                company: company.clone(),
                category: category(row.category).map(Category::as_str),
                block,
                allow,
                pass,
            });
        };
        let hour = |row: &Row| row.day * DAY + u64::from(row.counted.hours.trailing_zeros());
        let end = rolled_up_to(&view)?;
        if by == By::Hour {
            read(&view, Part::Hour, (0, u64::MAX), None, &mut |_, row| {
                tell(hour(&row) * HOUR, row)
            })?;
            return Ok(outcome);
        }
        read(&view, Part::Day, (0, end), None, &mut |_, row| tell(row.day * DAY * HOUR, row))?;
        // Days that are not over are in their hours.
        let mut days: BTreeMap<(u64, i64, i64, i64), Row> = BTreeMap::new();
        read(&view, Part::Hour, (end * DAY, u64::MAX), None, &mut |_, row| {
            days.entry((row.day, row.device, row.company, row.category))
                .and_modify(|day| day.counted.sums.add(row.counted.sums))
                .or_insert(row);
        })?;
        days.into_values().for_each(|row| tell(row.day * DAY * HOUR, row));
        Ok(outcome)
    }

    /// The first day of which anything is known.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn first_day(&self) -> Result<Option<u64>, StoreError> {
        let hour = oldest(&self.0, Part::Hour)?.map(|hour| hour / DAY);
        Ok(oldest(&self.0, Part::Day)?.into_iter().chain(hour).min())
    }
}
