//! The button of the device that asks: who holds it may press it without a login, if the owner lets
//! them, and for no longer than the owner says.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clients::Device;
use crate::engine::told::{self, Button};
use crate::engine::{Change, Engine, Way};
use crate::policy::Press;
use crate::web::problem::{Body, Problem};
use crate::web::scope::{Source, is_meant};
use crate::web::{Site, beside};

/// The device that asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    key: String,
    name: String,
    button: Button,
    /// Whether its button may be pressed without a login.
    may_press: bool,
    /// For how long at most.
    most_seconds: u64,
}

/// What is wanted of it.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OnOrOff)]
pub(super) enum Wanted {
    On,
    Off,
}

/// A press.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OwnPress {
    state: Wanted,
    /// Off for so long; without it, as long as it may be.
    seconds: Option<u64>,
}

/// The device at `source`, as far as it may be known: without a login only where it may be pressed.
pub(super) fn me(site: &Site, source: IpAddr, logged_in: bool) -> Option<Me> {
    let device = device(&site.engine, source)?;
    let own = site.engine.snapshot().config.button.clone();
    (own.open || logged_in).then(|| Me {
        button: told::button(&site.engine, Some(&device.key)),
        name: device.shown().to_owned(),
        key: device.key,
        may_press: own.open,
        most_seconds: own.most.as_secs(),
    })
}

/// The device that has asked from `source`. Where everybody is one address there is none: that
/// button would be everybody's.
fn device(engine: &Engine, source: IpAddr) -> Option<Device> {
    engine.devices.find(&source.to_string()).filter(|_| !engine.everybody_is_one())
}

/// Press the button of the device that asks
#[utoipa::path(
    post, path = "/me/button", tag = "login", request_body = OwnPress,
    responses(
        (status = 200, body = Button), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)
    )
)]
pub(super) async fn press(
    Source(source): Source,
    State(site): State<Site>,
    headers: HeaderMap,
    Body(OwnPress { state, seconds }): Body<OwnPress>,
) -> Result<Json<Button>, Problem> {
    is_meant(&headers)?;
    let own = site.engine.snapshot().config.button.clone();
    if !own.open {
        let text = "the owner of this network has not opened the button; ask them";
        return Err(Problem::new(StatusCode::FORBIDDEN, text));
    }
    let Some(device) = device(&site.engine, source) else {
        let text = "this device has asked nothing here yet; use it as its DNS server first";
        return Err(Problem::new(StatusCode::NOT_FOUND, text));
    };
    let time = Duration::from_secs(seconds.unwrap_or(own.most.as_secs()));
    if time.is_zero() || time > own.most {
        let text = format!("it may be off for 1 to {} seconds", own.most.as_secs());
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    let press = match state {
        Wanted::Off => Press::Pause(time),
        // As the house is, so that it stays so; but on.
        Wanted::On if site.engine.button().house().is_off() => Press::On,
        Wanted::On => Press::Follow,
    };
    let made = beside(move || {
        let change = Change::Press(Some(device.key.clone()), press);
        let said = site.engine.change(&change, Way::Device);
        said.map(|_| told::button(&site.engine, Some(&device.key)))
            .map_err(|error| error.to_string())
    });
    let made = made.await?;
    made.map(Json).map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error))
}
