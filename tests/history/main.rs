//! What is counted and kept of it: to the last query, over kills and full disks, and never a name or
//! an address that is nobody's business.

mod bounds;
mod exact;
#[path = "../house/mod.rs"]
mod house;

use std::fs;
use std::path::Path;

use house::dns::{A, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{Server, contains, holds, order};
use tempfile::TempDir;

const NAMES: [&str; 6] = [
    "www.doubleclick.net",
    "connect.facebook.net",
    "planted-elsewhere.example",
    "www.google.com",
    "listed.example",
    "mc.yandex.ru",
];

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

fn ask(server: &Server, from: u8, name: &str) {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)));
}

/// Queries that a report tells of.
fn reported(data: &Path) -> u64 {
    let text = order(data, &["report"]);
    let line = text.lines().find(|line| line.contains(" queries, ")).expect(&text);
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn what_was_written_outlives_a_kill_and_a_stop_writes_the_rest() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("kept");
    let start = || {
        let settings = format!("upstream: {}\ndata: {}", upstream.url(), data.display());
        Server::start(&settings)
    };
    let server = start();
    (0..10).for_each(|turn| ask(&server, 1, NAMES[turn % 2]));
    assert_eq!(reported(&data), 10);
    (0..5).for_each(|_| ask(&server, 1, NAMES[0]));
    server.signal("-KILL");
    drop(server);
    let mut server = start();
    assert_eq!(reported(&data), 10, "what was not written is lost, and no more");
    (0..7).for_each(|_| ask(&server, 2, NAMES[0]));
    server.signal("-TERM");
    assert!(server.wait().success());
    assert_eq!(reported(&data), 17);
    let server = start();
    let reach = server.metric("trackless_company_reach_ratio");
    assert!(reach.contains(&("{company=\"Google\",window=\"24h\"}".to_owned(), 1.0)), "{reach:?}");
    assert_eq!(server.metric("trackless_device_companies").len(), 2);
    drop(server);
    let text = order(&data, &["report"]);
    assert!(text.contains("2 companies tried to follow 2 devices; 1 was stopped."), "{text}");
    assert!(text.contains("Google") && text.contains("2 of 2"), "{text}");
    let table = order(&data, &["export", "--days"]);
    let queries = table.lines().skip(1).map(|line| {
        let counts = line.trim_end().rsplitn(4, ',').take(3);
        counts.map(|count| count.parse::<u64>().unwrap()).sum::<u64>()
    });
    assert_eq!(queries.sum::<u64>(), 17, "{table}");
    let lines = order(&data, &["export", "--format", "jsonl"]);
    assert!(
        lines.starts_with("{\"since\":") && lines.contains("\"company\":\"Google\""),
        "{lines}"
    );
    let page = order(&data, &["report", "--html"]);
    assert!(page.starts_with("<!doctype html>") && page.contains("<th scope=\"row\">Google</th>"));
    assert!(!page.contains("http"), "nothing from elsewhere");
}

#[test]
fn nothing_about_anybody_is_written_told_or_sent() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("list.txt"), "by-list.planted-listed.example\n").unwrap();
    let settings = format!(
        "upstream: {}\nlists: [{{ name: own, file: list.txt }}]\n\
         rules: {{ block: planted-own.example }}",
        upstream.url()
    );
    let mut server = Server::start_in(folder, &settings);
    let data = server.path("data");
    for from in [77, 78] {
        ask(&server, from, "by-list.planted-listed.example");
        ask(&server, from, "www.planted-own.example");
        ask(&server, from, "planted-elsewhere.example");
        ask(&server, from, "planted.doubleclick.net");
    }
    let shown = order(&data, &["top"]);
    assert!(shown.contains("planted-listed.ex"), "from memory, for the owner's eyes: {shown}");
    assert!(!shown.contains("planted-own.example"), "{shown}");
    assert!(order(&data, &["report"]).contains("other"));
    let (_, metrics) = server.get("/metrics");
    for planted in ["planted-elsewhere", "planted", "127.0.0.77", "127.0.0.78"] {
        assert_eq!(holds(&data, planted), None, "{planted} is in a file");
        assert!(!contains(metrics.as_bytes(), planted), "{planted} is in the metrics");
    }
    // The search would find what is there.
    let leak = data.join("leak");
    fs::write(&leak, b"\x07planted\x0adoubleclick").unwrap();
    assert_eq!(holds(&data, "planted"), Some(leak.display().to_string()));
    fs::remove_file(leak).unwrap();
    for message in upstream.asked("planted-elsewhere.example") {
        assert!(
            !contains(&message, "127.0.0.7")
                && !contains(&message, &String::from_utf8_lossy(&[127, 0, 0]))
        );
    }
    assert_eq!(upstream.asked("planted.doubleclick.net").len(), 0);
    server.signal("-TERM");
    assert!(server.wait().success());
    for planted in ["planted", "127.0.0.7"] {
        assert_eq!(holds(&data, planted), None, "{planted} is in a file");
        assert!(!contains(server.log.as_bytes(), planted), "{planted} is in the log");
    }
}

#[test]
fn what_is_to_be_forgotten_is_and_devices_need_not_be_told_apart() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    let data = server.path("data");
    ask(&server, 1, NAMES[0]);
    ask(&server, 2, NAMES[1]);
    order(&data, &["devices", "name", "127.0.0.1", "planted"]);
    assert_eq!(reported(&data), 2);
    assert!(order(&data, &["report", "--device", "planted"]).contains("Google"));
    let said = order(&data, &["forget", "--device", "planted"]);
    assert!(said.contains("forgot 1 hours and days of counts of device-"), "{said}");
    assert_eq!(reported(&data), 1);
    assert!(!order(&data, &["report"]).contains("Google"));
    assert!(!order(&data, &["devices", "list"]).contains("planted"));
    let known = server.metric("trackless_queries_total");
    assert!(!known.iter().any(|(labels, _)| labels.contains("planted")), "{known:?}");
    ask(&server, 1, NAMES[0]);
    assert!(
        order(&data, &["devices", "list"]).contains("planted: 1 queries"),
        "its name is a setting"
    );
    order(&data, &["forget", "--device", "planted"]);
    let said = order(&data, &["forget"]);
    assert!(said.contains("forgot 1 hours and days of counts of all devices"), "{said}");
    assert!(said.contains("backups made before still have what they had"), "{said}");
    assert_eq!(reported(&data), 0);
    drop(server);
    let server =
        Server::start(&format!("upstream: {}\nstats: {{ level: counts }}", upstream.url()));
    ask(&server, 1, NAMES[0]);
    let devices = server.metric("trackless_queries_total");
    assert!(devices.iter().all(|(labels, _)| labels.contains("device=\"other\"")), "{devices:?}");
    let text = order(&server.path("data"), &["report"]);
    assert!(text.contains("Google") && !text.contains("device-"), "{text}");
}
