//! The button of the house, in Pi-hole's words.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::api::House;
use super::super::problem::Problem;
use super::{Fault, Presses, Reads, Sent, refuse};
use crate::clock::Moment;
use crate::engine::{Change, Engine, Way};
use crate::policy::{LONGEST_PAUSE, Press};

/// What it is to be.
#[derive(Deserialize)]
pub(super) struct Wanted {
    blocking: bool,
    /// Seconds; until somebody presses again where it is not there.
    timer: Option<f64>,
}

impl Wanted {
    fn press(&self) -> Result<Press, Fault> {
        let most = LONGEST_PAUSE.as_secs_f64();
        match (self.blocking, self.timer.filter(|seconds| *seconds > 0.0)) {
            (true, None) => Ok(Press::On),
            (false, None) => Ok(Press::Off),
            // Shorter than a second is none at all to the button.
            (false, Some(seconds)) if seconds <= most => {
                Ok(Press::Pause(Duration::from_secs_f64(seconds.max(1.0))))
            }
            (false, Some(_)) => {
                let text = format!("timer: at most {most} seconds; without one it stays off");
                Err(refuse(StatusCode::BAD_REQUEST, text))
            }
            (true, Some(_)) => {
                let text = "timer: only where blocking is false; Trackless does not end by itself";
                Err(refuse(StatusCode::BAD_REQUEST, text))
            }
        }
    }
}

/// `enabled` or `disabled`.
pub(super) fn word(engine: &Engine) -> &'static str {
    if engine.button().house().is_off() { "disabled" } else { "enabled" }
}

fn stands(engine: &Engine) -> Value {
    let left = engine.button().house().left(Moment::now());
    json!({ "blocking": word(engine), "timer": left.map(|left| left.as_secs_f64()) })
}

/// Where the button stands
#[utoipa::path(get, path = "/api/dns/blocking")]
pub(super) async fn show(Reads(since): Reads, State(house): State<Arc<House>>) -> Json<Value> {
    since.answer(stands(&house.engine))
}

/// Presses the button of the house
#[utoipa::path(post, path = "/api/dns/blocking")]
pub(super) async fn press(
    Presses(since): Presses,
    State(house): State<Arc<House>>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Json<Value>, Fault> {
    let change = Change::Press(None, wanted.press()?);
    let made = house.work(move |house| {
        house.engine.change(&change, Way::Web)?;
        Ok::<_, Problem>(stands(&house.engine))
    });
    Ok(since.answer(made.await?))
}
