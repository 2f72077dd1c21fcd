//! What the owner has chosen of names and companies.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::problem::{Body, Problem};
use super::super::scope::{Admin, Reader};
use super::page::{Page, Paging};
use super::request::Query;
use super::{House, Said};
use crate::engine::{Change, Target, Way};
use crate::policy::{self, Choice, Choices, Subject};

/// For whom a choice is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ChoiceScope)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// Everybody: always true.
    House(bool),
    /// Those whom the profile of this name is for.
    Profile(String),
    /// The device of this key.
    Device(String),
}

/// A choice.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Chosen {
    scope: Scope,
    pub(super) subject: Subject,
    choice: Choice,
}

/// All choices, the house's first.
pub(super) fn chosen(choices: &Choices) -> Vec<Chosen> {
    let mut all = Vec::new();
    let mut add = |scope: Scope, chosen: &policy::Chosen| {
        let policy::Chosen { block, allow, block_companies, allow_companies } = chosen;
        let mut each = |texts: &BTreeSet<String>, subject: fn(String) -> Subject, choice| {
            all.extend(texts.iter().map(|text| Chosen {
                scope: scope.clone(),
                subject: subject(text.clone()),
                choice,
            }));
        };
        each(block, Subject::Name, Choice::Block);
        each(allow, Subject::Name, Choice::Allow);
        each(block_companies, Subject::Company, Choice::Block);
        each(allow_companies, Subject::Company, Choice::Allow);
    };
    add(Scope::House(true), &choices.house);
    choices.profiles.iter().for_each(|(name, chosen)| add(Scope::Profile(name.clone()), chosen));
    let devices = choices.devices.iter();
    devices.for_each(|(key, said)| add(Scope::Device(key.clone()), &said.chosen));
    all
}

/// What is chosen
#[utoipa::path(get, path = "/choices", tag = "read", params(Paging),
    responses((status = 200, body = Page<Chosen>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Chosen>>, Problem> {
    let key = |chosen: &Chosen| {
        serde_json::to_string(&(&chosen.scope, &chosen.subject)).unwrap_or_default()
    };
    Page::of(chosen(&house.engine.choices()), &paging, key).map(Json)
}

/// What is to be chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Choose)]
pub(super) struct Wanted {
    scope: Scope,
    subject: Subject,
    choice: Choice,
}

/// Chooses what becomes of a name or a company, from the next query on
#[utoipa::path(post, path = "/choices", tag = "admin", request_body = Wanted,
    responses((status = 200, body = Said)))]
pub(super) async fn choose(
    _: Admin,
    State(house): State<Arc<House>>,
    Body(Wanted { scope, subject, choice }): Body<Wanted>,
) -> Result<Json<Said>, Problem> {
    let target = match scope {
        Scope::House(true) => Target::House,
        Scope::House(false) => {
            let detail = "scope: write {\"house\": true}, a profile or a device";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
        Scope::Profile(name) => Target::Profile(name),
        Scope::Device(key) => Target::Device(key),
    };
    house
        .work(move |house| {
            let said = house.engine.change(&Change::Choose(target, subject, choice), Way::Web)?;
            Ok(Json(Said { said }))
        })
        .await
}
