//! A year of a busy home: how large the store grows, how long questions to it take, how much is
//! written a day. `cargo bench --bench history`; with `-- --make FOLDER` nothing is measured, and the
//! year that ended yesterday is left in that data folder.

#![allow(missing_docs)]

use std::fs;
use std::path::Path;
use std::time::Instant;

use trackless::history::read::{Reader, Span};
use trackless::history::{Retention, Row, Store};
use trackless::trackers::Category;

const DEVICES: u64 = 25;
const COMPANIES: u64 = 400;
/// Queries of a device in an hour in which it is used: 100,000 a day of all.
const QUERIES: u64 = 250;
const HOURS: u64 = 16;
const DAYS: u64 = 365;
/// In days since 1970.
const FIRST: u64 = 20_000;
/// Writes in an hour, as they are by default.
const FLUSHES: u64 = 12;

/// A small generator: benchmarks must repeat, not surprise.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// Small numbers are much more frequent, as a few companies are everywhere.
    fn skewed(&mut self, most: u64) -> u64 {
        let (one, two) = (self.next() % most, self.next() % most);
        one * two / most * (self.next() % most) / most
    }
}

fn rows(random: &mut Random, queries: u64) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for device in 0..DEVICES {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..queries {
            // Two of five are for trackers.
            let company = if random.next() % 5 < 2 { 1 + random.skewed(COMPANIES) } else { 0 };
            *counts.entry(company).or_insert(0) += 1;
        }
        rows.extend(counts.into_iter().map(|(company, count)| Row {
            device: format!("device-{device:08x}"),
            company: if company == 0 { String::new() } else { format!("Company number {company}") },
            category: (company > 0).then(|| Category::ALL[company as usize % 11]),
            block: if company % 3 > 0 { count } else { 0 },
            allow: 0,
            pass: if company % 3 > 0 { 0 } else { count },
        }));
    }
    rows
}

/// Octets this process had written to a disk.
fn written() -> u64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).expect("the folder").flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

fn timed<T>(what: &str, ask: impl Fn() -> T) {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(ask());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("  {what}: {:.1} ms (median of 5)", times[2]);
}

/// The last `days` days, as the clock of a house in Berlin counts them.
fn hours(last: u64, days: u64) -> Span {
    let Span { first, last } = Span::days(last - (days - 1), last);
    Span { first: first - 1, last: last - 1 }
}

/// Lives a year from day `start` on.
fn live(store: &mut Store, random: &mut Random, start: u64, retention: Retention) {
    for day in start..start + DAYS {
        for hour in 0..HOURS {
            let now = (day * 24 + 7 + hour) * 3_600;
            store.add(&rows(random, QUERIES), now).expect("rows are written");
        }
        store.roll_up(retention, day * 86_400).expect("old rows go");
    }
}

fn main() {
    let mut random = Random(1);
    let retention = Retention { hours: 90, days: 400 };
    let told: Vec<String> = std::env::args().collect();
    if let Some(at) = told.iter().position(|word| word == "--make") {
        let folder = told.get(at + 1).expect("a folder");
        let today = trackless::lists::now() / 86_400;
        let (mut store, _) = Store::open(Path::new(folder)).expect("a store");
        live(&mut store, &mut random, today - DAYS, retention);
        return;
    }
    // In memory: nobody waits for the disk 6,000 times.
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let (mut store, _) = Store::open(folder.path()).expect("a store");
    let start = Instant::now();
    live(&mut store, &mut random, FIRST, retention);
    println!("A year of {DEVICES} devices and {COMPANIES} companies, 100,000 queries a day:");
    println!("  made in {:.0} s", start.elapsed().as_secs_f64());
    println!("  {:.1} MB in all files", size(folder.path()) as f64 / 1e6);
    // On a disk: what is written to memory is counted to nobody.
    drop(store);
    let on_disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    for file in fs::read_dir(folder.path()).expect("the folder").flatten() {
        fs::copy(file.path(), on_disk.path().join(file.file_name())).expect("a copy");
    }
    let folder = on_disk;
    let (mut store, _) = Store::open(folder.path()).expect("a store");
    let before = written();
    for hour in 0..HOURS {
        for flush in 0..FLUSHES {
            let now = ((FIRST + DAYS) * 24 + 7 + hour) * 3_600 + flush * 300;
            store.add(&rows(&mut random, QUERIES / FLUSHES), now).expect("rows are written");
        }
    }
    store.roll_up(retention, (FIRST + DAYS) * 86_400).expect("old rows go");
    println!("  {:.2} MB written in a day, every 5 minutes", (written() - before) as f64 / 1e6);
    let last = FIRST + DAYS;
    let reader = Reader::open(folder.path()).expect("a reader");
    let device = "device-00000003";
    timed("a device's month", || {
        reader.companies(Span::days(last - 30, last), Some(device)).expect("read")
    });
    timed("a week's companies of all", || {
        reader.companies(Span::days(last - 7, last), None).expect("read")
    });
    timed("a year's companies of all", || {
        reader.companies(Span::days(FIRST, last), None).expect("read")
    });
    timed("a year's devices", || reader.devices(Span::days(FIRST, last)).expect("read"));
    timed("a year's queries", || reader.totals(Span::days(FIRST, last), None).expect("read"));
    timed("a week's graph", || reader.graph(hours(last, 7)).expect("read"));
    timed("a year's graph", || reader.graph(hours(last, DAYS)).expect("read"));
    timed("a day by hours", || reader.hours(hours(last, 1), None, None).expect("read"));
    timed("a month by hours", || reader.hours(hours(last, 31), None, None).expect("read"));
    timed("a device's month by hours", || {
        reader.hours(hours(last, 31), Some(device), None).expect("read")
    });
    let company = "Company number 3";
    timed("a company's month by hours", || {
        reader.hours(hours(last, 31), None, Some(company)).expect("read")
    });
    timed("a company's month of devices", || {
        reader.of_company(hours(last, 30), company).expect("read")
    });
    timed("a company's year of devices", || {
        reader.of_company(hours(last, DAYS), company).expect("read")
    });
    timed("when devices asked", || reader.ages().expect("read"));
    timed("who is new this week", || reader.new_since(last - 7).expect("read"));
    let counted = rows(&mut random, QUERIES);
    timed("opening it with what is not written", || {
        let mut reader = Reader::open(folder.path()).expect("a reader");
        reader.see(&counted, last * 86_400 + 80_000).expect("read");
    });
    println!("  {:.0} MB resident with it open", resident() as f64 / 1e3);
}
