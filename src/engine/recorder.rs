//! Writes down who followed whom: what was counted since the last time, now and then.
//!
//! What cannot be written stays counted and is written later, with the hour it is then. Nothing on
//! the way of a query ever waits for it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use serde::Serialize;
use tracing::{info, warn};
use utoipa::ToSchema;

use super::Engine;
use crate::clients::DeviceId;
use crate::clock::{self, Moment};
use crate::filter::VerdictKind;
use crate::history::read::Reader;
use crate::history::{Dropped, Retention, Row, StoreError};
use crate::stats::{Counts, HitsByName, Minute, Minutes, Pair, Reach};

/// Between two times that what is old goes.
const RETIRE: Duration = Duration::from_secs(3_600);

/// Hours without any count after which the clock is rather wrong than the house away; and the time after
/// which it is believed.
const FAR: u64 = 35 * 24;
const DOUBT: Duration = Duration::from_secs(86_400);

/// A write that takes longer is told of: the disk stalls.
const SLOW: Duration = Duration::from_secs(10);

/// What was written, and how that went: those who look never wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    writing: Mutex<Writing>,
    told: Mutex<Told>,
}

/// Held by who writes, for as long as that takes.
#[derive(Debug, Default)]
struct Writing {
    written: HashMap<Pair, Counts, RandomState>,
    retired: Option<Instant>,
    /// Since when the clock is doubted: one that is years ahead would have everything go.
    doubted: Option<Instant>,
}

/// Held for moments.
#[derive(Debug, Default)]
struct Told {
    reach: Reach,
    figures: RecorderFigures,
    /// When the write that is under way has begun.
    begun: Option<Instant>,
    was_slow: bool,
}

/// What was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deleted {
    /// A line for people.
    pub said: String,
    /// Hours and days of counts.
    pub hours: usize,
    /// Queries of the log; null where none is kept.
    pub queries: Option<usize>,
}

impl Recorder {
    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How writing goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecorderFigures {
    /// Time of the last one that went well, in seconds.
    pub seconds: f64,
    /// Octets of the file.
    pub bytes: u64,
    /// Rows written since the start.
    pub rows: u64,
    /// Times since the start that it did not go well.
    pub failures: u64,
    /// Whether the last one did not, or the one under way takes longer than ten seconds.
    pub failing: bool,
    /// What went before its time since the start, to make room.
    pub dropped: Dropped,
    /// Queries whose counts are kept nowhere, for want of a store.
    pub unkept: u64,
}

impl Engine {
    /// Writes down what was counted since the last time. Says whether there was anything.
    ///
    /// # Errors
    /// The store cannot be written; it is tried again the next time.
    pub fn write_counts(&self) -> Result<bool, StoreError> {
        let mut writing = self.recorder.writing();
        let start = Instant::now();
        self.recorder.told().begun = Some(start);
        let now = self.totals().pairs();
        let rows = self.rows(&now, &writing.written);
        let at = clock::now().0.as_secs();
        let mut kept = false;
        let mut written = match rows.is_empty() {
            true => Ok(()),
            false => self.household.with_store(|store| {
                kept = true;
                store.add(&rows, at)
            }),
        };
        let seconds = start.elapsed().as_secs_f64();
        if written.is_ok() {
            // Whatever becomes of what is old, this is not written twice.
            writing.written = now;
            written = self.retire(&mut writing, at);
        }
        let mut told = self.recorder.told();
        told.begun = None;
        let hour = at / 3_600;
        for row in rows.iter().filter(|row| !row.company.is_empty()) {
            told.reach.saw(hour, &row.device, &row.company);
        }
        told.reach.pass_to(hour);
        let figures = &mut told.figures;
        match &written {
            Ok(()) => {
                if figures.failing {
                    info!("what was counted is written again");
                }
                figures.failing = false;
                if kept {
                    figures.rows += rows.len() as u64;
                } else {
                    figures.unkept += rows.iter().map(|r| r.block + r.allow + r.pass).sum::<u64>();
                }
                if !rows.is_empty() {
                    figures.seconds = seconds;
                }
            }
            Err(error) => {
                if !figures.failing {
                    warn!("{error}; counts are kept in memory until they can be written");
                }
                figures.failing = true;
                figures.failures += 1;
            }
        }
        let took = start.elapsed();
        if took > SLOW && !told.was_slow {
            warn!("the store took {} s to write: the disk is slow", took.as_secs());
        }
        told.was_slow = took > SLOW;
        written.map(|()| !rows.is_empty())
    }

