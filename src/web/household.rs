//! Figures of the household: its devices, the button, and who gets around us.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use prometheus::proto::Metric;

use super::families::{Families, counter, gauge};
use crate::clients::DeviceId;
use crate::config::HOUSE;
use crate::engine::Engine;
use crate::filter::VerdictKind;
use crate::stats::{CompanyId, Counts, Pair, Totals};
use crate::trackers::Category;

/// All that is not shown by itself.
const OTHER: &str = "other";

type ByName<T> = HashMap<T, Counts, RandomState>;

/// Who reached whom in the last day, as far as it is written down: how many companies each device
/// had, by its key, and how many devices each company.
type Reached = (BTreeMap<String, usize>, BTreeMap<String, usize>);

/// What was counted of a device.
#[derive(Clone, Default)]
struct OfDevice {
    queries: Counts,
    trackers: [Counts; Category::ALL.len()],
    around: u64,
}

impl OfDevice {
    fn take(&mut self, category: Option<Category>, counts: Counts) {
        add(&mut self.queries, counts);
        if let Some(category) = category {
            add(&mut self.trackers[category as usize], counts);
        } else {
            // A refused name of no known tracker is one all the same.
            let refused = VerdictKind::Block as usize;
            self.trackers[Category::Other as usize][refused] += counts[refused];
        }
    }

    fn add(&mut self, other: &Self) {
        add(&mut self.queries, other.queries);
        let trackers = self.trackers.iter_mut().zip(other.trackers);
        trackers.for_each(|(sums, counts)| add(sums, counts));
        self.around += other.around;
    }
}

