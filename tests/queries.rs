//! Queries that are kept because their owner wants it, and what is recorded: never more than that,
//! never without being asked, and gone when it is to be forgotten.

mod house;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use house::dns::{A, NOERROR, NXDOMAIN, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{Server, command, contains, holds, order};

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

fn ask(server: &Server, from: u8, name: &str) -> u8 {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)))
}

fn level(upstream: &Upstream, level: &str) -> String {
    format!("upstream: {}\nstats: {{ level: {level} }}\nhistory: {{ flush: 1s }}", upstream.url())
}

fn reload(server: &Server, settings: &str) {
    let before = server.metric("trackless_policy_reloads_total");
    server.write("trackless.yaml", settings);
    server.signal("-HUP");
    server.until("it reads its settings again", |server| {
        server.metric("trackless_policy_reloads_total") != before
    });
}

/// Names of the queries that are told of, the oldest first.
fn names(data: &Path, filter: &[&str]) -> Vec<String> {
    let words = [&["queries"], filter].concat();
    let said = order(data, &words);
    let names = said.lines().map(|line| line.split(' ').nth(3).unwrap().to_owned());
    names.collect::<Vec<_>>().into_iter().rev().collect()
}

#[test]
fn queries_are_kept_where_that_is_wanted_and_forgotten() {
    let upstream = upstream();
    let server = Server::start(&level(&upstream, "full"));
    let data = server.path("data");
    assert_eq!(ask(&server, 77, "www.planted-one.example"), NOERROR);
    assert_eq!(ask(&server, 77, "planted.doubleclick.net"), NXDOMAIN);
    assert_eq!(ask(&server, 78, "www.planted-two.example"), NOERROR);
    assert_eq!(ask(&server, 78, "www.Planted-one.example"), NOERROR);
    let (one, two) = ("www.planted-one.example", "www.planted-two.example");
    let tracker = "planted.doubleclick.net";
    assert_eq!(names(&data, &[]), [one, tracker, two, one]);
    order(&data, &["devices", "name", "127.0.0.77", "Anna"]);
    assert_eq!(names(&data, &["--device", "Anna"]), [one, tracker]);
    assert_eq!(names(&data, &["--name", "planted-one"]), [one, one]);
    assert_eq!(names(&data, &["--name", ".planted-two.example"]), [two]);
    assert_eq!(names(&data, &["--verdict", "block"]), [tracker]);
    assert_eq!(names(&data, &["--company", "google", "--last", "1h"]), [tracker]);
    assert_eq!(names(&data, &["--most", "1"]), [one]);
    let line = order(&data, &["queries", "--verdict", "block"]);
    assert!(line.contains(" Anna planted.doubleclick.net A block by "), "{line}");
    assert!(line.ends_with(" of Google\n"), "{line}");
    let line = order(&data, &["queries", "--verdict", "block", "--json"]);
    let told = "\"name\":\"planted.doubleclick.net\",\"type\":\"A\",\"verdict\":\"block\"";
    assert!(line.starts_with("{\"at\":") && line.contains(told), "{line}");

    let found = holds(&data, "planted");
    assert_eq!(found.as_deref(), data.join("queries.db").to_str(), "or in its journal");
    let (_, metrics) = server.get("/metrics");
    assert!(!contains(metrics.as_bytes(), "planted"));
    for address in ["127.0.0.77", "127.0.0.78", "\x7f\0\0\x4d"] {
        assert_eq!(holds(&data, address), None, "{address:?} is in a file");
    }

    let said = order(&data, &["forget", "--device", "Anna", "--last", "1h"]);
    assert!(said.contains(", and 2 queries of the log; backups"), "{said}");
    assert_eq!(names(&data, &[]), [two, one]);
    assert_eq!(holds(&data, "doubleclick"), None);
    assert_eq!(ask(&server, 78, "planted-in-line.example"), NOERROR);
    let said = order(&data, &["forget"]);
    assert!(said.contains(", and 3 queries of the log; backups"), "{said}");
    assert_eq!(holds(&data, "planted"), None);
}

