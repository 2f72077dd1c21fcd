//! What time brings: pauses end, profiles take turns, minutes are over, and nobody watches any more.

use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use tracing::warn;

use super::super::{Engine, surroundings};
use super::Made;
use crate::clock::Moment;
use crate::config::HOUSE;
use crate::engine::Way;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

impl Engine {
    /// Watches the clock, for as long as the process lives: pauses end, and profiles take turns.
    pub fn watch_clock(&self) {
        let mut state = self.household.state();
        let mut looked = Duration::ZERO;
        loop {
            let now = Moment::now();
            if now.steady.saturating_sub(looked) >= surroundings::LOOK {
                looked = now.steady;
                drop(state);
                self.look_around();
                state = self.household.state();
            }
            self.live.look(now);
            self.look_at_minutes(now);
            self.recordings.look(now, &self.devices);
            let ended = state.button.look(now);
            let snapshot = self.snapshot();
            let time = snapshot.clock.read(Timestamp::now());
            let turned = snapshot.policy.is_of_another_time(&snapshot.config, time);
            drop(snapshot);
            if (ended || turned)
                && let Err(error) = self.renew(&state)
            {
                warn!("{error}");
            }
            if ended {
                drop(state);
                let text = "a pause is over, or the clock was set".to_owned();
                let made = Made::new(HOUSE, "pause_over", "", text);
                if let Err(error) = self.household.keep(Way::Clock, made) {
                    warn!("{error}");
                }
                state = self.household.state();
            }
            let next = state.button.next(Moment::now()).map_or(LOOK, |next| next.min(LOOK));
            let wait =
                self.household.changed.wait_timeout(state, next.max(Duration::from_millis(1)));
            state = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
