//! Recordings: which trackers are seen together with which sites on one device, from when somebody
//! presses Record until they stop, look away, or an hour is over.
//!
//! In memory alone, and no more of it than fits. Nobody recording, it costs a load a query. How
//! queries are put together is in [`visits`].

mod visits;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ChangeError, Engine};
use crate::clients::{DeviceId, Directory};
use crate::clock::Moment;

pub(super) use visits::Heard;
use visits::Visits;
pub use visits::{Companion, Site};

/// Recordings at once.
pub(super) const MOST: usize = 4;
/// Nothing more is taken in after so long.
const LONGEST: Duration = Duration::from_secs(3_600);
/// A recording that nobody has looked at for so long is forgotten.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a recording has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recorded {
    /// Its number.
    pub id: u64,
    /// Key of the device.
    pub device: String,
    /// When it began, in seconds since 1970.
    pub since: u64,
    /// Whether its hour is over: nothing more is taken in.
    pub over: bool,
    /// Queries taken in.
    pub queries: u64,
    /// Of these, left out because there was no more room.
    pub left_out: u64,
    /// Sites and what was seen together with them, the most visited first.
    pub sites: Vec<Site>,
}

/// All that is recorded right now.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    any: AtomicBool,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    recordings: Vec<Recording>,
}

#[derive(Debug)]
struct Recording {
    id: u64,
    key: String,
    /// Numbers of the device: more may come to be its own.
    numbers: Vec<DeviceId>,
    since: u64,
    /// By the steady clock, as the next one.
    began: Duration,
    looked: Duration,
    visits: Visits,
}

impl Recording {
    fn is_over(&self, now: Moment) -> bool {
        now.steady.saturating_sub(self.began) >= LONGEST
    }

    fn read(&self, now: Moment) -> Recorded {
        Recorded {
            id: self.id,
            device: self.key.clone(),
            since: self.since,
            over: self.is_over(now),
            queries: self.visits.queries,
            left_out: self.visits.left_out,
            sites: self.visits.sites(),
        }
    }
}

impl Recordings {
    /// Whether anything is recorded.
    #[inline]
    pub(super) fn is_any(&self) -> bool {
        self.any.load(Relaxed)
    }

    /// Does something with what is kept, and sees whether anything is left.
    fn with<T>(&self, then: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept: MutexGuard<'_, Kept> =
            self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let done = then(&mut kept);
        self.any.store(!kept.recordings.is_empty(), Relaxed);
        done
    }

    /// Takes in a query of `device`.
    #[cold]
    pub(super) fn hear(&self, device: DeviceId, heard: Option<Heard>, now: Moment) {
        self.with(|kept| {
            let of_device = kept
                .recordings
                .iter_mut()
                .filter(|recording| recording.numbers.contains(&device) && !recording.is_over(now));
            of_device.for_each(|recording| recording.visits.hear(now.steady, heard.as_ref()));
        });
    }

    /// Forgets recordings that nobody looks at any more, and learns which numbers are whose.
    pub(super) fn look(&self, now: Moment, devices: &Directory) {
        if !self.is_any() {
            return;
        }
        self.with(|kept| {
            kept.recordings
                .retain(|recording| now.steady.saturating_sub(recording.looked) < PATIENCE);
            for recording in &mut kept.recordings {
                recording.numbers = devices.numbers(&recording.key);
            }
        });
    }

    /// Forgets recordings of the device of this key, or all.
    pub(super) fn forget(&self, key: Option<&str>) {
        self.with(|kept| {
            kept.recordings.retain(|recording| key.is_some_and(|key| recording.key != key));
        });
    }