#[test]
fn nothing_more_is_kept_when_it_is_switched_off() {
    let upstream = upstream();
    let server = Server::start(&level(&upstream, "devices"));
    let data = server.path("data");
    ask(&server, 1, "planted-before.example");
    order(&data, &["report"]);
    assert!(!data.join("queries.db").exists());
    let (_, said, error) =
        house::run(&["queries", "--data", data.to_str().unwrap()], Path::new("."), "");
    assert!(said.is_empty() && error.contains("stats: { level: full }"), "{error}");
    let settings = server.config();
    reload(&server, &settings.replace("level: devices", "level: full"));
    ask(&server, 1, "planted-while.example");
    reload(&server, &settings);
    ask(&server, 1, "planted-after.example");
    assert_eq!(names(&data, &[]), ["planted-while.example"]);
    assert_eq!(holds(&data, "planted-before"), None);
    assert_eq!(holds(&data, "planted-after"), None);
    assert!(order(&data, &["forget"]).contains(", and 1 queries of the log; backups"));
    assert!(!data.join("queries.db").exists());
    ask(&server, 1, "planted-at-last.example");
    assert!(order(&data, &["forget"]).contains(" of all devices; backups"));
    assert_eq!(holds(&data, "planted"), None);
}

#[test]
fn queries_wait_for_a_disk_that_cannot_be_written() {
    let upstream = upstream();
    let mut server = Server::start(&level(&upstream, "devices"));
    let data = server.path("data");
    // No file can be made where a folder stands in its place.
    fs::create_dir(data.join("queries.db")).unwrap();
    reload(&server, &server.config().replace("level: devices", "level: full"));
    server.wait_for("; queries wait in memory");
    let failing = |server: &Server| server.metric("trackless_query_log_failing")[0].1;
    assert_eq!(failing(&server), 1.0);
    assert_eq!(ask(&server, 1, "first.example"), NOERROR);
    let failures = |server: &Server| server.metric("trackless_query_log_failures_total")[0].1;
    let before = failures(&server);
    server.until("it tries again", |server| failures(server) > before + 1.0);
    assert_eq!(ask(&server, 1, "second.example"), NOERROR);
    fs::remove_dir(data.join("queries.db")).unwrap();
    server.wait_for("queries are written again");
    assert_eq!(failing(&server), 0.0);
    assert_eq!(names(&data, &[]), ["first.example", "second.example"]);
    assert_eq!(server.metric("trackless_query_log_dropped_total")[0].1, 0.0);
    let told = server.log.lines().filter(|line| line.contains("queries wait in memory"));
    assert_eq!(told.count(), 1, "once: {}", server.log);
}

#[test]
fn queries_outlive_a_stop() {
    let upstream = upstream();
    let mut server = Server::start(&level(&upstream, "full").replace("flush: 1s", "flush: 1h"));
    ask(&server, 1, "last.example");
    server.signal("-TERM");
    assert!(server.wait().success());
    assert_eq!(names(&server.path("data"), &[]), ["last.example"]);
}

#[test]
fn who_is_seen_together_with_whom_is_recorded_until_it_is_stopped() {
    let upstream = upstream();
    let server = Server::start(&level(&upstream, "counts"));
    let data = server.path("data");
    ask(&server, 7, "www.planted-before.example");
    let mut recording = command(&["record", "--device", "127.0.0.7", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(recording.stdout.take().unwrap());
    let mut wait_for = |mark: &str| {
        let mut line = String::new();
        while !line.contains(mark) {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "it never said {mark}");
        }
    };
    wait_for("Ctrl-C ends it");
    ask(&server, 7, "www.planted-news.example");
    ask(&server, 7, "planted.doubleclick.net");
    ask(&server, 8, "www.planted-elsewhere.example");
    // While its button is off, a tracker is one all the same.
    order(&data, &["button", "off", "--device", "127.0.0.7"]);
    ask(&server, 7, "connect.facebook.net");
    server.ask_from([127, 0, 0, 7], &query(1, "www.planted-news.example", 28));
    wait_for("visit 1 of planted-news.example");
    wait_for("planted-news.example: seen together with Meta, connect.facebook.net");
    let pid = recording.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut summary = String::new();
    out.read_to_string(&mut summary).unwrap();
    assert!(recording.wait().unwrap().success());
    assert!(summary.contains("4 queries of "), "{summary}");
    let told = "planted-news.example: 1 visit\n  \
        seen together with Google in 1 of 1, 1 refused: planted.doubleclick.net\n  \
        seen together with Meta in 1 of 1, 0 refused: connect.facebook.net\n";
    assert!(summary.ends_with(told), "{summary}");
    order(&data, &["report"]);
    assert_eq!(holds(&data, "planted"), None, "recordings are in memory alone");
    let lines = server.metric("trackless_queries_total");
    assert!(lines.iter().all(|(labels, _)| labels.contains("device=\"other\"")), "{lines:?}");
}
