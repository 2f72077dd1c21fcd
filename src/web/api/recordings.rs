//! Record: which trackers are seen together with which sites of one device, in memory alone.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::problem::{Body, Problem};
use super::super::scope::Admin;
use super::House;
use super::request::Path;
use crate::engine::Recorded;

/// Whom to record.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Record)]
pub(super) struct Whom {
    /// Key of the device.
    device: String,
}

/// Begins to record a device, for an hour at most, or until nobody has looked for a minute
#[utoipa::path(post, path = "/recordings", tag = "admin", request_body = Whom,
    responses((status = 201, body = Recorded)))]
pub(super) async fn start(
    _: Admin,
    State(house): State<Arc<House>>,
    Body(Whom { device }): Body<Whom>,
) -> Result<(StatusCode, Json<Recorded>), Problem> {
    Ok((StatusCode::CREATED, Json(house.engine.record_start(&device)?)))
}

/// What a recording has come to
#[utoipa::path(get, path = "/recordings/{id}", tag = "admin",
    params(("id" = String, Path, description = "Number of the recording.")),
    responses((status = 200, body = Recorded)))]
pub(super) async fn show(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(id): Path,
) -> Result<Json<Recorded>, Problem> {
    let recorded = id.parse().ok().and_then(|id| house.engine.record_read(id));
    recorded.map(Json).ok_or_else(gone)
}

/// Ends a recording; what it came to is forgotten
#[utoipa::path(delete, path = "/recordings/{id}", tag = "admin",
    params(("id" = String, Path, description = "Number of the recording.")),
    responses((status = 204, description = "It is forgotten.")))]
pub(super) async fn stop(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    let recorded = id.parse().ok().and_then(|id| house.engine.record_stop(id));
    recorded.map(|_| StatusCode::NO_CONTENT).ok_or_else(gone)
}

fn gone() -> Problem {
    let detail = "the recording is over: an hour has passed, or nobody has looked for a minute";
    Problem::new(StatusCode::NOT_FOUND, detail)
}
