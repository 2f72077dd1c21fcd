//! What happened of late, hour by hour: which devices asked, and which were followed by whom.

use super::read::Reader;
use super::rollup::{DAY, category};
use super::rows::{Part, Whose, at_place, place, read};
use super::{Store, StoreError};
use crate::trackers::Category;

/// A device's queries of one hour for names of one company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lately<'a> {
    /// Which, in hours since 1970.
    pub hour: u64,
    /// The device's key.
    pub device: &'a str,
    /// The company; empty for names of none.
    pub company: &'a str,
    /// Whether any of them was for a tracker: refused, or for what does nothing but follow.
    pub follows: bool,
    /// Those that were refused.
    pub refused: u64,
}

/// When a device first met a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The device's key.
    pub device: String,
    /// The company.
    pub company: String,
    /// The day, in days since 1970.
    pub day: u64,
    /// The first day on which anything is known of the device.
    pub known: u64,
}

impl Store {
    /// The last hour before `hour`, both in hours since 1970, of which anything is kept; where hours are
    /// gone, the first one of the last day.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn newest_before(&self, hour: u64) -> Result<Option<u64>, StoreError> {
        let newest = |part: Part, end: u64| -> Result<Option<i64>, rusqlite::Error> {
            let sql = format!("SELECT max(place) FROM {} WHERE place < ?1", part.table());
            self.0.query_row(&sql, [place(end, 0)], |row| row.get(0))
        };
        let of_hours = newest(Part::Hour, hour)?.map(|place| at_place(place).0);
        let of_days = newest(Part::Day, hour / DAY)?.map(|place| at_place(place).0 * DAY);
        Ok(of_hours.max(of_days))
    }
}

impl Reader {
    /// Calls `each` with all that is kept of the hours from `first` on, in hours since 1970, the
    /// oldest first: a call for each device, hour and company.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lately(&self, first: u64, mut each: impl FnMut(Lately<'_>)) -> Result<(), StoreError> {
        let (devices, companies) = (self.devices_by_number()?, self.companies_by_number()?);
        read(&self.connection, Part::Hour, (first, u64::MAX), Whose::default(), &mut |_, row| {
            let names = (devices.get(&row.device), companies.get(&row.company));
            let (Some(device), Some(company)) = names else { return };
            let hour = row.day * DAY + u64::from(row.counted.hours.trailing_zeros());
            let refused = row.counted.sums.block;
            let follows = refused > 0 || category(row.category).is_some_and(does_but_follow);
            each(Lately { hour, device, company, follows, refused });
        })?;
        Ok(())
    }

    /// Who first met whom on day `first` or later, in days since 1970.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn met_since(&self, first: u64) -> Result<Vec<Met>, StoreError> {
        let sql = "SELECT device.key, company.name, met.day,
                       (SELECT min(day) FROM met AS own WHERE own.device = met.device)
                   FROM met
                   JOIN device ON device.id = met.device
                   JOIN company ON company.id = met.company
                   WHERE met.day >= ?1";
        let day = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(|day| day.max(0) as u64);
        let mut statement = self.connection.prepare(sql)?;
        let met = statement.query_map([i64::try_from(first).unwrap_or(i64::MAX)], |row| {
            let (device, company) = (row.get(0)?, row.get(1)?);
            Ok(Met { device, company, day: day(row, 2)?, known: day(row, 3)? })
        })?;
        Ok(met.collect::<Result<_, _>>()?)
    }

    /// The first day on which anything is known of each device, by its key.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn known_since(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT device.key, min(met.day) FROM met JOIN device ON device.id = met.device
                   GROUP BY met.device";
        let mut statement = self.connection.prepare(sql)?;
        let known = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.max(0) as u64)))?;
        Ok(known.collect::<Result<_, _>>()?)
    }
}

/// Whether what is of this category does nothing else: hosts and players also do what people want.
fn does_but_follow(category: Category) -> bool {
    !matches!(category, Category::Media | Category::Hosting | Category::Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Row, Store};

    #[test]
    fn who_met_whom_first_and_who_was_followed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        let row = |company: &str, category, block| Row {
            device: "tv".to_owned(),
            company: company.to_owned(),
            category,
            block,
            allow: 0,
            pass: 1,
        };
        let day = 86_400;
        store.add(&[row("Acme", Some(Category::Hosting), 0)], 10 * day).unwrap();
        let rows = [row("Acme", Some(Category::Hosting), 0), row("Zeta", None, 2)];
        store.add(&rows, 20 * day).unwrap();
        store.add(&[row("Yota", Some(Category::Analytics), 0)], 20 * day + 3_600).unwrap();
        let reader = Reader::open(folder.path()).unwrap();
        let mut found = Vec::new();
        let tell = |hour: Lately<'_>| {
            found.push((hour.hour, hour.company.to_owned(), hour.follows, hour.refused));
        };
        reader.lately(20 * 24, tell).unwrap();
        let expected = [(480, "Acme", false, 0), (480, "Zeta", true, 2), (481, "Yota", true, 0)];
        assert_eq!(found, expected.map(|(at, who, follows, n)| (at, who.to_owned(), follows, n)));
        let met = reader.met_since(11).unwrap();
        let met: Vec<_> = met.iter().map(|met| (&*met.company, met.day, met.known)).collect();
        assert_eq!(met, [("Zeta", 20, 10), ("Yota", 20, 10)]);
        assert_eq!(reader.known_since().unwrap(), [("tv".to_owned(), 10)]);
    }
}
