//! What is counted since the start alone, by Pi-hole's keys. All of them are there, as programs may
//! not do without one.

use serde_json::{Map, Value};

use crate::stats::{Source, Totals, Transport};
use crate::wire::Rcode;

const TYPES: [&str; 16] = [
    "A", "AAAA", "ANY", "SRV", "SOA", "PTR", "TXT", "NAPTR", "MX", "DS", "RRSIG", "DNSKEY", "NS",
    "SVCB", "HTTPS", "OTHER",
];
const STATUS: [&str; 19] = [
    "UNKNOWN",
    "GRAVITY",
    "FORWARDED",
    "CACHE",
    "REGEX",
    "DENYLIST",
    "EXTERNAL_BLOCKED_IP",
    "EXTERNAL_BLOCKED_NULL",
    "EXTERNAL_BLOCKED_NXRA",
    "GRAVITY_CNAME",
    "REGEX_CNAME",
    "DENYLIST_CNAME",
    "RETRIED",
    "RETRIED_DNSSEC",
    "IN_PROGRESS",
    "DBBUSY",
    "SPECIAL_DOMAIN",
    "CACHE_STALE",
    "EXTERNAL_BLOCKED_EDE15",
];
const REPLIES: [&str; 14] = [
    "UNKNOWN", "NODATA", "NXDOMAIN", "CNAME", "IP", "DOMAIN", "RRNAME", "SERVFAIL", "REFUSED",
    "NOTIMP", "OTHER", "DNSSEC", "NONE", "BLOB",
];

/// Each key with the sum of what is counted for it.
fn sums<'a>(keys: &[&str], counted: impl IntoIterator<Item = (&'a str, u64)>) -> Value {
    let mut sums: Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), Value::from(0))).collect();
    for (key, count) in counted {
        if let Some(sum) = sums.get_mut(key) {
            *sum = Value::from(sum.as_u64().unwrap_or(0).saturating_add(count));
        }
    }
    Value::Object(sums)
}

/// Queries by type.
pub(super) fn types(totals: &Totals) -> Value {
    let counted: Vec<_> = totals.by_type().collect();
    let known = |text: &str| TYPES.iter().copied().find(|known| *known == text);
    sums(&TYPES, counted.iter().map(|(text, count)| (known(text).unwrap_or("OTHER"), *count)))
}

/// Answers by where they came from.
pub(super) fn status(totals: &Totals) -> Value {
    let counted = Source::ALL.map(|source| {
        let key = match source {
            Source::Filter => "GRAVITY",
            Source::Cache => "CACHE",
            Source::Stale => "CACHE_STALE",
            Source::Upstream => "FORWARDED",
            Source::Local => "SPECIAL_DOMAIN",
        };
        (key, totals.answers_from(source))
    });
    sums(&STATUS, counted)
}

/// Answers by their code; what is in a good one is not counted, so that these are `OTHER`.
pub(super) fn replies(totals: &Totals) -> Value {
    let of = |code: Rcode| -> u64 {
        let sources = Source::ALL.into_iter();
        let all = sources.flat_map(|source| Transport::ALL.map(|transport| (source, transport)));
        all.map(|(source, transport)| totals.answers(source, transport, code)).sum()
    };
    let all: u64 = Source::ALL.map(|source| totals.answers_from(source)).iter().sum();
    let told = [("SERVFAIL", 2), ("NXDOMAIN", 3), ("NOTIMP", 4), ("REFUSED", 5)];
    let told = told.map(|(key, code)| (key, of(Rcode(code))));
    let rest = all.saturating_sub(told.iter().map(|(_, count)| count).sum());
    sums(&REPLIES, told.into_iter().chain([("OTHER", rest)]))
}

/// Answers of held ones, and of upstream.
pub(super) fn cached_and_forwarded(totals: &Totals) -> (u64, u64) {
    let cached = totals.answers_from(Source::Cache) + totals.answers_from(Source::Stale);
    (cached, totals.answers_from(Source::Upstream))
}
