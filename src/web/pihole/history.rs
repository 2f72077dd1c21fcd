//! The last 24 hours, hour by hour; Pi-hole's own slots are of ten minutes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::api::{House, device_names};
use super::stats::Day;
use super::{Fault, HOUR, Query, Reads, last_day};

/// Devices where nobody says how many.
const DEVICES: usize = 20;
/// Most of them: each is a question to the store.
const MOST: usize = 100;

/// Queries by hour
#[utoipa::path(get, path = "/api/history")]
pub(super) async fn show(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
) -> Result<Json<Value>, Fault> {
    let told = house.read(|_, reader| {
        let span = last_day();
        let hours = (span.first..).zip(reader.hours(span, None, None)?).map(|(hour, of)| {
            json!({
                "timestamp": hour * HOUR,
                "total": of.sums.all(),
                "cached": 0,
                "blocked": of.sums.block,
                "forwarded": of.sums.all() - of.sums.block,
            })
        });
        Ok(json!({ "history": hours.collect::<Vec<_>>() }))
    });
    Ok(since.answer(told.await?))
}

/// How many devices; 0 for all.
#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(rename = "N", alias = "n")]
    most: Option<usize>,
}

/// Queries by hour of the devices that asked the most
#[utoipa::path(get, path = "/api/history/clients")]
pub(super) async fn clients(
    Reads(since): Reads,
    State(house): State<Arc<House>>,
    Query(Which { most }): Query<Which>,
) -> Result<Json<Value>, Fault> {
    let most = match most {
        Some(0) => MOST,
        most => most.unwrap_or(DEVICES).min(MOST),
    };
    let told = house.read(move |house, reader| {
        let (span, names) = (last_day(), device_names(&house.engine));
        let mut clients = Map::new();
        let mut hours: Vec<Map<String, Value>> =
            (span.first..=span.last).map(|_| Map::new()).collect();
        for device in Day::read(reader)?.devices.into_iter().take(most) {
            let key = device.key;
            let of_device = reader.hours(span, Some(&key), None)?;
            for (hour, of) in hours.iter_mut().zip(of_device) {
                if of.sums.all() > 0 {
                    hour.insert(key.clone(), json!(of.sums.all()));
                }
            }
            let name = names.get(&key).unwrap_or(&key);
            let told = json!({ "name": name, "total": device.sums.all() });
            clients.insert(key, told);
        }
        let hours = (span.first..).zip(hours);
        let hours = hours.map(|(hour, of)| json!({ "timestamp": hour * HOUR, "data": of }));
        Ok(json!({ "clients": clients, "history": hours.collect::<Vec<_>>() }))
    });
    Ok(since.answer(told.await?))
}
