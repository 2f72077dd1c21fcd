//! Settings of what is counted, kept and told, and of the process as a whole.

use crate::config::Config;
use crate::config::field::Field;
use crate::config::people::TOKEN;
use crate::config::setting::{Setting, seconds};

pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        key: "stats.level",
        about: "whether it is counted who was followed, or only by whom; full also keeps every query",
        field: |config| Field::StatsLevel(&mut config.stats.level),
    },
    Setting {
        key: "stats.companies",
        about: "companies counted by name; later ones are `other`",
        field: |config| Field::Count(&mut config.stats.companies, 100..=1_000_000),
    },
    Setting {
        key: "stats.pairs",
        about: "pairs of device and company counted by themselves; later ones are `other`",
        field: |config| Field::Count(&mut config.stats.pairs, 100..=10_000_000),
    },
    Setting {
        key: "stats.devices",
        about: "devices counted by name; later ones are `other`",
        field: |config| Field::Count(&mut config.stats.devices, 1..=100_000),
    },
    Setting {
        key: "history.flush",
        about: "how often counts are written: what is lost when the power goes",
        field: |config| Field::Ttl(&mut config.history.flush, seconds(1, 3_600)),
    },
    Setting {
        key: "history.hours",
        about: "how long they are kept by hour",
        field: |config| Field::Ttl(&mut config.history.hours, seconds(86_400, 400 * 86_400)),
    },
    Setting {
        key: "history.days",
        about: "how long they are kept by day",
        field: |config| Field::Ttl(&mut config.history.days, seconds(86_400, 4_000 * 86_400)),
    },
    Setting {
        key: "history.size",
        about: "most of the store's size; then the oldest hours go, then the oldest days",
        field: |config| Field::Size(&mut config.history.size, 8 << 20..=64 << 30),
    },
    Setting {
        key: "history.queries",
        about: "how long queries are kept, with their names; only with `stats.level: full`",
        field: |config| Field::Ttl(&mut config.history.queries, seconds(3_600, 400 * 86_400)),
    },
    Setting {
        key: "history.queries_size",
        about: "how much is kept of them; the oldest go first",
        field: |config| Field::Size(&mut config.history.queries_size, 1 << 20..=64 << 30),
    },
    Setting {
        key: "metrics.listen",
        about: "address of metrics, if not that of web",
        field: |config| Field::AddressOrOff(&mut config.metrics.listen),
    },
    Setting {
        key: "metrics.token",
        about: "what Prometheus must know to see them (`authorization` in its settings)",
        field: |config| Field::OneText(&mut config.metrics.token, &TOKEN),
    },
    Setting {
        key: "metrics.companies",
        about: "companies shown by themselves; others are `other`",
        field: |config| Field::Count(&mut config.metrics.companies, 1..=10_000),
    },
    Setting {
        key: "metrics.pairs",
        about: "pairs of device and company shown by themselves; 0 shows nothing of pairs",
        field: |config| Field::Count(&mut config.metrics.pairs, 0..=100_000),
    },
    Setting {
        key: "alerts.kinds",
        about: "what is worth an alert; [] is nothing",
        field: |config| Field::AlertKinds(&mut config.alerts.kinds),
    },
    Setting {
        key: "alerts.webhook",
        about: "where alerts are posted as JSON; without it, nowhere",
        field: |config| Field::Secret(&mut config.alerts.webhook, &["https", "http"]),
    },
    Setting {
        key: "alerts.ntfy",
        about: "topic of ntfy to which they are sent; without it, none",
        field: |config| Field::Secret(&mut config.alerts.ntfy, &["https", "http"]),
    },
    Setting {
        key: "alerts.mqtt",
        about: "MQTT server for Home Assistant, with what topics begin with; without it, none",
        field: |config| Field::Secret(&mut config.alerts.mqtt, &["mqtt"]),
    },
    Setting {
        key: "alerts.rate",
        about: "most messages an hour to each of these; the rest is summed up in one",
        field: |config| Field::Count(&mut config.alerts.rate, 1..=1_000),
    },
    Setting {
        key: "hardening.landlock",
        about: "whether all other files are closed once the doors are open; new folders need a restart",
        field: |config| Field::Switch(&mut config.hardening.landlock),
    },
    Setting {
        key: "hardening.seccomp",
        about: "whether system calls that are never needed are refused then",
        field: |config| Field::Switch(&mut config.hardening.seccomp),
    },
    Setting {
        key: "log",
        about: "which lines are logged; debug tells why queries got no answer, never whose",
        field: |config| Field::Log(&mut config.log),
    },
];
