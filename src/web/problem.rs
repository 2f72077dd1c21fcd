//! What went wrong, told in the same form everywhere (RFC 9457): one line a person can act on.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// No kind of its own: the status says it all.
const BLANK: &str = "about:blank";

/// Why a request got nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind of problem, where a program is to tell it from others.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The status in words.
    pub(super) title: &'static str,
    /// The status.
    pub(super) status: u16,
    /// What is wrong, and what to do.
    pub(super) detail: String,
    /// When to come again.
    #[serde(skip)]
    retry_after: Option<Duration>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let status = status.as_u16();
        Self { kind: BLANK, title, status, detail: detail.into(), retry_after: None }
    }

    /// The same, of a kind of its own.
    pub(super) fn of_kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    /// The same, with the time after which to come again.
    pub(super) fn after(self, time: Duration) -> Self {
        Self { retry_after: Some(time), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        let headers = response.headers_mut();
        if let Some(time) = self.retry_after {
            // Rounded up: who comes too early is told so once more.
            let seconds = time.as_millis().div_ceil(1_000).max(1);
            headers.extend(
                HeaderValue::try_from(seconds.to_string())
                    .ok()
                    .map(|value| (header::RETRY_AFTER, value)),
            );
        }
        if status == StatusCode::UNAUTHORIZED {
            // One there must be (RFC 9110 section 15.5.2); this one opens no window of a browser.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A body in JSON; what is wrong with it is told as a [`Problem`].
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => {
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.body_text()))
            }
            Err(error) => Err(Problem::new(error.status(), error.body_text())),
        }
    }
}
