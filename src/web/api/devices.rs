//! Devices of the house.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::{Body, Problem};
use super::super::scope::{Admin, Reader};
use super::companies::{Company, Facts, MOST_DAYS};
use super::page::{Page, Paging};
use super::request::{Path, Query, within};
use super::{House, Said};
use crate::clients;
use crate::engine::told::{self, Button, Card, Seen};
use crate::engine::{Change, Engine, Way};
use crate::history::read::{self, Span};

/// A device in some days.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Device {
    #[serde(flatten)]
    of: OfDevice,
    /// How many companies appeared in it.
    companies: u64,
}

/// What is told of a device everywhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OfDevice {
    /// By what it is named everywhere.
    key: String,
    /// As it is shown.
    name: String,
    /// The name its owner gave it while the server ran.
    given: Option<String>,
    /// The name it told a DHCP server, or tells by itself.
    lease: Option<String>,
    /// Who made its network card.
    vendor: Option<String>,
    /// Its card's address.
    card: Option<String>,
    /// Addresses it asked from since the start.
    addresses: Vec<String>,
    /// Profile that holds for it now.
    profile: String,
    /// What its owner said of it.
    tags: Vec<String>,
    /// Its own button; null where it is as the house.
    button: Option<Button>,
    /// Whether trackers are let through for it.
    off: bool,
    queries: u64,
    /// Refused.
    block: u64,
    /// Queries since the start for names of ways around this server.
    around: u64,
    /// The first day it asked.
    first: Option<u64>,
    /// The last hour it asked; where that is long ago, the day.
    last: Option<u64>,
    /// Whether it asked since the start.
    asked: bool,
}

/// A device and the companies that appeared in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WholeDevice)]
pub(super) struct Whole {
    #[serde(flatten)]
    of: OfDevice,
    companies: Vec<Company>,
}

/// How devices are shown, by key: those that asked since the start, and those that were given a name.
pub(in super::super) fn names(engine: &Engine) -> BTreeMap<String, String> {
    let given =
        engine.choices().devices.into_iter().filter_map(|(key, said)| Some((key, said.name?)));
    let known = engine.devices.devices().into_iter();
    given.chain(known.map(|device| (device.key.clone(), device.shown().to_owned()))).collect()
}

/// All that is known of any device, those first that asked the most in the span.
fn all(engine: &Engine, reader: &read::Reader, span: Span) -> Result<Vec<Device>, Problem> {
    let (button, names) = (engine.button(), names(engine));
    let mut ages = reader.ages()?;
    let mut counted: BTreeMap<_, _> =
        reader.devices(span)?.into_iter().map(|device| (device.key.clone(), device)).collect();
    let mut seen: BTreeMap<_, _> =
        told::devices(engine).into_iter().map(|seen| (seen.key.clone(), seen)).collect();
    let keys = ages.keys().chain(counted.keys()).chain(seen.keys());
    let mut keys: Vec<String> = keys.cloned().collect();
    keys.sort();
    keys.dedup();
    let own: BTreeMap<_, _> = button.devices().collect();
    let mut devices: Vec<Device> = keys
        .into_iter()
        .map(|key| {
            let own = own.get(key.as_str()).copied();
            let (counted, age) = (counted.remove(&key), ages.remove(&key));
            let sums = counted.as_ref().map(|counted| counted.sums).unwrap_or_default();
            let asked = seen.contains_key(&key);
            let seen = seen.remove(&key).unwrap_or_else(|| absent(engine, &key, &names));
            let companies = counted.map_or(0, |counted| counted.companies);
            let of = OfDevice {
                button: own.map(Button::of),
                off: button.is_off(&key),
                queries: sums.all(),
                block: sums.block,
                around: seen.around,
                first: age.map(|age| age.first),
                last: age.map(|age| age.last),
                asked,
                key,
                name: seen.name,
                given: seen.given,
                lease: seen.lease,
                vendor: seen.vendor,
                card: seen.card,
                addresses: seen.addresses,
                profile: seen.profile,
                tags: seen.tags,
            };
            Device { of, companies }
        })
        .collect();
    devices.sort_by(|a, b| (b.of.queries, &a.of.key).cmp(&(a.of.queries, &b.of.key)));
    Ok(devices)
}

