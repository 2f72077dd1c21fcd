//! Tables of `gravity.db`: lists, domains, groups and clients, from SQLite or from JSON.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB};
use serde_json::{Map, Value};

use super::archive::Parts;
use crate::import::{ImportError, tree};

/// Rows by the name of their table.
pub(super) type Tables = BTreeMap<&'static str, Vec<Value>>;

const NAMES: [&str; 7] = [
    "group",
    "adlist",
    "adlist_by_group",
    "domainlist",
    "domainlist_by_group",
    "client",
    "client_by_group",
];

/// Most rows of a table.
const MOST_ROWS: usize = 100_000;
/// Longest value of a row, in octets.
const LONGEST: i32 = 65_536;
/// Most octets of all values, which may be computed.
const MOST_OCTETS: usize = 64 << 20;
/// Steps of SQLite's machine for all tables, in thousands: a second or so.
const MOST_STEPS: u32 = 50_000;

/// What version 5 keeps of the one table of domains, and the kind each is of.
const DOMAINS: [(&str, i64); 4] = [
    ("whitelist.exact.json", 0),
    ("blacklist.exact.json", 1),
    ("whitelist.regex.json", 2),
    ("blacklist.regex.json", 3),
];

pub(super) fn read(parts: &Parts) -> Result<Tables, ImportError> {
    match parts.get("gravity.db") {
        Some(bytes) => of_database(bytes),
        None => of_json(parts),
    }
}

fn of_json(parts: &Parts) -> Result<Tables, ImportError> {
    let mut tables = Tables::new();
    for table in NAMES {
        let name = format!("{table}.json");
        if let Some(bytes) = parts.get(&name) {
            tables.insert(table, rows(tree::json(bytes, &name)?, &name)?);
        }
    }
    for (name, kind) in DOMAINS {
        let Some(bytes) = parts.get(name) else { continue };
        for mut row in rows(tree::json(bytes, name)?, name)? {
            if let Value::Object(row) = &mut row {
                row.insert("type".to_owned(), kind.into());
            }
            tables.entry("domainlist").or_default().push(row);
        }
    }
    Ok(tables)
}

fn rows(table: Value, name: &str) -> Result<Vec<Value>, ImportError> {
    match table {
        Value::Array(rows) if rows.len() <= MOST_ROWS => Ok(rows),
        Value::Array(_) => Err(ImportError::TooLarge(name.to_owned())),
        _ => Err(ImportError::broken(name, &"not a list of rows")),
    }
}

/// The bytes are somebody's: views, triggers and computed columns may be in them.
fn of_database(bytes: &[u8]) -> Result<Tables, ImportError> {
    let mut octets = 0;
    let tables = tables_of(bytes, &mut octets);
    if octets > MOST_OCTETS {
        return Err(ImportError::TooLarge("gravity.db".to_owned()));
    }
    tables.map_err(|error| ImportError::broken("gravity.db", &error))
}

/// Counts the octets of what is read, and ends where there are too many.
fn tables_of(bytes: &[u8], octets: &mut usize) -> rusqlite::Result<Tables> {
    let mut database = Connection::open_in_memory()?;
    database.deserialize_read_exact(MAIN_DB, bytes, bytes.len(), true)?;
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    let mut steps = 0_u32;
    let handler = move || {
        steps += 1;
        steps > MOST_STEPS
    };
    database.progress_handler(1_000, Some(handler))?;
    let mut tables = Tables::new();
    for table in NAMES {
        let is_table: i64 = database.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |row| row.get(0),
        )?;
        if is_table == 0 {
            continue;
        }
        let mut select =
            database.prepare(&format!("SELECT * FROM \"{table}\" LIMIT {MOST_ROWS}"))?;
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let mut found = Vec::new();
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let mut entries = Map::new();
            for (index, column) in columns.iter().enumerate() {
                let value = match row.get_ref(index)? {
                    ValueRef::Integer(number) => number.into(),
                    ValueRef::Text(text) => {
                        *octets += text.len();
                        String::from_utf8_lossy(text).into()
                    }
                    ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Value::Null,
                };
                entries.insert(column.clone(), value);
            }
            found.push(Value::Object(entries));
            if *octets > MOST_OCTETS {
                return Ok(tables);
            }
        }
        tables.insert(table, found);
    }
    Ok(tables)
}

/// Which groups each of something is in, by number.
pub(super) struct Groups {
    /// None where the archive does not say: all are in the first group.
    of: Option<BTreeMap<i64, BTreeSet<i64>>>,
}

impl Groups {
    /// Those of `table`, whose rows have the number of the thing in `column`.
    pub(super) fn read(
        tables: &Tables,
        table: &str,
        column: &str,
        enabled: &BTreeSet<i64>,
    ) -> Self {
        let of = tables.get(table).map(|rows| {
            let mut of: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
            for row in rows {
                let pair = (tree::number(tree::at(row, column)), number(row, "group_id"));
                if let (Some(thing), Some(group)) = pair
                    && enabled.contains(&group)
                {
                    of.entry(thing).or_default().insert(group);
                }
            }
            of
        });
        Self { of }
    }

    /// Those of one thing.
    pub(super) fn of(&self, row: &Value) -> BTreeSet<i64> {
        match &self.of {
            None => [0].into(),
            Some(of) => number(row, "id").and_then(|id| of.get(&id)).cloned().unwrap_or_default(),
        }
    }
}

fn number(row: &Value, column: &str) -> Option<i64> {
    tree::number(tree::at(row, column))
}
