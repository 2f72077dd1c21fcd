//! Pressing the button.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::problem::{Body, Problem};
use super::super::scope::Presser;
use super::House;
use super::request::within;
use crate::engine::told::{self, Button};
use crate::engine::{Change, Way};
use crate::policy::{LONGEST_PAUSE, Press};

/// What it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum To {
    /// Trackers are refused.
    On,
    /// Trackers are let through.
    Off,
    /// As the house; for the house, on.
    Follow,
}

/// Until when.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Until {
    /// Until the next day begins.
    Tomorrow,
}

/// A press.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Pressed {
    state: To,
    /// Off for so many seconds; until somebody presses again where it is not there.
    #[schema(minimum = 1, maximum = 604_800)]
    seconds: Option<u64>,
    until: Option<Until>,
    /// Only of this device.
    device: Option<String>,
}

impl Pressed {
    fn change(&self) -> Result<Change, Problem> {
        let device = self.device.clone();
        let refused = |detail| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        let press = match (self.state, self.seconds, self.until) {
            (To::On, None, None) => Press::On,
            (To::Follow, None, None) => Press::Follow,
            (To::Off, None, None) => Press::Off,
            (To::Off, Some(seconds), None) => {
                let seconds = within("seconds", seconds, 1..=LONGEST_PAUSE.as_secs())?;
                Press::Pause(Duration::from_secs(seconds))
            }
            (To::Off, None, Some(Until::Tomorrow)) => {
                return Ok(Change::PauseUntilTomorrow(device));
            }
            (To::Off, ..) => return refused("seconds and until: write one of them"),
            _ => return refused("seconds and until: only for a button that is switched off"),
        };
        Ok(Change::Press(device, press))
    }
}

/// Presses the button, of the house or of a device, from the next query on
#[utoipa::path(post, path = "/button", tag = "button", request_body = Pressed,
    responses((status = 200, body = Button)))]
pub(super) async fn press(
    _: Presser,
    State(house): State<Arc<House>>,
    Body(pressed): Body<Pressed>,
) -> Result<Json<Button>, Problem> {
    let change = pressed.change()?;
    house
        .work(move |house| {
            house.engine.change(&change, Way::Web)?;
            let device = pressed.device.map(|text| told::key(&house.engine, &text)).transpose()?;
            Ok(Json(told::button(&house.engine, device.as_deref())))
        })
        .await
}
