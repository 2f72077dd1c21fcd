//! The bound of the file's size: what is the oldest goes first, and what is the least missed.
//!
//! Pages that become free are used again before the file grows, so that a bounded store costs no more
//! writes than one without bounds. The file is only written anew where it is larger than it may be:
//! when the bound was made smaller, or much came at once.

use std::fs;

use rusqlite::{Connection, Transaction};

use super::rollup::{DAY, HOUR, MONTH, delete_before, tidy};
use super::rows::{Part, oldest, rolled_up_to};
use super::{Store, StoreError};

/// What went to make room, in hours and days of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Hours.
    pub hours: u64,
    /// Days.
    pub days: u64,
}

impl Store {
    /// Lets go of the oldest hours that are in a day, too, then of the oldest days, then of the oldest
    /// other hours, until the file has at most `most` octets at `now`, and some room to grow. The
    /// running hour stays. Two look-ups where there is nothing to do.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn fit(&mut self, most: u64, now: u64) -> Result<Dropped, StoreError> {
        let page = pragma(&self.0, "page_size")?;
        let most = i64::try_from(most).unwrap_or(i64::MAX) / page;
        let mut dropped = Dropped::default();
        if used(&self.0)? > most - most / 16 {
            let transaction = self.0.transaction()?;
            let room = most - most / 8;
            while used(&transaction)? > room && drop_oldest(&transaction, &mut dropped, now)? {}
            if dropped != Dropped::default() {
                tidy(&transaction)?;
            }
            transaction.commit()?;
        }
        if used(&self.0)? > most {
            return Ok(dropped);
        }
        let file = self.0.path().and_then(|path| fs::metadata(path).ok());
        if pragma(&self.0, "page_count")? > most {
            self.rewrite()?;
        } else if file.is_some_and(|file| file.len() as i64 > most * page) {
            // Somebody read when it was written anew.
            self.settle()?;
        }
        Ok(dropped)
    }
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Pages with anything in them.
fn used(connection: &Connection) -> Result<i64, rusqlite::Error> {
    Ok(pragma(connection, "page_count")? - pragma(connection, "freelist_count")?)
}

