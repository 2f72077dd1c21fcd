//! Writes down who followed whom: what was counted since the last time, now and then.
//!
//! What cannot be written stays counted and is written later, with the hour it is then. Nothing on
//! the way of a query ever waits for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use tracing::{info, warn};

use super::Engine;
use crate::clients::DeviceId;
use crate::clock::{self, Moment};
use crate::filter::VerdictKind;
use crate::history::read::Reader;
use crate::history::{Retention, Row, StoreError};
use crate::stats::{Counts, HitsByName, Minute, Minutes, Pair, Reach};

/// Between two times that what is old goes.
const RETIRE: Duration = Duration::from_secs(3_600);

/// What was written, and how that went.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    written: HashMap<Pair, Counts, RandomState>,
    retired: Option<Instant>,
    reach: Reach,
    figures: RecorderFigures,
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
    /// Queries whose counts are kept nowhere, for want of a store.
    pub dropped: u64,
    /// Times since the start that it did not go well.
    pub failures: u64,
    /// Whether the last one did not.
    pub failing: bool,
}

impl Engine {
    /// Writes down what was counted since the last time. Says whether there was anything.
    ///
    /// # Errors
    /// The store cannot be written; it is tried again the next time.
    pub fn record(&self) -> Result<bool, StoreError> {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.totals().pairs();
        let rows = self.rows(&now, &recorder.written);
        let start = Instant::now();
        let at = clock::now().0.as_secs();
        let mut bytes = 0;
        let mut kept = false;
        let written = self.household.with_store(|store| {
            kept = true;
            if !rows.is_empty() {
                store.add(&rows, at)?;
            }
            if recorder.retired.is_none_or(|last| last.elapsed() > RETIRE) {
                let history = &self.snapshot().config.history;
                let days = |time: Duration| time.as_secs() / 86_400;
                let retention = Retention { hours: days(history.hours), days: days(history.days) };
                store.roll_up(retention, at)?;
                recorder.retired = Some(Instant::now());
            }
            bytes = store.bytes()?;
            Ok(())
        });
        let hour = at / 3_600;
        for row in rows.iter().filter(|row| !row.company.is_empty()) {
            recorder.reach.saw(hour, &row.device, &row.company);
        }
        recorder.reach.pass_to(hour);
        let figures = &mut recorder.figures;
        match &written {
            Ok(()) => {
                if figures.failing {
                    info!("what was counted is written again");
                }
                figures.failing = false;
                figures.bytes = bytes;
                if kept {
                    figures.rows += rows.len() as u64;
                } else {
                    figures.dropped += rows.iter().map(|r| r.block + r.allow + r.pass).sum::<u64>();
                }
                if !rows.is_empty() {
                    figures.seconds = start.elapsed().as_secs_f64();
                }
                recorder.written = now;
            }
            Err(error) => {
                if !figures.failing {
                    warn!("{error}; counts are kept in memory until they can be written");
                }
                figures.failing = true;
                figures.failures += 1;
            }
        }
        written.map(|()| !rows.is_empty())
    }

    fn rows(
        &self,
        now: &HashMap<Pair, Counts, RandomState>,
        before: &HashMap<Pair, Counts, RandomState>,
    ) -> Vec<Row> {
        let devices = self.devices.devices();
        let companies = self.companies.told();
        let key = |device: DeviceId| {
            let known = device.0.checked_sub(1).and_then(|at| devices.get(at as usize));
            let same = known.and_then(|device| devices.get(device.merged?.0 as usize - 1));
            let known = same.or(known).filter(|device| !device.forgotten);
            known.map_or_else(|| "other".to_owned(), |device| device.key.clone())
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
        let recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = self.household.with_store(|store| store.reader().map(Some))?;
        let counters = self.counters();
        let counters: Vec<&Counters> = counters.iter().map(|counters| &**counters).collect();
        let now = Totals::new(&counters).pairs();
        let (mut reader, rows) = match reader {
            Some(reader) => (reader, self.rows(&now, &recorder.written)),
            None => (Reader::of_nothing()?, self.rows(&now, &HashMap::default())),
        };
        reader.see(&rows, clock::now().0.as_secs())?;
        Ok(reader)
    }

    /// Whether anything is kept.
    pub fn has_store(&self) -> bool {
        self.household.with_store(|_| Ok(true)).unwrap_or(false)
    }

    /// Writes now and then, for as long as the process lives.
    pub fn keep_recording(&self) {
        loop {
            std::thread::sleep(self.snapshot().config.history.flush);
            // Told of where it happens.
            let _ = self.record();
        }
    }

    /// Forgets what was counted for a device, by its name, key or address, or for all, since so long
    /// ago or for ever: in memory and on the disk. Says what went.
    ///
    /// # Errors
    /// There is no such device, or the store cannot be written.
    pub fn forget(
        &self,
        device: Option<&str>,
        since: Option<Duration>,
    ) -> Result<String, super::ChangeError> {
        let key = device.map(|device| self.key(device)).transpose()?;
        // What is in memory is of the running hour: it goes where that hour goes, as written.
        let _ = self.record();
        let hour = since.map(|since| (clock::now().0.saturating_sub(since)).as_secs() / 3_600);
        let gone = self
            .household
            .with_store(|store| store.forget(key.as_deref(), hour))
            .map_err(super::ChangeError::Store)?;
        self.forget_counted(key.as_deref());
        let whose = key.as_deref().unwrap_or("all devices");
        Ok(format!("forgot {gone} hours and days of counts of {whose}"))
    }

    /// Forgets what is in memory of the device `key`, or of all.
    fn forget_counted(&self, key: Option<&str>) {
        // Held all the while, so that nothing is found to be new that was counted before.
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        let mut minutes = self.locked_minutes();
        let numbers = self.devices.forget(key);
        let numbers = key.map(|_| &*numbers);
        self.forgotten.store(Arc::new(self.totals().forget(numbers)));
        minutes.forget(numbers);
        self.live.forget(numbers);
        recorder.reach.forget(key);
        match numbers {
            Some(numbers) => recorder.written.retain(|pair, _| !numbers.contains(&pair.device)),
            None => {
                recorder.written.clear();
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
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        let first = (clock::now().0.as_secs() / 3_600).saturating_sub(24);
        let reach = &mut recorder.reach;
        if let Err(error) =
            reader.met(first, |hour, device, company| reach.saw(hour, device, company))
        {
            warn!("{error}; what was before the start is not known");
        }
    }

    /// How many companies each device had in the last day, by its key, and how many devices each
    /// company.
    pub fn reach(&self) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        let (devices, companies) = recorder.reach.counts();
        let owned = |counts: BTreeMap<&str, usize>| {
            counts.into_iter().map(|(text, count)| (text.to_owned(), count)).collect()
        };
        (owned(devices), owned(companies))
    }

    /// How writing goes.
    pub fn recorder_figures(&self) -> RecorderFigures {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner).figures
    }
}
