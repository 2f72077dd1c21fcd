//! Fetches subscribed lists when it is time, on a thread of its own: answering never waits for it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{Notify, mpsc};
use tracing::{error, info, warn};

use crate::config::Upstream;
use crate::engine::Engine;
use crate::lists::fetch::Fetcher;
use crate::lists::gate::Canaries;
use crate::lists::{self, Keep, Update};

/// Longest sleep: clocks are set, and machines sleep.
const LONGEST: Duration = Duration::from_secs(600);

/// Which lists are to be fetched before it is time.
#[derive(Debug, Default)]
pub(super) struct Due {
    wake: Notify,
    /// Names of lists; [`ALL`] for all.
    now: Mutex<Vec<String>>,
}

/// No list has this name.
const ALL: &str = "";

impl Due {
    /// There may be other lists, or other times.
    pub(super) fn look(&self) {
        self.wake.notify_one();
    }

    /// Lists of these names are to be fetched now; without any, all are.
    pub(super) fn now(&self, names: Vec<String>) {
        let names = if names.is_empty() { vec![ALL.to_owned()] } else { names };
        self.now.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
        self.look();
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts the thread. It says over `fetched` that lists were fetched, or that there is news of why
/// not; `due` wakes it when there are other settings, or somebody cannot wait.
pub(super) fn spawn(
    engine: Arc<Engine>,
    data: PathBuf,
    fetched: mpsc::Sender<()>,
    due: Arc<Due>,
) -> Result<(), String> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start a runtime: {error}"))?;
    thread::Builder::new()
        .name("lists".to_owned())
        .spawn(move || runtime.block_on(run(&engine, &Keep::new(&data), &fetched, &due)))
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(())
}

async fn run(engine: &Engine, keep: &Keep, fetched: &mpsc::Sender<()>, wanted: &Due) {
    let mut fetcher: Option<(Upstream, Fetcher)> = None;
    loop {
        let config = engine.snapshot().config.clone();
        let now = lists::now();
        let asked_for = wanted.take();
        let is_asked_for = |name: &str| asked_for.iter().any(|asked| asked == name || asked == ALL);
        let canaries = Canaries::new(&config);
        let gated = lists::gated(&config, &canaries);
        let times =
            gated.iter().filter_map(|(list, gate)| Some(((*list, gate), lists::next(list, keep)?)));
        let (due, later): (Vec<_>, Vec<_>) =
            times.partition(|((list, _), time)| *time <= now || is_asked_for(&list.name));
        if due.is_empty() {
            let wait = later.iter().map(|(_, time)| time - now).min().map(Duration::from_secs);
            let wait = wait.unwrap_or(LONGEST).min(LONGEST);
            let _ = tokio::time::timeout(wait, wanted.wake.notified()).await;
            continue;
        }
        if fetcher.as_ref().is_none_or(|(upstream, _)| *upstream != config.upstream) {
            match Fetcher::new(&config.upstream) {
                Ok(new) => fetcher = Some((config.upstream.clone(), new)),
                Err(error) => error!("lists cannot be fetched: {error}"),
            }
        }
        let Some((_, fetcher)) = &fetcher else {
            due.iter().for_each(|((list, _), _)| engine.refresh_failed(&list.name));
            tokio::time::sleep(LONGEST).await;
            continue;
        };
        for ((list, gate), _) in due {
            let name = &list.name;
            match lists::update(list, &config, keep, fetcher, gate, &|_, _| {}).await {
                Ok(Update::New) => info!("list {name}: fetched"),
                Ok(Update::Unchanged) => info!("list {name}: unchanged"),
                Err(error) => {
                    engine.refresh_failed(name);
                    warn!("list {name}: {error}");
                }
            }
        }
        if fetched.send(()).await.is_err() {
            return;
        }
    }
}
