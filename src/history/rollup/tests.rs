use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::read::{Age, Reader, Span};
use super::*;

const NOW: u64 = 20_000 * DAY * HOUR + 5 * HOUR;

fn row(device: &str, company: &str, block: u64) -> Row {
    let category = (!company.is_empty()).then_some(Category::Analytics);
    let (device, company) = (device.to_owned(), company.to_owned());
    Row { device, company, category, block, allow: 1, pass: 2 }
}

#[test]
fn rows_add_up_by_hour_and_day_and_go_when_they_are_old() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(folder.path()).unwrap();
    store.add(&[row("tv", "Acme", 5), row("tv", "", 0)], NOW).unwrap();
    store.add(&[row("tv", "Acme", 5)], NOW + 60).unwrap();
    store.add(&[row("pad", "Acme", 1)], NOW + HOUR).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    let whole = |reader: &Reader| reader.companies(Span::days(20_000, 20_000), None).unwrap();
    let companies = whole(&reader);
    assert_eq!(companies.len(), 1);
    let acme = &companies[0];
    assert_eq!((acme.block, acme.allow, acme.pass), (11, 3, 6));
    assert_eq!((acme.devices, acme.hours), (2, 2));
    assert_eq!(reader.companies(Span::days(20_000, 20_000), Some("pad")).unwrap()[0].block, 1);
    assert_eq!(reader.totals(Span::days(20_000, 20_000), None).unwrap().pass, 8);
    let hour = NOW / HOUR;
    let newest = |store: &Store, hour| store.newest_before(hour).unwrap();
    assert_eq!(
        [hour, hour + 1, hour + 9].map(|hour| newest(&store, hour)),
        [None, Some(hour), Some(hour + 1)]
    );
    let retention = Retention { hours: 1, days: 2 };
    assert_eq!(store.roll_up(retention, NOW + DAY * HOUR).unwrap(), 0);
    assert_eq!(store.roll_up(retention, NOW + 2 * DAY * HOUR).unwrap(), 2, "the hours");
    assert_eq!(newest(&store, hour + 99), Some(20_000 * DAY));
    assert_eq!(whole(&reader).len(), 1);
    assert_eq!(store.roll_up(retention, NOW + 3 * DAY * HOUR).unwrap(), 2, "the days");
    assert_eq!(whole(&reader).len(), 0);
}

#[test]
fn what_is_forgotten_is_in_no_file_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(folder.path()).unwrap();
    let planted = "planted-pseudonym";
    store.add(&[row(planted, "Planted Inc.", 5), row("tv", "Acme", 1)], NOW).unwrap();
    store.add(&[row(planted, "Planted Inc.", 5)], NOW + HOUR).unwrap();
    let holds = |text: &str| {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(holds(planted) && holds("Planted Inc."));
    // The last hour alone: the day keeps the one before.
    assert_eq!(store.forget(Some(planted), Some((NOW + HOUR) / HOUR)).unwrap(), 1);
    let reader = Reader::open(folder.path()).unwrap();
    let left = reader.companies(Span::days(20_000, 20_000), Some(planted)).unwrap();
    assert_eq!((left[0].block, left[0].hours), (5, 1));
    drop(reader);
    assert_eq!(store.forget(Some(planted), None).unwrap(), 1);
    assert!(!holds(planted) && !holds("Planted Inc.") && holds("Acme"));
    store.forget(None, None).unwrap();
    assert!(!holds("Acme"));
}

type Model = BTreeMap<(u64, u8, u8), u64>;

