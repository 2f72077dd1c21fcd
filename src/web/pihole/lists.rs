//! Profiles, which are Pi-hole's groups, and lists that are subscribed to. There is nothing to change
//! here.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::api::House;
use super::{Query, Reads};
use crate::config::{Config, HOUSE, Profile};
use crate::lists::Status;
use crate::policy::BUILTIN_LISTS;

/// Name and lists of each profile, the house's first.
fn profiles(config: &Config) -> Vec<(String, Vec<String>)> {
    let of_house = (HOUSE.to_owned(), Profile::of_house(config).lists);
    let others = config.profiles.iter().map(|of| (of.name.clone(), of.lists.clone()));
    std::iter::once(of_house).chain(others).collect()
}

/// Profiles
#[utoipa::path(get, path = "/api/groups")]
pub(super) async fn groups(Reads(since): Reads, State(house): State<Arc<House>>) -> Json<Value> {
    let profiles = profiles(&house.engine.snapshot().config);
    let groups = profiles.into_iter().enumerate().map(|(id, (name, _))| {
        json!({
            "id": id, "name": name, "comment": null, "enabled": true,
            "date_added": 0, "date_modified": 0,
        })
    });
    since.answer(json!({ "groups": groups.collect::<Vec<_>>() }))
}

/// Which lists.
#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// How it stands with a list, by Pi-hole's number.
fn status(list: &Status) -> u8 {
    match list {
        Status { error: Some(_), .. } => 4,
        Status { refused: Some(_), .. } => 3,
        // The newest one is had.
        _ if list.rules > 0 || list.checked.is_some() => 2,
        _ => 0,
    }
}

/// Lists that are subscribed to
#[utoipa::path(get, path = "/api/lists")]
pub(super) async fn lists(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
    Query(Which { kind }): Query<Which>,
) -> Json<Value> {
    if kind.is_some_and(|kind| kind != "block") {
        return since.answer(json!({ "lists": [] }));
    }
    let snapshot = house.engine.snapshot();
    let profiles = profiles(&snapshot.config);
    let lists = snapshot.rules.lists.iter().enumerate().skip(BUILTIN_LISTS.len());
    let lists = lists.map(|(id, list)| {
        let groups = profiles.iter().enumerate().filter(|(_, (_, of))| of.contains(&list.name));
        json!({
            "id": id,
            "address": list.source,
            "comment": list.name,
            "groups": groups.map(|(group, _)| group).collect::<Vec<_>>(),
            "enabled": true,
            "type": "block",
            "date_added": 0,
            "date_modified": 0,
            "date_updated": list.checked.unwrap_or(0),
            "number": list.rules,
            "invalid_domains": list.skipped.values().sum::<u64>(),
            "abp_entries": 0,
            "status": status(list),
        })
    });
    since.answer(json!({ "lists": lists.collect::<Vec<_>>() }))
}
