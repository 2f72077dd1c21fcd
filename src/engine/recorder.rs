//! Writes down who followed whom: what was counted since the last time, now and then.
//!
//! What cannot be written stays counted and is written later, with the hour it is then. Nothing on
//! the way of a query ever waits for it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use tracing::{info, warn};

use super::Engine;
use crate::clients::{Device, DeviceId};
use crate::clock;
use crate::filter::VerdictKind;
use crate::history::read::Reader;
use crate::history::{Retention, Row, StoreError};
use crate::stats::{Counters, Counts, Pair, Reach, Totals};

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
        let counters = self.counters();
        let counters: Vec<&Counters> = counters.iter().map(|counters| &**counters).collect();
        let now = Totals::new(&counters).pairs();
        let rows = self.rows(&now, &recorder.written);
        let start = Instant::now();
        let at = clock::now().0.as_secs();
        let mut bytes = 0;
        let written = self.household.with_store(|store| {
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
                figures.rows += rows.len() as u64;
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
        let mut rows = Vec::new();
        for (pair, counts) in now {
            let old = before.get(pair).copied().unwrap_or_default();
            let new = |verdict: VerdictKind| {
                counts[verdict as usize].saturating_sub(old[verdict as usize])
            };
            let row = Row {
                device: key(&devices, pair.device).unwrap_or("other").to_owned(),
                company: companies
                    .get(pair.company.0 as usize)
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                category: pair.category,
                block: new(VerdictKind::Block),
                allow: new(VerdictKind::Allow),
                pass: new(VerdictKind::Pass) + new(VerdictKind::Local),
            };
            if row.block + row.allow + row.pass > 0 {
                rows.push(row);
            }
        }
        // Neighbours in the file are written together.
        rows.sort_by(|a, b| (&a.device, &a.company).cmp(&(&b.device, &b.company)));
        rows
    }

    /// Writes now and then, for as long as the process lives, and looks for what of that is worth an
    /// alert. The store is in the folder `data`.
    pub fn keep_recording(&self, data: Option<&Path>) {
        loop {
            std::thread::sleep(self.snapshot().config.history.flush);
            // Told of where it happens.
            let _ = self.record();
            self.look_for_alerts(data);
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
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        recorder.reach.forget(key.as_deref());
        drop(recorder);
        self.keep_alerts(self.alerts.forget(key.as_deref(), hour.map(|hour| hour * 3_600)));
        self.devices.forget(key.as_deref());
        let whose = key.as_deref().unwrap_or("all devices");
        Ok(format!("forgot {gone} hours and days of counts of {whose}"))
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

/// The key of the device of this number; none where it is forgotten, or is not counted by itself.
pub(super) fn key(devices: &[Device], device: DeviceId) -> Option<&str> {
    let known = device.0.checked_sub(1).and_then(|at| devices.get(at as usize));
    let same = known.and_then(|device| devices.get(device.merged?.0 as usize - 1));
    same.or(known).filter(|device| !device.forgotten).map(|device| device.key.as_str())
}
