//! What can be chosen by name: well-known lists and tracker databases, whole services, safe
//! search, ways around the house's DNS.
//!
//! Of others' lists there are only addresses and a few words (`blocklists/catalogue.yaml`):
//! nothing of the lists themselves comes along. The rest is facts of our own in `blocklists/`.
//! This room must never touch the network or a file; it goes into `config`, which checks names
//! against it, and `lists`, which compiles it.

mod bypass;
mod safe_search;
mod services;

use std::sync::LazyLock;

use serde::Deserialize;

pub use bypass::{resolvers, signals};
pub use safe_search::{Engine, engines};
pub use services::{Service, service, services};

const BUILTIN: &str = include_str!("../../blocklists/catalogue.yaml");

/// A list that somebody publishes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name here.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Its format.
    pub format: String,
    /// Under what conditions it may be used.
    pub licence: String,
    /// What it is for.
    #[serde(rename = "for")]
    pub purpose: String,
    /// Rules, roughly.
    pub size: u64,
    /// What kind of list it is.
    pub group: String,
}

/// A database of companies behind names that somebody publishes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseEntry {
    /// Its name here.
    pub name: String,
    /// Where it is. Some come as two files; each is an entry of its own.
    pub url: String,
    /// Under what conditions it may be used.
    pub licence: String,
    /// What it is for.
    #[serde(rename = "for")]
    pub purpose: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    lists: Vec<Entry>,
    trackers: Vec<DatabaseEntry>,
}

static FILE: LazyLock<File> =
    LazyLock::new(|| serde_yaml::from_str(BUILTIN).expect("a test reads the catalogue"));

/// All lists.
pub fn lists() -> &'static [Entry] {
    &FILE.lists
}

/// All tracker databases.
pub fn databases() -> &'static [DatabaseEntry] {
    &FILE.trackers
}

/// Where the list or database of this name is.
pub fn url(name: &str) -> Option<&'static str> {
    let lists = lists().iter().map(|entry| (&entry.name, &entry.url));
    let databases = databases().iter().map(|entry| (&entry.name, &entry.url));
    lists.chain(databases).find(|(known, _)| *known == name).map(|(_, url)| url.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::filter::syntax::Format;

    #[test]
    fn the_catalogue_is_sound() {
        let mut names = HashSet::new();
        let mut urls = HashSet::new();
        for entry in lists() {
            assert!(names.insert(&entry.name), "{} is there twice", entry.name);
            assert!(urls.insert(&entry.url), "{} is there twice", entry.url);
            let known = Format::ALL.iter().any(|(_, word)| *word == entry.format);
            assert!(known && entry.url.starts_with("https://"), "{}", entry.name);
            assert!(!entry.licence.is_empty() && !entry.purpose.is_empty());
        }
        for database in databases() {
            assert!(names.insert(&database.name), "{} is there twice", database.name);
            assert!(urls.insert(&database.url), "{} is there twice", database.url);
        }
        assert_eq!(url("no such list"), None);
    }
}
