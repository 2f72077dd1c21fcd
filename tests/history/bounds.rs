//! A store that may not grow for ever, and readers that may not be in anybody's way.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use trackless::history::read::{By, Reader};
use trackless::history::{Row, Store};

use super::house::Server;
use super::{NAMES, ask, order, reported, upstream};

/// A store that has grown for days, of about 12 MiB.
fn grown(data: &Path) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    fs::create_dir_all(data).unwrap();
    let (mut store, _) = Store::open(data).unwrap();
    for hour in (1..=48).rev() {
        let rows = (0..10_000).map(|number| Row {
            device: format!("device {}", number / 400),
            company: format!("company {}", number % 400),
            category: None,
            block: u64::MAX >> 20,
            allow: u64::MAX >> 20,
            pass: u64::MAX >> 20,
        });
        store.add(&rows.collect::<Vec<_>>(), now - hour * 3_600).unwrap();
    }
    store.bytes().unwrap()
}

#[test]
fn a_store_that_is_too_large_lets_go_of_the_oldest_hours_and_says_so() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    assert!(grown(&data) > 10 << 20);
    let mut server = Server::start_in(
        folder,
        "upstream: udp://127.0.0.1:9\nhistory: { size: 8 MiB, flush: 1s }",
    );
    ask(&server, 1, NAMES[0]);
    let dropped = |server: &Server, what: &str| {
        let counts = server.metric("trackless_history_dropped_total");
        counts.iter().find(|(labels, _)| labels.contains(what)).unwrap().1
    };
    server.until("it is small enough", |server| dropped(server, "hours") > 0.0);
    let file = fs::metadata(data.join("trackless.db")).unwrap().len();
    assert!(file <= 8 << 20, "{file}");
    assert_eq!(dropped(&server, "days"), 0.0, "hours are enough");
    let said = order(&data, &["export", "--days"]);
    assert!(said.contains("company 7,"), "the days are there");
    server.wait_for("grown to history.size");
}

#[test]
fn who_reads_never_keeps_the_writer_or_dns_waiting() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}\nhistory: {{ flush: 1s }}", upstream.url()));
    let data = server.path("data");
    let written = || server.metric("trackless_history_rows_total")[0].1;
    let mut asked = 2;
    (1..=asked).for_each(|from| ask(&server, from, NAMES[0]));
    assert_eq!(reported(&data), u64::from(asked));
    let reader = Reader::open(&data).unwrap();
    let mut seen = 0;
    let rows = reader.each(By::Hour, |_| {
        // In the middle of its reading, what was asked since is written.
        let before = written();
        asked += 1;
        ask(&server, asked, NAMES[0]);
        server.until("it is written", |_| written() > before);
        seen += 1;
        Ok(())
    });
    rows.unwrap().unwrap();
    assert_eq!(seen, 2, "what is read is of one moment");
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let is_over = &end;
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let data = &data;
                scope.spawn(move || {
                    let mut times = 0;
                    while !is_over.load(Relaxed) {
                        let reader = Reader::open(data).unwrap();
                        reader.each(By::Day, |_| Ok(())).unwrap().unwrap();
                        times += 1;
                    }
                    times
                })
            })
            .collect();
        for _ in 0..3 {
            let before = written();
            asked += 1;
            ask(&server, asked, NAMES[0]);
            server.until("it is written", |_| written() > before);
        }
        end.store(true, Relaxed);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 1));
    });
    assert_eq!(server.metric("trackless_history_failures_total")[0].1, 0.0);
    assert_eq!(reported(&data), u64::from(asked));
}
