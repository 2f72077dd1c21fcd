//! What is asked right now, with names: kept in memory, only while somebody looks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::request::Query;
use crate::engine::told::{self, Asked};

/// Which queries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct Which {
    /// Only those after this number.
    pub(in super::super) after: Option<u64>,
    /// Only those of this device.
    pub(in super::super) device: Option<String>,
}

/// Queries just asked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Live {
    /// The oldest first.
    items: Vec<Asked>,
    /// To be given as `after` the next time.
    last: u64,
}

/// What is asked right now; it is kept from the first look on, as long as somebody looks
#[utoipa::path(get, path = "/live", tag = "read", params(Which),
    responses((status = 200, body = Live)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(Which { after, device }): Query<Which>,
) -> Result<Json<Live>, Problem> {
    let after = after.unwrap_or(0);
    let items = told::live(&house.engine, after, device.as_deref())?;
    let last = items.last().map_or(after, |asked| asked.number);
    Ok(Json(Live { items, last }))
}