    fn start(
        &self,
        key: String,
        numbers: Vec<DeviceId>,
        now: Moment,
    ) -> Result<Recorded, ChangeError> {
        self.with(|kept| {
            if kept.recordings.len() >= MOST {
                return Err(ChangeError::Recordings);
            }
            kept.last += 1;
            let recording = Recording {
                id: kept.last,
                key,
                numbers,
                since: now.wall.as_secs(),
                began: now.steady,
                looked: now.steady,
                visits: Visits::default(),
            };
            let recorded = recording.read(now);
            kept.recordings.push(recording);
            Ok(recorded)
        })
    }

    fn read(&self, id: u64, now: Moment) -> Option<Recorded> {
        self.with(|kept| {
            let recording = kept.recordings.iter_mut().find(|recording| recording.id == id)?;
            recording.looked = now.steady;
            Some(recording.read(now))
        })
    }

    fn stop(&self, id: u64, now: Moment) -> Option<Recorded> {
        self.with(|kept| {
            let at = kept.recordings.iter().position(|recording| recording.id == id)?;
            Some(kept.recordings.remove(at).read(now))
        })
    }
}

impl Engine {
    /// Begins to record the device that `device` means: its name, key or address. It must be looked
    /// at once a minute.
    ///
    /// # Errors
    /// There is no such device, or too much is recorded already.
    pub fn record_start(&self, device: &str) -> Result<Recorded, ChangeError> {
        let key = self.key(device)?;
        let numbers = self.devices.numbers(&key);
        self.recordings.start(key, numbers, Moment::now())
    }

    /// What recording `id` has come to so far; none where there is none of this number any more.
    pub fn record_read(&self, id: u64) -> Option<Recorded> {
        self.recordings.read(id, Moment::now())
    }

    /// Ends recording `id`: what it came to is told once more, and forgotten.
    pub fn record_stop(&self, id: u64) -> Option<Recorded> {
        self.recordings.stop(id, Moment::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Key;

    fn at(seconds: u64) -> Moment {
        Moment {
            steady: Duration::from_secs(seconds),
            wall: Duration::from_secs(seconds),
            wall_is_set: true,
        }
    }

    fn site() -> Option<Heard> {
        Some(Heard::Site("news.example".to_owned()))
    }

    #[test]
    fn one_device_is_recorded_until_nobody_looks() {
        let recordings = Recordings::default();
        let devices = Directory::new(Key::random().unwrap(), 9);
        recordings.hear(DeviceId(1), site(), at(0));
        assert!(!recordings.is_any());
        let id = recordings.start("a".to_owned(), vec![DeviceId(1)], at(0)).unwrap().id;
        recordings.hear(DeviceId(1), site(), at(1));
        recordings.hear(DeviceId(2), site(), at(1));
        recordings.hear(DeviceId(1), None, at(2));
        let recorded = recordings.read(id, at(2)).unwrap();
        assert_eq!((recorded.queries, recorded.sites.len(), recorded.over), (2, 1, false));
        recordings.look(at(61), &devices);
        assert!(recordings.is_any(), "somebody looked a minute less a second ago");
        recordings.look(at(62), &devices);
        assert!(!recordings.is_any() && recordings.read(id, at(62)).is_none());
    }

    #[test]
    fn there_are_few_and_each_is_of_an_hour_at_most() {
        let recordings = Recordings::default();
        let start = |key: &str| recordings.start(key.to_owned(), vec![DeviceId(1)], at(0));
        let first = start("a").unwrap().id;
        (1..MOST).for_each(|_| drop(start("b").unwrap()));
        assert!(matches!(start("b"), Err(ChangeError::Recordings)));
        recordings.hear(DeviceId(1), site(), at(3_599));
        recordings.hear(DeviceId(1), site(), at(3_600));
        let stopped = recordings.stop(first, at(3_600)).unwrap();
        assert_eq!((stopped.queries, stopped.over), (1, true));
        assert_eq!(recordings.stop(first, at(3_600)), None);
        recordings.forget(Some("c"));
        assert!(recordings.is_any());
        recordings.forget(Some("b"));
        assert!(!recordings.is_any());
    }
}
