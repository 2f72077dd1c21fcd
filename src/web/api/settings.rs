//! Settings made while the server runs, above those of the file.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::problem::{Body, Problem};
use super::super::scope::Admin;
use super::House;
use super::page::{Page, Paging};
use super::request::{Path, Query};
use crate::engine::{Setting, Way, Wish};

/// All settings: what each is for, what holds, and where it comes from
#[utoipa::path(get, path = "/settings", tag = "admin", params(Paging),
    responses((status = 200, body = Page<Setting>)))]
pub(super) async fn list(
    _: Admin,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Setting>>, Problem> {
    let settings = house.work(settings).await?;
    Page::of(settings, &paging, |setting| setting.told.key.clone()).map(Json)
}

fn settings(house: &House) -> Result<Vec<Setting>, Problem> {
    let busy = |error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error);
    let text = house.engine.wish(Wish::Settings).map_err(busy)?;
    serde_json::from_str(&text)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// A value.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SettingValue)]
pub(super) struct Value {
    /// As YAML.
    value: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingMade)]
pub(super) struct Made {
    /// Whether it is used from the next start on only.
    restart: bool,
    /// A line for people.
    said: String,
}

/// Makes a setting, above the file's
#[utoipa::path(put, path = "/settings/{key}", tag = "admin",
    params(("key" = String, Path, description = "Keys from the top, joined by dots.")),
    request_body = Value, responses((status = 200, body = Made)))]
pub(super) async fn set(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(key): Path,
    Body(Value { value }): Body<Value>,
) -> Result<Json<Made>, Problem> {
    house.work(move |house| make(house, key, Some(value))).await
}

/// Leaves a setting to the file
#[utoipa::path(delete, path = "/settings/{key}", tag = "admin",
    params(("key" = String, Path, description = "Keys from the top, joined by dots.")),
    responses((status = 200, body = Made)))]
pub(super) async fn clear(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(key): Path,
) -> Result<Json<Made>, Problem> {
    house.work(move |house| make(house, key, None)).await
}

fn make(house: &House, key: String, value: Option<String>) -> Result<Json<Made>, Problem> {
    let said = house
        .engine
        .wish(Wish::Set(key.clone(), value, Way::Web))
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error))?;
    let restart = settings(house)?.iter().any(|setting| setting.told.key == key && setting.restart);
    Ok(Json(Made { restart, said }))
}
