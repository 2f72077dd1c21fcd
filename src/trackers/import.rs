//! Public databases of who is behind names, read from their JSON files.
//!
//! None comes along: their licences say who may use them, and a user who wants one fetches it.
//! Told apart by their shape; entries that make no sense are passed over and counted. Plain
//! functions over bytes: no file, no network.

mod adguard;
mod disconnect;
mod duckduckgo;
mod ghostery;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::Category;
use crate::wire::Name;

/// Most names that are taken from one database.
const MOST_NAMES: usize = 1_000_000;

/// The databases we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// AdGuard's `trackers.json`, with or without its `companies.json`.
    AdGuard,
    /// Ghostery's TrackerDB.
    Ghostery,
    /// Disconnect's `services.json`, with or without its `entities.json`.
    Disconnect,
    /// DuckDuckGo's Tracker Radar block list.
    DuckDuckGo,
}

impl Database {
    /// As people know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AdGuard => "AdGuard companies database",
            Self::Ghostery => "Ghostery TrackerDB",
            Self::Disconnect => "Disconnect tracking protection",
            Self::DuckDuckGo => "DuckDuckGo Tracker Radar",
        }
    }

    /// Under what conditions it may be used.
    pub fn licence(self) -> &'static str {
        match self {
            Self::AdGuard => "CC BY-SA 4.0",
            Self::Ghostery | Self::Disconnect | Self::DuckDuckGo => "CC BY-NC-SA 4.0",
        }
    }
}

/// What a database says.
#[derive(Debug, PartialEq, Eq)]
pub struct Imported {
    /// Which one it is.
    pub database: Database,
    /// Companies, by number.
    pub companies: Vec<ImportedCompany>,
    /// Names, each once.
    pub names: Vec<ImportedName>,
    /// Entries that could not be used.
    pub skipped: u64,
}

/// A company of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedCompany {
    /// As people know it.
    pub name: String,
    /// Its parent company.
    pub owner: Option<String>,
}

/// A name of a database; everything below it belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedName {
    /// Canonical text.
    pub name: String,
    /// What it is for.
    pub category: Category,
    /// Whose it is, as a number of a company; none where the database does not say.
    pub company: Option<u32>,
}

/// Why files are no database.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of some other shape.
    #[error(
        "not a database that is known: AdGuard's trackers.json (and companies.json), Ghostery's \
         trackerdb.json, Disconnect's services.json (and entities.json), DuckDuckGo's tds.json"
    )]
    Unknown,
    /// One that says nothing.
    #[error("no name in it can be used")]
    Empty,
}

/// Reads a database from its file or files, in any order. About 20 ns an octet.
///
/// # Errors
/// Files that are not a database that is known, or say nothing.
pub fn read(files: &[Vec<u8>]) -> Result<Imported, ImportError> {
    let mut values = Vec::with_capacity(files.len());
    for file in files {
        values.push(serde_json::from_slice::<Value>(file)?);
    }
    let with =
        |key: &str| values.iter().filter_map(Value::as_object).find(|map| map.contains_key(key));
    let imported = if let Some(trackers) = with("trackerDomains") {
        adguard::read(trackers, with("companies"))
    } else if let Some(file) = with("organizations") {
        ghostery::read(file)
    } else if let Some(file) = with("trackers") {
        duckduckgo::read(file)
    } else if let Some(services) = with("categories") {
        disconnect::read(services)
    } else {
        return Err(ImportError::Unknown);
    };
    if imported.names.is_empty() { Err(ImportError::Empty) } else { Ok(imported) }
}

/// Whether it is the second file that some databases have, which only names companies.
pub fn is_companion(file: &[u8]) -> bool {
    let value: Result<Value, _> = serde_json::from_slice(file);
    value.is_ok_and(|value| ["companies", "entities"].iter().any(|key| value[key].is_object()))
}

/// Collects companies and names while a database is read.
struct Collector {
    imported: Imported,
    numbers: HashMap<String, u32>,
    seen: HashSet<String>,
}

impl Collector {
    fn new(database: Database) -> Self {
        let imported = Imported { database, companies: Vec::new(), names: Vec::new(), skipped: 0 };
        Self { imported, numbers: HashMap::new(), seen: HashSet::new() }
    }

    /// The number of a company, known by `key` from then on.
    fn company(&mut self, key: &str, name: &str, owner: Option<&str>) -> u32 {
        if let Some(&number) = self.numbers.get(key) {
            return number;
        }
        let number = self.imported.companies.len() as u32;
        let owner = owner.filter(|owner| !owner.is_empty() && *owner != name);
        let company = ImportedCompany { name: name.to_owned(), owner: owner.map(str::to_owned) };
        self.imported.companies.push(company);
        self.numbers.insert(key.to_owned(), number);
        number
    }

    /// A name, unless there is no such name, or it was there before.
    fn name(&mut self, name: &str, category: Category, company: Option<u32>) {
        let canonical = name.parse::<Name>().ok().filter(|name| name.label_count() > 1);
        let Some(canonical) = canonical.map(|name| name.to_string()) else { return self.skip() };
        if self.imported.names.len() < MOST_NAMES && self.seen.insert(canonical.clone()) {
            self.imported.names.push(ImportedName { name: canonical, category, company });
        }
    }

    fn skip(&mut self) {
        self.imported.skipped += 1;
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn map<'a>(
    map: &'a Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    map.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// A category by the words of any database.
fn category(word: &str) -> Category {
    let word: String =
        word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match word.as_str() {
        "advertising"
        | "pornvertising"
        | "cryptomining"
        | "admotivatedtracking"
        | "actionpixels"
        | "adfraud" => Category::Advertising,
        "siteanalytics"
        | "mobileanalytics"
        | "analytics"
        | "audiencemeasurement"
        | "thirdpartyanalyticsmarketing"
        | "email"
        | "emailaggressive"
        | "emailstrict" => Category::Analytics,
        "socialmedia" | "social" | "socialnetwork" | "socialcomment" | "socialshare"
        | "federatedlogin" | "comments" => Category::Social,
        "telemetry" | "utilities" => Category::Telemetry,
        "sessionreplay" => Category::SessionReplay,
        "fingerprinting"
        | "fingerprintinginvasive"
        | "fingerprintinggeneral"
        | "antifraud"
        | "fraudprevention" => Category::Fingerprinting,
        "consent" | "consentmanagers" | "consentmanagementplatform" => Category::Consent,
        "customerinteraction" | "supportchatwidget" => Category::CustomerInteraction,
        "audiovideoplayer" | "embeddedcontent" => Category::Media,
        "cdn" | "hosting" | "content" => Category::Hosting,
        _ => Category::Other,
    }
}
