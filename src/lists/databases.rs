//! Tracker databases: read from their copies, with the second file that some have.

use std::fs;

use super::source::Source;
use super::{Status, keep};
use crate::config::Config;
use crate::trackers::import::{self, Imported};

/// What the databases of `config` say, and what came of each. A file that only names companies
/// helps all others.
pub(super) fn read(config: &Config, sources: &[Source]) -> (Vec<Imported>, Vec<Status>) {
    let mut statuses = Vec::with_capacity(sources.len());
    let mut files = Vec::new();
    for (list, source) in config.databases.iter().zip(sources) {
        let source_text = Some(keep::source(list));
        let mut status =
            Status { name: list.name.clone(), source: source_text, ..Status::default() };
        if let Some(path) = &source.path {
            match fs::read(path) {
                Ok(bytes) => files.push((statuses.len(), bytes)),
                Err(error) => status.error = Some(format!("{}: {error}", path.display())),
            }
        }
        statuses.push(status);
    }
    let (companions, mains): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(_, bytes)| import::read(std::slice::from_ref(bytes)).is_err());
    let mut imported = Vec::new();
    for (index, main) in mains {
        let mut files = vec![main];
        files.extend(companions.iter().map(|(_, bytes)| bytes.clone()));
        match import::read(&files) {
            Ok(database) => {
                let status = &mut statuses[index];
                status.rules = database.names.len() as u64;
                status.format = Some(database.database.name().to_owned());
                status.licence = Some(database.database.licence().to_owned());
                if database.skipped > 0 {
                    status.skipped.insert("not usable".to_owned(), database.skipped);
                }
                imported.push(database);
            }
            Err(error) => statuses[index].error = Some(error.to_string()),
        }
    }
    (imported, statuses)
}