/// Lets go of an hour or a day of all devices. Says whether there was any.
fn drop_oldest(
    transaction: &Transaction<'_>,
    dropped: &mut Dropped,
    now: u64,
) -> Result<bool, rusqlite::Error> {
    let delete = |part, end| delete_before(transaction, part, end).map(|rows| rows as u64);
    let hour = oldest(transaction, Part::Hour)?;
    let over = rolled_up_to(transaction)? * DAY;
    if let Some(hour) = hour.filter(|hour| *hour < over) {
        dropped.hours += delete(Part::Hour, hour + 1)?;
    } else if let Some(day) = oldest(transaction, Part::Day)? {
        dropped.days += delete(Part::Day, day + 1)?;
        // A month of which a day is gone would tell too much.
        delete(Part::Month, (day + 1).div_ceil(MONTH))?;
    } else if let Some(hour) = hour.filter(|hour| *hour < now / HOUR) {
        dropped.hours += delete(Part::Hour, hour + 1)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::read::{By, Reader, Span};
    use super::super::{Retention, Row};
    use super::*;

    const FIRST: u64 = 20_000;
    const LONG: Retention = Retention { hours: 4_000, days: 4_000 };

    /// Queries of a device in an hour or a day.
    type Model = BTreeMap<(u64, String), u64>;

    fn rows(device: &str, companies: u64) -> Vec<Row> {
        let row = |company| Row {
            device: device.to_owned(),
            company: format!("company number {company}"),
            category: None,
            block: 1 << 40,
            allow: 1 << 50,
            pass: 1,
        };
        (0..companies).map(row).collect()
    }

    fn kept(reader: &Reader, by: By) -> Model {
        let mut kept = Model::new();
        let each = |row: &super::super::read::Kept| {
            *kept.entry((row.since / HOUR, row.device.clone())).or_default() += row.pass;
            Ok(())
        };
        reader.each(by, each).unwrap().unwrap();
        kept
    }

    fn from(model: &Model, first: u64) -> Model {
        model
            .iter()
            .filter(|((at, _), _)| *at >= first)
            .map(|(key, of)| (key.clone(), *of))
            .collect()
    }

    #[test]
    fn a_bounded_store_grows_into_what_went_and_needs_not_be_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        let most = 256 << 10;
        let mut dropped = Dropped::default();
        for hour in FIRST * DAY..(FIRST + 10) * DAY {
            store.add(&rows("tv", 100), hour * HOUR).unwrap();
            store.roll_up(LONG, hour * HOUR).unwrap();
            assert!(store.bytes().unwrap() <= most, "before anything goes");
            let Dropped { hours, days } = store.fit(most, hour * HOUR).unwrap();
            dropped = Dropped { hours: dropped.hours + hours, days: dropped.days + days };
        }
        assert!(dropped.hours > 100 && dropped.days == 0, "{dropped:?}");
        let reader = Reader::open(folder.path()).unwrap();
        assert_eq!(reader.totals(Span::days(FIRST, FIRST + 9), None).unwrap().pass, 24_000);
    }

    #[test]
    fn who_reads_only_puts_off_that_the_file_is_smaller() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        let now = (FIRST + 3) * DAY * HOUR;
        for hour in 0..40 {
            store.add(&rows("tv", 100), FIRST * DAY * HOUR + hour * HOUR).unwrap();
        }
        store.roll_up(LONG, now).unwrap();
        assert!(store.settle().unwrap());
        let size = || fs::metadata(folder.path().join(super::super::FILE)).unwrap().len();
        let (most, before) = (48 << 10, size());
        let reader = Reader::open(folder.path()).unwrap();
        let mut days = 0;
        let each = |_: &_| {
            if days == 0 {
                assert!(store.fit(most, now).unwrap().hours > 0);
            }
            days += 1;
            Ok(())
        };
        reader.each(By::Day, each).unwrap().unwrap();
        assert_eq!((days, size()), (200, before), "what is read stays as it was");
        assert_eq!(store.fit(most, now).unwrap(), Dropped::default());
        assert!(size() <= most);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 48 }))]

        #[test]
        fn the_oldest_goes_until_the_file_is_small_enough(
            added in vec((0..20 * DAY, 1..4_u8, 1..60_u64), 1..80),
            most in 24..200_u64,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (mut store, _) = Store::open(folder.path()).unwrap();
            let (mut hours, mut days) = (Model::new(), Model::new());
            for (hour, device, companies) in added {
                let (hour, device) = (FIRST * DAY + hour, format!("device {device}"));
                store.add(&rows(&device, companies), hour * HOUR).unwrap();
                *hours.entry((hour, device.clone())).or_default() += companies;
                *days.entry((hour / DAY * DAY, device)).or_default() += companies;
            }
            let running = (FIRST + 20) * DAY - 1;
            let (most, now) = (most << 10, running * HOUR);
            store.roll_up(LONG, now).unwrap();
            let before = store.bytes().unwrap();
            let dropped = store.fit(most, now).unwrap();
            let reader = Reader::open(folder.path()).unwrap();
            let (left_hours, left_days) = (kept(&reader, By::Hour), kept(&reader, By::Day));
            let first = |left: &Model| left.keys().next().map_or(u64::MAX, |(at, _)| *at);
            prop_assert_eq!(&left_hours, &from(&hours, first(&left_hours)));
            let gone = hours.len() - left_hours.len();
            prop_assert_eq!(dropped.hours, gone as u64);
            let today = running / DAY * DAY;
            if first(&left_days) < today {
                prop_assert_eq!(&left_days, &from(&days, first(&left_days)));
            }
            let gone = days.len() - left_days.len();
            prop_assert!(dropped.days <= gone as u64);
            if dropped.days > 0 {
                prop_assert!(first(&left_hours) >= today, "hours of days that are there go first");
            }
            let is_empty = first(&left_days) >= today && first(&left_hours) >= running;
            prop_assert!(is_empty || store.bytes().unwrap() <= most);
            if store.bytes().unwrap() <= most {
                let file = fs::metadata(folder.path().join(super::super::FILE)).unwrap();
                prop_assert!(file.len() <= most, "the file itself is smaller");
            }
            if before <= most - most / 8 {
                prop_assert_eq!(dropped, Dropped::default());
            }
            prop_assert_eq!(store.fit(most, now).unwrap(), Dropped::default(), "all at once");
        }
    }
}
