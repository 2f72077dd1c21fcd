//! What was changed, by which way.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa::ToSchema;

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::page::{Page, Paging};
use super::request::Query;
use crate::history::Change;

/// A change.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct Changed {
    at: u64,
    /// By which way: `command`, `web`, `clock`.
    way: String,
    /// For whom.
    scope: String,
    /// What, in a word: `button_on`, `button_off`, `button_paused`, `button_follow`, `pause_over`,
    /// `refused`, `allowed`, `cleared`, `named`, `unnamed`, `held`, `not_held`, `setting`; empty for
    /// what an older version wrote down.
    what: String,
    /// Of whom or what, for that word: a name, a company, a profile, keys of settings; for how many
    /// seconds.
    given: String,
    /// The same as a line for people.
    text: String,
    #[serde(skip)]
    number: i64,
}

/// What was changed, the latest first
#[utoipa::path(get, path = "/changes", tag = "read", params(Paging),
    responses((status = 200, body = Page<Changed>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Changed>>, Problem> {
    let before = paging.after_number()?;
    // One more tells whether there is a next page.
    let most = paging.limit()? + 1;
    house
        .read(move |_, reader| {
            let changes = reader.changes(before, most)?.into_iter();
            let changes = changes.map(|(number, change)| {
                let Change { at, way, scope, what, given, text } = change;
                Changed { at, way, scope, what, given, text, number }
            });
            Page::first(changes.collect(), &paging, |change| change.number.to_string()).map(Json)
        })
        .await
}
