//! What each of the last three hours' minutes brought, by device: for eyes that look at it now. It
//! is never written down.

use std::collections::VecDeque;
use std::time::Duration;

use super::Counts;
use crate::clients::DeviceId;
use crate::clock::Moment;
use crate::filter::VerdictKind;

/// Minutes kept.
pub const MINUTES: usize = 180;
const MINUTE: u64 = 60;

/// Queries by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    /// Refused.
    pub block: u64,
    /// Let through by a rule.
    pub allow: u64,
    /// Let through, answers of the house's own included.
    pub pass: u64,
}

/// A minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute {
    /// When it began, in seconds since 1970.
    pub at: u64,
    /// Devices that asked, by number.
    pub devices: Vec<(DeviceId, Split)>,
    /// By the clock that never jumps.
    number: u64,
}

/// The last minutes, the oldest first, and how far counting was at the end of the last.
#[derive(Debug, Default)]
pub struct Minutes {
    ring: VecDeque<Minute>,
    running: Option<u64>,
    before: Vec<Split>,
}

impl Split {
    fn new(counts: Counts) -> Self {
        let of = |verdict: VerdictKind| counts[verdict as usize];
        let pass = of(VerdictKind::Pass) + of(VerdictKind::Local);
        Self { block: of(VerdictKind::Block), allow: of(VerdictKind::Allow), pass }
    }

    /// All of them.
    pub const fn all(self) -> u64 {
        self.block + self.allow + self.pass
    }

    const fn since(self, before: Self) -> Self {
        Self {
            block: self.block.saturating_sub(before.block),
            allow: self.allow.saturating_sub(before.allow),
            pass: self.pass.saturating_sub(before.pass),
        }
    }
}

impl Minute {
    /// Queries of all devices.
    pub fn sum(&self) -> Split {
        self.devices.iter().fold(Split::default(), |sum, (_, of)| Split {
            block: sum.block + of.block,
            allow: sum.allow + of.allow,
            pass: sum.pass + of.pass,
        })
    }
}

impl Minutes {
    /// Where a minute is over at `now`, takes in what it brought: `counts` tells what was counted
    /// until now, by number of the device. To be called often: what is counted between the end of a
    /// minute and the look is that minute's.
    pub fn look(&mut self, now: Moment, counts: impl FnOnce() -> Vec<Counts>) {
        let steady = now.steady.as_secs();
        let number = steady / MINUTE;
        let running = *self.running.get_or_insert(number);
        if number <= running {
            return;
        }
        let counts: Vec<_> = counts().into_iter().map(Split::new).collect();
        self.before.resize(counts.len().max(self.before.len()), Split::default());
        let new = counts.iter().zip(&self.before).map(|(now, before)| now.since(*before));
        let devices = (0..).map(DeviceId).zip(new).filter(|(_, split)| split.all() > 0).collect();
        let ago = Duration::from_secs(steady - running * MINUTE);
        let at = now.wall.saturating_sub(ago).as_secs();
        self.ring.push_back(Minute { at, devices, number: running });
        self.ring.retain(|minute| minute.number + MINUTES as u64 >= number);
        self.running = Some(number);
        self.before[..counts.len()].copy_from_slice(&counts);
    }

    /// The minutes there are, the oldest first. While the machine sleeps there are none.
    pub fn iter(&self) -> impl Iterator<Item = &Minute> {
        self.ring.iter()
    }

    /// Forgets `devices`, or all, of which nothing is counted by now.
    pub fn forget(&mut self, devices: Option<&[DeviceId]>) {
        let Some(meant) = devices else {
            self.ring.clear();
            self.before.clear();
            return;
        };
        for minute in &mut self.ring {
            minute.devices.retain(|(device, _)| !meant.contains(device));
        }
        for device in meant {
            if let Some(before) = self.before.get_mut(device.0 as usize) {
                *before = Split::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: u64 = 1_700_000_000;

    fn at(seconds: u64) -> Moment {
        let steady = Duration::from_secs(seconds);
        Moment { steady, wall: Duration::from_secs(EPOCH) + steady, wall_is_set: true }
    }

    /// By verdict: refused, passed.
    fn counts(block: u64, pass: u64) -> Counts {
        let mut counts = Counts::default();
        counts[VerdictKind::Block as usize] = block;
        counts[VerdictKind::Allow as usize] = 1;
        counts[VerdictKind::Pass as usize] = pass;
        counts[VerdictKind::Local as usize] = 2;
        counts
    }

    #[test]
    fn each_minute_has_what_was_counted_in_it() {
        let mut minutes = Minutes::default();
        minutes.look(at(70), || unreachable!("no minute is over"));
        minutes.look(at(119), || unreachable!("no minute is over"));
        minutes.look(at(121), || vec![Counts::default(), counts(5, 7)]);
        minutes.look(at(122), || unreachable!("it was looked in this minute"));
        minutes.look(at(180), || vec![Counts::default(), counts(5, 9), counts(3, 0)]);
        let seen: Vec<_> = minutes.iter().map(|minute| (minute.at - EPOCH, minute.sum())).collect();
        let split = |block, allow, pass| Split { block, allow, pass };
        assert_eq!(seen, [(60, split(5, 1, 9)), (120, split(3, 1, 4))]);
        let last = &minutes.ring[1].devices;
        assert_eq!(*last, [(DeviceId(1), split(0, 0, 2)), (DeviceId(2), split(3, 1, 2))]);
        assert_eq!(last[1].1.all(), 6);
    }

    #[test]
    fn three_hours_are_kept_and_sums_stay_exact() {
        let mut minutes = Minutes::default();
        minutes.look(at(0), Vec::new);
        for minute in 1..=500 {
            minutes.look(at(60 * minute), || vec![counts(minute * minute, 0)]);
        }
        assert_eq!(minutes.iter().count(), MINUTES);
        let sum: u64 = minutes.iter().map(|minute| minute.sum().block).sum();
        assert_eq!(sum, 500 * 500 - 320 * 320);
        // The machine sleeps for two hours.
        minutes.look(at(60 * 620), || vec![counts(500 * 500 + 9, 0)]);
        assert_eq!(minutes.iter().count(), 60 + 1);
        assert_eq!(minutes.ring.back().map(|last| last.sum().block), Some(9));
    }

    #[test]
    fn what_is_forgotten_is_in_no_minute() {
        let mut minutes = Minutes::default();
        minutes.look(at(0), Vec::new);
        minutes.look(at(60), || vec![counts(1, 0), counts(2, 0), counts(4, 0)]);
        minutes.forget(Some(&[DeviceId(1)]));
        assert_eq!(minutes.iter().map(|minute| minute.sum().block).sum::<u64>(), 5);
        minutes.look(at(120), || vec![counts(1, 0), counts(1, 0), counts(4, 0)]);
        assert_eq!(minutes.ring[1].devices.len(), 1, "what came since is counted");
        minutes.forget(None);
        assert_eq!(minutes.iter().count(), 0);
        minutes.look(at(180), || vec![counts(8, 0)]);
        assert_eq!(minutes.iter().map(|minute| minute.sum().block).sum::<u64>(), 8);
    }
}
