//! What is shown is what was counted.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use super::exposition;
use super::*;
use crate::cache::{self, Entry};
use crate::config::{Format, List};
use crate::stats::Source;
use crate::wire::{Answer, Name, Rcode, Rtype, TtlBounds};

impl House {
    fn figures(&self) -> BTreeMap<String, f64> {
        exposition::read(&self.get("/metrics").body)
    }
}

/// The samples of one family.
fn family(figures: &BTreeMap<String, f64>, name: &str) -> Vec<(String, f64)> {
    figures
        .iter()
        .filter_map(|(key, &value)| Some((key.strip_prefix(name)?.to_owned(), value)))
        .filter(|(labels, _)| labels.starts_with('{'))
        .collect()
}

/// Makes the engine hold an answer to `name`.
fn hold(engine: &Engine, name: &str) {
    let mut message = question(name);
    message[2..4].copy_from_slice(&[0x81, 0x80]);
    let name: Name = name.parse().unwrap();
    let bounds = TtlBounds { min: 60, max: 60, max_negative: 60 };
    message[7] = 1;
    message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
    let answer = Answer::read(&message, &name, bounds).unwrap();
    let key = cache::Key {
        name: &name,
        qtype: Rtype(1),
        dnssec_ok: false,
        checking_disabled: false,
        pool: 0,
    };
    engine.cache.insert(Arc::new(Entry::new(&key, answer, 0)), key.hash(), 0);
}

