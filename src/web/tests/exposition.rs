//! Prometheus's text format, version 0.0.4, read strictly.

use std::collections::{BTreeMap, BTreeSet};

/// Sample values by series, as `name{label="value"}`. Panics at anything ill-formed.
pub(super) fn read(page: &str) -> BTreeMap<String, f64> {
    assert!(page.ends_with('\n'));
    let mut series = BTreeMap::new();
    let mut families = BTreeSet::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, help) = line.strip_prefix("# HELP ").expect(line).split_once(' ').expect(line);
        assert!(is_name(name) && !help.is_empty() && families.insert(name), "{line}");
        let line = lines.next().expect("a type behind each help text");
        let kind = line.strip_prefix(&format!("# TYPE {name} ")).expect(line);
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        let mut samples = 0;
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (key, value) = line.rsplit_once(' ').expect(line);
            let value: f64 = value.parse().expect(line);
            let (sample, labels) = key.split_once('{').unwrap_or((key, "}"));
            let suffixes: &[&str] =
                if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            let suffix = sample.strip_prefix(name).expect(line);
            assert!(suffixes.contains(&suffix), "{line}");
            assert_eq!(suffix == "_bucket", read_labels(labels).contains(&"le"), "{line}");
            assert!(kind == "gauge" || value >= 0.0, "{line}");
            assert!(series.insert(key.to_owned(), value).is_none(), "twice: {line}");
            samples += 1;
        }
        assert!(samples > 0, "{name} has no samples");
    }
    buckets_add_up(&series);
    series
}

/// The labels of `name="value",…}`.
fn read_labels(mut rest: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    while rest != "}" {
        let (label, value) = rest.split_once("=\"").expect(rest);
        assert!(is_name(label) && !label.contains(':') && !labels.contains(&label), "{rest}");
        labels.push(label);
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next().expect("a value ends with its quote") {
                (_, '\\') => assert!(matches!(chars.next(), Some((_, '\\' | '"' | 'n'))), "{rest}"),
                (end, '"') => break end,
                (_, char) => assert_ne!(char, '\n'),
            }
        };
        let behind = &value[end + 1..];
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    labels
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|char: char| char.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "_:".contains(char))
}

/// In each histogram, buckets only grow with their bounds, and the last one is the count.
fn buckets_add_up(series: &BTreeMap<String, f64>) {
    let mut histograms: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (key, &count) in series.iter().filter(|(key, _)| key.contains("_bucket{")) {
        // `le` is the last label.
        let (rest, bound) = key.rsplit_once("le=\"").unwrap();
        let bound = bound.trim_end_matches("\"}").parse().unwrap();
        histograms.entry(rest.replace("_bucket{", "_count{")).or_default().push((bound, count));
    }
    for (key, mut buckets) in histograms {
        buckets.sort_by(|one, two| one.partial_cmp(two).unwrap());
        assert!(buckets.is_sorted_by_key(|&(_, count)| count), "{key}: {buckets:?}");
        let of_all = format!("{}}}", key.trim_end_matches(','));
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, series[&of_all])), "{key}");
    }
}
