//! Ten million queries in the log: how large it is, how long it takes to write them, to read a page
//! of them, to let the oldest go, and to forget a device. `cargo bench --bench queries`

#![allow(missing_docs)]

use std::time::Instant;

use trackless::history::queries::read::{Filter, Reader};
use trackless::history::queries::{Logged, QueryLog};

const QUERIES: u64 = 10_000_000;
/// Written at once.
const PART: u64 = 4_096;
const DEVICES: u64 = 25;
const NAMES: u64 = 50_000;
const FIRST: u64 = 1_800_000_000;
/// Of a week: about 16 a second.
const A_SECOND: u64 = 16;

fn query(number: u64) -> Logged {
    let random = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695) >> 33;
    // Few names are asked for often.
    let name = (random % NAMES) * (random / NAMES % NAMES) / NAMES;
    let is_tracker = name % 5 < 2;
    Logged {
        at: FIRST + number / A_SECOND,
        device: format!("device-{:08x}", random % DEVICES * (random % 7) / 7),
        name: format!("host{}.site-{name}.example", name % 9),
        qtype: [1, 28, 65][(random % 3) as usize],
        verdict: if is_tracker { "block" } else { "pass" }.to_owned(),
        by: if is_tracker { "builtin balanced" } else { "" }.to_owned(),
        company: if is_tracker { format!("Company {}", name % 400) } else { String::new() },
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut log, _) = QueryLog::open(folder.path()).expect("a log");
    let start = Instant::now();
    let mut slowest = 0.0_f64;
    for part in 0..QUERIES / PART {
        let queries: Vec<_> = (part * PART..(part + 1) * PART).map(query).collect();
        let start = Instant::now();
        log.add(&queries).expect("room");
        slowest = slowest.max(start.elapsed().as_secs_f64());
    }
    let seconds = start.elapsed().as_secs_f64();
    let bytes = log.bytes().expect("a file");
    println!(
        "{QUERIES} queries: {} MB, {:.1} octets each, written in {seconds:.0} s, {PART} in {:.0} ms at \
         most",
        bytes / 1_000_000,
        bytes as f64 / QUERIES as f64,
        slowest * 1e3
    );
    let reader = Reader::open(folder.path()).expect("a log");
    let text = |text: &str| Some(text.to_owned());
    let middle = FIRST + QUERIES / A_SECOND / 2;
    let filters = [
        ("all", Filter::default()),
        ("a busy device", Filter { device: text("device-00000000"), ..Filter::default() }),
        ("a rare device", Filter { device: text("device-00000014"), ..Filter::default() }),
        ("no such device", Filter { device: text("device-x"), ..Filter::default() }),
        ("a day in the middle", Filter { until: Some(middle), ..Filter::default() }),
        (
            "a device then",
            Filter { device: text("device-00000014"), until: Some(middle), ..Filter::default() },
        ),
        ("a rare name", Filter { name: text("site-49800."), ..Filter::default() }),
        ("many names", Filter { name: text("host1"), ..Filter::default() }),
        ("no such name", Filter { name: text("nowhere"), ..Filter::default() }),
        ("a domain", Filter { name: text(".site-1.example"), ..Filter::default() }),
        (
            "refused of a device",
            Filter { device: text("device-00000003"), verdict: text("block"), ..Filter::default() },
        ),
        ("a company", Filter { company: text("Company 1"), ..Filter::default() }),
        ("no such company", Filter { company: text("Nobody"), ..Filter::default() }),
    ];
    for (what, filter) in filters {
        let start = Instant::now();
        let page = reader.page(&filter, None, 100).expect("a page");
        let first = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        let next = reader.page(&filter, page.next, 100).expect("a page");
        let second = start.elapsed().as_secs_f64() * 1e3;
        println!(
            "{what}: {} in {first:.1} ms, then {} in {second:.1} ms",
            page.queries.len(),
            next.queries.len()
        );
    }
    drop(reader);
    let start = Instant::now();
    log.retire(FIRST + 600).expect("room");
    println!("ten minutes go in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    log.trim(bytes).expect("room");
    println!("a tenth goes in {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let gone = log.forget(Some("device-00000003"), 0).expect("room");
    println!("{gone} of a device are forgotten in {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let gone = log.forget_all().expect("a file");
    println!("all {gone} are forgotten in {:.1} s", start.elapsed().as_secs_f64());
}
