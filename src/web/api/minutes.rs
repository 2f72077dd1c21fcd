//! Minute by minute, of the last three hours.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::scope::Reader;
use super::House;
use crate::stats::{MINUTES, Split};

/// Seconds of a minute.
const MINUTE: u64 = 60;

/// Queries by minute, the oldest first; the running one is not among them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Minutes {
    /// When the first one began, in seconds since 1970.
    since: u64,
    /// Seconds from one to the next.
    step: u64,
    /// Refused.
    block: Vec<u64>,
    /// Let through by a rule.
    allow: Vec<u64>,
    /// Let through, or answered by the house.
    pass: Vec<u64>,
}

/// Queries of the last three hours, by minute; they are in memory alone
#[utoipa::path(get, path = "/minutes", tag = "read", responses((status = 200, body = Minutes)))]
pub(super) async fn show(_: Reader, State(house): State<Arc<House>>) -> Json<Minutes> {
    let minutes = house.engine.minutes();
    // The machine may have slept: what has no minute had no queries.
    let last = minutes.last().map_or(0, |minute| minute.at / MINUTE);
    let first = minutes.first().map_or(0, |minute| minute.at / MINUTE);
    let first = first.max((last + 1).saturating_sub(MINUTES as u64));
    let count = if minutes.is_empty() { 0 } else { (last + 1 - first) as usize };
    let mut splits = vec![Split::default(); count];
    for minute in &minutes {
        let place =
            (minute.at / MINUTE).checked_sub(first).and_then(|at| splits.get_mut(at as usize));
        if let Some(place) = place {
            *place = minute.sum();
        }
    }
    let each = |of: fn(&Split) -> u64| splits.iter().map(of).collect();
    Json(Minutes {
        since: first * MINUTE,
        step: MINUTE,
        block: each(|split| split.block),
        allow: each(|split| split.allow),
        pass: each(|split| split.pass),
    })
}
