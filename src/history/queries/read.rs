//! Pages of the log, over a connection of their own that can only read.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, ToSql};

use super::{FILE, Logged, PLACES, first_place};
use crate::history::{StoreError, open_to_read};

/// Which queries are wanted: those that all of it holds for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of the device of this key.
    pub device: Option<String>,
    /// For names that hold this; for a domain and all below it, where it begins with a dot.
    pub name: Option<String>,
    /// With this verdict, in its word.
    pub verdict: Option<String>,
    /// For names of this company, whatever the case of its letters.
    pub company: Option<String>,
    /// From this second of 1970 on.
    pub since: Option<u64>,
    /// Before this second of 1970.
    pub until: Option<u64>,
}

/// Some queries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// They.
    pub queries: Vec<Logged>,
    /// Where the next page begins; none where there is none.
    pub next: Option<i64>,
}

/// The log, open to be read.
#[derive(Debug)]
pub struct Reader(Connection);

impl Reader {
    /// The log in the data folder `folder`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self(open_to_read(&folder.join(FILE))?))
    }

    /// The newest `most` queries, at least 1, that fit `filter` and come after those of the page whose
    /// [`Page::next`] is `after`. Of one device, or of some time, that takes milliseconds, whatever
    /// else is kept; a name, verdict or company that is rare takes a look at all of these.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn page(
        &self,
        filter: &Filter,
        after: Option<i64>,
        most: usize,
    ) -> Result<Page, StoreError> {
        let mut wanted = Wanted::new(filter, after, most);
        if let Some(key) = &filter.device {
            let sql = "SELECT id FROM device WHERE key = ?1";
            let id = self.0.query_row(sql, [key], |row| row.get(0)).optional()?;
            let Some(id) = id else { return Ok(Page::default()) };
            wanted.device = Some(id);
        }
        let (sql, values) = wanted.sql();
        let mut statement = self.0.prepare(&sql)?;
        let mut rows = statement.query(&*values)?;
        let (mut queries, mut last) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            if queries.len() == most.max(1) {
                return Ok(Page { queries, next: Some(last) });
            }
            last = row.get(0)?;
            queries.push(Logged {
                at: u64::try_from(last).unwrap_or_default() / PLACES,
                device: row.get(1)?,
                name: row.get(2)?,
                qtype: row.get(3)?,
                verdict: row.get(4)?,
                by: row.get(5)?,
                company: row.get(6)?,
            });
        }
        Ok(Page { queries, next: None })
    }
}

/// A filter by numbers, as far as they are known.
struct Wanted<'a> {
    first: i64,
    end: i64,
    most: i64,
    device: Option<i64>,
    name: Option<String>,
    verdict: Option<&'a str>,
    company: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn new(filter: &'a Filter, after: Option<i64>, most: usize) -> Self {
        let until = filter.until.map_or(i64::MAX, first_place);
        Self {
            first: filter.since.map_or(i64::MIN, first_place),
            end: after.map_or(until, |after| after.min(until)),
            // One more tells whether there are more.
            most: i64::try_from(most).unwrap_or(i64::MAX).max(1).saturating_add(1),
            device: None,
            name: filter.name.as_deref().map(str::to_lowercase),
            verdict: filter.verdict.as_deref(),
            company: filter.company.as_deref(),
        }
    }

    fn sql(&self) -> (String, Vec<(&'static str, &dyn ToSql)>) {
        let mut values: Vec<(&'static str, &dyn ToSql)> =
            vec![(":first", &self.first), (":end", &self.end), (":most", &self.most)];
        let mut terms = String::new();
        let mut term = |sql: &str, name, value| {
            terms.push_str(" AND ");
            terms.push_str(sql);
            values.push((name, value));
        };
        if let Some(device) = &self.device {
            term("query.device = :device", ":device", device);
        }
        if let Some(name) = &self.name {
            // With a dot before both, a domain is below itself.
            let sql = match name.starts_with('.') {
                true => "substr('.' || text, -length(:name)) = :name",
                false => "instr(text, :name) > 0",
            };
            let sql = format!("query.name IN (SELECT id FROM name WHERE {sql})");
            term(&sql, ":name", name);
        }
        if let Some(verdict) = &self.verdict {
            let sql = "query.why IN (SELECT id FROM why WHERE verdict = :verdict)";
            term(sql, ":verdict", verdict);
        }
        if let Some(company) = &self.company {
            let sql = "query.why IN (SELECT id FROM why WHERE company = :company COLLATE NOCASE)";
            term(sql, ":company", company);
        }
        // The order of the joins is the one that reads no more than the page.
        let sql = format!(
            "SELECT place, key, text, type, verdict, by, company
             FROM query CROSS JOIN name ON name.id = query.name
             CROSS JOIN device ON device.id = query.device CROSS JOIN why ON why.id = query.why
             WHERE place >= :first AND place < :end{terms}
             ORDER BY place DESC LIMIT :most"
        );
        (sql, values)
    }
}
