//! What is asked right now, with names: in memory, only while somebody watches, and no more of it than
//! fits. Nobody watching, it costs a load a query.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Engine;
use super::query_log::Entry;
use crate::clients::DeviceId;
use crate::clock::Moment;

/// Queries kept.
const MOST: usize = 1_000;
/// Who has not looked for so long is gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// A query that was just asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its number; later ones are greater.
    pub number: u64,
    /// When, in seconds since 1970.
    pub at: u64,
    /// Who asked.
    pub device: DeviceId,
    /// What for.
    pub name: String,
    /// Of which type.
    pub qtype: u16,
    /// What became of it.
    pub verdict: &'static str,
    /// By which list, or whose rule; empty for none.
    pub by: String,
    /// Whose name it is; empty where nobody knows.
    pub company: String,
}

impl Asked {
    /// Of `entry`, by `device`; its number is given when it is shown.
    pub(super) fn new(entry: &Entry, device: DeviceId) -> Self {
        let [by, company] = entry.base.why(&entry.verdict);
        Self {
            number: 0,
            at: entry.at,
            device,
            name: entry.name.to_string(),
            qtype: entry.qtype,
            verdict: entry.verdict.kind.as_str(),
            by: by.to_owned(),
            company: company.to_owned(),
        }
    }
}

/// The ring.
#[derive(Debug, Default)]
pub(super) struct Live {
    watched: AtomicBool,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    asked: VecDeque<Asked>,
    next: u64,
    /// Until when somebody watches, by the steady clock.
    until: Duration,
}

impl Live {
    /// Whether somebody watches.
    #[inline]
    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(Relaxed)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a query. Its number is given here.
    #[cold]
    pub(super) fn show(&self, mut asked: Asked) {
        let mut ring = self.ring();
        if !self.is_watched() {
            return;
        }
        if ring.asked.len() == MOST {
            ring.asked.pop_front();
        }
        ring.next += 1;
        asked.number = ring.next;
        ring.asked.push_back(asked);
    }

    /// Forgets what `devices` asked, or all.
    pub(super) fn forget(&self, devices: Option<&[DeviceId]>) {
        let meant = |asked: &Asked| devices.is_none_or(|meant| meant.contains(&asked.device));
        self.ring().asked.retain(|asked| !meant(asked));
    }

    /// Forgets all where nobody watches any more.
    pub(super) fn look(&self, now: Moment) {
        if self.is_watched() {
            let mut ring = self.ring();
            if ring.until <= now.steady {
                self.watched.store(false, Relaxed);
                ring.asked = VecDeque::new();
            }
        }
    }
}

impl Engine {
    /// Names that were just refused, the latest first; none where nobody watches. To ask is not to
    /// watch: nothing is kept because of it.
    pub fn just_refused(&self, most: usize) -> Vec<String> {
        self.live.look(Moment::now());
        let ring = self.live.ring();
        let refused = ring.asked.iter().rev().filter(|asked| asked.verdict == "block");
        refused.take(most).map(|asked| asked.name.clone()).collect()
    }

    /// Queries after number `after`, the oldest first; they are kept from the first look on, as long
    /// as somebody looks every few seconds.
    pub fn watch(&self, after: u64) -> Vec<Asked> {
        let now = Moment::now();
        self.live.look(now);
        let mut ring = self.live.ring();
        ring.until = now.steady + PATIENCE;
        self.live.watched.store(true, Relaxed);
        ring.asked.iter().filter(|asked| asked.number > after).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment { steady: Duration::from_secs(seconds), wall: Duration::ZERO, wall_is_set: true }
    }

    #[test]
    fn nothing_is_kept_when_nobody_watches_and_little_when_somebody_does() {
        let live = Live::default();
        let asked = || Asked {
            number: 0,
            at: 0,
            device: DeviceId(1),
            name: "x.example".to_owned(),
            qtype: 1,
            verdict: "pass",
            by: String::new(),
            company: String::new(),
        };
        live.show(asked());
        assert_eq!(live.ring().asked.len(), 0);
        live.watched.store(true, Relaxed);
        live.ring().until = PATIENCE;
        (0..MOST + 10).for_each(|_| live.show(asked()));
        live.forget(Some(&[DeviceId(2)]));
        let first = live.ring().asked[0].number;
        let kept = live.ring().asked.len();
        assert_eq!((kept, first), (MOST, 11));
        live.forget(Some(&[DeviceId(1)]));
        assert!(live.ring().asked.is_empty());
        live.show(asked());
        live.look(at(9));
        assert!(live.is_watched());
        live.look(at(10));
        assert!(!live.is_watched() && live.ring().asked.is_empty());
    }
}
