//! Figures of the household: its devices, the button, and who gets around us.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use super::families::{Families, counter, gauge};
use crate::clients::DeviceId;
use crate::config::HOUSE;
use crate::engine::Engine;
use crate::filter::VerdictKind;
use crate::stats::{CompanyId, Counts, Pair, Totals};
use crate::trackers::Category;

pub(super) fn queries(engine: &Engine, totals: &Totals<'_>, families: &mut Families) {
    // Several numbers may be one device's: what was counted before it was known whose it is.
    let mut by_verdict: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut by_category: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    let mut around: BTreeMap<&str, u64> = BTreeMap::new();
    let names = engine.devices.names();
    let name = |device: DeviceId| names.get(device.0 as usize).map_or("other", String::as_str);
    let mut by_company: HashMap<CompanyId, Counts, RandomState> = HashMap::default();
    for (Pair { device, company, category }, counts) in totals.pairs() {
        // Of a device that is forgotten.
        if name(device).is_empty() {
            continue;
        }
        for verdict in VerdictKind::ALL {
            let count = counts[verdict as usize];
            if count == 0 {
                continue;
            }
            *by_verdict.entry((name(device), verdict.as_str())).or_default() += count;
            // A refused name of no known tracker is one all the same.
            let unknown = (verdict == VerdictKind::Block).then_some(Category::Other);
            if let Some(category) = category.or(unknown) {
                let key = (name(device), category.as_str(), verdict.as_str());
                *by_category.entry(key).or_default() += count;
            }
        }
        if company != CompanyId::NONE {
            let sums = by_company.entry(company).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    companies(engine, by_company, families);
    let used = gauge(&[], totals.pairs_used() as f64);
    let help = "Pairs of device and company counted by themselves, of the fullest thread.";
    families.gauges("trackless_stats_pairs", help, vec![used]);
    for (device, name) in (0..).map(DeviceId).zip(&names) {
        let count = totals.around(device);
        if count > 0 && !name.is_empty() {
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

/// Companies shown by themselves.
const SHOWN: usize = 100;

fn companies(
    engine: &Engine,
    by_company: HashMap<CompanyId, Counts, RandomState>,
    families: &mut Families,
) {
    let names = engine.companies.told();
    let mut by_name: HashMap<&str, (CompanyId, Counts), RandomState> = HashMap::default();
    for (company, counts) in by_company {
        let Some(name) = names.get(company.0 as usize) else { continue };
        let company = if **name == *"other" { CompanyId::OTHER } else { company };
        let (_, sums) = by_name.entry(name).or_insert_with(|| (company, Counts::default()));
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let mut companies: Vec<_> = by_name.into_values().collect();
    companies.sort_by_key(|(company, counts)| {
        (*company == CompanyId::OTHER, u64::MAX - counts.iter().sum::<u64>(), *company)
    });
    let rest = companies.split_off(companies.len().min(SHOWN));
    let mut other = Counts::default();
    for (_, counts) in rest {
        other.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let named = companies.iter().filter_map(|(company, counts)| {
        let is_other = *company == CompanyId::OTHER;
        if is_other {
            other.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        (!is_other).then(|| Some((names.get(company.0 as usize)?.to_string(), *counts)))?
    });
    let mut samples: Vec<(String, Counts)> = named.collect();
    samples.push(("other".to_owned(), other));
    let samples = samples.iter().flat_map(|(company, counts)| {
        VerdictKind::ALL.into_iter().filter(|verdict| counts[*verdict as usize] > 0).map(
            |verdict| {
                let labels = [("company", company.as_str()), ("verdict", verdict.as_str())];
                counter(&labels, counts[verdict as usize])
            },
        )
    });
    let help = "Queries for names of companies, the most asked for by themselves, by verdict.";
    families.counters("trackless_company_queries_total", help, samples.collect());
}

/// Who reached whom in the last day, as far as it is written down.
pub(super) fn reach(engine: &Engine, families: &mut Families) {
    let (by_device, by_company) = engine.reach();
    let known = engine.devices.devices();
    let names: HashMap<&str, &str> =
        known.iter().map(|device| (device.key.as_str(), device.shown())).collect();
    let all = by_device.len().max(1) as f64;
    let devices = by_device.iter().map(|(key, count)| {
        let name = names.get(key.as_str()).copied().unwrap_or(key);
        gauge(&[("device", name), ("window", "24h")], *count as f64)
    });
    let help = "Companies that appeared in each device.";
    families.gauges("trackless_device_companies", help, devices.collect());
    let mut companies: Vec<_> = by_company.iter().collect();
    companies.sort_by_key(|(name, count)| (usize::MAX - **count, *name));
    let companies = companies
        .into_iter()
        .take(SHOWN)
        .map(|(name, count)| gauge(&[("company", name), ("window", "24h")], *count as f64 / all));
    let help = "Of the devices in which any company appeared, the part in which this one did.";
    families.gauges("trackless_company_reach_ratio", help, companies.collect());
}

/// How writing down goes.
pub(super) fn history(engine: &Engine, families: &mut Families) {
    let figures = engine.recorder_figures();
    let bytes = gauge(&[], figures.bytes as f64);
    families.gauges("trackless_history_bytes", "Size of the store.", vec![bytes]);
    let seconds = gauge(&[], figures.seconds);
    let help = "Time that writing down the counts took the last time.";
    families.gauges("trackless_history_flush_seconds", help, vec![seconds]);
    let rows = counter(&[], figures.rows);
    families.counters("trackless_history_rows_total", "Rows written.", vec![rows]);
    let failures = counter(&[], figures.failures);
    let help = "Times that counts could not be written; they are written later.";
    families.counters("trackless_history_failures_total", help, vec![failures]);
    let failing = gauge(&[], f64::from(u8::from(figures.failing)));
    let help = "Whether counts cannot be written now: 1, else 0.";
    families.gauges("trackless_history_failing", help, vec![failing]);
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

/// What was worth an alert, and how sending it goes.
pub(super) fn alerts(engine: &Engine, families: &mut Families) {
    let figures = engine.told().figures();
    let totals =
        figures.iter().map(|of| counter(&[("kind", of.kind.as_str())], of.total)).collect();
    families.counters("trackless_alerts_total", "Alerts since the start.", totals);
    let active =
        figures.iter().map(|of| gauge(&[("kind", of.kind.as_str())], of.active as f64)).collect();
    let help = "Things there was an alert about that are still so, or were of late.";
    families.gauges("trackless_alerts_active", help, active);
    let failed = engine.told().failed();
    let failed = failed.map(|(sender, count)| counter(&[("sender", sender.as_str())], count));
    let help = "Times that a receiver of alerts was not to be had.";
    families.counters("trackless_alerts_failed_total", help, failed.collect());
}
