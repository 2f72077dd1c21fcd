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

/// A time as a person writes it: 30s, 5m, 1h, 2d, tomorrow.
pub(super) fn time(text: &str) -> Result<Time, String> {
    let bad = || format!("`{text}` is no time; write for example 30s, 5m, 1h or tomorrow");
    if text == "tomorrow" {
        return Ok(Time::Tomorrow);
    }
    let unit = text.chars().last().ok_or_else(bad)?;
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| bad())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let time = Duration::from_secs(number.checked_mul(seconds).ok_or_else(bad)?);
    if time.is_zero() || time > LONGEST_PAUSE {
        return Err(format!(
            "`{text}` is not 1s to 7d; without a time, it is off until you press again"
        ));
    }
    Ok(Time::For(time))
}

/// Has the running server forget.
pub(super) fn forget(
    device: Option<String>,
    last: Option<Time>,
    settings: &Settings,
) -> Result<(), String> {
    let since = match last {
        None => None,
        Some(Time::For(time)) => Some(time.as_secs()),
        Some(Time::Tomorrow) => return Err("what is to come is not counted yet".to_owned()),
    };
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
    finish(changes.iter().try_for_each(|Changed { at, way, scope, what }| {
        let at = i64::try_from(*at).ok().and_then(|at| Timestamp::from_second(at).ok());
        let at = at.unwrap_or_default();
        writeln!(out, "{at} {scope}: {what}, by {way}")
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
    }
}
