//! Lists: those that count, and those that can be chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::problem::{Body, Problem};
use super::super::scope::{Admin, Reader};
use super::page::{Page, Paging};
use super::request::{Path, Query};
use super::{House, Said};
use crate::catalogue;
use crate::config::Amendment;
use crate::engine::Wish;
use crate::lists::Status;
use crate::policy::BUILTIN_LISTS;
use crate::{clock, config};

/// A list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List {
    name: String,
    /// Where it comes from; null for one that comes along.
    source: Option<String>,
    builtin: bool,
    /// Rules read.
    rules: u64,
    /// Refusals since the start that it took part in.
    hits: u64,
    /// Of these, those that only it wanted.
    alone: u64,
    /// When it was last known to be the newest.
    checked: Option<u64>,
    /// Seconds since then.
    age: Option<u64>,
    /// Why there is nothing of it.
    error: Option<String>,
    /// Why the newest one is not taken.
    refused: Option<String>,
    /// Why either of these is so, in a word: `not_yet`, `no_folder`, `name`, `unreachable`,
    /// `certificate`, `address`, `status`, `setup`, `too_large`, `web_page`, `no_rules`,
    /// `unreadable`, `top_level`, `canary`, `shrunk`, `grown`, `too_many`, `database`, `read`,
    /// `write`.
    why: Option<String>,
    /// Lines that could not be read, by reason.
    skipped: BTreeMap<String, u64>,
    /// The first of them.
    first_skipped: Vec<String>,
    bytes: u64,
    /// Under what conditions it may be used.
    licence: Option<String>,
    /// Seconds from one fetch to the next; null where it is not fetched.
    update: Option<u64>,
}

/// Lists that count
#[utoipa::path(get, path = "/lists", tag = "read", params(Paging),
    responses((status = 200, body = Page<List>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<List>>, Problem> {
    let snapshot = house.engine.snapshot();
    let hits = house.engine.list_hits();
    let now = clock::now().0.as_secs();
    let lists = snapshot.rules.lists.iter().enumerate().map(|(number, status)| {
        let Status { name, source, rules, first_skipped, error, refused, why, bytes, .. } =
            status.clone();
        let checked = status.checked;
        let hits = hits.get(&name).copied().unwrap_or_default();
        let settings = snapshot.config.lists.iter().find(|list| list.name == name);
        let is_fetched = |list: &&config::List| list.file.is_none();
        let known = catalogue::lists().iter().find(|entry| entry.name == name);
        List {
            source,
            builtin: number < BUILTIN_LISTS.len(),
            rules,
            hits: hits.hits,
            alone: hits.alone,
            checked,
            age: checked.map(|checked| now.saturating_sub(checked)),
            error,
            refused,
            why,
            skipped: status.skipped.clone(),
            first_skipped,
            bytes,
            licence: status.licence.clone().or_else(|| known.map(|known| known.licence.clone())),
            update: settings.filter(is_fetched).map(|list| list.update.as_secs()),
            name,
        }
    });
    Page::of(lists.collect(), &paging, |list| list.name.clone()).map(Json)
}

/// A list to subscribe to.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscription {
    /// What it is called; without `url`, its name in the catalogue.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// Where to fetch it: http or https.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What its names get: `block`, or `allow` against other lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
}

/// Subscribes to a list; it is fetched at once, and counts when it is there
#[utoipa::path(post, path = "/lists", tag = "admin", request_body = Subscription,
    responses((status = 200, body = Said)))]
pub(super) async fn subscribe(
    _: Admin,
    State(house): State<Arc<House>>,
    Body(list): Body<Subscription>,
) -> Result<Json<Said>, Problem> {
    // What is written in JSON is YAML, too.
    let list = serde_json::to_string(&list).unwrap_or_default();
    house.amend(Amendment::Subscribe(list)).await
}

/// Ends a subscription
#[utoipa::path(delete, path = "/lists/{name}", tag = "admin",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Said)))]
pub(super) async fn unsubscribe(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(name): Path,
) -> Result<Json<Said>, Problem> {
    if !house.engine.snapshot().config.lists.iter().any(|list| list.name == name) {
        let detail = format!("no list `{name}` is subscribed to");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    house.amend(Amendment::Unsubscribe(name)).await
}

/// Which lists are to be fetched.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Update {
    /// Names of lists or databases; all where they are not there.
    #[serde(default)]
    names: Vec<String>,
}

/// Has lists fetched now, whether or not it is time
#[utoipa::path(post, path = "/lists/update", tag = "admin", request_body = Update,
    responses((status = 202, description = "They are being fetched.")))]
pub(super) async fn update(
    _: Admin,
    State(house): State<Arc<House>>,
    Body(Update { names }): Body<Update>,
) -> Result<StatusCode, Problem> {
    house
        .work(|house| match house.engine.wish(Wish::Fetch(names)) {
            Ok(_) => Ok(StatusCode::ACCEPTED),
            Err(error) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error)),
        })
        .await
}

/// What can be chosen by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Catalogue {
    lists: Vec<Entry>,
    services: Vec<Service>,
}

/// A list that somebody publishes.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    name: &'static str,
    /// What it is for.
    about: &'static str,
    licence: &'static str,
    /// Rules, roughly.
    size: u64,
    url: &'static str,
    /// What kind of list it is.
    group: &'static str,
}

/// A service that can be refused as a whole.
#[derive(Debug, Serialize, ToSchema)]
struct Service {
    /// The word it is chosen by.
    name: &'static str,
    /// As people know it.
    title: &'static str,
    /// What kind of service it is.
    group: &'static str,
}

/// Lists and services that can be chosen by name
#[utoipa::path(get, path = "/catalogue", tag = "read", responses((status = 200, body = Catalogue)))]
pub(super) async fn catalogue(_: Reader) -> Json<Catalogue> {
    let lists = catalogue::lists().iter().map(|entry| Entry {
        name: &entry.name,
        about: &entry.purpose,
        licence: &entry.licence,
        size: entry.size,
        url: &entry.url,
        group: &entry.group,
    });
    let services = catalogue::services().iter().map(|service| Service {
        name: &service.id,
        title: &service.name,
        group: &service.group,
    });
    Json(Catalogue { lists: lists.collect(), services: services.collect() })
}
