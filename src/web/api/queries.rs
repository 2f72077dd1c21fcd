//! The log of queries, where the owner keeps one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::page::{Page, Paging};
use super::request::Query;
use crate::history::queries::Logged;
use crate::history::queries::read::{self, Filter};

/// Which queries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only of the device of this key.
    device: Option<String>,
    /// Only names that hold this; `.NAME` for a domain and all below it.
    name: Option<String>,
    /// Only with this verdict: block, allow, pass or local.
    verdict: Option<String>,
    /// Only names of this company.
    company: Option<String>,
    /// From this second of 1970 on.
    since: Option<u64>,
    /// Before this second of 1970.
    until: Option<u64>,
}

/// Queries that were kept, the newest first; only where the owner keeps them (`stats.level: full`)
#[utoipa::path(get, path = "/queries", tag = "read", params(Which, Paging),
    responses((status = 200, body = Page<Logged>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Logged>>, Problem> {
    let after = paging.after_number()?;
    let most = paging.limit()?;
    let Which { device, name, verdict, company, since, until } = which;
    let filter = Filter { device, name, verdict, company, since, until };
    house
        .work(move |house| {
            let none = || {
                let detail = "no queries are kept; set stats.level to full to keep them";
                Problem::new(StatusCode::CONFLICT, detail)
            };
            let folder = house.data.as_deref().ok_or_else(none)?;
            // What waits to be written is shown at the next look.
            let reader = read::Reader::open(folder).map_err(|_| none())?;
            let page = reader.page(&filter, after, most)?;
            let next = page.next.map(|next| next.to_string());
            Ok(Json(Page { items: page.queries, next }))
        })
        .await
}
