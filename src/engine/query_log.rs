//! Hands every query over to be kept with its name, where the owner has switched that on by name.
//!
//! Whoever answers puts a query in line, which allocates nothing and never waits; where the line is
//! full, it is dropped and counted. A thread of its own writes what stands in line, seldom and much at
//! once. What cannot be written waits, as far as there is room, and is written later.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::live::Asked;
use super::{Base, Engine};
use crate::clients::DeviceId;
use crate::clock;
use crate::config::StatsLevel;
use crate::filter::Verdict;
use crate::history::StoreError;
use crate::history::queries::{self, Logged};
use crate::wire::Name;

/// Queries that stand in line, and that wait beyond it for a disk that cannot be written. About half
/// a kilobyte each, only where queries are kept.
const LINE: usize = 8_192;
/// So many are worth writing at once.
const HALF: usize = LINE / 2;
/// Between two times that what is old goes.
const RETIRE: Duration = Duration::from_secs(3_600);
/// How soon it is tried again where it could not be written.
const AGAIN: Duration = Duration::from_secs(10);

/// A query, as whoever answered it knows it: words are made of it when it is written.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: u64,
    pub(super) device: DeviceId,
    pub(super) name: Name,
    pub(super) qtype: u16,
    pub(super) verdict: Verdict,
    pub(super) base: Arc<Base>,
}

/// The line, and who writes.
#[derive(Debug, Default)]
pub(super) struct QueryLog {
    /// None as long as queries were never kept.
    line: OnceLock<SyncSender<Entry>>,
    /// How many stand in it.
    length: AtomicUsize,
    dropped: AtomicU64,
    writer: Mutex<Writer>,
    thread: OnceLock<Thread>,
}

#[derive(Debug, Default)]
struct Writer {
    /// The data folder; none as long as nobody has said it.
    folder: Option<PathBuf>,
    log: Option<queries::QueryLog>,
    line: Option<Receiver<Entry>>,
    /// Out of the line, and not written yet.
    waiting: Vec<Asked>,
    retired: Option<Instant>,
    figures: QueryLogFigures,
}

/// How writing queries goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryLogFigures {
    /// Octets of the file.
    pub bytes: u64,
    /// Queries written since the start.
    pub written: u64,
    /// Times since the start that they could not be.
    pub failures: u64,
    /// Whether they could not the last time.
    pub failing: bool,
}

impl QueryLog {
    /// Opens the line where queries are to be kept.
    pub(super) fn begin(&self, level: StatsLevel) {
        if level == StatsLevel::Full {
            self.line.get_or_init(|| {
                let (sender, receiver) = sync_channel(LINE);
                self.writer().line = Some(receiver);
                sender
            });
        }
    }

    /// Puts a query in line; never waits.
    pub(super) fn take(&self, entry: Entry) {
        let Some(line) = self.line.get() else { return };
        if line.try_send(entry).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        } else if self.length.fetch_add(1, Relaxed) + 1 == HALF {
            self.wake();
        }
    }

    /// Has what stands in line written now.
    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out of the line what there is `room` for.
    fn drain(&self, writer: &mut Writer, room: usize) {
        let Some(line) = &writer.line else { return };
        let before = writer.waiting.len();
        writer.waiting.extend(line.try_iter().take(room).map(|entry| {
            let device = entry.device;
            Asked::new(&entry, device)
        }));
        let taken = writer.waiting.len() - before;
        // One that was just put in line may not be counted yet.
        let _ =
            self.length.fetch_update(Relaxed, Relaxed, |length| Some(length.saturating_sub(taken)));
    }
}

impl Writer {
    fn tell(&mut self, failed: Option<&StoreError>) {
        let figures = &mut self.figures;
        match failed {
            None if figures.failing => info!("queries are written again"),
            Some(error) if !figures.failing => {
                warn!("{error}; queries wait in memory, and are dropped when it is full");
            }
            _ => {}
        }
        figures.failures += u64::from(failed.is_some());
        figures.failing = failed.is_some();
    }
}

/// Opens the log in `folder` where it is not open; where there is none, only if queries are to be
/// kept.
fn open<'a>(
    log: &'a mut Option<queries::QueryLog>,
    folder: Option<&Path>,
    level: StatsLevel,
) -> Result<Option<&'a mut queries::QueryLog>, StoreError> {
    let Some(folder) = folder else { return Ok(None) };
    if log.is_none() && (level == StatsLevel::Full || queries::QueryLog::exists(folder)) {
        let (opened, was_damaged) = queries::QueryLog::open(folder)?;
        if was_damaged {
            warn!("the log of queries was damaged; it is begun anew");
        }
        *log = Some(opened);
    }
    Ok(log.as_mut())
}

