//! What would become of a name, and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::request::Query;
use crate::engine::told::{self, CheckError};

/// Of which name, for whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The name.
    #[param(example = "www.example.org")]
    name: String,
    /// The type asked for.
    #[serde(rename = "type")]
    #[param(default = "A", example = "AAAA")]
    rtype: Option<String>,
    /// The device that asks; nobody in particular where it is not there.
    device: Option<String>,
}

/// What would become of a name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Found {
    /// `block`, `allow`, `pass` or `local`.
    verdict: &'static str,
    /// By which list, or whose rule.
    by: Option<String>,
    company: Option<String>,
    category: Option<&'static str>,
    /// Every rule that speaks of the name, the one that wins first.
    rules: Vec<Rule>,
}

/// A rule that speaks of the name.
#[derive(Debug, Serialize, ToSchema)]
struct Rule {
    list: String,
    /// In the notation of Adblock-style lists.
    rule: String,
    /// Its line in the list.
    line: Option<u64>,
    /// `block` or `allow`.
    action: &'static str,
    wins: bool,
}

/// What would become of a name now, and why. Reads all lists
#[utoipa::path(get, path = "/check", tag = "read", params(Which),
    responses((status = 200, body = Found)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(which): Query<Which>,
) -> Result<Json<Found>, Problem> {
    house
        .work(move |house| {
            let Which { name, rtype, device } = which;
            let rtype = rtype.as_deref().unwrap_or("A");
            let data = house.data.as_deref();
            let found = told::check(&house.engine, data, &name, rtype, device.as_deref());
            let (finding, rules) = found.map_err(|error| match error {
                CheckError::Device(error) => error.into(),
                CheckError::Name(..) | CheckError::Type(_) => {
                    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
                }
                CheckError::Lists(_) => {
                    Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
                }
            })?;
            // What the house knows by itself, no rule decides.
            let is_ruled = finding.rule.is_some();
            let rules = rules.into_iter().enumerate().map(|(place, rule)| Rule {
                list: rule.list,
                rule: rule.rule,
                line: rule.line,
                action: if rule.blocks { "block" } else { "allow" },
                wins: is_ruled && place == 0,
            });
            Ok(Json(Found {
                verdict: finding.verdict.as_str(),
                by: finding.list,
                company: finding.company,
                category: finding.category,
                rules: rules.collect(),
            }))
        })
        .await
}
