//! What holds for whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::page::{Page, Paging};
use super::request::Query;
use crate::config::{self, HOUSE};
use crate::engine::told;

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Profile {
    /// `house` is everybody's who has no other.
    name: String,
    /// How strongly it protects.
    level: &'static str,
    /// Services refused as a whole.
    services: Vec<String>,
    /// Lists that count.
    lists: Vec<String>,
    /// Which search engines answer as for children: `off`, `search` or `all`.
    safe_search: &'static str,
    /// What is refused to keep devices from going around this server: `off`, `signals` or `all`.
    bypass: &'static str,
    /// Whether everything is refused that no rule allows.
    only_allowed: bool,
    /// Whom it is for.
    members: Vec<String>,
    /// When other profiles hold instead.
    schedule: Vec<String>,
    /// Keys of devices that are held to it now.
    devices: Vec<String>,
}

/// What holds for whom; the house's first
#[utoipa::path(get, path = "/profiles", tag = "read", params(Paging),
    responses((status = 200, body = Page<Profile>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Profile>>, Problem> {
    let snapshot = house.engine.snapshot();
    let config = &snapshot.config;
    let of_house = config::Profile {
        name: HOUSE.to_owned(),
        schedule: config.schedule.clone(),
        ..config::Profile::of_house(config)
    };
    let seen = told::devices(&house.engine);
    let profiles = std::iter::once(&of_house).chain(&config.profiles).map(|profile| Profile {
        name: profile.name.clone(),
        level: profile.level.as_str(),
        services: profile.services.clone(),
        lists: profile.lists.clone(),
        safe_search: profile.safe_search.as_str(),
        bypass: profile.bypass.as_str(),
        only_allowed: profile.only_allowed,
        members: profile.members.iter().map(ToString::to_string).collect(),
        schedule: profile.schedule.iter().map(ToString::to_string).collect(),
        devices: seen
            .iter()
            .filter(|device| device.profile == profile.name)
            .map(|device| device.key.clone())
            .collect(),
    });
    Page::of(profiles.collect(), &paging, |profile| profile.name.clone()).map(Json)
}