    /// Lets go of what is old, now and then, and of what is too much.
    fn retire(&self, writing: &mut Writing, at: u64) -> Result<(), StoreError> {
        let history = &self.snapshot().config.history;
        let is_due = writing.retired.is_none_or(|last| last.elapsed() > RETIRE);
        let (dropped, bytes) = self.household.with_store(|store| {
            let hour = at / 3_600;
            let is_far = |newest: u64| hour.saturating_sub(newest) > FAR;
            if writing.retired.is_none() && store.newest_before(hour)?.is_some_and(is_far) {
                writing.doubted = Some(Instant::now());
                info!("nothing was counted for weeks: what is old goes in a day, if the clock is right");
            }
            if is_due && writing.doubted.is_none_or(|since| since.elapsed() > DOUBT) {
                let days = |time: Duration| time.as_secs() / 86_400;
                let retention = Retention { hours: days(history.hours), days: days(history.days) };
                store.roll_up(retention, at)?;
            }
            Ok((store.fit(history.size, at)?, store.bytes()?))
        })?;
        if is_due {
            writing.retired = Some(Instant::now());
        }
        let figures = &mut self.recorder.told().figures;
        figures.bytes = bytes;
        if dropped != Dropped::default() && figures.dropped == Dropped::default() {
            let Dropped { hours, days } = dropped;
            warn!(
                "the store has grown to history.size: let go of the oldest {hours} hours and {days} \
                 days of devices, and will again without a word"
            );
        }
        figures.dropped.hours += dropped.hours;
        figures.dropped.days += dropped.days;
        Ok(())
    }

    fn rows(
        &self,
        now: &HashMap<Pair, Counts, RandomState>,
        before: &HashMap<Pair, Counts, RandomState>,
    ) -> Vec<Row> {
        let keys = self.devices.keys();
        let companies = self.companies.told();
        let key = |device: DeviceId| {
            let key = keys.get(device.0 as usize).cloned().flatten();
            key.unwrap_or_else(|| "other".to_owned())
        };
        let mut rows = Vec::new();
        for (pair, counts) in now {
            let old = before.get(pair).copied().unwrap_or_default();
            let new = |verdict: VerdictKind| {
                counts[verdict as usize].saturating_sub(old[verdict as usize])
            };
            let (block, allow) = (new(VerdictKind::Block), new(VerdictKind::Allow));
            let pass = new(VerdictKind::Pass) + new(VerdictKind::Local);
            if block + allow + pass == 0 {
                continue;
            }
            let company = companies.get(pair.company.0 as usize);
            rows.push(Row {
                device: key(pair.device),
                company: company.map(ToString::to_string).unwrap_or_default(),
                category: pair.category,
                block,
                allow,
                pass,
            });
        }
        // Neighbours in the file are written together.
        rows.sort_by(|a, b| (&a.device, &a.company).cmp(&(&b.device, &b.company)));
        rows
    }

    /// What is kept, to be asked, with what is counted and not written yet: nothing is written for a
    /// look. Without a store, all that was counted since the start. Waits while something is written.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        // Held until the reader has its view: a row must be either written or not.
        let writing = self.recorder.writing();
        let reader = self.household.with_store(|store| store.reader().map(Some))?;
        let now = self.totals().pairs();
        let (mut reader, rows) = match reader {
            Some(reader) => (reader, self.rows(&now, &writing.written)),
            None => (Reader::of_nothing()?, self.rows(&now, &HashMap::default())),
        };
        reader.see(&rows, clock::now().0.as_secs())?;
        Ok(reader)
    }

    /// Whether anything is kept.
    pub fn has_store(&self) -> bool {
        self.household.with_store(|_| Ok(true)).unwrap_or(false)
    }

    /// Writes now and then, for as long as the process lives, and looks for what of that is worth an
    /// alert. The store is in the folder `data`.
    pub fn keep_counts(&self, data: Option<&Path>) {
        loop {
            std::thread::sleep(self.snapshot().config.history.flush);
            // Told of where it happens.
            let _ = self.write_counts();
            self.look_for_alerts(data);
        }
    }

    /// Writes down all that waits to be written: counts, and queries where they are kept.
    ///
    /// # Errors
    /// A file cannot be written; it is tried again the next time.
    pub fn write_down(&self) -> Result<(), StoreError> {
        let counts = self.write_counts();
        self.write_queries()?;
        counts.map(drop)
    }

