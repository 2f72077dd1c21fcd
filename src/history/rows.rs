//! The rows of a span of days, from where they are the fewest: months that are made, days, and the
//! hours of days that are not over. What is told of many rows is gathered here.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::packed::{Counted, unpack, unpack_one};
use super::read::Sums;
use super::rollup::{DAY, MONTH, category};
use crate::trackers::Category;

/// Where a row is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Hour,
    Day,
    Month,
}

impl Part {
    /// The table.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// Numbers of devices are below that.
const DEVICES: i64 = 1 << 24;

/// The place of a device's hour, day or month `at` in its table.
pub(super) fn place(at: u64, device: i64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX).saturating_mul(DEVICES).saturating_add(device)
}

/// The first place at or after `at`, and the last one of `last`.
pub(super) fn places(first: u64, last: u64) -> (i64, i64) {
    (place(first, 0), place(last, DEVICES - 1))
}

/// Which hour, day or month is at a place, and of which device.
pub(super) fn at_place(place: i64) -> (u64, i64) {
    ((place / DEVICES) as u64, place % DEVICES)
}

/// What was counted of a device and a company.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The first day.
    pub(super) day: u64,
    /// 0 in a month's rows for the hours of all.
    pub(super) device: i64,
    pub(super) company: i64,
    pub(super) category: i64,
    pub(super) counted: Counted,
}

/// Whose rows are meant, by number: where none is given, those of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Whose {
    pub(super) device: Option<i64>,
    pub(super) company: Option<i64>,
}

impl Whose {
    /// Those of a device, or of all.
    pub(super) fn device(device: Option<i64>) -> Self {
        Self { device, company: None }
    }

    pub(super) fn has(self, row: &Row) -> bool {
        self.device.is_none_or(|device| row.device == device)
            && self.company.is_none_or(|company| row.company == company)
    }
}

/// Whole hours, in hours since 1970; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Span {
    /// From day `first` to day `last`, in days since 1970.
    pub const fn days(first: u64, last: u64) -> Self {
        Self { first: first * DAY, last: last.saturating_mul(DAY).saturating_add(DAY - 1) }
    }

    /// Whether `hour` is in it.
    pub(super) fn has(self, hour: u64) -> bool {
        (self.first..=self.last).contains(&hour)
    }

    /// What of the day is in it.
    fn of_day(self, day: u64) -> Self {
        let whole = Self::days(day, day);
        Self { first: self.first.max(whole.first), last: self.last.min(whole.last) }
    }
}

/// Calls `each` with the rows of a span, the oldest first. A day of which only a part is asked for is
/// told by its hours; where these are gone, all of it is. `months` are of no use to who asks when
/// something was.
pub(super) fn rows(
    connection: &Connection,
    span: Span,
    whose: Whose,
    months: bool,
    mut each: impl FnMut(Part, Row),
) -> Result<(), rusqlite::Error> {
    let end = rolled_up_to(connection)?;
    let hours_since = oldest(connection, Part::Hour)?.map_or(u64::MAX, |hour| hour / DAY);
    let of_hours = |day: u64, each: &mut _| {
        let Span { first, last } = span.of_day(day);
        read(connection, Part::Hour, (first, last), whose, each)
    };
    let is_part = |day| day >= hours_since && span.of_day(day) != Span::days(day, day);
    let (mut first, last) = (span.first / DAY, span.last / DAY);
    if is_part(first) {
        of_hours(first, &mut each)?;
        first += 1;
    }
    let ends_in_part = first <= last && is_part(last);
    let after = if ends_in_part { last } else { last + 1 };
    // There is nothing before the oldest: months need not be looked for.
    let oldest = oldest(connection, Part::Day)?.unwrap_or(end);
    let mut from = first.max(oldest.min(end));
    while from < after.min(end) {
        let month = from / MONTH;
        let next = ((month + 1) * MONTH).min(end);
        let is_whole = from == month * MONTH && after >= (month + 1) * MONTH;
        if months && is_whole && is_rolled_up(connection, month)? {
            read(connection, Part::Month, (month, month), whose, &mut each)?;
        } else {
            read(connection, Part::Day, (from, after.min(next) - 1), whose, &mut each)?;
        }
        from = next;
    }
    let from = first.max(end);
    if from < after {
        let hours = (from * DAY, Span::days(from, after - 1).last);
        read(connection, Part::Hour, hours, whose, &mut each)?;
    }
    if ends_in_part {
        of_hours(last, &mut each)?;
    }
    Ok(())
}

