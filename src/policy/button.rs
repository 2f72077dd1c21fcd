//! The button: on, off until some time, or off; for the house and for single devices.
//!
//! One state machine for the command line, the API, the dashboard and the metrics. A device's
//! setting beats the house's; one that has run out is none any more, and the house's that has run
//! out is on. Time is an argument, by two clocks: the one that never jumps says when a pause ends,
//! the one on the wall carries its end over a restart.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;

/// Longest pause. What is to last longer is off.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 86_400);
/// What the clock on the wall may be off by before it counts as set anew.
const JUMP: Duration = Duration::from_secs(2);

/// Where the button stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Trackers are refused.
    On,
    /// Nothing is refused as a tracker, for a while.
    Paused(Pause),
    /// Nothing is refused as a tracker.
    Off,
}

/// A while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// End, since 1970; kept.
    until: Duration,
    /// When that was written, by the same clock; kept.
    written: Duration,
    /// End by the steady clock.
    #[serde(skip)]
    ends: Duration,
    /// It was begun before the last start: only the clock on the wall knows its end.
    #[serde(skip)]
    kept: bool,
}

/// What somebody wants of the button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Press {
    /// On; a device's own setting beats the house's.
    On,
    /// Off until somebody presses again.
    Off,
    /// Off for so long, at most [`LONGEST_PAUSE`].
    Pause(Duration),
    /// No setting of its own: as the house. For the house, on.
    Follow,
}

/// The button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    house: State,
    /// Settings of single devices, by key.
    devices: BTreeMap<String, State>,
    /// The wall's clock less the steady one, when last looked at.
    #[serde(skip)]
    offset: Option<Duration>,
}

impl Default for Button {
    fn default() -> Self {
        Self { house: State::On, devices: BTreeMap::new(), offset: None }
    }
}

impl Button {
    /// What was kept, at a start. A pause goes on to the end it had; while the clock is plainly
    /// wrong, for as long as it had left when it was written.
    #[must_use]
    pub fn restored(mut self, now: Moment) -> Self {
        for state in self.states() {
            if let State::Paused(pause) = state {
                pause.kept = true;
                let from = if pause.is_before(now) { pause.written } else { now.wall };
                pause.ends = now.steady + pause.left(from);
            }
        }
        self.offset = Some(now.wall.saturating_sub(now.steady));
        self.look(now);
        self
    }

    /// Presses the button, of one device or of the house.
    pub fn press(&mut self, device: Option<&str>, press: Press, now: Moment) {
        self.look(now);
        let state = match press {
            Press::On => Some(State::On),
            Press::Off => Some(State::Off),
            Press::Pause(time) => {
                let time = time.min(LONGEST_PAUSE);
                let (until, ends) = (now.wall + time, now.steady + time);
                Some(State::Paused(Pause { until, written: now.wall, ends, kept: false }))
            }
            Press::Follow => None,
        };
        match (device, state) {
            (None, state) => self.house = state.unwrap_or(State::On),
            (Some(device), Some(state)) => drop(self.devices.insert(device.to_owned(), state)),
            (Some(device), None) => drop(self.devices.remove(device)),
        }
    }

    /// Ends what has run out, and follows the clock on the wall where it was set anew. Says whether
    /// there is something new to keep.
    pub fn look(&mut self, now: Moment) -> bool {
        let offset = now.wall.saturating_sub(now.steady);
        let jumped = self.offset.is_some_and(|before| before.abs_diff(offset) > JUMP);
        self.offset = Some(offset);
        let mut changed = false;
        if jumped {
            for state in self.states() {
                let State::Paused(pause) = state else { continue };
                if pause.kept && !pause.is_before(now) {
                    pause.ends = now.steady + pause.left(now.wall);
                } else if !pause.kept {
                    // Begun by the steady clock: its end on the wall was what was wrong.
                    let left = pause.ends.saturating_sub(now.steady);
                    (pause.until, pause.written) = (now.wall + left, now.wall);
                    changed = true;
                }
            }
        }
        let is_over =
            |state: &State| matches!(state, State::Paused(pause) if pause.ends <= now.steady);
        if is_over(&self.house) {
            self.house = State::On;
            changed = true;
        }
        let before = self.devices.len();
        self.devices.retain(|_, state| !is_over(state));
        changed || self.devices.len() != before
    }

    fn states(&mut self) -> impl Iterator<Item = &mut State> {
        std::iter::once(&mut self.house).chain(self.devices.values_mut())
    }

    /// Whether trackers are let through for the device of this key.
    pub fn is_off(&self, device: &str) -> bool {
        self.devices.get(device).unwrap_or(&self.house).is_off()
    }

    /// The house's.
    pub fn house(&self) -> State {
        self.house
    }

    /// Settings of single devices, by key.
    pub fn devices(&self) -> impl Iterator<Item = (&str, State)> {
        self.devices.iter().map(|(device, state)| (device.as_str(), *state))
    }

    /// Time until the next pause is over.
    pub fn next(&self, now: Moment) -> Option<Duration> {
        let states = std::iter::once(&self.house).chain(self.devices.values());
        states.filter_map(|state| state.left(now)).min()
    }
}

impl Pause {
    /// Whether the clock is plainly wrong: it shows less than when this was written.
    fn is_before(&self, now: Moment) -> bool {
        !now.wall_is_set || now.wall < self.written
    }

    /// Time left at `wall`. Never more than it had when it was written.
    fn left(&self, wall: Duration) -> Duration {
        self.until.saturating_sub(wall.max(self.written)).min(LONGEST_PAUSE)
    }
}

impl State {
    /// Whether trackers are let through.
    pub fn is_off(self) -> bool {
        self != Self::On
    }

    /// Time left of a pause.
    pub fn left(self, now: Moment) -> Option<Duration> {
        match self {
            Self::Paused(pause) => Some(pause.ends.saturating_sub(now.steady)),
            Self::On | Self::Off => None,
        }
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Paused(_) => "paused",
            Self::Off => "off",
        }
    }
}

#[cfg(test)]
mod tests;
