//! Login: the owner's password and a viewer's, codes, sessions, tokens; and the button of the device
//! that asks, which needs none.
//!
//! What is secret is kept as a hash, where that is possible, and told to nobody: no log line and no
//! answer holds it, but for the link of the first start, which says itself that it is good once.

mod account;
mod accounts;
mod apps;
mod lockout;
mod own;
mod own_button;
mod password;
mod session;
mod tokens;
mod totp;

use std::sync::Arc;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::scope::Scope;
use super::{LONGEST, Site, beside};
pub use accounts::Accounts;
use accounts::Refusal;
pub(super) use apps::{App, LASTS as APP_LASTS, begin_app};
pub use password::Password;

#[cfg(test)]
mod tests;

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
        .routes(routes!(session::show, session::log_in, session::log_out))
        .routes(routes!(session::set_up))
        .routes(routes!(own_button::press))
        .routes(routes!(own::password))
        .routes(routes!(own::begin_codes, own::confirm_codes, own::end_codes))
        .routes(routes!(own::end_others))
        .routes(routes!(tokens::list, tokens::make))
        .routes(routes!(tokens::end))
}

/// Does what looks at a password beside the thread that serves, one at a time: each takes memory.
async fn in_turn<T: Send + 'static>(
    site: &Site,
    work: impl FnOnce(&Accounts) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    let accounts = Arc::clone(&site.accounts);
    let turn = timeout(LONGEST, Arc::clone(&accounts.turn).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        let text = "many log in at once; try again in a while";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, text));
    };
    let made = beside(move || {
        let _turn = turn;
        work(&accounts)
    });
    Ok(made.await??)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Wrong | Refusal::CodeWanted | Refusal::CodeWrong | Refusal::NoClock => {
                StatusCode::UNAUTHORIZED
            }
            Refusal::Link => StatusCode::FORBIDDEN,
            Refusal::AlreadySet | Refusal::CodesOn | Refusal::CodesOff => StatusCode::CONFLICT,
            Refusal::Length | Refusal::TokenName(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::NoToken => StatusCode::NOT_FOUND,
            Refusal::NotKept(_) | Refusal::Random(_) | Refusal::Hash => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let problem = Self::new(status, refusal.to_string());
        match refusal {
            Refusal::Locked(time) => problem.after(time),
            Refusal::CodeWanted | Refusal::CodeWrong | Refusal::NoClock => {
                problem.of_kind("/problems/totp")
            }
            _ => problem,
        }
    }
}
