//! Long lists in pages, and answers that did not change.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::request::within;

/// Items of a page where nobody says.
const LIMIT: u64 = 100;
/// Most of them.
const MOST: u64 = 500;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Most items.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// What is on it.
    pub(super) items: Vec<T>,
    /// To be given as `after` for the next page; null where this is the last one.
    pub(super) next: Option<String>,
}

impl Paging {
    /// Most items of the page.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let limit = within("limit", self.limit.unwrap_or(LIMIT), 1..=MOST)?;
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Where the page before ended, if it is a number.
    pub(super) fn after_number<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        let Some(after) = &self.after else { return Ok(None) };
        after.parse().map(Some).map_err(|_| gone(after))
    }
}

fn gone(after: &str) -> Problem {
    let detail = format!("after: nothing here is called `{after}`; begin with the first page");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

impl<T> Page<T> {
    /// The page of all `items` that is asked for; `key` is one item's alone.
    pub(super) fn of(
        mut items: Vec<T>,
        paging: &Paging,
        key: impl Fn(&T) -> String,
    ) -> Result<Self, Problem> {
        if let Some(after) = &paging.after {
            let place = items.iter().position(|item| key(item) == *after);
            items.drain(..=place.ok_or_else(|| gone(after))?);
        }
        Self::first(items, paging, key)
    }

    /// The first page of `items`.
    pub(super) fn first(
        mut items: Vec<T>,
        paging: &Paging,
        key: impl Fn(&T) -> String,
    ) -> Result<Self, Problem> {
        let limit = paging.limit()?;
        let next = if items.len() > limit { items.get(limit - 1).map(key) } else { None };
        items.truncate(limit);
        Ok(Self { items, next })
    }

    /// The same page of something else.
    pub(super) fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next: self.next }
    }
}

/// Gives every answer in JSON a tag that changes when it does (RFC 9110 section 8.8.3), and sends it
/// only to those who have not got it.
pub(in super::super) async fn tag(request: Request, next: Next) -> Response {
    let is_get = request.method() == Method::GET;
    let held = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes() == b"application/json");
    if !is_get || !is_json || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = format!("W/\"{:016x}\"", XxHash3_64::oneshot(&body));
    let is_held = held.is_some_and(|held| {
        let held = held.to_str().unwrap_or("");
        held.split(',').map(str::trim).any(|held| held == tag || held == "*")
    });
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    if is_held {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}
