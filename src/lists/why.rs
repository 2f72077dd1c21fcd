//! Why a list does not come or is not taken, in one word: it stays the same whatever the line for
//! people says, so that who shows it may have words of their own.

use super::fetch::FetchError;
use super::gate::GateError;
use super::update::UpdateError;

impl UpdateError {
    /// The word for it, whatever else is said.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.word(),
            Self::Gate(error) => error.word(),
            Self::Keep(_) => "write",
        }
    }
}

impl FetchError {
    /// The word for it, whatever else is said.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Url(_) | Self::Redirect { .. } => "address",
            Self::Setup(_) => "setup",
            Self::Name { .. } => "name",
            Self::Connect { .. }
            | Self::Stalled { .. }
            | Self::TooSlow { .. }
            | Self::Broken { .. } => "unreachable",
            Self::Certificate { .. } => "certificate",
            Self::Status { .. } => "status",
            Self::Encoding { .. } => "unreadable",
            Self::TooBig { .. } => "too_large",
            Self::Empty { .. } => "no_rules",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
        }
    }
}

impl GateError {
    /// The word for it, whatever else is said.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Io(_) => "read",
            Self::TooLarge { .. } => "too_large",
            Self::WebPage => "web_page",
            Self::NoRules => "no_rules",
            Self::Unreadable { .. } => "unreadable",
            Self::TopLevel { .. } => "top_level",
            Self::Canary { .. } => "canary",
            Self::Shrunk { .. } => "shrunk",
            Self::Grown { .. } => "grown",
            Self::ManyPatterns | Self::ManyCostly | Self::ManyTerms => "too_many",
            Self::Database(_) => "database",
        }
    }
}