pub(super) fn queries(engine: &Engine, totals: &Totals, families: &mut Families) {
    let names = engine.devices.names();
    let companies = engine.companies.told();
    let shown = engine.snapshot().config.metrics.clone();
    // By number first: there are many more pairs than names, and names are slow to compare.
    let mut by_number = vec![OfDevice::default(); names.len()];
    let mut by_company_number = vec![Counts::default(); companies.len()];
    let mut by_pair: ByName<(&str, &str)> = HashMap::default();
    for (Pair { device, company, category }, counts) in totals.pairs() {
        let device = if names.len() > device.0 as usize { device } else { DeviceId::OTHER };
        let name = &*names[device.0 as usize];
        // Of a device that is forgotten.
        if name.is_empty() {
            continue;
        }
        by_number[device.0 as usize].take(category, counts);
        if company != CompanyId::NONE
            && let Some(sums) = by_company_number.get_mut(company.0 as usize)
        {
            add(sums, counts);
            if shown.pairs > 0 {
                let pair = (name, &*companies[company.0 as usize]);
                add(by_pair.entry(pair).or_default(), counts);
            }
        }
    }
    // Several numbers may be one device's: what was counted before it was known whose it is.
    let mut by_device: BTreeMap<&str, OfDevice> = BTreeMap::new();
    for ((device, name), of) in (0..).map(DeviceId).zip(&names).zip(&mut by_number) {
        if !name.is_empty() {
            of.around = totals.around(device);
            by_device.entry(name).or_default().add(of);
        }
    }
    let mut by_company: ByName<&str> = HashMap::default();
    for (name, counts) in companies.iter().zip(by_company_number) {
        if counts != Counts::default() {
            add(by_company.entry(name).or_default(), counts);
        }
    }
    let reached = engine.reach();
    reach(engine, &reached, shown.companies, families);
    by_reach(by_company, &reached, shown.companies, families);
    pairs(by_pair, shown.pairs, families);
    let used = gauge(&[], totals.pairs_used() as f64);
    let help = "Pairs of device and company counted by themselves, of the fullest thread.";
    families.gauges("trackless_stats_pairs", help, vec![used]);
    let queries = by_device.iter().flat_map(|(name, of)| samples(&[("device", name)], of.queries));
    let help = "Queries by device and verdict.";
    families.counters("trackless_queries_total", help, queries.collect());
    let trackers = by_device.iter().flat_map(|(name, of)| {
        Category::ALL.into_iter().flat_map(move |category| {
            let labels = [("category", category.as_str()), ("device", *name)];
            samples(&labels, of.trackers[category as usize])
        })
    });
    let help = "Queries for names of trackers, by device, category of tracker, and verdict.";
    families.counters("trackless_tracker_queries_total", help, trackers.collect());
    let around = by_device.iter().filter(|(_, of)| of.around > 0);
    let around = around.map(|(name, of)| counter(&[("device", name)], of.around));
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

fn add(sums: &mut Counts, counts: Counts) {
    sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
}

/// A sample for each verdict that there was.
fn samples(labels: &[(&str, &str)], counts: Counts) -> Vec<Metric> {
    let there = VerdictKind::ALL.into_iter().filter(|verdict| counts[*verdict as usize] > 0);
    let sample = |verdict: VerdictKind| {
        counter(&[labels, &[("verdict", verdict.as_str())]].concat(), counts[verdict as usize])
    };
    there.map(sample).collect()
}

/// Companies, those that reach most devices by themselves.
fn by_reach(by_company: ByName<&str>, reached: &Reached, most: usize, families: &mut Families) {
    let mut companies: Vec<_> = by_company.into_iter().collect();
    // Not all that is counted is written down yet: of those that reach as many, those asked for most.
    companies.sort_by_cached_key(|(name, counts)| {
        let reach = reached.1.get(*name).copied().unwrap_or(0);
        (*name == OTHER, Reverse((reach, counts.iter().sum::<u64>())), *name)
    });
    let named = companies.iter().take_while(|(name, _)| *name != OTHER).count().min(most);
    let mut other = Counts::default();
    companies.drain(named..).for_each(|(_, counts)| add(&mut other, counts));
    companies.push((OTHER, other));
    let samples = companies.into_iter().flat_map(|(name, of)| samples(&[("company", name)], of));
    let help = "Queries for names of companies, those that reach most devices by themselves, by \
                verdict.";
    families.counters("trackless_company_queries_total", help, samples.collect());
}

/// Pairs of device and company, those with most queries by themselves.
fn pairs(by_pair: ByName<(&str, &str)>, most: usize, families: &mut Families) {
    let mut pairs: Vec<_> = by_pair.into_iter().collect();
    pairs.sort_by_cached_key(|((device, company), counts)| {
        (*company == OTHER, Reverse(counts.iter().sum::<u64>()), *device, *company)
    });
    let named = pairs.iter().take_while(|((_, company), _)| *company != OTHER).count().min(most);
    let mut others: BTreeMap<&str, Counts> = BTreeMap::new();
    for ((device, _), counts) in pairs.drain(named..) {
        add(others.entry(device).or_default(), counts);
    }
    pairs.extend(others.into_iter().map(|(device, counts)| ((device, OTHER), counts)));
    let samples = pairs.into_iter().flat_map(|((device, company), counts)| {
        samples(&[("company", company), ("device", device)], counts)
    });
    let help = "Queries of devices for names of companies, those asked for most by themselves, by \
                verdict.";
    families.counters("trackless_device_company_queries_total", help, samples.collect());
}

fn reach(engine: &Engine, reached: &Reached, most: usize, families: &mut Families) {
    let (by_device, by_company) = reached;
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
    companies.sort_by_key(|(name, count)| (Reverse(**count), *name));
    let companies = companies
        .into_iter()
        .take(most)
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
    let dropped = [
        ("hours", figures.dropped.hours),
        ("days", figures.dropped.days),
        ("queries", figures.unkept),
    ];
    let dropped = dropped.map(|(what, count)| counter(&[("what", what)], count));
    let help = "Hours and days of devices that went before their time, to make room; queries whose \
                counts are kept nowhere, because there is no store.";
    families.counters("trackless_history_dropped_total", help, dropped.to_vec());
    let failing = gauge(&[], f64::from(u8::from(figures.failing)));
    let help =
        "Whether counts cannot be written now, or that takes longer than ten seconds: 1, else 0.";
    families.gauges("trackless_history_failing", help, vec![failing]);
}

/// How keeping queries goes, where they are kept.
pub(super) fn query_log(engine: &Engine, families: &mut Families) {
    let figures = engine.query_log_figures();
    let dropped = counter(&[], engine.queries_dropped());
    let help = "Queries that were not kept because too many came, or they could not be written.";
    families.counters("trackless_query_log_dropped_total", help, vec![dropped]);
    let written = counter(&[], figures.written);
    families.counters("trackless_query_log_queries_total", "Queries kept.", vec![written]);
    let bytes = gauge(&[], figures.bytes as f64);
    let help = "Size of the log of queries.";
    families.gauges("trackless_query_log_bytes", help, vec![bytes]);
    let failures = counter(&[], figures.failures);
    let help = "Times that queries could not be written; they are written later, as far as there is \
                room.";
    families.counters("trackless_query_log_failures_total", help, vec![failures]);
    let failing = gauge(&[], f64::from(u8::from(figures.failing)));
    let help = "Whether queries cannot be written now: 1, else 0.";
    families.gauges("trackless_query_log_failing", help, vec![failing]);
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
