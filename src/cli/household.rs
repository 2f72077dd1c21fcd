//! What is kept of the household, and what watches it while the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use tracing::warn;

use crate::alerts;
use crate::clients::{self, Key};
use crate::config::StatsLevel;
use crate::data::DEVICE_KEY;
use crate::engine::Engine;
use crate::history::Store;
use crate::history::read::Reader;

/// The key of pseudonyms that is kept, or one for this run.
pub(super) fn device_key(data: Option<&PathBuf>) -> Result<Key, String> {
    if let Some(data) = data {
        let path = data.join(DEVICE_KEY);
        match Key::kept_at(&path) {
            Ok(key) => return Ok(key),
            Err(error) => warn!(
                "{}: {error}. Going on with a key for this run: devices get new names",
                path.display()
            ),
        }
    }
    Key::random().map_err(|error| format!("the system gives no random numbers: {error}"))
}

/// Where what is set while the server runs is kept; none where it cannot be.
pub(super) fn store(data: Option<&PathBuf>) -> Option<Store> {
    match Store::open(data?) {
        Ok((store, None)) => Some(store),
        Ok((store, Some(aside))) => {
            warn!("the store was damaged; it is begun anew, the old one is {}", aside.display());
            Some(store)
        }
        Err(error) => {
            warn!("{error}. Going on without: what is set is forgotten at the next start");
            None
        }
    }
}

/// Takes in what is known of the last day.
pub(super) fn recall(engine: &Engine, data: Option<&PathBuf>) {
    if let Some(reader) = data.and_then(|data| Reader::open(data).ok()) {
        engine.recall(&reader);
    }
}

/// Starts what watches the network and the clock, what writes down, and what sends alerts.
pub(super) fn watch(engine: &Arc<Engine>, data: Option<&PathBuf>) -> Result<(), String> {
    let of_files = Arc::clone(engine);
    clients::spawn(Arc::clone(&engine.devices), move || of_files.snapshot().config.leases.clone())
        .map_err(|error| format!("cannot watch the network: {error}"))?;
    let (of_history, data) = (Arc::clone(engine), data.cloned());
    let of_counts = data.clone();
    thread::Builder::new()
        .name("history".to_owned())
        .spawn(move || of_history.keep_counts(of_counts.as_deref()))
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    match data {
        Some(data) => {
            let of_queries = Arc::clone(engine);
            thread::Builder::new()
                .name("queries".to_owned())
                .spawn(move || of_queries.keep_queries(&data))
                .map_err(|error| format!("cannot start a thread: {error}"))?;
        }
        None if engine.snapshot().config.stats.level == StatsLevel::Full => {
            warn!("there is no folder to keep queries in: none are kept");
        }
        None => {}
    }
    let (of_settings, of_house) = (Arc::clone(engine), Arc::clone(engine));
    let settings = move || {
        let config = &of_settings.snapshot().config;
        (config.alerts.clone(), config.upstream.clone())
    };
    alerts::spawn(alerts::Sources {
        alerts: Arc::clone(engine.told()),
        settings: Box::new(settings),
        house: Box::new(move || of_house.house()),
    })
    .map_err(|error| format!("cannot send alerts: {error}"))?;
    let engine = Arc::clone(engine);
    thread::Builder::new()
        .name("clock".to_owned())
        .spawn(move || engine.watch_clock())
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(())
}