/// A device that did not ask since the start.
fn absent(engine: &Engine, key: &str, names: &BTreeMap<String, String>) -> Seen {
    let snapshot = engine.snapshot();
    let settings = snapshot.config.devices.iter().find(|device| device.name == key);
    let given = names.get(key).cloned();
    let device = clients::Device {
        key: key.to_owned(),
        addresses: Vec::new(),
        card: None,
        lease: None,
        name: given.clone(),
        tags: settings.map(|device| device.tags.clone()).unwrap_or_default(),
        forgotten: false,
        merged: None,
    };
    Seen {
        name: device.shown().to_owned(),
        key: key.to_owned(),
        given,
        lease: None,
        vendor: None,
        card: None,
        addresses: Vec::new(),
        profile: snapshot.policy.profile_name(&device).to_owned(),
        tags: device.tags,
        off: snapshot.policy.button().is_off(key),
        queries: 0,
        refused: 0,
        around: 0,
    }
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// How many, with today.
    #[param(minimum = 1, maximum = 400, default = 7)]
    days: Option<u64>,
}

impl Days {
    fn days(&self) -> Result<u64, Problem> {
        within("days", self.days.unwrap_or(7), 1..=MOST_DAYS)
    }
}

/// Devices of the house
#[utoipa::path(get, path = "/devices", tag = "read", params(Days, Paging),
    responses((status = 200, body = Page<Device>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(days): Query<Days>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Device>>, Problem> {
    let days = days.days()?;
    house
        .read(move |house, reader| {
            let devices = all(&house.engine, reader, house.days(days))?;
            Page::of(devices, &paging, |device| device.of.key.clone()).map(Json)
        })
        .await
}

/// A device, and the companies that appeared in it
#[utoipa::path(get, path = "/devices/{key}", tag = "read",
    params(("key" = String, Path, description = "Its key"), Days),
    responses((status = 200, body = Whole)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
    Path(key): Path,
    Query(days): Query<Days>,
) -> Result<Json<Whole>, Problem> {
    let days = days.days()?;
    house
        .read(move |house, reader| {
            let (span, engine) = (house.days(days), &house.engine);
            let mut devices = all(engine, reader, span)?.into_iter();
            let Some(device) = devices.find(|device| device.of.key == key) else {
                let detail = format!("no device is known as `{key}`");
                return Err(Problem::new(StatusCode::NOT_FOUND, detail));
            };
            let facts = Facts::new(engine, reader, span)?;
            let companies = reader.companies(span, Some(&key))?.into_iter();
            let companies = companies.map(|company| facts.company(company)).collect();
            Ok(Json(Whole { of: device.of, companies }))
        })
        .await
}

/// What its owner says of a device. What is not there stays as it is; null takes it back.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Says {
    /// Its name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 64)]
    name: Option<Option<String>>,
    /// The profile it is held to.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, required = false)]
    profile: Option<Option<String>>,
}

/// Null is something else than nothing.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Gives a device a name, or holds it to a profile
#[utoipa::path(put, path = "/devices/{key}", tag = "admin",
    params(("key" = String, Path, description = "Its key")), request_body = Says,
    responses((status = 200, body = Said)))]
pub(super) async fn change(
    _: Admin,
    State(house): State<Arc<House>>,
    Path(key): Path,
    Body(Says { name, profile }): Body<Says>,
) -> Result<Json<Said>, Problem> {
    house
        .work(move |house| {
            let name = name.map(|name| Change::Name(key.clone(), name));
            let profile = profile.map(|profile| Change::Hold(key.clone(), profile));
            let mut said = Vec::new();
            for change in name.into_iter().chain(profile) {
                said.push(house.engine.change(&change, Way::Web)?);
            }
            Ok(Json(Said { said: said.join("; ") }))
        })
        .await
}

/// Network cards that are there and asked nothing for an hour
#[utoipa::path(get, path = "/silent", tag = "read", params(Paging),
    responses((status = 200, body = Page<Card>)))]
pub(super) async fn silent(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Card>>, Problem> {
    let mut cards = told::silent(&house.engine);
    cards.sort_by(|a, b| a.card.cmp(&b.card));
    Page::of(cards, &paging, |card| card.card.clone()).map(Json)
}