#[test]
fn counts_of_all_workers_add_up() {
    let mut config = Config::default();
    config.rules.block = vec!["refused.example".to_owned()];
    config.rules.allow = vec!["google-analytics.com".to_owned()];
    let house = House::new(config);
    hold(&house.engine, "held.example");
    hold(&house.engine, "google-analytics.com");
    let mut workers = [Worker::new(&house.engine), Worker::new(&house.engine)];
    for (worker, queries) in workers.iter_mut().zip([3, 4]) {
        for _ in 0..queries {
            for name in ["doubleclick.net", "refused.example", "google-analytics.com"] {
                ask(worker, 1, Transport::Udp, &question(name));
            }
            ask(worker, 2, Transport::Udp, &question("doubleclick.net"));
            ask(worker, 2, Transport::Tcp, &question("held.example"));
            ask(worker, 2, Transport::Udp, &question("asked.example"));
            ask(worker, 2, Transport::Udp, b"none");
        }
        worker.took(Source::Filter, Duration::from_micros(30), queries);
    }
    let figures = house.figures();
    let names = house.engine.devices.names();
    let (one, two) = (&names[1], &names[2]);

    let mut queries = vec![
        (format!("{{device=\"{one}\",verdict=\"allow\"}}"), 7.0),
        (format!("{{device=\"{one}\",verdict=\"block\"}}"), 14.0),
        (format!("{{device=\"{two}\",verdict=\"block\"}}"), 7.0),
        (format!("{{device=\"{two}\",verdict=\"pass\"}}"), 7.0),
    ];
    queries.sort_by(|one, two| one.partial_cmp(two).unwrap());
    assert_eq!(family(&figures, "trackless_queries_total"), queries);
    let tracker = |category: &str, device: &str, verdict: &str| {
        let labels =
            format!("{{category=\"{category}\",device=\"{device}\",verdict=\"{verdict}\"}}");
        (labels, 7.0)
    };
    let mut trackers = vec![
        tracker("advertising", one, "block"),
        tracker("advertising", two, "block"),
        tracker("analytics", one, "allow"),
        tracker("other", one, "block"),
    ];
    trackers.sort_by(|one, two| one.partial_cmp(two).unwrap());
    assert_eq!(family(&figures, "trackless_tracker_queries_total"), trackers);

    let answer = |rcode: &str, source: &str, transport: &str, count: f64| {
        let labels = format!("{{rcode=\"{rcode}\",source=\"{source}\",transport=\"{transport}\"}}");
        (labels, count)
    };
    let answers = [
        answer("NOERROR", "cache", "tcp", 7.0),
        answer("NOERROR", "cache", "udp", 7.0),
        answer("NXDOMAIN", "filter", "udp", 21.0),
    ];
    assert_eq!(family(&figures, "trackless_answers_total"), answers);

    let duration = |rest: &str| figures[&format!("trackless_answer_duration_seconds{rest}")];
    assert_eq!(duration("_bucket{source=\"filter\",le=\"0.000025\"}"), 0.0);
    assert_eq!(duration("_bucket{source=\"filter\",le=\"0.00005\"}"), 7.0);
    assert_eq!(duration("_bucket{source=\"filter\",le=\"5\"}"), 7.0);
    assert_eq!(duration("_count{source=\"filter\"}"), 7.0);
    assert!((duration("_sum{source=\"filter\"}") - 210e-6).abs() < 1e-12);
    assert_eq!(duration("_count{source=\"upstream\"}"), 0.0);

    assert_eq!(figures["trackless_packets_ignored_total"], 7.0);
    assert_eq!(figures["trackless_cache_hits_total"], 14.0);
    assert_eq!(figures["trackless_cache_misses_total"], 0.0);
    assert_eq!(figures["trackless_cache_entries"], 2.0);
    assert_eq!(figures["trackless_cache_bytes"], house.engine.cache.bytes() as f64);
    assert_eq!(figures["trackless_devices"], 2.0);
    let build = format!(
        "trackless_build_info{{commit=\"unknown\",version=\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(figures[&build], 1.0);
}

#[test]
fn rare_codes_are_one_series() {
    let house = House::new(Config::default());
    let _worker = Worker::new(&house.engine);
    let counters = house.engine.counters();
    for rcode in [2, 11, 12, 4_000] {
        counters[0].answer(Source::Upstream, Transport::Tcp, Rcode(rcode));
    }
    let figures = house.figures();
    let answers = family(&figures, "trackless_answers_total");
    let labels = |rcode| format!("{{rcode=\"{rcode}\",source=\"upstream\",transport=\"tcp\"}}");
    assert_eq!(answers, [(labels("OTHER"), 3.0), (labels("SERVFAIL"), 1.0)]);
    assert_eq!(figures["trackless_cache_misses_total"], 4.0);
}

#[test]
fn devices_past_the_bound_are_other() {
    let house = House::new(Config::default());
    let mut worker = Worker::new(&house.engine);
    for last in 0..=255 {
        ask(&mut worker, last, Transport::Udp, &question("doubleclick.net"));
    }
    let page = house.get("/metrics").body;
    let figures = exposition::read(&page);
    assert_eq!(family(&figures, "trackless_queries_total").len(), DEVICES + 1);
    let other = "trackless_queries_total{device=\"other\",verdict=\"block\"}";
    assert_eq!(figures[other], (256 - DEVICES) as f64);
    assert_eq!(figures["trackless_devices"], DEVICES as f64);
    for secret in ["192.0.2", "doubleclick"] {
        assert!(!page.contains(secret), "{secret} is told");
    }
}

#[test]
fn lists_reloads_and_upstreams_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let list = |name: &str, text: Option<&str>| {
        let file = folder.path().join(format!("{}.txt", name.len()));
        text.iter().for_each(|text| fs::write(&file, text).unwrap());
        List { file: Some(file), format: Some(Format::Names), ..List::named(name) }
    };
    let servers = ["udp://192.0.2.1", "tcp://192.0.2.2", "udp://192.0.2.1"];
    let mut config = Config {
        lists: vec![
            list("my \"own\" \\ list", Some("a.example\nb.example\nc..example\n")),
            list("gone", None),
            list("builtin strict", Some("d.example\n")),
        ],
        ..Config::default()
    };
    config.upstream.servers = servers.map(|url| url.parse().unwrap()).into();
    let house = House::new(config);
    house.reloads.ok.store(2, Relaxed);
    house.reloads.failed.store(1, Relaxed);
    let snapshot = house.engine.snapshot();
    for (index, server) in (1..).zip(&snapshot.upstreams.servers) {
        server.queries.store(10 * index, Relaxed);
        server.failures.store(index, Relaxed);
        server.duration.record(Duration::from_millis(20), index);
        server.healthy.store(index == 3, Relaxed);
    }

    let figures = house.figures();
    let list =
        |name: &str, list: &str| figures[&format!("trackless_list_{name}{{list=\"{list}\"}}")];
    let own = "my \\\"own\\\" \\\\ list";
    assert_eq!(
        (list("rules", own), list("skipped_lines", own), list("failed", own)),
        (2.0, 1.0, 0.0)
    );
    assert_eq!((list("rules", "gone"), list("failed", "gone")), (0.0, 1.0));
    assert!(list("rules", "builtin balanced") > 0.0);
    assert_eq!(list("rules", "builtin strict"), (snapshot.rules.lists[2].rules + 1) as f64);
    assert_eq!(figures["trackless_policy_reloads_total{result=\"ok\"}"], 2.0);
    assert_eq!(figures["trackless_policy_reloads_total{result=\"failed\"}"], 1.0);
    let upstream =
        |name: &str, of: &str| figures[&format!("trackless_upstream_{name}{{upstream=\"{of}\"}}")];
    for (url, queries, failures, healthy) in
        [("udp://192.0.2.1", 40.0, 4.0, 1.0), ("tcp://192.0.2.2", 20.0, 2.0, 0.0)]
    {
        assert_eq!(upstream("queries_total", url), queries);
        assert_eq!(upstream("failures_total", url), failures);
        assert_eq!(upstream("duration_seconds_count", url), failures);
        assert_eq!(upstream("healthy", url), healthy);
    }
}

