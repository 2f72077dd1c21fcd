//! What is kept, and forgetting it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::problem::{Body, Problem};
use super::super::scope::{Admin, Reader};
use super::{House, Said};
use crate::config::StatsLevel;
use crate::engine::Deleted;

/// Files of the data folder, by how their names begin, and what is in them: in a word, and in many.
const FILES: [(&str, &str, &str); 14] = [
    (
        "trackless.db.before",
        "store_before",
        "the store as it was before a newer version laid it out anew",
    ),
    ("before-restore", "restored_over", "what was there before a backup was restored"),
    ("backup.draft", "draft", "copies that go into a backup"),
    ("trackless.db", "store", "who followed whom, by hour and day; what you set; names you gave"),
    ("trackless.damaged", "damaged", "a store that could not be read any more"),
    ("queries.db", "queries", "queries with their names and devices, where they are kept"),
    ("account", "account", "passwords as hashes, codes, sessions and tokens"),
    ("device.key", "key", "the key of devices' pseudonyms"),
    ("rules.table", "table", "all lists, compiled"),
    ("lists", "lists", "copies of lists"),
    ("ca.", "authority", "the house's own authority for certificates, and its key"),
    ("acme", "certificates", "certificates of a public authority, and their keys"),
    ("cache", "cache", "held answers, with names that were asked for"),
    ("control.sock", "control", "where the command line gives its orders"),
];

/// What is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Kept {
    /// What is told apart: `counts`, `devices` or `full`.
    level: &'static str,
    /// All that is in the data folder.
    files: Vec<File>,
    retention: Retention,
    /// Rows written since the start.
    rows: u64,
    /// The first day of which anything is known.
    first: Option<u64>,
}

/// A file, or a folder with all that is in it.
#[derive(Debug, Serialize, ToSchema)]
struct File {
    name: String,
    /// What is in it, in a word: `store`, `store_before`, `restored_over`, `draft`, `damaged`,
    /// `queries`, `account`, `key`, `table`, `lists`, `authority`, `certificates`, `cache`, `control`,
    /// or `unknown`.
    what: &'static str,
    /// The same as a line for people.
    text: &'static str,
    bytes: u64,
}

/// Seconds after which things are gone.
#[derive(Debug, Serialize, ToSchema)]
struct Retention {
    /// Counts by hour.
    hours: u64,
    /// Counts by day.
    days: u64,
    /// Queries; null where none are kept.
    queries: Option<u64>,
}

/// What is kept, and for how long
#[utoipa::path(get, path = "/kept", tag = "read", responses((status = 200, body = Kept)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
) -> Result<Json<Kept>, Problem> {
    house
        .read(|house, reader| {
            let snapshot = house.engine.snapshot();
            let history = &snapshot.config.history;
            let (hours, days) = (history.hours.as_secs(), history.days.as_secs());
            let level = snapshot.config.stats.level;
            let queries = (level == StatsLevel::Full).then_some(history.queries.as_secs());
            Ok(Json(Kept {
                level: level.as_str(),
                files: house.data.as_deref().map(files).unwrap_or_default(),
                retention: Retention { hours, days, queries },
                rows: house.engine.recorder_figures().rows,
                first: reader.first_day()?.map(|day| day * 86_400),
            }))
        })
        .await
}

fn files(folder: &Path) -> Vec<File> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<File> = entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let known = FILES.iter().find(|(begin, ..)| name.starts_with(begin));
            let (what, text) =
                known.map_or(("unknown", "not known"), |(_, what, text)| (what, text));
            File { what, text, bytes: bytes(&entry.path()), name }
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Octets of a file, or of those in a folder.
fn bytes(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(inside) => {
            let inside = inside.flatten().filter_map(|entry| entry.metadata().ok());
            inside.map(|known| known.len()).sum()
        }
        Err(_) => fs::symlink_metadata(path).map_or(0, |known| known.len()),
    }
}

/// What is to be forgotten.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Forget {
    /// Only of this device.
    device: Option<String>,
    /// Only of the last so many seconds, in whole hours.
    #[schema(minimum = 1)]
    seconds: Option<u64>,
}

/// Forgets what was counted, in memory and on the disk
#[utoipa::path(post, path = "/forget", tag = "admin", request_body = Forget,
    responses((status = 200, body = Deleted)))]
pub(super) async fn forget(
    _: Admin,
    State(house): State<Arc<House>>,
    Body(Forget { device, seconds }): Body<Forget>,
) -> Result<Json<Deleted>, Problem> {
    house
        .work(move |house| {
            let since = seconds.map(Duration::from_secs);
            Ok(Json(house.engine.forget(device.as_deref(), since)?))
        })
        .await
}

/// Which answers are to be let go.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Flush {
    /// Those for this name and all below it; all where it is not there.
    name: Option<String>,
}

/// Lets go of held answers
#[utoipa::path(post, path = "/cache/flush", tag = "admin", request_body = Flush,
    responses((status = 200, body = Said)))]
pub(super) async fn flush(
    _: Admin,
    State(house): State<Arc<House>>,
    Body(Flush { name }): Body<Flush>,
) -> Result<Json<Said>, Problem> {
    let said = house.engine.flush(name.as_deref())?;
    Ok(Json(Said { said }))
}
