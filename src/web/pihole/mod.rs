//! `/api/`: what apps and Home Assistant ask a Pi-hole of version 6, answered from what there is here.
//!
//! Only what existing programs read or press, in Pi-hole's words; whatever else is wanted of us is
//! [`super::api`]'s. Nothing is counted or kept for its sake: what Trackless does not know is 0 or
//! empty. Names that were asked for are never told, but for those just refused while somebody
//! watches; companies stand in for them.
//!
//! | theirs | ours |
//! |---|---|
//! | domains, blocked | companies of which something was refused in the last 24 hours |
//! | clients | devices, by their keys where they have no address now |
//! | total, blocked, history, clients | of the last 24 hours |
//! | cached, forwarded, types, status, replies, upstreams | since the start |
//! | unique domains, cached by hour, permitted domains | not kept: 0, or empty |
//! | blocking | the button of the house |
//! | groups, lists | profiles, lists that are subscribed to |

mod about;
mod auth;
mod blocking;
mod history;
mod lists;
mod since_start;
mod stats;

use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{self, DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Site;
use super::guard::{API, BODY};
use super::login::App;
use super::problem::Problem;
use super::scope::{Scope, mark_used};
use crate::clock;
use crate::history::read::Span;

/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// All of it, with its document: what is not there is not tested for who may do it.
pub(super) fn router() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(auth::show, auth::begin, auth::end))
        .routes(routes!(stats::summary))
        .routes(routes!(stats::top_domains))
        .routes(routes!(stats::top_clients))
        .routes(routes!(stats::upstreams))
        .routes(routes!(stats::query_types))
        .routes(routes!(stats::recent_blocked))
        .routes(routes!(history::show))
        .routes(routes!(history::clients))
        .routes(routes!(blocking::show, blocking::press))
        .routes(routes!(lists::groups))
        .routes(routes!(lists::lists))
        .routes(routes!(about::version))
        .routes(routes!(about::ftl))
        .routes(routes!(about::padd))
}

/// What this room answers.
pub(super) fn pages() -> Router<Site> {
    let (router, _) = router().split_for_parts();
    let absent = async |uri: Uri| {
        let fault = refuse(StatusCode::NOT_FOUND, "Trackless has nothing at this path");
        // What is missing below our own API is told in its form.
        let is_ours = uri.path().strip_prefix(API).is_some_and(|rest| rest.starts_with('/'));
        if is_ours { fault.0.into_response() } else { fault.into_response() }
    };
    let other = async || refuse(StatusCode::METHOD_NOT_ALLOWED, "this path takes other methods");
    router
        .route("/api/{*path}", any(absent))
        .method_not_allowed_fallback(other)
        .layer(DefaultBodyLimit::max(BODY))
}

/// What went wrong, in Pi-hole's form.
struct Fault(Problem);

fn refuse(status: StatusCode, detail: impl Into<String>) -> Fault {
    Fault(Problem::new(status, detail))
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl Fault {
    fn told(&self) -> Value {
        let key = match self.0.status {
            401 => "unauthorized",
            403 => "forbidden",
            404 => "not_found",
            405 => "method_not_allowed",
            429 => "rate_limiting",
            500.. => "internal_error",
            _ => "bad_request",
        };
        json!({ "error": { "key": key, "message": self.0.detail, "hint": null }, "took": 0.0 })
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = self.told();
        self.with(&body)
    }
}

impl Fault {
    /// With a body of one's own, and the fields that such a problem has.
    fn with(self, body: &Value) -> Response {
        let (mut parts, _) = self.0.into_response().into_parts();
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Response::from_parts(parts, Body::from(body.to_string()))
    }
}

/// Since when somebody waits for an answer.
#[derive(Clone, Copy)]
struct Since(Instant);

impl Since {
    /// `told`, with the seconds it took.
    fn answer(self, mut told: Value) -> axum::Json<Value> {
        if let Value::Object(told) = &mut told {
            told.insert("took".to_owned(), json!(self.0.elapsed().as_secs_f64()));
        }
        axum::Json(told)
    }
}

/// Somebody who may look.
struct Reads(Since);
/// Somebody who may press the button.
struct Presses(Since);
/// A program that has logged in, if it has.
struct Known(Option<App>);

impl FromRequestParts<Site> for Known {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Fault> {
        Ok(Self(app(parts, site)))
    }
}

impl FromRequestParts<Site> for Reads {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Fault> {
        at_least(Scope::Read, parts, site).map(Self)
    }
}

impl FromRequestParts<Site> for Presses {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Fault> {
        at_least(Scope::Button, parts, site).map(Self)
    }
}

fn at_least(scope: Scope, parts: &Parts, site: &Site) -> Result<Since, Fault> {
    let since = Since(Instant::now());
    match app(parts, site) {
        None => Err(refuse(StatusCode::UNAUTHORIZED, "Unauthorized")),
        Some(app) if app.scope < scope => {
            let text = "this password or token may not do this; use the owner's, or another token";
            Err(refuse(StatusCode::FORBIDDEN, text))
        }
        Some(_) => Ok(since),
    }
}

#[derive(Deserialize)]
struct Sid {
    sid: Option<String>,
}

/// Who asks: by a field of its own, in the query, or in a cookie. A browser sends the last whoever
/// has it ask: then the other secret is needed, too.
fn app(parts: &Parts, site: &Site) -> Option<App> {
    let field = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let query = || extract::Query::<Sid>::try_from_uri(&parts.uri).ok()?.0.sid;
    let given = field("x-ftl-sid").or_else(|| field("sid")).map(str::to_owned).or_else(query);
    let app = match given {
        Some(sid) => site.accounts.app(&sid)?,
        None => {
            let app = site.accounts.app(cookie(&parts.headers)?)?;
            (field("x-ftl-csrf") == Some(app.csrf.as_str())).then_some(app)?
        }
    };
    if let Some(kept) = &app.token {
        mark_used(site, kept);
    }
    Some(app)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).find_map(|pair| pair.trim().strip_prefix("sid="))
}

/// What stands behind the question mark.
struct Query<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let read = extract::Query::try_from_uri(&parts.uri);
        let bad = |error: extract::rejection::QueryRejection| {
            refuse(StatusCode::BAD_REQUEST, error.body_text())
        };
        read.map(|extract::Query(query)| Self(query)).map_err(bad)
    }
}

/// A body in JSON, whatever it is said to be: many programs do not say.
struct Sent<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| refuse(error.status(), error.body_text()))?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|error| refuse(StatusCode::BAD_REQUEST, error.to_string()))
    }
}

/// The last 24 hours, with the running one.
fn last_day() -> Span {
    let last = clock::now().0.as_secs() / HOUR;
    Span { first: last.saturating_sub(23), last }
}

/// Of a hundred.
fn percent(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 * 100.0 / all as f64 }
}