#[test]
fn an_idle_server_shows_no_empty_families() {
    let figures = House::new(Config::default()).figures();
    assert!(!figures.keys().any(|key| key.starts_with("trackless_queries_total")));
    assert!(figures["trackless_uptime_seconds"] >= 0.0);
    if cfg!(target_os = "linux") {
        assert!(figures["process_resident_memory_bytes"] > 0.0);
    }
}

#[test]
fn a_device_that_asks_too_often_is_left_without_an_answer() {
    let mut config = Config::default();
    config.access.rate = 3;
    let house = House::new(config);
    let mut worker = Worker::new(&house.engine);
    for device in [1, 1, 1, 1, 1, 2] {
        ask(&mut worker, device, Transport::Udp, &question("doubleclick.net"));
    }
    let figures = house.figures();
    assert_eq!(figures["trackless_admission_refused_total{cause=\"rate\"}"], 2.0);
    let answers = |rcode, source| {
        let labels = format!("rcode=\"{rcode}\",source=\"{source}\",transport=\"udp\"");
        figures[&format!("trackless_answers_total{{{labels}}}")]
    };
    assert_eq!(answers("NXDOMAIN", "filter"), 4.0);
    assert_eq!(answers("NOERROR", "local"), 1.0, "told to come by TCP");
}

#[test]
fn those_that_reach_most_devices_are_shown_by_themselves() {
    let mut config = Config::default();
    config.metrics.companies = 1;
    config.metrics.pairs = 2;
    let house = House::new(config);
    let mut worker = Worker::new(&house.engine);
    let mut asks = |last, name: &str, times| {
        (0..times).for_each(|_| drop(ask(&mut worker, last, Transport::Udp, &question(name))));
    };
    asks(1, "mc.yandex.ru", 9);
    asks(1, "doubleclick.net", 2);
    asks(2, "doubleclick.net", 1);
    // Nothing is known of reach before it is written down.
    let by_queries = family(&house.figures(), "trackless_company_queries_total");
    let company = |name: &str, count| (format!("{{company=\"{name}\",verdict=\"block\"}}"), count);
    assert_eq!(by_queries, [company("Yandex", 9.0), company("other", 3.0)]);
    house.engine.write_counts().unwrap();
    let figures = house.figures();
    let by_reach = family(&figures, "trackless_company_queries_total");
    assert_eq!(by_reach, [company("Google", 3.0), company("other", 9.0)]);
    let ratio = family(&figures, "trackless_company_reach_ratio");
    assert_eq!(ratio, [("{company=\"Google\",window=\"24h\"}".to_owned(), 1.0)]);
    assert_eq!(
        figures["trackless_history_dropped_total{what=\"queries\"}"], 12.0,
        "there is no store"
    );
    let names = house.engine.devices.names();
    let pair = |company: &str, device: usize, count| {
        let device = &names[device];
        let labels = format!("{{company=\"{company}\",device=\"{device}\",verdict=\"block\"}}");
        (labels, count)
    };
    let pairs = family(&figures, "trackless_device_company_queries_total");
    assert_eq!(pairs, [pair("Google", 1, 2.0), pair("Yandex", 1, 9.0), pair("other", 2, 1.0)]);
}

#[test]
fn what_is_counted_as_other_is_counted_by_the_bound_that_was_passed() {
    let mut config = Config::default();
    config.stats.pairs = 100;
    config.stats.companies = 100;
    config.rules.block = vec!["own.example".to_owned()];
    let house = House::new(config);
    let mut worker = Worker::new(&house.engine);
    for last in 0..=255 {
        ask(&mut worker, last, Transport::Udp, &question("own.example"));
    }
    ask(&mut worker, 0, Transport::Udp, &question("mc.yandex.ru"));
    let figures = house.figures();
    let beyond =
        |bound: &str| figures[&format!("trackless_stats_other_total{{bound=\"{bound}\"}}")];
    assert_eq!(beyond("devices"), (256 - DEVICES) as f64);
    assert_eq!(beyond("companies"), 1.0);
    // A pair of each of the first hundred.
    assert_eq!(beyond("pairs"), (256 - 100 + 1) as f64);
    assert_eq!(figures["trackless_query_types_total{type=\"A\"}"], 257.0);
}
