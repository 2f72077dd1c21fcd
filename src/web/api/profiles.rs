//! What holds for whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::problem::{Body, Problem};
use super::super::scope::{Admin, Reader};
use super::devices::given;
use super::page::{Page, Paging};
use super::request::{Path, Query};
use super::{House, Said};
use crate::config::{self, Amendment, HOUSE};
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
    /// Names that are refused, with all below them; `=name` is exactly it.
    block: Vec<String>,
    /// Names that are not.
    allow: Vec<String>,
    /// Companies whose names are refused.
    block_companies: Vec<String>,
    /// Companies whose names are not.
    allow_companies: Vec<String>,
    /// What a refused query gets: `nxdomain`, `nodata`, `refused`, or addresses.
    answer: String,
    /// Which of `level`, `lists`, `services`, `bypass`, `safe_search` and `answer` it sets itself; the
    /// others are as for the house.
    own: Vec<&'static str>,
    /// Whom it is for: devices by name, `#tag`, networks.
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
        rules: config.rules.clone(),
        own: config::FOLLOWED.to_vec(),
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
        block: profile.rules.block.clone(),
        allow: profile.rules.allow.clone(),
        block_companies: profile.rules.block_companies.clone(),
        allow_companies: profile.rules.allow_companies.clone(),
        answer: profile.answer.to_string(),
        own: profile.own.clone(),
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

/// What its owner says of a profile. What is not there stays as it is; null leaves it to the house.
/// The house has no `members`, `lists` and `only_allowed`, and null is nothing for it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileSays)]
pub(super) struct Says {
    /// Its new name; schedules that name it, devices that are held to it and what was chosen for it
    /// follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// Whom it is for: devices by name, `#tag`, networks.
    #[serde(default, rename(serialize = "for"), skip_serializing_if = "Option::is_none")]
    members: Option<Vec<String>>,
    /// `relaxed`, `balanced` or `strict`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    level: Option<Option<String>>,
    /// Lists that count, by name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, required = false)]
    lists: Option<Option<Vec<String>>>,
    /// Services refused as a whole, by the words of the catalogue.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, required = false)]
    services: Option<Option<Vec<String>>>,
    /// `off`, `signals` or `all`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    bypass: Option<Option<String>>,
    /// `off`, `search` or `all`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    safe_search: Option<Option<String>>,
    /// What a refused query gets.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    answer: Option<Option<String>>,
    /// Names that are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<Vec<String>>,
    /// Names that are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<Vec<String>>,
    /// Companies whose names are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    block_companies: Option<Vec<String>>,
    /// Companies whose names are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_companies: Option<Vec<String>>,
    /// Whether everything is refused that no rule allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_allowed: Option<bool>,
    /// When other profiles hold instead: `mon-fri 20:00-07:00 night`.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Vec<String>>,
}

/// Says something of a profile, which is made where there is none of this name
#[utoipa::path(put, path = "/profiles/{name}", tag = "admin",
    params(("name" = String, Path, description = "Its name; `house` for the house")),
    request_body = Says, responses((status = 200, body = Said)))]
pub(super) async fn say(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(name): Path,
    Body(mut says): Body<Says>,
) -> Result<Json<Said>, Problem> {
    let renamed = says.name.take().filter(|to| *to != name);
    // What is written in JSON is YAML, too.
    let says = serde_json::to_string(&says).unwrap_or_default();
    house.amend(Amendment::Profile { name, renamed, says }).await
}

/// Takes a profile away; whoever was held to it is as the house
#[utoipa::path(delete, path = "/profiles/{name}", tag = "admin",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Said)))]
pub(super) async fn take_away(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(name): Path,
) -> Result<Json<Said>, Problem> {
    if !house.engine.snapshot().config.profiles.iter().any(|profile| profile.name == name) {
        let detail = format!("there is no profile `{name}`");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    house.amend(Amendment::NoProfile(name)).await
}
