//! The figures for Prometheus, read from the workers' counters when somebody asks.
//!
//! Every label's values are bounded: devices by the directory, the rest by their kind. No label
//! ever holds a domain or an address.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Reloads;
use super::families::{Families, counter, fractional_counter, gauge, histogram};
use super::household;
use super::process::Process;
use crate::engine::Engine;
use crate::hardening::Hardened;
use crate::lists::Status;
use crate::stats::{Bound, RCODES, Source, Totals, Transport};
use crate::upstream::ServerFigures;
use crate::wire::Rcode;

/// What this was built from, as whoever builds it says.
const COMMIT: &str = match option_env!("TRACKLESS_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// Reads an engine's figures.
pub(super) struct Exporter {
    engine: Arc<Engine>,
    reloads: Arc<Reloads>,
    hardened: Arc<Hardened>,
}

impl Exporter {
    pub(super) fn new(engine: Arc<Engine>, reloads: Arc<Reloads>, hardened: Arc<Hardened>) -> Self {
        Self { engine, reloads, hardened }
    }
}

impl Exporter {
    /// All figures, in Prometheus's text format.
    pub(super) fn text(&self) -> prometheus::Result<String> {
        let totals = self.engine.totals();
        let mut families = Families::default();
        household::queries(&self.engine, &totals, &mut families);
        household::button(&self.engine, &mut families);
        household::history(&self.engine, &mut families);
        household::query_log(&self.engine, &mut families);
        household::alerts(&self.engine, &mut families);
        answers(&totals, &mut families);
        self.refused(&totals, &mut families);
        self.held(&totals, &mut families);
        self.rules(&mut families);
        self.hits(&mut families);
        self.upstreams(&mut families);
        let parts = self.hardened.parts();
        let parts = parts.map(|(part, holds)| gauge(&[("part", part)], f64::from(u8::from(holds))));
        let help = "Whether a part of what the server takes from itself holds: 1, else 0.";
        families.gauges("trackless_hardening_active", help, parts.collect());
        process(&mut families);
        families.text()
    }

    fn refused(&self, totals: &Totals, families: &mut Families) {
        let refused = [
            ("access", totals.denied()),
            ("connections", self.engine.connections_refused()),
            ("rate", totals.limited()),
        ];
        let refused = refused.map(|(cause, count)| counter(&[("cause", cause)], count));
        let help = "Queries of those who may not ask or ask too often, and connections that are too many: \
                    see `access` and `tcp` in the settings.";
        families.counters("trackless_admission_refused_total", help, refused.into());
    }

    fn held(&self, totals: &Totals, families: &mut Families) {
        let cache = &self.engine.cache;
        let entries = gauge(&[], cache.entries() as f64);
        families.gauges("trackless_cache_entries", "Answers held.", vec![entries]);
        let bytes = gauge(&[], cache.bytes() as f64);
        families.gauges("trackless_cache_bytes", "Memory of the answers held.", vec![bytes]);
        let from = |source| totals.answers_from(source);
        let (hits, misses) = (from(Source::Cache), from(Source::Upstream));
        let help = "Answers that were held.";
        families.counters("trackless_cache_hits_total", help, vec![counter(&[], hits)]);
        let help = "Answers that had to be asked for.";
        families.counters("trackless_cache_misses_total", help, vec![counter(&[], misses)]);
        let stale = counter(&[], from(Source::Stale));
        let help = "Answers that were held for longer than they should be.";
        families.counters("trackless_cache_stale_total", help, vec![stale]);
        let prefetched = counter(&[], totals.prefetched());
        let help = "Held answers that were asked for again before their end.";
        families.counters("trackless_cache_prefetch_total", help, vec![prefetched]);
        let waiting = gauge(&[], self.engine.waiting() as f64);
        families.gauges(
            "trackless_queries_waiting",
            "Queries waiting for upstream.",
            vec![waiting],
        );
        let uptime = gauge(&[], self.engine.uptime().as_secs_f64());
        families.gauges("trackless_uptime_seconds", "Time since the start.", vec![uptime]);
        let build = gauge(&[("commit", COMMIT), ("version", env!("CARGO_PKG_VERSION"))], 1.0);
        families.gauges("trackless_build_info", "What is running.", vec![build]);
    }

    fn rules(&self, families: &mut Families) {
        let snapshot = self.engine.snapshot();
        let rules = &snapshot.rules;
        // An owner's list may be called like a builtin one, and no sample may be there twice.
        let lists = by_name(&rules.lists, |list| &list.name);
        let each = |value: fn(&Status) -> f64| {
            let sum = |lists: &[&Status]| lists.iter().map(|list| value(list)).sum();
            lists.iter().map(|(name, lists)| gauge(&[("list", name)], sum(lists))).collect()
        };
        let help = "Rules read from each list, repeated ones included.";
        families.gauges("trackless_list_rules", help, each(|list| list.rules as f64));
        let help = "Lines of each list that could not be read.";
        families.gauges(
            "trackless_list_skipped_lines",
            help,
            each(|list| list.skipped_lines() as f64),
        );
        let help = "Whether a list could not be read at all: 1, else 0.";
        let failed = each(|list| f64::from(u8::from(list.error.is_some())));
        families.gauges("trackless_list_failed", help, failed);
        let help =
            "Whether the newest version of a list was not to be had or is not taken: 1, else 0.";
        let refused = each(|list| f64::from(u8::from(list.refused.is_some())));
        families.gauges("trackless_list_refused", help, refused);
        let help = "Size of each list's copy.";
        families.gauges("trackless_list_bytes", help, each(|list| list.bytes as f64));
        let now = crate::lists::now();
        let ages = lists.iter().filter_map(|(name, lists)| {
            let checked = lists.iter().filter_map(|list| list.checked).min()?;
            Some(gauge(&[("list", name)], now.saturating_sub(checked) as f64))
        });
        let help = "Time since each list was known to be the newest.";
        families.gauges("trackless_list_age_seconds", help, ages.collect());
        let failures = self.engine.refresh_failures();
        let fetched =
            lists.iter().filter(|(_, lists)| lists.iter().any(|list| list.source.is_some()));
        let failures = fetched
            .map(|(name, _)| counter(&[("list", name)], failures.get(*name).copied().unwrap_or(0)));
        let help = "Times that the newest version of a list was not to be had or was not taken.";
        families.counters("trackless_list_refresh_failures_total", help, failures.collect());
        let names = gauge(&[], rules.table.names() as f64);
        families.gauges("trackless_table_names", "Names in the compiled table.", vec![names]);
        let bytes = gauge(&[], rules.table.size() as f64);
        families.gauges("trackless_table_bytes", "Size of the compiled table.", vec![bytes]);
        let reloads = [("failed", &self.reloads.failed), ("ok", &self.reloads.ok)]
            .map(|(result, count)| counter(&[("result", result)], count.load(Relaxed)));
        let help = "Reloads of settings and lists.";
        families.counters("trackless_policy_reloads_total", help, reloads.into());
    }

    fn hits(&self, families: &mut Families) {
        let (mut hits, mut alone) = (Vec::new(), Vec::new());
        for (list, did) in self.engine.list_hits() {
            hits.push(counter(&[("list", &list)], did.hits));
            alone.push(counter(&[("list", &list)], did.alone));
        }
        let help = "Refusals that each list took part in.";
        families.counters("trackless_list_hits_total", help, hits);
        let help = "Refusals that only this list wanted.";
        families.counters("trackless_list_sole_hits_total", help, alone);
    }

    fn upstreams(&self, families: &mut Families) {
        let snapshot = self.engine.snapshot();
        let (mut queries, mut failures, mut durations, mut healthy) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        // One upstream may be named twice, and no sample may be there twice.
        for (url, servers) in by_name(&snapshot.upstreams.servers, |server| &server.url) {
            let labels = [("upstream", url)];
            let sum = |count: fn(&ServerFigures) -> &AtomicU64| {
                servers.iter().map(|server| count(server).load(Relaxed)).sum()
            };
            queries.push(counter(&labels, sum(|server| &server.queries)));
            failures.push(counter(&labels, sum(|server| &server.failures)));
            durations.push(histogram(&labels, servers.iter().map(|server| &server.duration)));
            let any = servers.iter().any(|server| server.healthy.load(Relaxed));
            healthy.push(gauge(&labels, f64::from(u8::from(any))));
        }
        let help = "Queries sent to each upstream.";
        families.counters("trackless_upstream_queries_total", help, queries);
        let help = "Queries that an upstream did not answer in time, or at all.";
        families.counters("trackless_upstream_failures_total", help, failures);
        let help = "Time from query to reply of each upstream.";
        families.histograms("trackless_upstream_duration_seconds", help, durations);
        let help = "Whether an upstream is asked, rather than skipped and probed: 1, else 0.";
        families.gauges("trackless_upstream_healthy", help, healthy);
    }
}

fn each_answer() -> impl Iterator<Item = (Source, Transport, Rcode)> {
    Source::ALL.into_iter().flat_map(|source| {
        Transport::ALL.into_iter().flat_map(move |transport| {
            (0..RCODES as u16).map(move |rcode| (source, transport, Rcode(rcode)))
        })
    })
}

fn answers(totals: &Totals, families: &mut Families) {
    let mut counts: BTreeMap<[&str; 3], u64> = BTreeMap::new();
    for (source, transport, rcode) in each_answer() {
        let count = totals.answers(source, transport, rcode);
        if count > 0 {
            let labels = [rcode.label(), source.as_str(), transport.as_str()];
            *counts.entry(labels).or_default() += count;
        }
    }
    let types = totals.by_type().filter(|(_, count)| *count > 0);
    let types = types.map(|(rtype, count)| counter(&[("type", &rtype)], count));
    let help = "Queries by the type of record they are for; rare types are `other`.";
    families.counters("trackless_query_types_total", help, types.collect());
    let beyond =
        Bound::ALL.map(|bound| counter(&[("bound", bound.as_str())], totals.beyond(bound)));
    let help = "Queries counted as `other` because a bound of `stats` in the settings was passed.";
    families.counters("trackless_stats_other_total", help, beyond.into());
    let counts = counts.into_iter().map(|([rcode, source, transport], count)| {
        counter(&[("rcode", rcode), ("source", source), ("transport", transport)], count)
    });
    let help = "Answers by where they came from, response code and transport.";
    families.counters("trackless_answers_total", help, counts.collect());
    let durations = Source::ALL
        .into_iter()
        .map(|source| histogram(&[("source", source.as_str())], totals.durations(source)));
    let help = "Time from receiving a query to sending its answer. \
                Answers given at once are timed by samples.";
    families.histograms("trackless_answer_duration_seconds", help, durations.collect());
    let failures = totals.failures().map(|(cause, count)| counter(&[("cause", cause)], count));
    let help = "Queries that upstream had no answer to, by cause.";
    families.counters("trackless_failures_total", help, failures.collect());
    let rebinding = counter(&[], totals.rebinding());
    let help = "Answers refused because they led public names into the house.";
    families.counters("trackless_rebinding_refused_total", help, vec![rebinding]);
    let ignored = counter(&[], totals.ignored());
    let help = "Packets that got no reply because they were no queries.";
    families.counters("trackless_packets_ignored_total", help, vec![ignored]);
}

fn process(families: &mut Families) {
    let process = Process::read();
    let cpu = process.cpu_seconds.map(|seconds| fractional_counter(&[], seconds));
    let help = "Processor time of all threads, in user and system mode.";
    families.counters("process_cpu_seconds_total", help, cpu.into_iter().collect());
    let mut add = |name, help, value: Option<f64>| {
        families.gauges(name, help, value.map(|value| gauge(&[], value)).into_iter().collect());
    };
    add("process_start_time_seconds", "Start, in seconds since 1970.", process.start_seconds);
    add("process_resident_memory_bytes", "Memory in use (RSS).", process.resident_bytes);
    add("process_virtual_memory_bytes", "Address space in use.", process.virtual_bytes);
    add("process_threads", "Threads.", process.threads);
    add("process_open_fds", "Open file descriptors.", process.open_fds);
    add("process_max_fds", "File descriptors there may be.", process.max_fds);
}

fn by_name<T>(all: &[T], name: impl Fn(&T) -> &str) -> BTreeMap<&str, Vec<&T>> {
    let mut named: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    for one in all {
        named.entry(name(one)).or_default().push(one);
    }
    named
}