    /// Forgets what was counted, logged and recorded of a device, by its name, key or address, or of
    /// all, since so long ago or for ever: in memory and on the disk. Says what went.
    ///
    /// # Errors
    /// There is no such device, or a file cannot be written.
    pub fn forget(
        &self,
        device: Option<&str>,
        since: Option<Duration>,
    ) -> Result<Deleted, super::ChangeError> {
        let key = device.map(|device| self.key_kept(device)).transpose()?;
        let key = key.as_deref();
        // What is in memory is of the running hour: it goes where that hour goes, as written.
        let _ = self.write_counts();
        let hour = since.map(|since| (clock::now().0.saturating_sub(since)).as_secs() / 3_600);
        let queries = self.forget_queries(key, hour.map(|hour| hour * 3_600));
        let hours = self.household.with_store(|store| store.forget(key, hour));
        self.keep_alerts(self.alerts.forget(key, hour.map(|hour| hour * 3_600)));
        self.forget_counted(key);
        self.recordings.forget(key);
        let (hours, queries) =
            hours.and_then(|hours| Ok((hours, queries?))).map_err(super::ChangeError::Store)?;
        let whose = key.unwrap_or("all devices");
        let said = format!("forgot {hours} hours and days of counts of {whose}");
        let log = queries.map(|queries| format!(", and {queries} queries of the log"));
        let log = log.unwrap_or_default();
        let said = format!("{said}{log}; backups made before still have what they had");
        Ok(Deleted { said, hours, queries })
    }

    /// The key of a device that may not have asked since the start.
    fn key_kept(&self, text: &str) -> Result<String, super::ChangeError> {
        self.key(text).or_else(|unknown| {
            let key = self.household.key_of(text).unwrap_or_else(|| text.to_owned());
            match self.household.with_store(|store| store.has_device(&key)) {
                Ok(true) => Ok(key),
                _ => Err(unknown),
            }
        })
    }

    /// Forgets what is in memory of the device `key`, or of all.
    fn forget_counted(&self, key: Option<&str>) {
        // Held all the while, so that nothing is found to be new that was counted before.
        let mut writing = self.recorder.writing();
        let mut minutes = self.locked_minutes();
        let numbers = self.devices.forget(key);
        let numbers = key.map(|_| &*numbers);
        self.forgotten.store(Arc::new(self.totals().forget(numbers)));
        minutes.forget(numbers);
        self.live.forget(numbers);
        self.recorder.told().reach.forget(key);
        match numbers {
            Some(numbers) => writing.written.retain(|pair, _| !numbers.contains(&pair.device)),
            None => {
                writing.written.clear();
                self.with_list_hits(HitsByName::forget);
            }
        }
    }

    fn locked_minutes(&self) -> MutexGuard<'_, Minutes> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the minute that is over at `now`, if one is.
    pub(super) fn look_at_minutes(&self, now: Moment) {
        self.locked_minutes().look(now, || self.totals().by_device());
    }

    /// What the minutes of the last three hours brought, the oldest first; the running one is not
    /// among them.
    pub fn minutes(&self) -> Vec<Minute> {
        self.locked_minutes().iter().cloned().collect()
    }

    /// Takes in what `reader` knows of the last day.
    pub fn recall(&self, reader: &Reader) {
        let first = (clock::now().0.as_secs() / 3_600).saturating_sub(24);
        let reach = &mut self.recorder.told().reach;
        if let Err(error) =
            reader.met(first, |hour, device, company| reach.saw(hour, device, company))
        {
            warn!("{error}; what was before the start is not known");
        }
    }

    /// How many companies each device had in the last day, by its key, and how many devices each
    /// company.
    pub fn reach(&self) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let told = self.recorder.told();
        let (devices, companies) = told.reach.counts();
        let owned = |counts: BTreeMap<&str, usize>| {
            counts.into_iter().map(|(text, count)| (text.to_owned(), count)).collect()
        };
        (owned(devices), owned(companies))
    }

    /// How writing goes.
    pub fn recorder_figures(&self) -> RecorderFigures {
        let told = self.recorder.told();
        let mut figures = told.figures;
        figures.failing |= told.begun.is_some_and(|begun| begun.elapsed() > SLOW);
        figures
    }
}
