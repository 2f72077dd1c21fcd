//! The log as a file: what is in it, what goes, and what its octets tell after that.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::read::{Filter, Page, Reader};
use super::*;

const NOW: u64 = 1_800_000_000;

fn query(at: u64, device: &str, name: &str) -> Logged {
    let is_tracker = name.starts_with('t');
    Logged {
        at,
        device: device.to_owned(),
        name: name.to_owned(),
        qtype: 28,
        verdict: if is_tracker { "block" } else { "pass" }.to_owned(),
        by: if is_tracker { "list" } else { "" }.to_owned(),
        company: if is_tracker { "Acme" } else { "" }.to_owned(),
    }
}

fn open() -> (TempDir, QueryLog) {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = QueryLog::open(folder.path()).unwrap();
    (folder, log)
}

fn page(folder: &TempDir, filter: &Filter) -> Vec<Logged> {
    Reader::open(folder.path()).unwrap().page(filter, None, 1_000_000).unwrap().queries
}

/// Whether any file of the folder holds `text`.
fn holds(folder: &TempDir, text: &str) -> bool {
    fs::read_dir(folder.path()).unwrap().flatten().any(|entry| {
        let octets = fs::read(entry.path()).unwrap();
        octets.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn what_is_logged_is_read_by_pages_over_a_restart() {
    let (folder, mut log) = open();
    let all: Vec<_> = (0..25).map(|n| query(NOW + n / 10, "a", &format!("n{n}.example"))).collect();
    log.add(&all[..7]).unwrap();
    drop(log);
    let (mut log, was_damaged) = QueryLog::open(folder.path()).unwrap();
    assert!(!was_damaged);
    log.add(&all[7..]).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    let (mut read, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let Page { queries, next } = reader.page(&Filter::default(), after, 5).unwrap();
        read.extend(queries);
        pages += 1;
        after = next;
        if after.is_none() {
            break;
        }
    }
    read.reverse();
    assert_eq!((read, pages), (all, 5));
    let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = serde_json::to_string(&query(5, "a", "t.example")).unwrap();
    assert_eq!(
        text,
        "{\"at\":5,\"device\":\"a\",\"name\":\"t.example\",\"type\":\"AAAA\",\"verdict\":\"block\",\
         \"by\":\"list\",\"company\":\"Acme\"}"
    );
}

#[test]
fn more_than_a_second_holds_runs_into_the_next() {
    let (folder, mut log) = open();
    let many = vec![query(NOW, "a", "n.example"); PLACES as usize + 10];
    log.add(&many).unwrap();
    log.add(&[query(NOW, "a", "n.example"), query(NOW - 1, "a", "n.example")]).unwrap();
    let late = Filter { since: Some(NOW + 1), ..Filter::default() };
    assert_eq!(page(&folder, &late).len(), 11);
    assert_eq!(page(&folder, &Filter::default()).len(), many.len() + 2);
}

#[test]
fn a_damaged_log_is_begun_anew_and_nothing_of_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let text = "no database, but longer than the header of one: ";
    fs::write(folder.path().join(FILE), text.repeat(9)).unwrap();
    let (_, was_damaged) = QueryLog::open(folder.path()).unwrap();
    assert!(was_damaged && !holds(&folder, text));
}

#[test]
fn what_is_old_is_in_no_octet_any_more() {
    let (folder, mut log) = open();
    // Names of many lengths in an order of their own, so that pages are split.
    let name =
        |n: u64| format!("{}.planted-{}.example", "x".repeat((n * 7 % 40) as usize), n % 977);
    for part in 0..20 {
        let queries = (0..500).map(|n| query(NOW + part, "planted-device", &name(part * 500 + n)));
        log.add(&queries.collect::<Vec<_>>()).unwrap();
    }
    log.add(&[query(NOW + 100, "b", "kept.example")]).unwrap();
    assert!(holds(&folder, "planted"), "or nothing is shown");
    let before = log.bytes().unwrap();
    log.retire(NOW + 50).unwrap();
    assert!(!holds(&folder, "planted"));
    assert_eq!(page(&folder, &Filter::default()), [query(NOW + 100, "b", "kept.example")]);
    assert!(log.bytes().unwrap() < before / 2, "the disk has it back");
}

#[test]
fn the_oldest_go_where_there_is_too_much() {
    const SIZE: u64 = 1 << 20;
    let (folder, mut log) = open();
    let mut most = 0;
    for second in 0..100 {
        let queries = (0..500).map(|n| query(NOW + second, "a", &format!("s{second}-{n}.example")));
        log.add(&queries.collect::<Vec<_>>()).unwrap();
        log.trim(SIZE).unwrap();
        let file = fs::metadata(folder.path().join(FILE)).unwrap().len();
        let journal =
            fs::metadata(folder.path().join("queries.db-wal")).map_or(0, |data| data.len());
        most = most.max(file + journal);
    }
    assert!(most <= SIZE, "{most}");
    let kept = page(&folder, &Filter::default());
    assert_eq!(kept[0].name, "s99-499.example");
    assert!(kept.len() > 5_000 && kept.len() < 50_000, "{}", kept.len());
    assert!(!holds(&folder, "s0-17.example") && holds(&folder, "s99-17.example"));
}

#[test]
fn what_is_to_be_forgotten_is_in_no_octet_any_more() {
    let (folder, mut log) = open();
    let add = |log: &mut QueryLog, device: &str, mark: &str| {
        let queries =
            (0..2_000).map(|n| query(NOW + n / 100, device, &format!("{mark}-{n}.example")));
        log.add(&queries.collect::<Vec<_>>()).unwrap();
    };
    add(&mut log, "first", "planted");
    add(&mut log, "second", "other");
    assert_eq!(log.forget(Some("nobody"), 0).unwrap(), 0);
    assert_eq!(log.forget(Some("first"), NOW + 10).unwrap(), 1_000);
    assert!(holds(&folder, "planted-999.") && !holds(&folder, "planted-1000."));
    assert_eq!(log.forget(Some("first"), 0).unwrap(), 1_000);
    assert!(!holds(&folder, "planted") && !holds(&folder, "first"));
    assert_eq!(log.forget(None, NOW + 19).unwrap(), 100);
    assert_eq!(log.forget_all().unwrap(), 1_900);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn logged() -> impl Strategy<Value = Vec<Logged>> {
    let one = (0..20_u64, 0..3_u8, "[tn][ab]?\\.[ab]\\.example");
    let one = one.prop_map(|(at, device, name)| query(NOW + at, &format!("d{device}"), &name));
    vec(one, 0..60)
}

fn filters() -> impl Strategy<Value = Filter> {
    let pick = |texts: &[&str]| {
        let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
        proptest::option::of(proptest::sample::select(texts))
    };
    (
        pick(&["d0", "d1", "d9"]),
        pick(&["a", ".A.example", ".example", "nb.", "z"]),
        pick(&["block", "pass", "local"]),
        pick(&["acme", "Bolt"]),
        proptest::option::of(NOW..NOW + 20),
        proptest::option::of(NOW..NOW + 20),
    )
        .prop_map(|(device, name, verdict, company, since, until)| Filter {
            device,
            name,
            verdict,
            company,
            since,
            until,
        })
}

fn fits(query: &Logged, filter: &Filter) -> bool {
    let Filter { device, name, verdict, company, since, until } = filter;
    device.as_ref().is_none_or(|device| query.device == *device)
        && name.as_ref().map(|name| name.to_lowercase()).is_none_or(|name| {
            if name.starts_with('.') {
                format!(".{}", query.name).ends_with(&name)
            } else {
                query.name.contains(&name)
            }
        })
        && verdict.as_ref().is_none_or(|verdict| query.verdict == *verdict)
        && company.as_ref().is_none_or(|company| query.company.eq_ignore_ascii_case(company))
        && since.is_none_or(|since| query.at >= since)
        && until.is_none_or(|until| query.at < until)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn pages_hold_what_fits_the_newest_first(
        queries in logged(),
        filter in filters(),
        parts in 1..4_usize,
        most in 1..9_usize,
        clock in any::<bool>(),
    ) {
        let mut queries = queries;
        if clock {
            // A clock that is never set back.
            queries.sort_by_key(|query| query.at);
        }
        let (folder, mut log) = open();
        for part in queries.chunks(queries.len() / parts + 1) {
            log.add(part).unwrap();
        }
        let mut expected: Vec<_> =
            queries.iter().filter(|query| fits(query, &filter)).cloned().collect();
        expected.sort_by_key(|query| query.at);
        expected.reverse();
        let reader = Reader::open(folder.path()).unwrap();
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = reader.page(&filter, after, most).unwrap();
            prop_assert!(page.queries.len() <= most);
            read.extend(page.queries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        prop_assert_eq!(read, expected);
    }
}
