//! What was worth a word.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::page::{Page, Paging};
use super::request::Query;
use crate::alerts::Alert;

/// Alerts since the start, the latest first
#[utoipa::path(get, path = "/alerts", tag = "read", params(Paging),
    responses((status = 200, body = Page<Alert>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Alert>>, Problem> {
    let numbered: Vec<_> = house.engine.alerts().into_iter().enumerate().collect();
    let page = Page::of(numbered, &paging, |(place, _)| place.to_string())?;
    Ok(Json(page.map(|(_, alert)| alert)))
}