impl Engine {
    /// Keeps queries in the data folder `folder` where they are to be kept, for as long as the process
    /// lives; what is old goes even where they no longer are.
    pub fn keep_queries(&self, folder: &Path) {
        self.query_log.writer().folder = Some(folder.to_owned());
        let _ = self.query_log.thread.set(thread::current());
        loop {
            // Told of where it happens.
            let failed = self.write_queries().is_err();
            let flush = self.snapshot().config.history.flush;
            thread::park_timeout(if failed { flush.min(AGAIN) } else { flush });
        }
    }

    /// Writes the queries that wait to be written, and lets go of those that are old.
    ///
    /// # Errors
    /// They cannot be written; it is tried again the next time.
    pub fn write_queries(&self) -> Result<(), StoreError> {
        let mut writer = self.query_log.writer();
        let room = LINE.saturating_sub(writer.waiting.len());
        self.query_log.drain(&mut writer, room);
        let written = self.write_waiting(&mut writer);
        writer.tell(written.as_ref().err());
        written
    }

    fn write_waiting(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let Writer { folder, log, waiting, retired, figures, .. } = writer;
        let snapshot = self.snapshot();
        let level = snapshot.config.stats.level;
        let Some(log) = open(log, folder.as_deref(), level)? else { return Ok(()) };
        if !waiting.is_empty() {
            log.add(&self.logged(waiting))?;
            figures.written += waiting.len() as u64;
            *waiting = Vec::new();
        }
        let history = &snapshot.config.history;
        if retired.is_none_or(|last| last.elapsed() > RETIRE) {
            log.retire(clock::now().0.saturating_sub(history.queries).as_secs())?;
            *retired = Some(Instant::now());
        }
        log.trim(history.queries_size)?;
        figures.bytes = log.bytes()?;
        Ok(())
    }

    /// In words, by the devices' keys; without those that are forgotten meanwhile.
    fn logged(&self, waiting: &[Asked]) -> Vec<Logged> {
        let keys = self.devices.keys();
        let logged = waiting.iter().filter_map(|asked| {
            Some(Logged {
                at: asked.at,
                device: keys.get(asked.device.0 as usize).cloned().flatten()?,
                name: asked.name.clone(),
                qtype: asked.qtype,
                verdict: asked.verdict.to_owned(),
                by: asked.by.clone(),
                company: asked.company.clone(),
            })
        });
        logged.collect()
    }

    /// Forgets queries of the device of this key, or of all, since second `since` of 1970, or for
    /// ever. Says how many went; none where there is no log.
    pub(super) fn forget_queries(
        &self,
        device: Option<&str>,
        since: Option<u64>,
    ) -> Result<Option<usize>, StoreError> {
        let mut writer = self.query_log.writer();
        let writer = &mut *writer;
        self.query_log.drain(writer, LINE);
        let keys = self.devices.keys();
        let before = writer.waiting.len();
        writer.waiting.retain(|asked| {
            let key = keys.get(asked.device.0 as usize).cloned().flatten();
            let is_meant = device.is_none_or(|device| key.as_deref() == Some(device));
            !is_meant || since.is_some_and(|since| asked.at < since)
        });
        let waited = before - writer.waiting.len();
        // What is there is forgotten at any level; where nothing is, nothing is made.
        let Writer { folder, log, figures, .. } = writer;
        if open(log, folder.as_deref(), StatsLevel::Counts)?.is_none() {
            return Ok((waited > 0).then_some(waited));
        }
        let gone = match (device, since) {
            (None, None) => log.take().map(queries::QueryLog::forget_all),
            _ => log.as_mut().map(|log| log.forget(device, since.unwrap_or(0))),
        };
        let gone = gone.transpose()?.unwrap_or_default();
        figures.bytes = log.as_ref().map_or(Ok(0), queries::QueryLog::bytes)?;
        Ok(Some(gone + waited))
    }

    /// Queries that were not kept since the start because the line was full.
    pub fn queries_dropped(&self) -> u64 {
        self.query_log.dropped.load(Relaxed)
    }

    /// How writing queries goes.
    pub fn query_log_figures(&self) -> QueryLogFigures {
        self.query_log.writer().figures
    }
}
