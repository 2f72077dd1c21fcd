//! The steps of the hot path alone: `cargo bench --bench micro`.
//!
//! Every figure is for a pass over 65,536 different queries in random order; the throughput column
//! gives the queries a second. All but `read_query` read the question as well: subtract it.

use std::sync::Arc;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use trackless::cache::{Cache, Entry, Key};
use trackless::clients::DeviceId;
use trackless::filter::pattern::{Pattern, Patterns};
use trackless::filter::{self, Asker, ListRule, Listed, Scope, Table, Tier, Verdict, VerdictKind};
use trackless::stats::{CompanyId, Counters, Pair};
use trackless::trackers::Category;
use trackless::wire::{Answer, Name, Query, Refusal, Rtype, TtlBounds};

fn main() {
    divan::main();
}

const QUERIES: usize = 1 << 16;

/// A small generator: benchmarks must repeat, not surprise.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// The `index`th listed name: 21 characters on average, as in real lists.
fn listed(index: u64) -> String {
    let tld = ["com", "net", "org", "de", "co.uk", "io"][(index % 6) as usize];
    let mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match index % 3 {
        0 => format!("track{:08x}.{tld}", mixed >> 32),
        1 => format!("ads.{:09x}.{tld}", mixed >> 28),
        _ => format!("metrics.site-{:08x}.{tld}", mixed >> 32),
    }
}

fn table(names: u64) -> Table {
    filter::build_in_memory(0, |sink| {
        let mut name = Name::default();
        for index in 0..names {
            name.read_text(listed(index).as_bytes()).expect("generated names are names");
            let rule = ListRule::of_name(&name, Scope::Tree, Tier::Block);
            sink(Listed::Rule { list: 0, rule });
            // A quarter is in a second list, too, so that a hit has lists to tell apart.
            if index % 4 == 0 {
                sink(Listed::Rule { list: (index / 4 % 9) as u8 + 1, rule });
            }
        }
        Ok(Vec::new())
    })
    .expect("memory suffices")
}

