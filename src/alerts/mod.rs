//! What is worth a word to the owner, and whom it is sent to.
//!
//! ```text
//! facts ─▶ conditions ─▶ board ─┬─▶ the command line, metrics
//! (engine)                      └─▶ outbox ─▶ webhook, ntfy, mqtt: on a thread of their own
//! ```
//!
//! Conditions are plain functions of facts and a clock; the board knows what was told, so that
//! nothing is told twice; an outbox holds back what would be too many messages. No name that
//! somebody asked for ever comes here: an alert knows a device, a company or a list. Nothing is sent
//! unless the owner asks for it.

mod board;
pub mod conditions;
mod message;
mod mqtt;
mod outbox;
mod senders;
mod thing;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::config::AlertKind;
use board::Board;
pub use message::Alert;
pub use senders::{House, Sources, spawn};
pub use thing::Thing;

/// Ways by which alerts leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Posted as JSON.
    Webhook,
    /// To a topic of ntfy.
    Ntfy,
    /// To a server of MQTT.
    Mqtt,
}

impl Sender {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 3] = [Self::Webhook, Self::Ntfy, Self::Mqtt];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Ntfy => "ntfy",
            Self::Mqtt => "mqtt",
        }
    }
}

/// What was told, and how sending it goes.
#[derive(Debug)]
pub struct Alerts {
    board: Mutex<Board>,
    /// The number of the latest alert.
    news: watch::Sender<u64>,
    failed: [AtomicU64; Sender::ALL.len()],
}

impl Default for Alerts {
    fn default() -> Self {
        let (news, _) = watch::channel(0);
        Self { board: Mutex::default(), news, failed: Default::default() }
    }
}

/// How many alerts of a kind there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindFigures {
    /// The kind.
    pub kind: AlertKind,
    /// Since the start.
    pub total: u64,
    /// Things that are still so.
    pub active: u64,
}

impl Alerts {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was told before the start, as [`Self::look`] returned it.
    ///
    /// # Errors
    /// It is no such thing.
    pub fn recall(&self, kept: &str) -> Result<(), serde_json::Error> {
        self.board().recall(kept)
    }

    /// Tells of what holds now and was not told before. Returns what is to be kept over a restart,
    /// where that is something else than before. `shown` gives the name of the device of a key.
    pub fn look(
        &self,
        holds: Vec<Thing>,
        kinds: &[AlertKind],
        now: u64,
        shown: impl Fn(&str) -> String,
    ) -> Option<String> {
        let mut board = self.board();
        let changed = board.look(holds, kinds, now, shown);
        let latest = board.latest();
        let kept = changed.then(|| board.kept());
        drop(board);
        self.news.send_if_modified(|number| std::mem::replace(number, latest) != latest);
        kept
    }

    /// Forgets what was told of a device, or of all devices, since `since` seconds of 1970. Returns
    /// what is to be kept.
    pub fn forget(&self, device: Option<&str>, since: Option<u64>) -> String {
        let mut board = self.board();
        board.forget(device, since.unwrap_or(0));
        board.kept()
    }

    /// The latest alerts, the latest first.
    pub fn latest(&self) -> Vec<Alert> {
        self.board().after(0).into_iter().rev().map(|(_, alert)| alert).collect()
    }

    /// How many there were, by kind.
    pub fn figures(&self) -> Vec<KindFigures> {
        self.board().figures()
    }

    /// Alerts after the one of this number, the oldest first.
    fn after(&self, number: u64) -> Vec<(u64, Alert)> {
        self.board().after(number)
    }

    /// Counts a message that did not get to its receiver.
    fn has_failed(&self, sender: Sender) {
        self.failed[sender as usize].fetch_add(1, Relaxed);
    }

    /// Tries since the start that did not get to their receivers, by sender.
    pub fn failed(&self) -> impl Iterator<Item = (Sender, u64)> {
        Sender::ALL.into_iter().map(|sender| (sender, self.failed[sender as usize].load(Relaxed)))
    }
}
