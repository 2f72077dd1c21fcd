//! What a tracker is for.

use serde::{Deserialize, Serialize};

/// What a tracker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Choosing, showing and selling advertisements.
    Advertising,
    /// Measuring what people do on sites and in apps.
    Analytics,
    /// Widgets and pixels of social networks.
    Social,
    /// What devices and programs report about themselves.
    Telemetry,
    /// Recordings of every move on a page.
    SessionReplay,
    /// Recognising devices without cookies.
    Fingerprinting,
    /// Consent banners.
    Consent,
    /// Chats, surveys, marketing mails.
    CustomerInteraction,
    /// Audio and video players that follow.
    Media,
    /// Hosts of others' trackers.
    Hosting,
    /// Anything else, or not known.
    Other,
}

impl Category {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 11] = [
        Self::Advertising,
        Self::Analytics,
        Self::Social,
        Self::Telemetry,
        Self::SessionReplay,
        Self::Fingerprinting,
        Self::Consent,
        Self::CustomerInteraction,
        Self::Media,
        Self::Hosting,
        Self::Other,
    ];

    /// The word, as in lists of facts, metrics and the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advertising => "advertising",
            Self::Analytics => "analytics",
            Self::Social => "social",
            Self::Telemetry => "telemetry",
            Self::SessionReplay => "session-replay",
            Self::Fingerprinting => "fingerprinting",
            Self::Consent => "consent",
            Self::CustomerInteraction => "customer-interaction",
            Self::Media => "media",
            Self::Hosting => "hosting",
            Self::Other => "other",
        }
    }
}
