//! Logging in and out: with the owner's password, the viewer's, or one of our tokens, which is
//! Pi-hole's application password.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Site;
use super::super::login::{APP_LASTS, App, begin_app};
use super::super::scope::{Encrypted, Source};
use super::{Fault, Known, Sent, Since, refuse};

/// A login.
#[derive(Deserialize)]
pub(super) struct Login {
    password: String,
    /// Of the owner's app, where codes are on: a number, or the digits.
    totp: Option<Value>,
}

fn session(app: &App, totp: bool) -> Value {
    json!({ "session": {
        "valid": true, "totp": totp, "sid": app.sid, "csrf": app.csrf,
        "validity": APP_LASTS.as_secs(), "message": "app-password or password correct",
    } })
}

/// The answer to who is not in, as apps of either kind read it.
fn out(site: &Site, fault: Fault) -> Response {
    let mut told = fault.told();
    told["session"] = json!({
        "valid": false, "totp": site.accounts.has_codes(), "sid": null, "csrf": null,
        "validity": -1, "message": told["error"]["message"],
    });
    fault.with(&told)
}

fn set_cookie(sid: &str, seconds: u64, encrypted: bool) -> [(HeaderName, String); 1] {
    let secure = if encrypted { "; Secure" } else { "" };
    let text =
        format!("sid={sid}; HttpOnly; SameSite=Strict; Path=/api; Max-Age={seconds}{secure}");
    [(header::SET_COOKIE, text)]
}

/// Whether who asks is logged in
#[utoipa::path(get, path = "/api/auth")]
pub(super) async fn show(Known(app): Known, State(site): State<Site>) -> Response {
    match app {
        Some(app) => {
            let told = session(&app, site.accounts.has_codes());
            Since(Instant::now()).answer(told).into_response()
        }
        None => out(&site, refuse(StatusCode::UNAUTHORIZED, "not logged in")),
    }
}

/// Log in
#[utoipa::path(post, path = "/api/auth")]
pub(super) async fn begin(
    Source(source): Source,
    Encrypted(encrypted): Encrypted,
    State(site): State<Site>,
    Sent(Login { password, totp }): Sent<Login>,
) -> Response {
    let since = Since(Instant::now());
    let code = match totp {
        Some(Value::String(digits)) => Some(digits),
        // A number has lost its zeros.
        Some(Value::Number(number)) => Some(format!("{:0>6}", number.to_string())),
        _ => None,
    };
    let is_without = code.is_none();
    match begin_app(&site, source, password, code).await {
        Ok(app) => {
            let cookie = set_cookie(&app.sid, APP_LASTS.as_secs(), encrypted);
            let answer: Json<Value> = since.answer(session(&app, site.accounts.has_codes()));
            (cookie, answer).into_response()
        }
        Err(problem) if is_without && problem.kind == "/problems/totp" => {
            out(&site, refuse(StatusCode::BAD_REQUEST, problem.detail))
        }
        Err(problem) => out(&site, problem.into()),
    }
}

/// Log out
#[utoipa::path(delete, path = "/api/auth")]
pub(super) async fn end(
    Known(app): Known,
    Encrypted(encrypted): Encrypted,
    State(site): State<Site>,
) -> Response {
    let Some(app) = app else { return StatusCode::GONE.into_response() };
    site.accounts.end_app(&app.sid);
    (StatusCode::NO_CONTENT, set_cookie("", 0, encrypted)).into_response()
}
