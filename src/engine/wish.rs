//! What others wish of the thread that reloads: settings to be made, all to be told, lists to be
//! fetched now.
//!
//! Whoever wishes waits until it is done, and must not be on the way of a query.

use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Engine, Way};
use crate::config::{Amendment, Told};

/// Wishes that wait; more are refused.
pub(super) const LINE: usize = 16;
/// Longest wait: a large table may have to be compiled.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Make a setting: its key and value, as YAML; without a value, as the file says. And by which way
    /// that comes.
    Set(String, Option<String>, Way),
    /// Change a profile, or what is subscribed to. And by which way that comes.
    Amend(Amendment, Way),
    /// Tell all settings, in JSON: of [`Setting`].
    Settings,
    /// Fetch these lists now, or all.
    Fetch(Vec<String>),
}

/// A setting, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// The setting.
    #[serde(flatten)]
    pub told: Told,
    /// `default`, `file`, or `dashboard` for what was set while the server runs.
    pub source: String,
    /// Whether a change is used from the next start on only.
    pub restart: bool,
}

/// A wish, and who waits for what comes of it.
#[derive(Debug)]
pub struct Wished {
    /// What for.
    pub wish: Wish,
    /// Takes a line for people, or what was asked for.
    pub outcome: SyncSender<Result<String, String>>,
}

impl Engine {
    /// Has something done by the thread that reloads, and waits for what comes of it: for some
    /// seconds where a large table must be compiled.
    ///
    /// # Errors
    /// What is wrong with it, or nobody reloads.
    pub fn wish(&self, wish: Wish) -> Result<String, String> {
        let (outcome, comes) = mpsc::sync_channel(1);
        self.wishes
            .try_send(Wished { wish, outcome })
            .map_err(|_| "too much is being done at once; try again".to_owned())?;
        comes
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| Err("it takes long; look again later".to_owned()))
    }
}
