//! Logging in and out, and the first password.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::LASTS;
use super::own_button::{self, Me};
use super::{Password, SESSION, Who, in_turn};
use crate::web::problem::{Body, Problem};
use crate::web::scope::{Anybody, Encrypted, Proof, Scope, Source, cookie};
use crate::web::{Site, beside};

/// Where somebody stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Standing {
    /// There is no password yet.
    Setup,
    /// Not logged in.
    Anonymous,
    /// Logged in.
    In,
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    state: Standing,
    /// `owner`, `viewer`, or the name of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    /// Whether codes are on; told to the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    totp: Option<bool>,
    /// The asking device; none if it has asked no name yet, or may not know.
    device: Option<Me>,
    version: &'static str,
}

/// The first password.
#[derive(Deserialize, ToSchema)]
pub(super) struct First {
    /// Of the link in the log.
    code: String,
    #[schema(value_type = String, min_length = 10, max_length = 1024)]
    password: Password,
}

/// A login.
#[derive(Deserialize, ToSchema)]
pub(super) struct LogIn {
    #[serde(default)]
    name: Who,
    #[schema(value_type = String)]
    password: Password,
    /// Of the owner's app, where codes are on.
    code: Option<String>,
}

type WithCookie = (StatusCode, [(HeaderName, String); 1]);

fn set_cookie(secret: &str, seconds: u64, encrypted: bool) -> [(HeaderName, String); 1] {
    let secure = if encrypted { "; Secure" } else { "" };
    let text =
        format!("{SESSION}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    [(header::SET_COOKIE, text)]
}

fn begun(secret: &str, encrypted: bool) -> WithCookie {
    (StatusCode::NO_CONTENT, set_cookie(secret, LASTS.as_secs(), encrypted))
}

/// Who asks, and from which device
#[utoipa::path(get, path = "/session", tag = "login", responses((status = 200, body = Session)))]
pub(super) async fn show(
    Anybody(caller): Anybody,
    Source(source): Source,
    Encrypted(encrypted): Encrypted,
    State(site): State<Site>,
    headers: HeaderMap,
) -> (Option<[(HeaderName, String); 1]>, Json<Session>) {
    // The browser's copy lasts as long as ours.
    let again = match &caller {
        Some(caller) if matches!(caller.proof, Proof::Session(_)) => {
            cookie(&headers).map(|secret| set_cookie(secret, LASTS.as_secs(), encrypted))
        }
        _ => None,
    };
    let state = match &caller {
        Some(_) => Standing::In,
        None if site.accounts.is_set() => Standing::Anonymous,
        None => Standing::Setup,
    };
    let is_owner = |scope: Scope| scope == Scope::Admin;
    let scope = caller.as_ref().map(|caller| caller.scope);
    let session = Session {
        state,
        totp: scope.filter(|scope| is_owner(*scope)).map(|_| site.accounts.has_codes()),
        scope,
        device: own_button::me(&site, source, caller.is_some()),
        name: caller.map(|caller| caller.name),
        version: env!("CARGO_PKG_VERSION"),
    };
    (again, Json(session))
}

/// Set the first password, with the code that the log tells
#[utoipa::path(
    post, path = "/setup", tag = "login", request_body = First,
    responses(
        (status = 204), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)
    )
)]
pub(super) async fn set_up(
    Encrypted(encrypted): Encrypted,
    State(site): State<Site>,
    Body(First { code, password }): Body<First>,
) -> Result<WithCookie, Problem> {
    let secret = in_turn(&site, move |accounts| accounts.set_up(&code, &password)).await?;
    Ok(begun(&secret, encrypted))
}

/// Log in
#[utoipa::path(
    post, path = "/session", tag = "login", request_body = LogIn,
    responses((status = 204), (status = 401, body = Problem), (status = 429, body = Problem))
)]
pub(super) async fn log_in(
    Source(source): Source,
    Encrypted(encrypted): Encrypted,
    State(site): State<Site>,
    Body(LogIn { name, password, code }): Body<LogIn>,
) -> Result<WithCookie, Problem> {
    let log_in =
        move |accounts: &super::Accounts| accounts.log_in(source, name, &password, code.as_deref());
    let secret = in_turn(&site, log_in).await?;
    Ok(begun(&secret, encrypted))
}

/// Log out
#[utoipa::path(delete, path = "/session", tag = "login", responses((status = 204)))]
pub(super) async fn log_out(
    Anybody(caller): Anybody,
    Encrypted(encrypted): Encrypted,
    State(site): State<Site>,
) -> Result<WithCookie, Problem> {
    if let Some(Proof::Session(own)) = caller.map(|caller| caller.proof) {
        beside(move || site.accounts.end_sessions(|kept| kept == own)).await??;
    }
    Ok((StatusCode::NO_CONTENT, set_cookie("", 0, encrypted)))
}
