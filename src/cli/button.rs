//! `trackless button`: where it stands, and pressing it.

use std::io::{self, Write as _};
use std::time::Duration;

use jiff::Timestamp;

use super::actions::ButtonAction;
use super::{Settings, ask, finish, tell};
use crate::control::Order;
use crate::engine::Change;
use crate::engine::told::Stands;
use crate::history::Change as Changed;
use crate::policy::{LONGEST_PAUSE, Press};

pub(super) fn run(action: &ButtonAction, settings: &Settings) -> Result<(), String> {
    let change = match action {
        ButtonAction::Status { json } => return status(*json, settings),
        ButtonAction::History { json } => return history(*json, settings),
        ButtonAction::On { device } => Change::Press(device.clone(), Press::On),
        ButtonAction::Follow { device } => Change::Press(Some(device.clone()), Press::Follow),
        ButtonAction::Off { device, time: None } => Change::Press(device.clone(), Press::Off),
        ButtonAction::Off { device, time: Some(Time::Tomorrow) } => {
            Change::PauseUntilTomorrow(device.clone())
        }
        ButtonAction::Off { device, time: Some(Time::For(time)) } => {
            Change::Press(device.clone(), Press::Pause(*time))
        }
    };
    let said = tell(&Order::Change(change), settings)?;
    finish(writeln!(io::stdout(), "{said}"))
}

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    For(Duration),
    Tomorrow,
}

/// How long a pause is, as a person writes it: 30s, 5m, 1h, 2d, tomorrow.
pub(super) fn time(text: &str) -> Result<Time, String> {
    if text == "tomorrow" {
        return Ok(Time::Tomorrow);
    }
    let time = duration(text)
        .ok_or_else(|| format!("`{text}` is no time; write for example 30s, 5m, 1h or tomorrow"))?;
    if time.is_zero() || time > LONGEST_PAUSE {
        return Err(format!(
            "`{text}` is not 1s to 7d; without a time, it is off until you press again"
        ));
    }
    Ok(Time::For(time))
}

/// How far back somebody looks: 30s, 5m, 1h, 2d.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let time = duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| format!("`{text}` is no time; write for example 30s, 5m, 1h or 2d"))
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// Has the running server forget.
pub(super) fn forget(
    device: Option<String>,
    last: Option<Duration>,
    settings: &Settings,
) -> Result<(), String> {
    let since = last.map(|last| last.as_secs());
    let said = tell(&Order::Forget(device, since), settings)?;
    finish(writeln!(io::stdout(), "{said}"))
}

fn status(json: bool, settings: &Settings) -> Result<(), String> {
    let text = tell(&Order::Button, settings)?;
    let mut out = io::stdout().lock();
    if json {
        return finish(writeln!(out, "{text}"));
    }
    let stands: Vec<Stands> = ask(&Order::Button, settings)?;
    finish(stands.iter().try_for_each(|Stands { device, button }| {
        let whose = device.as_deref().unwrap_or("house");
        match button.left {
            Some(left) => writeln!(out, "{whose}: off for {left} s more"),
            None => writeln!(out, "{whose}: {}", button.state),
        }
    }))
}

fn history(json: bool, settings: &Settings) -> Result<(), String> {
    let mut out = io::stdout().lock();
    if json {
        let text = tell(&Order::Changes, settings)?;
        return finish(writeln!(out, "{text}"));
    }
    let changes: Vec<Changed> = ask(&Order::Changes, settings)?;
    finish(changes.iter().try_for_each(|Changed { at, way, scope, text, .. }| {
        let at = i64::try_from(*at).ok().and_then(|at| Timestamp::from_second(at).ok());
        let at = at.unwrap_or_default();
        writeln!(out, "{at} {scope}: {text}, by {way}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let seconds = |n| Ok(Time::For(Duration::from_secs(n)));
        for (text, expected) in
            [("30s", seconds(30)), ("5m", seconds(300)), ("2d", seconds(172_800))]
        {
            assert_eq!(time(text), expected);
        }
        assert_eq!(time("tomorrow"), Ok(Time::Tomorrow));
        for text in ["", "m", "0s", "8d", "5", "5 m", "99999999999999999d", "1é"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!(span("400d"), Ok(Duration::from_secs(400 * 86_400)));
        for text in ["", "0s", "tomorrow", "1é"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
