//! What was told, and the latest alerts: nothing is told twice as long as it goes on.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::message::Alert;
use super::thing::Thing;
use super::{AlertKind, KindFigures};

/// Alerts kept.
const MOST: usize = 100;
/// Things remembered; beyond it none is told until others are forgotten.
const MOST_TOLD: usize = 10_000;
/// Times are kept by the hour: what goes on is not written again and again.
const STEP: u64 = 3_600;

/// When a thing was told, and when it was last so; in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    at: u64,
    last: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Board {
    told: BTreeMap<Thing, Told>,
    /// With their numbers; the latest last.
    log: VecDeque<(u64, Thing, Alert)>,
    numbers: u64,
    totals: [u64; AlertKind::ALL.len()],
}

impl Board {
    /// What [`Self::kept`] gave.
    pub(super) fn recall(&mut self, kept: &str) -> Result<(), serde_json::Error> {
        let told: Vec<(Thing, Told)> = serde_json::from_str(kept)?;
        self.told.extend(told);
        Ok(())
    }

    /// What was told, to be known after a restart.
    pub(super) fn kept(&self) -> String {
        let told: Vec<(&Thing, &Told)> = self.told.iter().collect();
        serde_json::to_string(&told).unwrap_or_default()
    }

    /// Tells of what holds at `now` and was not told. Says whether anything is to be kept.
    pub(super) fn look(
        &mut self,
        holds: Vec<Thing>,
        kinds: &[AlertKind],
        now: u64,
        shown: impl Fn(&str) -> String,
    ) -> bool {
        let before = self.told.len();
        // The hour in which it was last so may not have been over.
        self.told
            .retain(|thing, told| now.saturating_sub(told.last) < thing.rest().as_secs() + STEP);
        let mut changed = self.told.len() < before;
        let hour = now / STEP * STEP;
        for thing in holds.into_iter().filter(|thing| kinds.contains(&thing.kind())) {
            if let Some(told) = self.told.get_mut(&thing) {
                changed |= told.last < hour;
                told.last = told.last.max(hour);
            } else if self.told.len() < MOST_TOLD {
                changed = true;
                self.told.insert(thing.clone(), Told { at: now, last: hour });
                self.tell(thing, now, &shown);
            }
        }
        changed
    }

    fn tell(&mut self, thing: Thing, now: u64, shown: impl Fn(&str) -> String) {
        let device = thing.device().map(shown);
        let alert = Alert {
            at: now,
            kind: thing.kind().as_str().to_owned(),
            what: thing.word().to_owned(),
            company: thing.company().map(str::to_owned),
            list: thing.list().map(str::to_owned),
            text: thing.text(device.as_deref().unwrap_or_default()),
            device,
        };
        self.numbers += 1;
        self.totals[thing.kind() as usize] += 1;
        if self.log.len() == MOST {
            self.log.pop_front();
        }
        self.log.push_back((self.numbers, thing, alert));
    }

    /// Forgets what was told of a device, or of all devices, since `since`.
    pub(super) fn forget(&mut self, device: Option<&str>, since: u64) {
        let is_meant = |thing: &Thing, at: u64| {
            let of = thing.device();
            of.is_some() && device.is_none_or(|device| of == Some(device)) && at >= since
        };
        self.told.retain(|thing, told| !is_meant(thing, told.at));
        self.log.retain(|(_, thing, alert)| !is_meant(thing, alert.at));
    }

    /// The number of the latest alert; 0 before the first.
    pub(super) fn latest(&self) -> u64 {
        self.numbers
    }

    /// Alerts after the one of this number.
    pub(super) fn after(&self, number: u64) -> Vec<(u64, Alert)> {
        let after = self.log.iter().filter(|(of, ..)| *of > number);
        after.map(|(number, _, alert)| (*number, alert.clone())).collect()
    }

