//! Since when devices are known, and when they asked last.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::super::rollup::{DAY, HOUR};
use super::super::rows::{Part, at_place, rolled_up_to};
use super::{Reader, StoreError};

/// When a device asked, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// The first day it did.
    pub first: u64,
    /// The last hour it did; where that is long ago, the day.
    pub last: u64,
}

impl Reader {
    /// Of every device, by its key.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn ages(&self) -> Result<HashMap<String, Age, RandomState>, StoreError> {
        let mut first: HashMap<i64, u64, RandomState> = HashMap::default();
        let sql = "SELECT device, min(day) FROM met GROUP BY device";
        let mut statement = self.connection.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            first.insert(row.get(0)?, row.get::<_, i64>(1)? as u64 * DAY * HOUR);
        }
        let mut last: HashMap<i64, u64, RandomState> = HashMap::default();
        self.unwritten.each_device(|device, hour| {
            last.insert(device, hour * HOUR);
            first.entry(device).or_insert(hour / DAY * DAY * HOUR);
        });
        // From the latest on, until all are there: most devices asked today or yesterday.
        let yesterday = rolled_up_to(&self.connection)?.saturating_sub(1) * DAY;
        for (part, since, seconds) in [(Part::Hour, yesterday, HOUR), (Part::Day, 0, DAY * HOUR)] {
            let table = part.table();
            let sql = format!("SELECT place FROM {table} ORDER BY place DESC");
            let mut statement = self.connection.prepare(&sql)?;
            let mut found = statement.query([])?;
            while last.len() < first.len() {
                let Some(row) = found.next()? else { break };
                let (at, device) = at_place(row.get(0)?);
                if at < since {
                    break;
                }
                last.entry(device).or_insert(at * seconds);
            }
        }
        let keys = self.devices_by_number()?;
        let ages = first.into_iter().filter_map(|(device, first)| {
            let last = last.get(&device).copied().unwrap_or(first);
            Some((keys.get(&device)?.clone(), Age { first, last }))
        });
        Ok(ages.collect())
    }
}
