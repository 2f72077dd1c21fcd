//! What is asked, read so that a mistake is told as a problem.

use axum::extract::{self, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::super::problem::Problem;

/// What stands behind the question mark.
pub(in super::super) struct Query<T>(pub(in super::super) T);

/// A part of the path.
pub(super) struct Path(pub(super) String);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = extract::Query::try_from_uri(&parts.uri);
        let extract::Query(query) =
            read.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.body_text()))?;
        Ok(Self(query))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = extract::Path::<String>::from_request_parts(parts, state).await;
        let extract::Path(path) =
            read.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.body_text()))?;
        Ok(Self(path))
    }
}

/// A number that must be in a range.
pub(super) fn within(
    what: &str,
    number: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, Problem> {
    if range.contains(&number) {
        return Ok(number);
    }
    let (first, last) = range.into_inner();
    let detail = format!("{what}: {number} is not {first} to {last}");
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
}
