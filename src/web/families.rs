//! Families of samples, in Prometheus's words.

use prometheus::TextEncoder;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram as Samples, LabelPair, Metric, MetricFamily, MetricType,
};

use crate::stats::{BOUNDS_US, Histogram};

/// Families of samples, written as they are gathered: a registry would hold them all to sort what is
/// in order already.
#[derive(Default)]
pub(super) struct Families {
    text: String,
    error: Option<prometheus::Error>,
}

impl Families {
    pub(super) fn counters(&mut self, name: &str, help: &str, metrics: Vec<Metric>) {
        self.add(name, help, MetricType::COUNTER, metrics);
    }

    pub(super) fn gauges(&mut self, name: &str, help: &str, metrics: Vec<Metric>) {
        self.add(name, help, MetricType::GAUGE, metrics);
    }

    pub(super) fn histograms(&mut self, name: &str, help: &str, metrics: Vec<Metric>) {
        self.add(name, help, MetricType::HISTOGRAM, metrics);
    }

    /// A family without samples is left out, as the format wants it.
    fn add(&mut self, name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) {
        if metrics.is_empty() {
            return;
        }
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        family.set_metric(metrics);
        if let Err(error) = TextEncoder::new().encode_utf8(&[family], &mut self.text) {
            self.error = Some(error);
        }
    }

    /// All that was added, in Prometheus's text format.
    pub(super) fn text(self) -> prometheus::Result<String> {
        self.error.map_or(Ok(self.text), Err)
    }
}

fn labelled(labels: &[(&str, &str)]) -> Metric {
    let labels = labels.iter().map(|(name, value)| {
        let mut label = LabelPair::default();
        label.set_name((*name).to_owned());
        label.set_value((*value).to_owned());
        label
    });
    Metric::from_label(labels.collect())
}

pub(super) fn counter(labels: &[(&str, &str)], count: u64) -> Metric {
    fractional_counter(labels, count as f64)
}

pub(super) fn fractional_counter(labels: &[(&str, &str)], count: f64) -> Metric {
    let mut value = Counter::default();
    value.set_value(count);
    let mut metric = labelled(labels);
    metric.set_counter(value);
    metric
}

pub(super) fn gauge(labels: &[(&str, &str)], number: f64) -> Metric {
    let mut value = Gauge::default();
    value.set_value(number);
    let mut metric = labelled(labels);
    metric.set_gauge(value);
    metric
}

pub(super) fn histogram<'a>(
    labels: &[(&str, &str)],
    histograms: impl Iterator<Item = &'a Histogram>,
) -> Metric {
    let mut counts = [0; BOUNDS_US.len() + 1];
    let mut sum = 0.0;
    for histogram in histograms {
        let (of_one, sum_of_one) = histogram.read();
        counts.iter_mut().zip(of_one).for_each(|(count, of_one)| *count += of_one);
        sum += sum_of_one.as_secs_f64();
    }
    let mut cumulative = 0;
    let buckets = BOUNDS_US.iter().zip(counts).map(|(&bound, count)| {
        cumulative += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound as f64 / 1e6);
        bucket.set_cumulative_count(cumulative);
        bucket
    });
    let mut samples = Samples::default();
    samples.set_bucket(buckets.collect());
    samples.set_sample_count(counts.iter().sum());
    samples.set_sample_sum(sum);
    let mut metric = labelled(labels);
    metric.set_histogram(samples);
    metric
}
