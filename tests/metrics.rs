//! The figures for Prometheus: which there are, who may have them, and that what is forgotten is in
//! none of them.

mod house;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use house::dns::{A, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{PATIENCE, Server, run};
use tempfile::TempDir;

/// Every family there may be: name, type, labels.
const CONTRACT: &str = "
process_cpu_seconds_total counter
process_max_fds gauge
process_open_fds gauge
process_resident_memory_bytes gauge
process_start_time_seconds gauge
process_threads gauge
process_virtual_memory_bytes gauge
trackless_admission_refused_total counter cause
trackless_alerts_active gauge kind
trackless_alerts_failed_total counter sender
trackless_alerts_total counter kind
trackless_answer_duration_seconds histogram source
trackless_answers_total counter rcode source transport
trackless_around_queries_total counter device
trackless_build_info gauge commit version
trackless_button_presses_total counter scope state way
trackless_button_state gauge scope
trackless_cache_bytes gauge
trackless_cache_entries gauge
trackless_cache_hits_total counter
trackless_cache_misses_total counter
trackless_cache_prefetch_total counter
trackless_cache_stale_total counter
trackless_company_queries_total counter company verdict
trackless_company_reach_ratio gauge company window
trackless_device_companies gauge device window
trackless_device_company_queries_total counter company device verdict
trackless_devices gauge
trackless_devices_hidden gauge
trackless_devices_silent gauge
trackless_failures_total counter cause
trackless_hardening_active gauge part
trackless_history_bytes gauge
trackless_history_dropped_total counter what
trackless_history_failing gauge
trackless_history_failures_total counter
trackless_history_flush_seconds gauge
trackless_history_rows_total counter
trackless_list_age_seconds gauge list
trackless_list_bytes gauge list
trackless_list_failed gauge list
trackless_list_hits_total counter list
trackless_list_refresh_failures_total counter list
trackless_list_refused gauge list
trackless_list_rules gauge list
trackless_list_skipped_lines gauge list
trackless_list_sole_hits_total counter list
trackless_packets_ignored_total counter
trackless_policy_reloads_total counter result
trackless_queries_total counter device verdict
trackless_queries_waiting gauge
trackless_query_log_bytes gauge
trackless_query_log_dropped_total counter
trackless_query_log_failing gauge
trackless_query_log_failures_total counter
trackless_query_log_queries_total counter
trackless_query_types_total counter type
trackless_rebinding_refused_total counter
trackless_stats_other_total counter bound
trackless_stats_pairs gauge
trackless_table_bytes gauge
trackless_table_names gauge
trackless_tracker_queries_total counter category device verdict
trackless_upstream_duration_seconds histogram upstream
trackless_upstream_failures_total counter upstream
trackless_upstream_healthy gauge upstream
trackless_upstream_queries_total counter upstream
trackless_uptime_seconds gauge
";

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

fn ask(server: &Server, from: u8, name: &str) {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)));
}

fn order(server: &Server, words: &[&str]) -> String {
    let data = server.path("data");
    let arguments = [words, &["--data", data.to_str().unwrap()]].concat();
    let (done, said, error) = run(&arguments, server.folder.path(), "");
    assert!(done, "{words:?}: {error}");
    said
}

/// Families of a page as the contract has them; every sample must have its family's labels.
fn families(page: &str) -> BTreeSet<String> {
    let (mut families, mut types) = (BTreeMap::new(), BTreeMap::new());
    for line in page.lines() {
        if let Some(words) = line.strip_prefix("# TYPE ") {
            let (name, kind) = words.split_once(' ').unwrap();
            types.insert(name.to_owned(), kind.to_owned());
        } else if !line.starts_with('#') {
            let (key, _) = line.rsplit_once(' ').unwrap();
            let (name, labels) = key.split_once('{').unwrap_or((key, "}"));
            let mut parts = ["_bucket", "_sum", "_count"].iter();
            let family = parts.find_map(|part| {
                let family = name.strip_suffix(part)?;
                (types.get(family)? == "histogram").then_some(family)
            });
            let family = family.unwrap_or(name);
            let names =
                labels.trim_end_matches('}').split("\",").map(|label| label.split('=').next());
            let names = names.flatten().filter(|label| !["", "le"].contains(label));
            let labels: BTreeSet<_> = names.map(str::to_owned).collect();
            let known = families.entry(family.to_owned()).or_insert_with(|| labels.clone());
            assert_eq!(*known, labels, "{line}");
        }
    }
    let line = |(name, labels): (String, BTreeSet<String>)| {
        let kind = types.get(&name).unwrap_or_else(|| panic!("{name} has no type"));
        let words = [name.clone(), kind.clone()].into_iter().chain(labels);
        words.collect::<Vec<_>>().join(" ")
    };
    families.into_iter().map(line).collect()
}

#[test]
fn names_types_and_labels_are_those_of_the_contract() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "listed.example\n").unwrap();
    // Refused at once, and not tried again like one that cannot be had.
    let bad = folder.path().join("bad.txt");
    std::fs::write(&bad, "||com^\n").unwrap();
    let settings = format!(
        "upstream: {}\nmetrics: {{ pairs: 10 }}\nlists:\n  \
         - {{ name: good, url: \"file://{}\" }}\n  - {{ name: bad, url: \"file://{}\" }}",
        upstream.url(),
        list.display(),
        bad.display()
    );
    let mut server = Server::start_in(folder, &settings);
    // Whoever asks on and on takes the time of the thread that fetches, which gives way to all others.
    server.wait_for("list bad: ");
    server.wait_for("are refused or allowed");
    for name in ["www.doubleclick.net", "elsewhere.example", "dns.adguard-dns.com"] {
        ask(&server, 1, name);
    }
    order(&server, &["button", "on"]);
    order(&server, &["report"]);
    server
        .until("lists are taken", |server| !server.metric("trackless_list_age_seconds").is_empty());
    let found = families(&server.get("/metrics").1);
    let contract: BTreeSet<_> =
        CONTRACT.trim().lines().map(str::to_owned).filter(|line| is_here(line)).collect();
    let missing: Vec<_> = contract.difference(&found).collect();
    let unknown: Vec<_> = found.difference(&contract).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
    let failures = server.metric("trackless_list_refresh_failures_total");
    for (list, count) in [("bad", 1.0), ("good", 0.0)] {
        assert!(failures.contains(&(format!("{{list=\"{list}\"}}"), count)), "{failures:?}");
    }
}

