//! Sums and the most of them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use foldhash::fast::RandomState;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::api::{House, device_names};
use super::super::problem::Problem;
use super::{Fault, Query, Reads, last_day, percent, since_start};
use crate::clock;
use crate::engine::Engine;
use crate::engine::told::{self, Upstream};
use crate::history::read::{Device, Reader, Sums};

/// Items where nobody says how many.
const COUNT: usize = 10;
/// Most of them.
const MOST: usize = 1_000;
/// An address of a device that has none now: what Pi-hole writes for one it hides.
const HIDDEN: &str = "0.0.0.0";
/// Seconds of a minute.
const MINUTE: u64 = 60;

/// Which, and how many.
#[derive(Deserialize)]
pub(super) struct Top {
    #[serde(default)]
    blocked: bool,
    count: Option<usize>,
}

impl Top {
    fn count(&self) -> usize {
        self.count.unwrap_or(COUNT).min(MOST)
    }
}

/// What the last 24 hours brought.
pub(super) struct Day {
    pub(super) sums: Sums,
    /// Those that asked, those first that asked the most.
    pub(super) devices: Vec<Device>,
    /// Devices of which anything is known.
    known: usize,
}

impl Day {
    pub(super) fn read(reader: &Reader) -> Result<Self, Problem> {
        let devices = reader.devices(last_day())?;
        let mut sums = Sums::default();
        devices.iter().for_each(|device| sums.add(device.sums));
        Ok(Self { sums, known: reader.ages()?.len().max(devices.len()), devices })
    }

    pub(super) fn clients(&self) -> Value {
        json!({ "active": self.devices.len(), "total": self.known })
    }

    pub(super) fn percent_blocked(&self) -> f64 {
        percent(self.sums.block, self.sums.all())
    }
}

/// Queries a second in the last minute that is over.
pub(super) fn frequency(engine: &Engine) -> f64 {
    let now = clock::now().0.as_secs();
    let minutes = engine.minutes();
    let last = minutes.last().filter(|last| now.saturating_sub(last.at) < 2 * MINUTE);
    last.map_or(0.0, |last| last.sum().all() as f64 / MINUTE as f64)
}

/// Names refused, and when a list was last known to be the newest.
pub(super) fn gravity(engine: &Engine) -> (u64, u64) {
    let snapshot = engine.snapshot();
    let checked = snapshot.rules.lists.iter().filter_map(|list| list.checked);
    (snapshot.rules.table.names(), checked.max().unwrap_or(0))
}

/// Sums
#[utoipa::path(get, path = "/api/stats/summary")]
pub(super) async fn summary(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
) -> Result<Json<Value>, Fault> {
    let told = house.read(|house, reader| {
        let (day, totals) = (Day::read(reader)?, house.engine.totals());
        let (cached, forwarded) = since_start::cached_and_forwarded(&totals);
        let (names, updated) = gravity(&house.engine);
        Ok(json!({
            "queries": {
                "total": day.sums.all(),
                "blocked": day.sums.block,
                "percent_blocked": day.percent_blocked(),
                "unique_domains": 0,
                "forwarded": forwarded,
                "cached": cached,
                "frequency": frequency(&house.engine),
                "types": since_start::types(&totals),
                "status": since_start::status(&totals),
                "replies": since_start::replies(&totals),
            },
            "clients": day.clients(),
            "gravity": { "domains_being_blocked": names, "last_update": updated },
        }))
    });
    Ok(since.answer(told.await?))
}

/// Companies of which the most was refused; of what was let through, nothing
#[utoipa::path(get, path = "/api/stats/top_domains")]
pub(super) async fn top_domains(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
    Query(top): Query<Top>,
) -> Result<Json<Value>, Fault> {
    let told = house.read(move |_, reader| {
        let sums = reader.totals(last_day(), None)?;
        let mut domains = Vec::new();
        if top.blocked {
            let mut found = reader.companies(last_day(), None)?;
            found.retain(|company| company.block > 0);
            found.sort_by_key(|company| u64::MAX - company.block);
            let told = found.into_iter().take(top.count());
            domains = told
                .map(|company| json!({ "domain": company.name, "count": company.block }))
                .collect();
        }
        Ok(json!({
            "domains": domains, "total_queries": sums.all(), "blocked_queries": sums.block,
        }))
    });
    Ok(since.answer(told.await?))
}

/// Devices that asked the most, or of which the most was refused
#[utoipa::path(get, path = "/api/stats/top_clients")]
pub(super) async fn top_clients(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
    Query(top): Query<Top>,
) -> Result<Json<Value>, Fault> {
    let told = house.read(move |house, reader| {
        let Day { sums, mut devices, .. } = Day::read(reader)?;
        let of = |sums: Sums| if top.blocked { sums.block } else { sums.all() };
        devices.sort_by_key(|device| u64::MAX - of(device.sums));
        let names = device_names(&house.engine);
        let addresses: HashMap<_, _, RandomState> = told::devices(&house.engine)
            .into_iter()
            .filter_map(|device| Some((device.key, device.addresses.into_iter().next()?)))
            .collect();
        let asked = devices.into_iter().filter(|device| of(device.sums) > 0).take(top.count());
        let clients = asked.map(|Device { key, sums, .. }| {
            let ip = addresses.get(&key).map_or(HIDDEN, String::as_str);
            json!({ "name": names.get(&key).unwrap_or(&key), "ip": ip, "count": of(sums) })
        });
        let clients: Vec<_> = clients.collect();
        Ok(json!({
            "clients": clients, "total_queries": sums.all(), "blocked_queries": sums.block,
        }))
    });
    Ok(since.answer(told.await?))
}

fn upstream(told: &Upstream) -> Value {
    let uri = told.url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or(&told.url);
    let port = uri.as_ref().and_then(Uri::port_u16).map_or(-1, i32::from);
    json!({
        "ip": host, "name": told.url, "port": port, "count": told.queries,
        "statistics": { "response": told.mean_ms / 1e3, "variance": 0.0 },
    })
}

/// Who was asked, since the start
#[utoipa::path(get, path = "/api/stats/upstreams")]
pub(super) async fn upstreams(Reads(since): Reads, State(house): State<Arc<House>>) -> Json<Value> {
    let totals = house.engine.totals();
    let status = since_start::status(&totals);
    let (cached, forwarded) = since_start::cached_and_forwarded(&totals);
    let of_house = |name: &str, count: Value| {
        json!({
            "ip": name, "name": name, "port": -1, "count": count,
            "statistics": { "response": 0.0, "variance": 0.0 },
        })
    };
    let own = [of_house("blocklist", status["GRAVITY"].clone()), of_house("cache", json!(cached))];
    let asked = told::upstreams(&house.engine);
    let all: Vec<_> = own.into_iter().chain(asked.iter().map(upstream)).collect();
    let sum = status.as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64());
    let sum: u64 = sum.sum();
    since.answer(json!({
        "upstreams": all, "forwarded_queries": forwarded, "total_queries": sum,
    }))
}

/// Queries by type, since the start
#[utoipa::path(get, path = "/api/stats/query_types")]
pub(super) async fn query_types(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
) -> Json<Value> {
    since.answer(json!({ "types": since_start::types(&house.engine.totals()) }))
}

/// Names that were just refused, while somebody watches
#[utoipa::path(get, path = "/api/stats/recent_blocked")]
pub(super) async fn recent_blocked(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
    Query(top): Query<Top>,
) -> Json<Value> {
    let most = top.count.unwrap_or(1).min(MOST);
    since.answer(json!({ "blocked": house.engine.just_refused(most) }))
}
