//! Hour by hour.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::request::{Path, Query, within};
use super::{HOUR, House};
use crate::clock;
use crate::history::read::{self, Span};

/// Most days at once.
const MOST: u64 = 31;

/// Which hours.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Begin, in seconds since 1970; a day ago where nobody says.
    from: Option<u64>,
    /// End, in seconds since 1970, at most 31 days later; now where nobody says.
    to: Option<u64>,
    /// Only of this device.
    device: Option<String>,
    /// Only names of this company.
    company: Option<String>,
}

/// Queries by hour, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hours {
    /// When the first hour begins.
    since: u64,
    /// Seconds from one to the next.
    step: u64,
    /// Refused.
    block: Vec<u64>,
    /// Let through by a rule.
    allow: Vec<u64>,
    /// Let through, or answered by the house.
    pass: Vec<u64>,
    /// How many companies appeared.
    companies: Vec<u64>,
}

/// Queries by hour
#[utoipa::path(get, path = "/hours", tag = "read", params(Which),
    responses((status = 200, body = Hours)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(which): Query<Which>,
) -> Result<Json<Hours>, Problem> {
    let last = which.to.unwrap_or_else(|| clock::now().0.as_secs()) / HOUR;
    let first = which.from.map_or_else(|| last.saturating_sub(23), |from| from / HOUR);
    if first > last || last - first >= MOST * 24 {
        let detail = format!("from and to: write `from` before `to`, and at most {MOST} days");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let span = Span { first, last };
    house
        .read(move |_, reader| {
            let (device, company) = (which.device.as_deref(), which.company.as_deref());
            let hours = reader.hours(span, device, company)?;
            let sums = |of: fn(&read::Hour) -> u64| hours.iter().map(of).collect();
            Ok(Json(Hours {
                since: first * HOUR,
                step: HOUR,
                block: sums(|hour| hour.sums.block),
                allow: sums(|hour| hour.sums.allow),
                pass: sums(|hour| hour.sums.pass),
                companies: sums(|hour| hour.companies),
            }))
        })
        .await
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// How many, with today.
    #[param(minimum = 1, maximum = 31, default = 7)]
    days: Option<u64>,
}

/// A device's days.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Heat {
    /// The oldest first.
    days: Vec<Day>,
}

/// A day, by the clock of the house.
#[derive(Debug, Serialize, ToSchema)]
struct Day {
    /// When it begins.
    day: u64,
    /// Its 24 hours.
    #[schema(min_items = 24, max_items = 24)]
    hours: Vec<Warmth>,
}

/// An hour.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
struct Warmth {
    /// Refused.
    block: u64,
    /// All queries.
    all: u64,
}

/// When a device asked: hours of days
#[utoipa::path(get, path = "/devices/{key}/heat", tag = "read", params(("key" = String, Path, description = "Its key"), Days),
    responses((status = 200, body = Heat)))]
pub(super) async fn heat(
    _: Reader,
    State(house): State<Arc<House>>,
    Path(key): Path,
    Query(Days { days }): Query<Days>,
) -> Result<Json<Heat>, Problem> {
    let days = within("days", days.unwrap_or(7), 1..=MOST)?;
    house
        .read(move |house, reader| {
            let span = house.days(days);
            let hours = reader.hours(span, Some(&key), None)?;
            let midnights = midnights(house, days);
            let mut told: Vec<Day> = midnights
                .iter()
                .map(|day| Day { day: *day, hours: vec![Warmth::default(); 24] })
                .collect();
            for (hour, of) in (span.first..).zip(hours) {
                let Some(place) = midnights.iter().rposition(|day| *day / HOUR <= hour) else {
                    continue;
                };
                // The hour that a clock shows twice is told as one.
                let since = (hour - midnights[place] / HOUR).min(23) as usize;
                let warmth = &mut told[place].hours[since];
                warmth.block += of.sums.block;
                warmth.all += of.sums.all();
            }
            Ok(Json(Heat { days: told }))
        })
        .await
}

/// When each of the last `days` days began.
fn midnights(house: &House, days: u64) -> Vec<u64> {
    let (snapshot, now) = (house.engine.snapshot(), Timestamp::now());
    let begin = |back: u64| {
        let midnight = snapshot.clock.midnight(now, i32::try_from(back).unwrap_or(0))?;
        u64::try_from(midnight.as_second()).ok()
    };
    (0..days).rev().filter_map(begin).collect()
}