/// Figures of the process are the system's to give.
fn is_here(line: &str) -> bool {
    cfg!(target_os = "linux") || !line.starts_with("process_")
}

/// Status line and all the rest of `path`, asked for with `field`.
fn get(address: SocketAddr, path: &str, field: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{field}\r\n")
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    (reply.split(' ').nth(1).unwrap().parse().unwrap(), reply)
}

#[test]
fn who_does_not_know_the_token_gets_nothing() {
    let server = Server::start("metrics: { token: 0123456789abcdef }");
    for field in [
        "",
        "Authorization: Bearer 0123456789abcdee\r\n",
        "Authorization: Bearer 0123456789abcde\r\n",
        "Authorization: Bearer 0123456789abcdeff\r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Basic 0123456789abcdef\r\n",
        "Authorization: 0123456789abcdef\r\n",
        "Authorization: Bearer 0123456789abcdef\r\nAuthorization: Bearer x\r\n",
    ] {
        let (status, reply) = get(server.web, "/metrics", field);
        assert_eq!(status, 401, "{field}");
        let reply = reply.to_lowercase();
        assert!(reply.contains("www-authenticate: bearer realm=\"trackless\""), "{reply}");
        assert!(!reply.contains("trackless_"), "{reply}");
    }
    for scheme in ["Bearer", "bearer"] {
        let field = format!("Authorization: {scheme} 0123456789abcdef\r\n");
        let (status, reply) = get(server.web, "/metrics", &field);
        assert!(status == 200 && reply.contains("trackless_build_info"), "{reply}");
    }
    assert_eq!(get(server.web, "/healthz", "").0, 200);
}

#[test]
fn metrics_may_have_an_address_of_their_own() {
    let mut server = Server::start("metrics: { listen: 127.0.0.1:0 }");
    let said = server.log.lines().find(|line| line.contains("metrics on http://")).unwrap();
    let own = said.split("http://").nth(1).unwrap().trim_end_matches('/').parse().unwrap();
    let status = |address, path| get(address, path, "").0;
    assert_eq!((status(own, "/metrics"), status(server.web, "/metrics")), (200, 404));
    for path in ["/healthz", "/readyz"] {
        server.until("it is ready", |_| status(own, path) == 200);
        assert_eq!(status(server.web, path), 200);
    }
    assert!(get(own, "/", "").1.contains("/metrics"));
    assert!(!get(server.web, "/", "").1.contains("/metrics"));
    server.signal("-TERM");
    assert!(server.wait().success());
}

#[test]
fn what_is_forgotten_is_in_no_figure() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("list.txt"), "listed.example\n").unwrap();
    let server = Server::start_in(
        folder,
        &format!(
            "upstream: {}\nmetrics: {{ pairs: 10 }}\nlists: [{{ name: own, file: list.txt }}]",
            upstream.url()
        ),
    );
    let sum = |name: &str| server.metric(name).iter().map(|(_, count)| *count as u64).sum::<u64>();
    let companies = || {
        let names = server.metric("trackless_company_queries_total").into_iter();
        names.map(|(labels, _)| labels.split('"').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (from, name) in [
        (1, "www.doubleclick.net"),
        (2, "mc.yandex.ru"),
        (2, "www.listed.example"),
        (2, "dns.adguard-dns.com"),
    ] {
        ask(&server, from, name);
    }
    assert_eq!(sum("trackless_query_types_total"), 4);
    assert!(companies().contains(&"Google".to_owned()));
    order(&server, &["forget", "--device", "127.0.0.1"]);
    assert!(!companies().contains(&"Google".to_owned()), "{:?}", companies());
    assert_eq!(sum("trackless_queries_total"), 3);
    let shown = order(&server, &["top"]);
    assert!(!shown.contains("Google") && shown.contains("Yandex"), "{shown}");
    order(&server, &["forget"]);
    for family in [
        "trackless_queries_total",
        "trackless_tracker_queries_total",
        "trackless_company_queries_total",
        "trackless_device_company_queries_total",
        "trackless_company_reach_ratio",
        "trackless_device_companies",
        "trackless_around_queries_total",
        "trackless_query_types_total",
        "trackless_answers_total",
        "trackless_list_hits_total",
        "trackless_list_sole_hits_total",
        "trackless_devices",
    ] {
        assert_eq!(sum(family), 0, "{family}");
    }
    let shown = order(&server, &["top"]);
    for gone in ["Yandex", "listed", "device-", "50 %"] {
        assert!(!shown.contains(gone), "{gone} is still in\n{shown}");
    }
    ask(&server, 2, "mc.yandex.ru");
    let text = "{company=\"Yandex\",verdict=\"block\"}".to_owned();
    assert_eq!(server.metric("trackless_company_queries_total"), [(text, 1.0)]);
    assert_eq!((sum("trackless_queries_total"), sum("trackless_answers_total")), (1, 1));
    let report = order(&server, &["report"]);
    assert!(report.contains("1 queries, "), "{report}");
}
