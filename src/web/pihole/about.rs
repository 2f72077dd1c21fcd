//! What this is, and all at one look. The version is ours: there is no Pi-hole here.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::super::api::House;
use super::stats::{Day, frequency, gravity};
use super::{Fault, Reads, blocking};
use crate::policy::BUILTIN_LISTS;

/// What is here, and what is newest: nobody is asked for the latter, so that both are the same.
fn versions() -> Value {
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let part = json!({
        "local": { "branch": "trackless", "version": version, "hash": version },
        "remote": { "version": version, "hash": version },
    });
    json!({
        "core": part, "web": part, "ftl": part, "docker": { "local": null, "remote": null },
    })
}

/// Versions
#[utoipa::path(get, path = "/api/info/version")]
pub(super) async fn version(Reads(since): Reads) -> Json<Value> {
    since.answer(json!({ "version": versions() }))
}

/// The server
#[utoipa::path(get, path = "/api/info/ftl")]
pub(super) async fn ftl(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
) -> Result<Json<Value>, Fault> {
    let told = house.read(|house, reader| {
        let (day, engine) = (Day::read(reader)?, &house.engine);
        let snapshot = engine.snapshot();
        Ok(json!({ "ftl": {
            "database": {
                "gravity": gravity(engine).0,
                "groups": snapshot.config.profiles.len() + 1,
                "lists": snapshot.rules.lists.len().saturating_sub(BUILTIN_LISTS.len()),
                "clients": day.clients()["total"],
                "domains": { "allowed": 0, "denied": 0 },
            },
            // Domains are hidden.
            "privacy_level": 1,
            "query_frequency": frequency(engine),
            "clients": day.clients(),
            "pid": std::process::id(),
            // The one duration of theirs in milliseconds.
            "uptime": engine.uptime().as_secs_f64() * 1e3,
            "%mem": 0.0,
            "%cpu": 0.0,
            "allow_destructive": false,
        } }))
    });
    Ok(since.answer(told.await?))
}

/// All at one look
#[utoipa::path(get, path = "/api/padd")]
pub(super) async fn padd(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
) -> Result<Json<Value>, Fault> {
    let told = house.read(|house, reader| {
        let (day, engine) = (Day::read(reader)?, &house.engine);
        Ok(json!({
            "active_clients": day.devices.len(),
            "gravity_size": gravity(engine).0,
            "recent_blocked": engine.just_refused(1).pop(),
            "top_domain": null,
            "top_blocked": null,
            "top_client": null,
            "blocking": blocking::word(engine),
            "queries": {
                "total": day.sums.all(),
                "blocked": day.sums.block,
                "percent_blocked": day.percent_blocked(),
            },
            "cache": { "size": engine.cache.entries(), "inserted": 0, "evicted": 0 },
            "node_name": "trackless",
            "version": versions(),
        }))
    });
    Ok(since.answer(told.await?))
}
