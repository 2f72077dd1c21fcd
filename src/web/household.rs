//! Figures of the household: its devices, the button, and who gets around us.

use std::collections::BTreeMap;

use super::families::{Families, counter, gauge};
use crate::clients::DeviceId;
use crate::config::HOUSE;
use crate::engine::Engine;
use crate::filter::VerdictKind;
use crate::stats::Totals;
use crate::trackers::Category;

pub(super) fn queries(engine: &Engine, totals: &Totals<'_>, families: &mut Families) {
    // Several numbers may be one device's: what was counted before it was known whose it is.
    let mut by_verdict: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut by_category: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    let mut around: BTreeMap<&str, u64> = BTreeMap::new();
    let names = engine.devices.names();
    for (device, name) in (0..).map(DeviceId).zip(&names) {
        for (category, verdict, count) in totals.queries(device) {
            *by_verdict.entry((name, verdict.as_str())).or_default() += count;
            // A refused name of no known tracker is one all the same.
            let unknown = (verdict == VerdictKind::Block).then_some(Category::Other);
            if let Some(category) = category.or(unknown) {
                let key = (name.as_str(), category.as_str(), verdict.as_str());
                *by_category.entry(key).or_default() += count;
            }
        }
        let count = totals.around(device);
        if count > 0 {
            *around.entry(name).or_default() += count;
        }
    }
    let queries = by_verdict.into_iter().map(|((device, verdict), count)| {
        counter(&[("device", device), ("verdict", verdict)], count)
    });
    let help = "Queries by device and verdict.";
    families.counters("trackless_queries_total", help, queries.collect());
    let trackers = by_category.into_iter().map(|((device, category, verdict), count)| {
        counter(&[("category", category), ("device", device), ("verdict", verdict)], count)
    });
    let help = "Queries for names of trackers, by device, category of tracker, and verdict.";
    families.counters("trackless_tracker_queries_total", help, trackers.collect());
    let around = around.into_iter().map(|(device, count)| counter(&[("device", device)], count));
    let help = "Queries for names of public resolvers, relays and tunnels: ways around us.";
    families.counters("trackless_around_queries_total", help, around.collect());
    let devices = gauge(&[], engine.devices.count() as f64);
    families.gauges("trackless_devices", "Devices counted by themselves.", vec![devices]);
    let silent = gauge(&[], engine.silent().len() as f64);
    let help = "Devices in the network that have asked nothing for an hour.";
    families.gauges("trackless_devices_silent", help, vec![silent]);
    let one = gauge(&[], f64::from(u8::from(engine.everybody_is_one())));
    let help = "Whether almost all queries come from the one address of a router: 1, else 0.";
    families.gauges("trackless_devices_hidden", help, vec![one]);
}

pub(super) fn button(engine: &Engine, families: &mut Families) {
    let button = engine.button();
    let names: BTreeMap<String, String> = engine
        .devices
        .devices()
        .into_iter()
        .map(|d| (d.key.clone(), d.shown().to_owned()))
        .collect();
    let of_devices = button.devices().map(|(key, state)| {
        let name = names.get(key).map_or(key, String::as_str);
        (format!("device:{name}"), state)
    });
    let states = std::iter::once((HOUSE.to_owned(), button.house())).chain(of_devices);
    let states = states
        .map(|(scope, state)| gauge(&[("scope", &scope)], f64::from(u8::from(!state.is_off()))));
    let help = "Where the button stands, for the house and for devices with one of their own: \
                1 for on, 0 for off or a while off.";
    families.gauges("trackless_button_state", help, states.collect());
    let presses = engine.presses().into_iter().map(|((scope, state, way), count)| {
        counter(&[("scope", scope), ("state", state), ("way", way)], count)
    });
    let help = "Presses of the button, by scope, what it was set to, and by which way.";
    families.counters("trackless_button_presses_total", help, presses.collect());
}
