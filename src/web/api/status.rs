//! How things stand: the page that is looked at first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::companies::needed;
use super::{HOUR, House};
use crate::engine::Engine;
use crate::engine::told::{self, Button, Trouble};
use crate::history::read;
use crate::stats::Source;

/// Days that count as new.
const NEW: u64 = 7;
/// New companies told of.
const SHOWN: usize = 50;

/// How things stand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(in super::super) struct Status {
    /// Of this program.
    version: &'static str,
    /// Seconds since the start.
    uptime: u64,
    /// The house's.
    button: Button,
    today: Today,
    /// What is not as it should be, and what to do about it.
    problems: Vec<Trouble>,
    /// Answers since the start, by where they came from.
    #[schema(example = json!({"filter": 1, "cache": 2, "stale": 0, "upstream": 3, "local": 0}))]
    answers: BTreeMap<String, u64>,
    cache: Held,
    /// How strongly the house is protected: `relaxed`, `balanced` or `strict`.
    level: &'static str,
    /// What is told apart: `counts`, `devices` or `full`.
    stats_level: &'static str,
    /// Queries that wait for upstream.
    waiting: usize,
}

/// Since midnight, by the clock of the house.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Today {
    queries: u64,
    /// Refused.
    blocked: u64,
    /// Companies that tried to follow: those that only have what people need are left out, here and
    /// below.
    companies: usize,
    /// Devices that asked.
    devices: usize,
    /// Companies of which anything was refused.
    stopped: usize,
    /// The one that appeared in the most devices.
    top: Option<Top>,
    /// Companies that nobody had met before this week, the latest first.
    new: Vec<New>,
}

/// A company and its reach.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Top {
    company: String,
    devices: u64,
}

/// A company, and the name of the device that met it first.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct New {
    company: String,
    device: String,
}

/// Answers that are held.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Held {
    entries: usize,
    bytes: usize,
}

/// How things stand
#[utoipa::path(get, path = "/status", tag = "read", responses((status = 200, body = Status)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
) -> Result<Json<Status>, Problem> {
    status(&house).await.map(Json)
}

/// How things stand.
pub(in super::super) async fn status(house: &Arc<House>) -> Result<Status, Problem> {
    house.read(|house, reader| Ok(of(&house.engine, today(house, reader)?))).await
}

fn today(house: &House, reader: &read::Reader) -> Result<Today, Problem> {
    let read::Graph { mut companies, devices, .. } = reader.graph(house.days(1))?;
    let needed = needed(&house.engine);
    companies.retain(|company| !needed.contains(&company.name));
    let all = devices.iter().fold(read::Sums::default(), |mut all, device| {
        all.add(device.sums);
        all
    });
    let top = companies.iter().find(|company| company.name != "other");
    let top = top.map(|top| Top { company: top.name.clone(), devices: top.devices });
    Ok(Today {
        queries: all.all(),
        blocked: all.block,
        stopped: companies.iter().filter(|company| company.block > 0).count(),
        companies: companies.len(),
        devices: devices.len(),
        top,
        new: new(house, reader, |company| needed.contains(company))?,
    })
}

fn new(
    house: &House,
    reader: &read::Reader,
    is_needed: impl Fn(&str) -> bool,
) -> Result<Vec<New>, Problem> {
    let week = house.days(NEW).first * HOUR / 86_400;
    // In the first week all are.
    if reader.first_day()?.is_none_or(|first| first >= week) {
        return Ok(Vec::new());
    }
    let known = house.engine.devices.devices();
    let shown = |key: String| {
        let device = known.iter().find(|device| device.key == key);
        device.map_or(key, |device| device.shown().to_owned())
    };
    let is_shown = |company: &str| company != "other" && !is_needed(company);
    let new = reader.new_since(week)?.into_iter().filter(|(company, ..)| is_shown(company));
    let new = new.map(|(company, key, _)| New { company, device: shown(key) });
    Ok(new.take(SHOWN).collect())
}

fn of(engine: &Engine, today: Today) -> Status {
    let totals = engine.totals();
    let answers =
        Source::ALL.map(|source| (source.as_str().to_owned(), totals.answers_from(source)));
    let snapshot = engine.snapshot();
    Status {
        version: env!("CARGO_PKG_VERSION"),
        uptime: engine.uptime().as_secs(),
        button: told::button(engine, None),
        today,
        problems: told::troubles(engine),
        answers: answers.into(),
        cache: Held { entries: engine.cache.entries(), bytes: engine.cache.bytes() },
        level: snapshot.config.level.as_str(),
        stats_level: snapshot.config.stats.level.as_str(),
        waiting: engine.waiting(),
    }
}
