//! Who followed whom in a span of hours: companies, devices, and both together.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use rusqlite::params;

use super::super::rollup::{DAY, HOUR};
use super::super::rows::{Gathered, Part, Span, Whose};
use super::{Reader, StoreError, Sums, Texts};
use crate::trackers::Category;

/// A company in some hours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Whether there was nothing of it before these hours' day.
    pub is_new: bool,
}

/// A device in some hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its key.
    pub key: String,
    /// Its queries.
    pub sums: Sums,
    /// How many companies appeared in it.
    pub companies: u64,
}

/// A company in a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfDevice {
    /// The device's key.
    pub key: String,
    /// Queries of it for names of the company.
    pub sums: Sums,
    /// In how many hours it was there.
    pub hours: u64,
    /// The last of them, in seconds since 1970.
    pub last: u64,
}

/// Companies, devices, and who met whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// Those first that reached the most devices in the most hours.
    pub companies: Vec<Company>,
    /// Those first that asked the most.
    pub devices: Vec<Device>,
    /// Key of a device, name of a company, and queries.
    pub links: Vec<(String, String, Sums)>,
}

/// What was found in rows.
#[derive(Default)]
struct Found {
    /// Where in `companies` a number is.
    places: HashMap<i64, usize, RandomState>,
    /// By number.
    companies: Vec<(i64, Gathered)>,
    /// By number.
    devices: HashMap<i64, OfOne, RandomState>,
}

/// What was found of a device.
#[derive(Default)]
struct OfOne {
    sums: Sums,
    /// As `companies` lie.
    companies: Vec<Sums>,
}

