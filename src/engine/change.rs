//! What may be changed while the server runs, and why it was not.

use serde::{Deserialize, Serialize};

use super::SnapshotError;
use crate::history::StoreError;
use crate::policy::{Choice, MOST_CHOICES, Press, Subject};

/// Something to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Press the button, for a device or the house.
    Press(Option<String>, Press),
    /// Off until the next day begins.
    PauseUntilTomorrow(Option<String>),
    /// Choose what becomes of a name or a company.
    Choose(Target, Subject, Choice),
    /// Give a device a name, or take it back.
    Name(String, Option<String>),
    /// Hold a device to a profile, or to what the settings say.
    Hold(String, Option<String>),
}

/// For whom, as people say it: a device by its name, its key or an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Everybody.
    House,
    /// A profile.
    Profile(String),
    /// A device.
    Device(String),
}

/// By which way a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The command line.
    Command,
    /// The dashboard, or another program that may.
    Web,
    /// A person without a login, for the device they hold.
    Device,
    /// Time went by.
    Clock,
}

impl Way {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Web => "web",
            Self::Device => "device",
            Self::Clock => "clock",
        }
    }
}

/// A change that was made, as it is remembered; see [`crate::history::Change`].
pub(super) struct Made {
    pub(super) scope: String,
    pub(super) what: &'static str,
    pub(super) given: String,
    pub(super) text: String,
}

impl Made {
    pub(super) fn new(scope: &str, what: &'static str, given: &str, text: String) -> Self {
        Self { scope: scope.to_owned(), what, given: given.to_owned(), text }
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Nobody of this name has asked.
    #[error("no device is known as `{0}`; `trackless devices` shows those that are")]
    Device(String),
    /// There is no such profile.
    #[error("there is no profile `{0}`; write one of: {1}")]
    Profile(String, String),
    /// There is no such company.
    #[error("no company is known as `{0}`{1}")]
    Company(String, String),
    /// It is no name.
    #[error("`{0}` is not a name: {1}")]
    Name(String, crate::wire::NameError),
    /// A name for a device has bounds.
    #[error("a device's name has 1 to 64 characters, none of them `#`, and is no other device's")]
    DeviceName,
    /// So many choices are not made by hand.
    #[error("there are {MOST_CHOICES} choices already; put names into a list")]
    Most,
    /// As many devices are recorded as can be.
    #[error("{} devices are recorded already; stop one, or wait a minute", super::recordings::MOST)]
    Recordings,
    /// It holds, but not longer than this server runs.
    #[error("it holds from now on, but will be forgotten at the next start: {0}")]
    NotKept(StoreError),
    /// The store cannot be written.
    #[error(transparent)]
    Store(StoreError),
    /// The settings are broken.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}
