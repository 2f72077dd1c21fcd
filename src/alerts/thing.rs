//! The things there are alerts about: what makes two of them the same, and the words for them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::AlertKind;

/// Something worth an alert. Devices are here by their keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A company that this device had not met before.
    NewCompany {
        /// The device.
        device: String,
        /// The company.
        company: String,
    },
    /// The device began to ask for trackers at night.
    Night {
        /// The device.
        device: String,
    },
    /// The list has not been fetched for long.
    Old {
        /// The list.
        list: String,
    },
    /// The newest version of the list is not fit to be taken.
    Unfit {
        /// The list.
        list: String,
    },
    /// The device asked for ways around us.
    Asked {
        /// The device.
        device: String,
    },
    /// The device is there and asks nothing.
    Silent {
        /// The device.
        device: String,
    },
}

impl Thing {
    /// Its kind.
    pub const fn kind(&self) -> AlertKind {
        match self {
            Self::NewCompany { .. } => AlertKind::NewCompany,
            Self::Night { .. } => AlertKind::Night,
            Self::Old { .. } | Self::Unfit { .. } => AlertKind::ListStale,
            Self::Asked { .. } | Self::Silent { .. } => AlertKind::Around,
        }
    }

    /// What happened, in a word.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::NewCompany { .. } => "new_company",
            Self::Night { .. } => "night",
            Self::Old { .. } => "old",
            Self::Unfit { .. } => "unfit",
            Self::Asked { .. } => "asked",
            Self::Silent { .. } => "silent",
        }
    }

    /// The device's key.
    pub fn device(&self) -> Option<&str> {
        match self {
            Self::NewCompany { device, .. }
            | Self::Night { device }
            | Self::Asked { device }
            | Self::Silent { device } => Some(device),
            Self::Old { .. } | Self::Unfit { .. } => None,
        }
    }

    /// The company.
    pub fn company(&self) -> Option<&str> {
        match self {
            Self::NewCompany { company, .. } => Some(company),
            _ => None,
        }
    }

    /// The list.
    pub fn list(&self) -> Option<&str> {
        match self {
            Self::Old { list } | Self::Unfit { list } => Some(list),
            _ => None,
        }
    }

    /// How long it must not have been so before it is worth another alert: a laptop that goes around
    /// us is away for days, and what is new is so for longer than one look.
    pub(super) const fn rest(&self) -> Duration {
        Duration::from_secs(match self.kind() {
            AlertKind::NewCompany | AlertKind::Night => 2 * 86_400,
            AlertKind::ListStale => 3_600,
            AlertKind::Around => 7 * 86_400,
        })
    }

    /// A line for people; `name` is the device's.
    pub(super) fn text(&self, name: &str) -> String {
        match self {
            Self::NewCompany { company, .. } => format!("{name} met {company} for the first time"),
            Self::Night { .. } => format!("{name} began to ask for trackers at night"),
            Self::Old { list } => format!("list {list} has not been refreshed for long"),
            Self::Unfit { list } => {
                format!("the newest version of list {list} is not taken, the one before goes on")
            }
            Self::Asked { .. } => format!("{name} asked for a way around Trackless"),
            Self::Silent { .. } => {
                format!("{name} is in the network and has asked nothing for an hour")
            }
        }
    }
}
