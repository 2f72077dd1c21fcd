//! Who is asked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::page::{Page, Paging};
use super::request::Query;
use crate::engine::told::{self, Upstream};

/// Who is asked, and how that goes
#[utoipa::path(get, path = "/upstreams", tag = "read", params(Paging),
    responses((status = 200, body = Page<Upstream>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Upstream>>, Problem> {
    // One URL may be there twice, for two networks: its place is its key.
    let numbered: Vec<_> = told::upstreams(&house.engine).into_iter().enumerate().collect();
    let page = Page::of(numbered, &paging, |(place, _)| place.to_string())?;
    Ok(Json(page.map(|(_, upstream)| upstream)))
}