/// What `reader` says of hours, told of by `model`.
fn check(reader: &Reader, model: &Model, span: Span, device: Option<u8>) {
    let inside = model.iter().filter(|((hour, of, _), _)| {
        (span.first..=span.last).contains(hour) && device.is_none_or(|device| *of == device)
    });
    let mut companies: BTreeMap<String, (u64, BTreeSet<u64>, BTreeSet<u8>)> = BTreeMap::new();
    let mut links: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut hours: BTreeMap<u64, (u64, BTreeSet<u8>)> = BTreeMap::new();
    for ((hour, device, company), block) in inside {
        let name = format!("company {company}");
        *links.entry((format!("device {device}"), name.clone())).or_default() += block;
        let of = companies.entry(name).or_default();
        of.0 += block;
        of.1.insert(*hour);
        of.2.insert(*device);
        let of = hours.entry(*hour).or_default();
        of.0 += block;
        of.1.insert(*company);
    }
    let key = device.map(|device| format!("device {device}"));
    let found = reader.companies(span, key.as_deref()).unwrap();
    let told: BTreeMap<_, _> = found
        .iter()
        .map(|of| (of.name.clone(), (of.block, of.hours, of.devices, of.is_new)))
        .collect();
    let is_new = |name: &str| {
        !model.keys().any(|(hour, of, company)| {
            hour / DAY < span.first / DAY
                && format!("company {company}") == name
                && device.is_none_or(|device| *of == device)
        })
    };
    let expected: BTreeMap<_, _> = companies
        .iter()
        .map(|(name, (block, hours, devices))| {
            let (hours, devices) = (hours.len() as u64, devices.len() as u64);
            (name.clone(), (*block, hours, devices, is_new(name)))
        })
        .collect();
    assert_eq!(told, expected);
    let all: u64 = expected.values().map(|of| of.0).sum();
    assert_eq!(reader.totals(span, key.as_deref()).unwrap().block, all);
    let told = reader.hours(span, key.as_deref(), None).unwrap();
    let told: BTreeMap<u64, (u64, u64)> = (span.first..)
        .zip(&told)
        .filter(|(_, of)| of.sums.all() > 0)
        .map(|(hour, of)| (hour, (of.sums.block, of.companies)))
        .collect();
    let hours = hours.into_iter().map(|(hour, (block, of))| (hour, (block, of.len() as u64)));
    assert_eq!(told, hours.collect());
    if device.is_none() {
        let devices = reader.devices(span).unwrap();
        assert_eq!(devices.iter().map(|of| of.sums.block).sum::<u64>(), all);
        let graph = reader.graph(span).unwrap();
        assert_eq!((&graph.companies, &graph.devices), (&found, &devices));
        let told = graph.links.into_iter().map(|(key, name, sums)| ((key, name), sums.block));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), links);
        for company in found {
            let of = reader.of_company(span, &company.name).unwrap();
            assert_eq!(of.iter().map(|of| of.sums.block).sum::<u64>(), company.block);
            let last = companies[&company.name].1.last().map(|hour| hour * HOUR);
            assert_eq!(of.iter().map(|of| of.last).max(), last);
        }
    }
}

/// When devices came and asked last, told of by `model`.
fn check_ages(reader: &Reader, model: &Model) {
    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (hour, device, _) in model.keys() {
        let of = expected.entry(format!("device {device}")).or_insert((u64::MAX, 0));
        *of = (of.0.min(hour / DAY), of.1.max(hour / DAY));
    }
    let days = |age: &Age| (age.first / HOUR / DAY, age.last / HOUR / DAY);
    let told = reader.ages().unwrap();
    let told = told.iter().map(|(key, age)| (key.clone(), days(age)));
    assert_eq!(told.collect::<BTreeMap<_, _>>(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 48 }))]

    #[test]
    fn spans_are_told_as_if_hours_were_added_up(
        added in vec((0..120_u64, 0..24_u64, 1..4_u8, 1..5_u8, 0..9_u8), 1..120),
        counted in vec((1..5_u8, 1..6_u8), 0..5),
        asked in vec((0..3_000_u64, 0..3_000_u64, option::of(1..5_u8)), 6),
        days in (0..125_u64, 0..125_u64),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path()).unwrap();
        let mut reader = Reader::open(folder.path()).unwrap();
        let mut model = Model::new();
        let of = |device: u8, company: u8, block: u64| {
            let row = row(&format!("device {device}"), &format!("company {company}"), block);
            Row { allow: 0, pass: 0, ..row }
        };
        let mut forgot = false;
        for (day, hour, device, company, then) in added {
            let hour = (20_000 + day) * DAY + hour;
            let block = u64::from(then) + 1;
            store.add(&[of(device, company, block)], hour * HOUR).unwrap();
            *model.entry((hour, device, company)).or_default() += block;
            match then {
                0..3 => {
                    let retention = Retention { hours: 4_000, days: 4_000 };
                    store.roll_up(retention, (hour + 30 * u64::from(then)) * HOUR).unwrap();
                }
                3 => {
                    store.forget(Some(&format!("device {device}")), Some(hour - 40)).unwrap();
                    model.retain(|(at, of, _), _| *of != device || *at < hour - 40);
                    forgot = true;
                }
                _ => {}
            }
        }
        // What is counted and not written is told, too.
        let now = 20_124 * DAY + 3;
        let rows: Vec<Row> =
            counted.iter().map(|(device, company)| of(*device, *company, 1)).collect();
        for (device, company) in &counted {
            *model.entry((now, *device, *company)).or_default() += 1;
        }
        reader.see(&rows, now * HOUR).unwrap();
        for (one, other, device) in asked {
            let first = 20_000 * DAY;
            let span = Span { first: first + one.min(other), last: first + one.max(other) };
            check(&reader, &model, span, device);
        }
        let (first, last) = (days.0.min(days.1), days.0.max(days.1));
        check(&reader, &model, Span::days(20_000 + first, 20_000 + last), None);
        // Who is forgotten in part is known since it was met.
        if !forgot {
            check_ages(&reader, &model);
        }
    }
}