/// Calls `each` with the rows of a table.
pub(super) fn read(
    connection: &Connection,
    part: Part,
    (first, last): (u64, u64),
    whose: Whose,
    each: &mut impl FnMut(Part, Row),
) -> Result<(), rusqlite::Error> {
    let table = part.table();
    let mut take = |found: &rusqlite::Row<'_>| {
        let (at, device) = at_place(found.get(0)?);
        let packed = found.get_ref(1)?.as_blob()?;
        let each = |company, category, mut counted: Counted| {
            let day = match part {
                Part::Hour => {
                    counted.hours = 1 << (at % DAY);
                    at / DAY
                }
                Part::Day => at,
                Part::Month => at * MONTH,
            };
            each(part, Row { day, device, company, category, counted });
        };
        match whose.company {
            Some(company) => unpack_one(packed, company, each),
            None => unpack(packed, each),
        }
    };
    let (first, last) = places(first, last);
    let Some(device) = whose.device else {
        let sql = format!("SELECT place, packed FROM {table} WHERE place BETWEEN ?1 AND ?2");
        let mut statement = connection.prepare(&sql)?;
        let mut found = statement.query([first, last])?;
        while let Some(row) = found.next()? {
            take(row)?;
        }
        return Ok(());
    };
    // From one of the device's rows to the next, over those of others.
    let sql = format!("SELECT place, packed FROM {table} WHERE place = ?1");
    let mut statement = connection.prepare(&sql)?;
    let next = format!("SELECT min(place) FROM {table} WHERE place >= ?1");
    let mut next = connection.prepare(&next)?;
    let mut from = first;
    while let Some(found) = next.query_row([from], |row| row.get::<_, Option<i64>>(0))? {
        if found > last {
            break;
        }
        let (at, _) = at_place(found);
        let mut of_device = statement.query([place(at, device)])?;
        while let Some(row) = of_device.next()? {
            take(row)?;
        }
        from = place(at + 1, 0);
    }
    Ok(())
}

/// The first hour, day or month of a table.
pub(super) fn oldest(connection: &Connection, part: Part) -> Result<Option<u64>, rusqlite::Error> {
    let sql = format!("SELECT min(place) FROM {}", part.table());
    let oldest: Option<i64> = connection.query_row(&sql, [], |row| row.get(0))?;
    Ok(oldest.map(|place| at_place(place).0))
}

/// The first day that is not over, and only in its hours.
pub(super) fn rolled_up_to(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'rolled_up_to'";
    let day: Option<i64> = connection.prepare(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(day.and_then(|day| u64::try_from(day).ok()).unwrap_or(0))
}

/// Whether a month is made of its days.
pub(super) fn is_rolled_up(connection: &Connection, month: u64) -> Result<bool, rusqlite::Error> {
    let (first, last) = places(month, month);
    connection
        .prepare("SELECT 1 FROM month WHERE place BETWEEN ?1 AND ?2 LIMIT 1")?
        .exists(params![first, last])
}

/// What many rows tell together. They come the oldest first.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) sums: Sums,
    categories: [u64; Category::ALL.len() + 1],
    hours: u64,
    /// The last day, and its hours.
    day: (u64, u64),
}

impl Gathered {
    pub(super) fn add(&mut self, part: Part, row: Row) {
        let Row { day, category, counted: Counted { sums, hours }, .. } = row;
        self.sums.add(sums);
        let place = usize::try_from(category).unwrap_or(usize::MAX).min(Category::ALL.len());
        self.categories[place] += sums.all();
        if part == Part::Month {
            return;
        }
        if self.day.0 != day {
            self.hours = self.hours();
            self.day = (day, 0);
        }
        self.day.1 |= hours;
    }

    /// The hours of a month.
    pub(super) fn add_hours_of(&mut self, month: Row) {
        self.hours += month.counted.hours;
    }

    /// How many hours there was anything in.
    pub(super) fn hours(&self) -> u64 {
        self.hours + u64::from(self.day.1.count_ones())
    }

    /// What most queries were for.
    pub(super) fn category(&self) -> Option<Category> {
        let most = (0..self.categories.len()).max_by_key(|place| self.categories[*place])?;
        category(most as i64)
    }
}