    pub(super) fn figures(&self) -> Vec<KindFigures> {
        let figures = |kind| {
            let active = self.told.keys().filter(|thing| thing.kind() == kind).count() as u64;
            KindFigures { kind, total: self.totals[kind as usize], active }
        };
        AlertKind::ALL.map(figures).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    const ALL: &[AlertKind] = &AlertKind::ALL;

    fn thing(n: u8) -> Thing {
        let (device, list) = (format!("device-{}", n / 6), format!("list {}", n / 6));
        match n % 6 {
            0 => Thing::NewCompany { device, company: "Acme".to_owned() },
            1 => Thing::Night { device },
            2 => Thing::Old { list },
            3 => Thing::Unfit { list },
            4 => Thing::Asked { device },
            _ => Thing::Silent { device },
        }
    }

    fn told(board: &mut Board, holds: &BTreeSet<u8>, now: u64) -> Vec<String> {
        let latest = board.latest();
        board.look(holds.iter().map(|n| thing(*n)).collect(), ALL, now, str::to_owned);
        board.after(latest).into_iter().map(|(_, alert)| alert.text).collect()
    }

    proptest! {
        #[test]
        fn what_goes_on_is_told_once_whatever_restarts_there_are(
            looks in vec((btree_set(0_u8..12, 0..6), 1_u64..400_000, any::<bool>()), 1..40)
        ) {
            let mut board = Board::default();
            let mut last: BTreeMap<u8, u64> = BTreeMap::new();
            let mut now = 1_800_000_000;
            for (holds, pause, restart) in looks {
                now += pause;
                if restart {
                    let kept = board.kept();
                    board = Board::default();
                    board.recall(&kept).unwrap();
                }
                let found = told(&mut board, &holds, now);
                for n in &holds {
                    let of = thing(*n);
                    let rested = last.insert(*n, now).map_or(u64::MAX, |last| now - last);
                    let rest = of.rest().as_secs();
                    let text = of.text(of.device().unwrap_or_default());
                    let count = found.iter().filter(|found| **found == text).count();
                    prop_assert!(rested >= rest || count == 0, "{of:?} is told twice");
                    prop_assert!(rested < rest + STEP || count == 1, "{of:?} is not told");
                }
                prop_assert!(found.len() <= holds.len());
            }
        }
    }

    #[test]
    fn what_has_rested_is_told_again_and_only_the_latest_are_kept() {
        let mut board = Board::default();
        let one = BTreeSet::from([1]);
        assert_eq!(
            told(&mut board, &one, 1_000_000),
            ["device-0 began to ask for trackers at night"]
        );
        let later = 1_000_000 + 4 * 86_400;
        assert!(told(&mut board, &BTreeSet::new(), later).is_empty());
        assert_eq!(told(&mut board, &one, later + 60).len(), 1);
        for n in 0..250 {
            let list = n.to_string();
            board.look(vec![Thing::Old { list }], ALL, later, str::to_owned);
        }
        assert_eq!((board.after(0).len(), board.latest()), (MOST, 252));
        let figures = board.figures();
        assert_eq!((figures[1].total, figures[1].active), (2, 1));
        assert_eq!((figures[2].total, figures[2].active), (250, 250));
        assert!(!board.look(vec![thing(0)], &[AlertKind::Night], later, str::to_owned));
    }

    #[test]
    fn a_device_that_is_forgotten_is() {
        let mut board = Board::default();
        told(&mut board, &BTreeSet::from([0, 1, 2, 7]), 1_000_000);
        board.forget(Some("device-0"), 1_000_001);
        assert_eq!(board.after(0).len(), 4, "what was told before stays");
        board.forget(Some("device-0"), 0);
        assert!(!board.kept().contains("device-0") && board.kept().contains("device-1"));
        assert_eq!(board.after(0).len(), 2);
        board.forget(None, 0);
        let left: Vec<_> = board.after(0).into_iter().map(|(_, alert)| alert.list).collect();
        assert_eq!(left, [Some("list 0".to_owned())], "of no device");
    }
}
