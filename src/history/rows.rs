//! The rows of a span of days, from where they are the fewest: months that are made, days, and the
//! hours of days that are not over. What is told of many rows is gathered here.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

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

/// What was counted of a device and a company.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// The first day.
    day: i64,
    /// 0 in a month's rows for the hours of all.
    pub(super) device: i64,
    pub(super) company: i64,
    category: i64,
    pub(super) sums: Sums,
    /// A day's hours, one a bit; a month's number of them.
    hours: i64,
}

/// Calls `each` with the rows from day `first` to day `last`, the oldest first: of one device, or of
/// all.
pub(super) fn rows(
    connection: &Connection,
    first: u64,
    last: u64,
    device: Option<i64>,
    mut each: impl FnMut(Part, Counted),
) -> Result<(), rusqlite::Error> {
    let end = rolled_up_to(connection)?;
    // Nothing is before that, and the months between need not be looked for.
    let oldest: Option<i64> =
        connection.query_row("SELECT min(day) FROM day", [], |row| row.get(0))?;
    let mut from = first.max(oldest.map_or(end, |day| day as u64).min(end));
    while from <= last && from < end {
        let month = from / MONTH;
        let next = ((month + 1) * MONTH).min(end);
        let is_whole = from == month * MONTH && last + 1 >= (month + 1) * MONTH;
        if is_whole && is_rolled_up(connection, month)? {
            read(connection, Part::Month, (month, month), device, &mut each)?;
        } else {
            read(connection, Part::Day, (from, last.min(next - 1)), device, &mut each)?;
        }
        from = next;
    }
    let from = first.max(end);
    if from <= last {
        let hours = (from * DAY, last.saturating_mul(DAY).saturating_add(DAY - 1));
        read(connection, Part::Hour, hours, device, &mut each)?;
    }
    Ok(())
}

fn read(
    connection: &Connection,
    part: Part,
    (first, last): (u64, u64),
    device: Option<i64>,
    each: &mut impl FnMut(Part, Counted),
) -> Result<(), rusqlite::Error> {
    let (table, day, hours) = match part {
        Part::Hour => ("hour", "hour / 24", "1 << (hour % 24)"),
        Part::Day => ("day", "day", "hours"),
        Part::Month => ("month", "month * 30", "hours"),
    };
    let columns = format!("{day}, device, company, category, block, allow, pass, {hours}");
    let last = i64::try_from(last).unwrap_or(i64::MAX);
    let mut take = |row: &Row<'_>| {
        let counted = Counted {
            day: row.get(0)?,
            device: row.get(1)?,
            company: row.get(2)?,
            category: row.get(3)?,
            sums: sums(row, 4)?,
            hours: row.get(7)?,
        };
        each(part, counted);
        Ok::<_, rusqlite::Error>(())
    };
    let Some(device) = device else {
        let sql = format!("SELECT {columns} FROM {table} WHERE {table} BETWEEN ?1 AND ?2");
        let mut statement = connection.prepare(&sql)?;
        let mut found = statement.query(params![first as i64, last])?;
        while let Some(row) = found.next()? {
            take(row)?;
        }
        return Ok(());
    };
    // From one of the device's rows to the next, over those of others.
    let sql = format!("SELECT {columns} FROM {table} WHERE {table} = ?1 AND device = ?2");
    let mut statement = connection.prepare(&sql)?;
    let next = format!("SELECT min({table}) FROM {table} WHERE {table} >= ?1");
    let mut next = connection.prepare(&next)?;
    let mut at = first as i64;
    while let Some(found) = next.query_row([at], |row| row.get::<_, Option<i64>>(0))? {
        if found > last {
            break;
        }
        let mut of_device = statement.query([found, device])?;
        while let Some(row) = of_device.next()? {
            take(row)?;
        }
        at = found + 1;
    }
    Ok(())
}

/// The first day that is not over, and only in its hours.
pub(super) fn rolled_up_to(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'rolled_up_to'";
    let day: Option<i64> = connection.prepare(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(day.and_then(|day| u64::try_from(day).ok()).unwrap_or(0))
}

/// Whether a month is made of its days.
pub(super) fn is_rolled_up(connection: &Connection, month: u64) -> Result<bool, rusqlite::Error> {
    connection
        .prepare("SELECT 1 FROM month WHERE month = ?1 LIMIT 1")?
        .exists([i64::try_from(month).unwrap_or(i64::MAX)])
}

/// Three counts of a row, from column `at` on.
pub(super) fn sums(row: &Row<'_>, at: usize) -> Result<Sums, rusqlite::Error> {
    let count = |at| row.get(at).map(|count: i64| u64::try_from(count).unwrap_or_default());
    Ok(Sums { block: count(at)?, allow: count(at + 1)?, pass: count(at + 2)? })
}

/// What many rows tell together. They come the oldest first.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) sums: Sums,
    categories: [u64; Category::ALL.len() + 1],
    hours: u64,
    /// The last day, and its hours.
    day: (i64, i64),
}

impl Gathered {
    pub(super) fn add(&mut self, part: Part, row: Counted) {
        let Counted { day, category, sums, hours, .. } = row;
        let Sums { block, allow, pass } = sums;
        self.sums.block += block;
        self.sums.allow += allow;
        self.sums.pass += pass;
        let place = usize::try_from(category).unwrap_or(usize::MAX).min(Category::ALL.len());
        self.categories[place] += block + allow + pass;
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
    pub(super) fn add_hours_of(&mut self, month: Counted) {
        self.hours += u64::try_from(month.hours).unwrap_or_default();
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
