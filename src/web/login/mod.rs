//! Login: the owner's password and a viewer's, codes, sessions, tokens; and the button of the device
//! that asks, which needs none.
//!
//! What is secret is kept as a hash, where that is possible, and told to nobody: no log line and no
//! answer holds it, but for the link of the first start, which says itself that it is good once.

mod account;
mod accounts;
mod lockout;
mod password;
mod tokens;
mod totp;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::Site;
use super::scope::Scope;
pub use accounts::Accounts;
pub use password::Password;

/// Name of the cookie.
pub(super) const SESSION: &str = "trackless";

/// Who has a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// May change everything.
    #[default]
    Owner,
    /// May look.
    Viewer,
}

impl Who {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Viewer => "viewer",
        }
    }

    pub(super) const fn scope(self) -> Scope {
        match self {
            Self::Owner => Scope::Admin,
            Self::Viewer => Scope::Read,
        }
    }
}

/// What this room answers.
pub(super) fn router() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
}