/// Queries for `name(0..)`, one behind the other.
fn queries(name: impl Fn(u64) -> String) -> (Vec<u8>, Vec<usize>) {
    let mut random = Random(88_172_645_463_325_252);
    let (mut packets, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..QUERIES {
        let name: Name = name(random.next()).parse().expect("generated names are names");
        packets.extend_from_slice(&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        packets.extend_from_slice(name.wire());
        packets.extend_from_slice(&[0, 1, 0, 1]);
        ends.push(packets.len());
    }
    (packets, ends)
}

fn each_query(packets: &[u8], ends: &[usize], mut each: impl FnMut(&Query<'_>, &Name)) {
    let mut name = Name::default();
    let mut start = 0;
    for &end in ends {
        if let Ok(query) = Query::read(&packets[start..end], &mut name) {
            each(&query, &name);
        }
        start = end;
    }
}

#[divan::bench]
fn read_query(bencher: Bencher<'_, '_>) {
    let (packets, ends) = queries(|random| format!("www.{}", listed(random)));
    bencher.counter(ItemsCount::new(QUERIES)).bench(|| {
        each_query(&packets, &ends, |_, name| {
            black_box(name);
        });
    });
}

fn judge_all(bencher: Bencher<'_, '_>, names: u64, query: impl Fn(u64) -> String) {
    let table = table(names);
    let (packets, ends) = queries(query);
    let asker = Asker::any(u64::MAX);
    bencher.counter(ItemsCount::new(QUERIES)).bench(|| {
        each_query(&packets, &ends, |_, name| {
            let mut verdict = Verdict::default();
            table.judge(name, &asker, &mut verdict);
            black_box(verdict);
        });
    });
}

const SIZES: [u64; 4] = [100_000, 1_000_000, 3_000_000, 10_000_000];

#[divan::bench(args = SIZES)]
fn table_hit(bencher: Bencher<'_, '_>, names: u64) {
    judge_all(bencher, names, |random| listed(random % names));
}

#[divan::bench(args = SIZES)]
fn table_hit_below(bencher: Bencher<'_, '_>, names: u64) {
    judge_all(bencher, names, |random| format!("www.{}", listed(random % names)));
}

#[divan::bench(args = SIZES)]
fn table_miss(bencher: Bencher<'_, '_>, names: u64) {
    judge_all(bencher, names, |random| format!("www.site{:09x}.com", random >> 28));
}

#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn table_build(bencher: Bencher<'_, '_>, names: u64) {
    bencher.counter(ItemsCount::new(names)).bench(|| table(names));
}

/// The `index`th pattern, in shapes that lists have; `globs` of a hundred are globs.
fn pattern(index: u64, globs: u64) -> Pattern {
    let mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let pattern = match (index % 100 < globs, index % 3) {
        (true, 0) => Pattern::glob(&format!("||ads*.track{mixed:06x}.com|")),
        (true, 1) => Pattern::glob(&format!("-ads{mixed:06x}.")),
        (true, _) => Pattern::glob(&format!("||banner{mixed:06x}*.net|")),
        (false, 0) => Pattern::regex(&format!("^ad[sxv]?[0-9]*\\.track{mixed:06x}[.]"), false),
        (false, 1) => Pattern::regex(&format!("(^|\\.)log{mixed:06x}[0-9]+\\.(com|net)$"), false),
        (false, _) => Pattern::regex(&format!("^(.+[_.-])?telemetry{mixed:06x}[_.-]"), false),
    };
    pattern.expect("generated patterns are patterns")
}

/// Names that no pattern matches: the pattern pass alone, its text not included.
#[divan::bench(args = [(500, 50), (10_000, 100), (10_000, 0)])]
fn patterns_miss(bencher: Bencher<'_, '_>, (count, globs): (u64, u64)) {
    let patterns = (0..count).map(|index| pattern(index, globs)).collect();
    let patterns = Patterns::new(patterns).expect("generated patterns fit");
    let mut random = Random(88_172_645_463_325_252);
    let names: Vec<String> =
        (0..QUERIES).map(|_| format!("www.{}", listed(random.next()))).collect();
    bencher.counter(ItemsCount::new(QUERIES)).bench(|| {
        for name in &names {
            patterns.each_match(name.as_bytes(), |index| {
                black_box(index);
            });
        }
    });
}

#[divan::bench]
fn write_refusal(bencher: Bencher<'_, '_>) {
    let (packets, ends) = queries(|random| format!("www.{}", listed(random)));
    let refusal = Refusal::new(Duration::from_secs(60));
    let mut out = [0; 512];
    bencher.counter(ItemsCount::new(QUERIES)).bench_local(|| {
        each_query(&packets, &ends, |query, _| {
            black_box(refusal.write(query, ["my list", "Acme"], &mut out));
        });
    });
}

fn key(name: &Name) -> Key<'_> {
    Key { name, qtype: Rtype(1), dnssec_ok: false, checking_disabled: false, pool: 0 }
}

/// Found in a cache of `answers` answers with three addresses each, and written.
#[divan::bench(args = [1_000, 50_000])]
fn cache_hit(bencher: Bencher<'_, '_>, answers: u64) {
    let cache = Cache::new(64 << 20);
    let bounds = TtlBounds { min: 0, max: 86_400, max_negative: 3_600 };
    for index in 0..answers {
        let name: Name = listed(index).parse().expect("generated names are names");
        let mut message = vec![0, 0, 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0];
        message.extend_from_slice(name.wire());
        message.extend_from_slice(&[0, 1, 0, 1]);
        for last in 0..3 {
            message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04\xc0\0\x02");
            message.push(last);
        }
        let answer = Answer::read(&message, &name, bounds).expect("generated answers are answers");
        let key = key(&name);
        cache.insert(Arc::new(Entry::new(&key, answer, 0)), key.hash(), 0);
    }
    let (packets, ends) = queries(|random| listed(random % answers));
    let mut out = [0; 1232];
    bencher.counter(ItemsCount::new(QUERIES)).bench_local(|| {
        each_query(&packets, &ends, |query, name| {
            let key = key(name);
            if let Some(found) = cache.get(&key, key.hash(), 1)
                && let Some(entry) = found.entry()
            {
                black_box(entry.answer().write(query, 1, query.udp_limit(), &mut out));
            }
        });
    });
}

/// Queries of so many devices for names of so many companies.
#[divan::bench(args = [(25, 100), (200, 300)])]
fn count_query(bencher: Bencher<'_, '_>, (devices, companies): (u64, u64)) {
    let counters = Counters::new(1_000, 200_000);
    let mut random = Random(1);
    let pairs: Vec<Pair> = (0..QUERIES)
        .map(|_| {
            let company = random.next() % companies;
            Pair {
                device: DeviceId(1 + (random.next() % devices) as u32),
                company: CompanyId(2 + company as u32),
                category: Some(Category::ALL[company as usize % Category::ALL.len()]),
            }
        })
        .collect();
    bencher.counter(ItemsCount::new(QUERIES)).bench_local(|| {
        for pair in &pairs {
            counters.query(black_box(*pair), VerdictKind::Block);
        }
    });
}