impl Reader {
    /// Companies of a span, those first that reached the most devices in the most hours; of one
    /// device, or of all.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn companies(&self, span: Span, device: Option<&str>) -> Result<Vec<Company>, StoreError> {
        let Ok(number) = self.device(device)? else { return Ok(Vec::new()) };
        let mut names = self.companies_by_number()?;
        let found = self.find(span, device)?;
        self.told_companies(span, number, &found, &mut names)
    }

    /// Devices of a span, those first that asked the most.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn devices(&self, span: Span) -> Result<Vec<Device>, StoreError> {
        let found = self.find(span, None)?;
        Ok(found.told_devices(&self.devices_by_number()?))
    }

    /// Companies and devices of a span, and who met whom.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn graph(&self, span: Span) -> Result<Graph, StoreError> {
        let mut names = self.companies_by_number()?;
        let keys = self.devices_by_number()?;
        let found = self.find(span, None)?;
        let link = |(device, company, sums): (i64, i64, Sums)| {
            Some((keys.get(&device)?.clone(), names.get(&company)?.clone(), sums))
        };
        let mut links: Vec<_> = found.pairs().filter_map(link).collect();
        links.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        let devices = found.told_devices(&keys);
        let companies = self.told_companies(span, None, &found, &mut names)?;
        Ok(Graph { companies, devices, links })
    }

    fn find(&self, span: Span, device: Option<&str>) -> Result<Found, StoreError> {
        let nobodys = self.company_number("")?;
        let mut found = Found::default();
        // Rows of a device come one after the other: it is looked up once.
        let mut running = (0, OfOne::default());
        self.rows(span, device, |part, row| {
            if running.0 != row.device {
                found.put_back(&mut running);
                running = (row.device, found.devices.remove(&row.device).unwrap_or_default());
            }
            let is_company = Some(row.company) != nobodys;
            let place = is_company.then(|| found.place(row.company));
            // The hours of all devices together are told in rows of their own.
            if let Some(place) = place
                && part == Part::Month
                && (row.device == 0 || device.is_some())
            {
                found.companies[place].1.add_hours_of(row);
            }
            if row.device == 0 {
                return;
            }
            let of = &mut running.1;
            of.sums.add(row.counted.sums);
            if let Some(place) = place {
                found.companies[place].1.add(part, row);
                if of.companies.len() <= place {
                    of.companies.resize(place + 1, Sums::default());
                }
                of.companies[place].add(row.counted.sums);
            }
        })?;
        found.put_back(&mut running);
        Ok(found)
    }

    /// Takes the names that are told out of `names`.
    fn told_companies(
        &self,
        span: Span,
        device: Option<i64>,
        found: &Found,
        names: &mut Texts,
    ) -> Result<Vec<Company>, StoreError> {
        let mut devices: HashMap<i64, u64, RandomState> = HashMap::default();
        for (_, company, _) in found.pairs() {
            *devices.entry(company).or_default() += 1;
        }
        // Those that met devices which were silent in these days are not new, either.
        let mut old: HashSet<i64, RandomState> = HashSet::default();
        let sql = "SELECT DISTINCT company FROM met
                   WHERE day < ?1 AND (?2 IS NULL OR device = ?2)";
        let mut before = self.connection.prepare(sql)?;
        let mut before = before.query(params![(span.first / DAY) as i64, device])?;
        while let Some(row) = before.next()? {
            old.insert(row.get(0)?);
        }
        let mut companies = Vec::with_capacity(found.companies.len());
        for (company, of) in &found.companies {
            let Some(name) = names.remove(company) else { continue };
            let devices = devices.get(company).copied().unwrap_or_default();
            let (hours, category) = (of.hours(), of.category());
            let Sums { block, allow, pass } = of.sums;
            let is_new = !old.contains(company);
            companies.push(Company { name, category, block, allow, pass, devices, hours, is_new });
        }
        let all = |company: &Company| company.block + company.allow + company.pass;
        companies.sort_by(|a, b| {
            let key = |company: &Company| (company.devices, company.hours, all(company));
            key(b).cmp(&key(a)).then_with(|| a.name.cmp(&b.name))
        });
        Ok(companies)
    }

    /// The devices in which a company appeared in a span, those first where it did in the most
    /// hours.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_company(&self, span: Span, company: &str) -> Result<Vec<OfDevice>, StoreError> {
        let Some(company) = self.company_number(company)? else { return Ok(Vec::new()) };
        let mut keys = self.devices_by_number()?;
        let mut found: HashMap<i64, (Gathered, u64), RandomState> = HashMap::default();
        let whose = Whose { device: None, company: Some(company) };
        let mut each = |part: Part, row: super::Row| {
            let (gathered, last) = found.entry(row.device).or_default();
            gathered.add(part, row);
            let hour = u64::from(row.counted.hours.checked_ilog2().unwrap_or(0));
            *last = (*last).max(row.day * DAY + hour);
        };
        self.rows_of(span, whose, false, &mut each)?;
        let of = found.into_iter().filter_map(|(device, (gathered, last))| {
            let (sums, hours) = (gathered.sums, gathered.hours());
            Some(OfDevice { key: keys.remove(&device)?, sums, hours, last: last * HOUR })
        });
        let mut of: Vec<_> = of.collect();
        of.sort_by(|a, b| (b.hours, &a.key).cmp(&(a.hours, &b.key)));
        Ok(of)
    }

    /// Companies that nobody in the house had met before day `first`: the name, the key of the device
    /// that met it, and the day; the latest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new_since(&self, first: u64) -> Result<Vec<(String, String, u64)>, StoreError> {
        let sql = "SELECT name, key, day FROM (
                       SELECT company, device, min(day) AS day FROM met GROUP BY company
                   ) JOIN company ON company.id = company JOIN device ON device.id = device
                   WHERE day >= ?1 AND name <> '' ORDER BY day DESC, name";
        let mut statement = self.connection.prepare(sql)?;
        let read =
            |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64));
        Ok(statement.query_map([first as i64], read)?.collect::<Result<_, _>>()?)
    }
}

impl Found {
    fn place(&mut self, company: i64) -> usize {
        *self.places.entry(company).or_insert_with(|| {
            self.companies.push((company, Gathered::default()));
            self.companies.len() - 1
        })
    }

    fn put_back(&mut self, (device, of): &mut (i64, OfOne)) {
        if *device != 0 {
            self.devices.insert(*device, std::mem::take(of));
        }
    }

    /// Device, company, and queries of every two that met.
    fn pairs(&self) -> impl Iterator<Item = (i64, i64, Sums)> {
        self.devices.iter().flat_map(|(device, of)| {
            let companies = of.companies.iter().zip(&self.companies);
            let met = companies.filter(|(sums, _)| sums.all() > 0);
            met.map(|(sums, (company, _))| (*device, *company, *sums))
        })
    }

    fn told_devices(&self, keys: &Texts) -> Vec<Device> {
        let devices = self.devices.iter().filter_map(|(device, OfOne { sums, companies })| {
            let companies = companies.iter().filter(|sums| sums.all() > 0).count() as u64;
            Some(Device { key: keys.get(device)?.clone(), sums: *sums, companies })
        });
        let mut devices: Vec<Device> = devices.collect();
        devices.sort_by(|a, b| b.sums.all().cmp(&a.sums.all()).then_with(|| a.key.cmp(&b.key)));
        devices
    }
}
