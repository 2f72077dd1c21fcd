//! `trackless live`: what is asked right now, with names. The server keeps them only while this runs.

use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use super::queries::write_why;
use super::{Settings, ask, finish};
use crate::control::Order;
use crate::engine::told::Asked;

/// From one look to the next.
const PACE: Duration = Duration::from_millis(500);

pub(super) fn run(device: Option<&str>, once: bool, settings: &Settings) -> Result<(), String> {
    let zone = TimeZone::system();
    let mut last = 0;
    loop {
        let asked: Vec<Asked> = ask(&Order::Live(last, device.map(str::to_owned)), settings)?;
        last = asked.last().map_or(last, |asked| asked.number);
        let mut out = io::stdout().lock();
        let shown = asked.iter().try_for_each(|asked| {
            let Asked { at, device, name, qtype, verdict, by, company, .. } = asked;
            let at = i64::try_from(*at).ok().and_then(|at| Timestamp::from_second(at).ok());
            let at = zone.to_datetime(at.unwrap_or_default()).strftime("%H:%M:%S").to_string();
            write!(out, "{at} {device} {name} {qtype} {verdict}")?;
            write_why(&mut out, by, company)
        });
        if let Err(error) = shown.and_then(|()| out.flush()) {
            return finish(Err(error));
        }
        drop(out);
        if once {
            return Ok(());
        }
        thread::sleep(PACE);
    }
}
