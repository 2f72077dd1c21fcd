//! Who is in the network, and who of them asks: a device that is there and never asks goes around us.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::directory::MOST_NEIGHBOURS;
use crate::config::Mac;

/// Seconds without a query that count as silence.
pub(super) const SILENCE: u64 = 3_600;

/// When each network card was there, in seconds since the machine has started.
#[derive(Debug, Default)]
pub(super) struct Presence(HashMap<Mac, Up, RandomState>);

#[derive(Debug, Clone, Copy)]
struct Up {
    first: u64,
    last: u64,
    asked: u64,
}

impl Presence {
    /// The network tells of the card.
    pub(super) fn is_up(&mut self, card: Mac, now: u64) {
        if self.0.len() < MOST_NEIGHBOURS || self.0.contains_key(&card) {
            self.0.entry(card).or_insert(Up { first: now, last: now, asked: 0 }).last = now;
        }
    }

    /// A device with this card has asked.
    pub(super) fn has_asked(&mut self, card: Mac, now: u64) {
        if let Some(up) = self.0.get_mut(&card) {
            up.asked = now;
        }
    }

    /// Cards that are there, have been for long enough, and have asked nothing; not the router's.
    pub(super) fn silent(&self, router: Option<Mac>, now: u64) -> Vec<Mac> {
        let is_silent = |(card, up): &(&Mac, &Up)| {
            let here = now.saturating_sub(up.last) < SILENCE;
            let long = now.saturating_sub(up.first.max(up.asked)) >= SILENCE;
            here && long && Some(**card) != router
        };
        self.0.iter().filter(is_silent).map(|(card, _)| *card).collect()
    }
}
