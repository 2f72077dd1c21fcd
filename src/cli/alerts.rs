//! `trackless alerts`: what was worth a word.

use std::io::{self, Write as _};

use jiff::Timestamp;

use super::{Settings, ask, finish, tell};
use crate::alerts::Alert;
use crate::control::Order;

pub(super) fn run(json: bool, settings: &Settings) -> Result<(), String> {
    let mut out = io::stdout().lock();
    if json {
        let text = tell(&Order::Alerts, settings)?;
        return finish(writeln!(out, "{text}"));
    }
    let alerts: Vec<Alert> = ask(&Order::Alerts, settings)?;
    finish(alerts.iter().try_for_each(|Alert { at, kind, text, .. }| {
        let at = i64::try_from(*at).ok().and_then(|at| Timestamp::from_second(at).ok());
        writeln!(out, "{} {kind}: {text}", at.unwrap_or_default())
    }))
}
