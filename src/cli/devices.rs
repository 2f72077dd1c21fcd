//! `trackless devices`: who has asked, by which name, held to what.

use std::io::{self, Write as _};

use super::actions::DevicesAction;
use super::{Settings, ask, finish, tell};
use crate::control::Order;
use crate::engine::Change;
use crate::engine::told::{Card, Seen};

pub(super) fn run(action: &DevicesAction, settings: &Settings) -> Result<(), String> {
    let change = match action {
        DevicesAction::List { json } => return list(*json, settings),
        DevicesAction::Silent { json } => return silent(*json, settings),
        DevicesAction::Name { device, name } => Change::Name(device.clone(), name.clone()),
        DevicesAction::Profile { device, profile } => Change::Hold(device.clone(), profile.clone()),
    };
    let said = tell(&Order::Change(change), settings)?;
    finish(writeln!(io::stdout(), "{said}"))
}

fn list(json: bool, settings: &Settings) -> Result<(), String> {
    let mut out = io::stdout().lock();
    if json {
        let text = tell(&Order::Devices, settings)?;
        return finish(writeln!(out, "{text}"));
    }
    let devices: Vec<Seen> = ask(&Order::Devices, settings)?;
    finish(devices.iter().try_for_each(|device| {
        let button = if device.off { "off" } else { "on" };
        write!(
            out,
            "{}: {} queries, {} refused; profile {}, button {button}",
            device.name, device.queries, device.refused, device.profile
        )?;
        if device.around > 0 {
            write!(out, "; asked {} times for ways around", device.around)?;
        }
        writeln!(out)?;
        let said = [&device.lease, &device.vendor, &device.card];
        let said: Vec<&str> = said.into_iter().flatten().map(String::as_str).collect();
        let addresses = device.addresses.join(", ");
        let known = [said.join(", "), addresses];
        let known: Vec<_> = known.iter().filter(|text| !text.is_empty()).cloned().collect();
        writeln!(out, "  {} {}", device.key, known.join("; "))
    }))
}

/// Devices that are in the network and have asked nothing for an hour: they go around us.
fn silent(json: bool, settings: &Settings) -> Result<(), String> {
    let mut out = io::stdout().lock();
    if json {
        let text = tell(&Order::Silent, settings)?;
        return finish(writeln!(out, "{text}"));
    }
    let cards: Vec<Card> = ask(&Order::Silent, settings)?;
    finish(cards.iter().try_for_each(|card| {
        writeln!(out, "{} {}", card.card, card.vendor.as_deref().unwrap_or(""))
    }))
}
