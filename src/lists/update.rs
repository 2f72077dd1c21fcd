//! Fetching subscribed lists: when, and what comes of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use twox_hash::XxHash3_64;

use super::fetch::{FetchError, Fetched, Fetcher, Limits, Retries, Validators};
use super::gate::{Gate, GateError};
use super::keep::{self, Copy, Keep};
use crate::config::{Config, List};

/// Tries of one fetch, and the pause before the second.
const RETRIES: Retries = Retries { tries: 3, backoff: Duration::from_secs(1) };
/// A transfer that stands still is given up after this.
const STALL: Duration = Duration::from_secs(30);
/// Seconds after which a fetch that failed is tried again; doubled with each failure, up to the
/// list's interval.
const RETRY: u64 = 300;

/// What came of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// There is a new copy.
    New,
    /// The copy is the newest one.
    Unchanged,
}

/// Why there is no new copy; the old one stays.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It did not pass the gates.
    #[error("what was fetched is not taken: {0}")]
    Gate(#[from] GateError),
    /// It could not be kept.
    #[error("cannot keep the copy: {0}")]
    Keep(#[from] std::io::Error),
}

/// When `list` is to be fetched next, in seconds since 1970: its interval after the last time it
/// was known to be the newest, sooner after failures; each list at a slightly different time, so
/// that not all houses ask at once. None for a file.
pub fn next(list: &List, keep: &Keep) -> Option<u64> {
    keep::url(list)?;
    let copy = keep.look(list);
    let interval = list.update.as_secs();
    // The same as long as nothing happens, another one in each house.
    let hash =
        XxHash3_64::oneshot(format!("{} {} {:?}", list.name, copy.tried, copy.checked).as_bytes());
    let jitter = |span: u64| hash % (span / 5 + 1);
    Some(if copy.failures > 0 {
        let wait = RETRY.saturating_mul(1 << copy.failures.min(16).saturating_sub(1));
        let wait = wait.min(interval);
        copy.tried + wait + jitter(wait)
    } else {
        copy.checked.map_or(0, |checked| checked + interval - interval / 10 + jitter(interval))
    })
}

/// Fetches `list` and takes it if it passes the gates; `progress` hears of bytes so far and in
/// all. What came of it is written down either way.
///
/// # Errors
/// Why there is no new copy.
pub async fn update(
    list: &List,
    config: &Config,
    keep: &Keep,
    fetcher: &Fetcher,
    gate: &Gate<'_>,
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Update, UpdateError> {
    let mut copy = keep.look(list);
    copy.tried = keep::now();
    let draft = keep.draft(list)?;
    let result = take(list, config, &mut copy, fetcher, gate, &draft, progress).await;
    match &result {
        Ok(_) => {
            copy.checked = Some(copy.tried);
            copy.failures = 0;
            copy.refused = None;
            copy.why = None;
            copy.unfit = false;
        }
        Err(error) => {
            // A source that is away for a while makes what it had before no better.
            copy.unfit |= matches!(error, UpdateError::Gate(_));
            copy.failures = copy.failures.saturating_add(1);
            copy.refused = Some(error.to_string());
            copy.why = Some(error.word().to_owned());
            let _ = fs::remove_file(&draft);
        }
    }
    let new = matches!(result, Ok(Update::New)).then_some(draft.as_path());
    keep.put(list, &copy, new)?;
    result
}

async fn take(
    list: &List,
    config: &Config,
    copy: &mut Copy,
    fetcher: &Fetcher,
    gate: &Gate<'_>,
    draft: &Path,
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Update, UpdateError> {
    let Some(url) = keep::url(list) else { return Ok(Update::Unchanged) };
    let limits = Limits { bytes: config.updates.size, time: config.updates.time, stall: STALL };
    let nothing = Validators::default();
    let known = if copy.taken > 0 { &copy.validators } else { &nothing };
    let fetched =
        fetcher.fetch_with_retries(url, known, &limits, draft, progress, &RETRIES).await?;
    let Fetched::New { bytes, validators } = fetched else { return Ok(Update::Unchanged) };
    let previous = (copy.taken > 0).then_some(copy.rules);
    let rules = gate.pass(draft, list, previous)?;
    *copy = Copy {
        validators,
        taken: copy.tried,
        bytes,
        digest: keep::digest(draft)?,
        rules,
        tried: copy.tried,
        ..Copy::default()
    };
    Ok(Update::New)
}
