//! Settings of what is refused, for whom and when, and of the house's own names.

use crate::config::field::Field;
use crate::config::listed::Kind;
use crate::config::people::{COMPANIES, RECORDS, SERVICES, SUFFIX, ZONE};
use crate::config::setting::{Setting, millis, seconds};
use crate::config::{Config, Profile};

pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        key: "lists",
        about: "lists to subscribe to, at most 57; the order breaks ties",
        field: |config| Field::Listed(&mut config.lists, Kind::Lists),
    },
    Setting {
        key: "databases",
        about: "who is behind names, beside the builtin facts; at most 16",
        field: |config| Field::Listed(&mut config.databases, Kind::Databases),
    },
    Setting {
        key: "services",
        about: "services refused as a whole; `trackless lists services` shows them",
        field: |config| Field::Texts(&mut config.services, &SERVICES),
    },
    Setting {
        key: "bypass",
        about: "which ways around this server are refused: what browsers ask first, or all",
        field: |config| Field::Bypass(&mut config.bypass),
    },
    Setting {
        key: "safe_search",
        about: "which engines answer as for children; all is films, too",
        field: |config| Field::SafeSearch(&mut config.safe_search),
    },
    Setting {
        key: "updates.size",
        about: "most bytes of a list, decompressed",
        field: |config| Field::Size(&mut config.updates.size, 1 << 10..=4 << 30),
    },
    Setting {
        key: "updates.time",
        about: "time for fetching one list",
        field: |config| Field::Time(&mut config.updates.time, seconds(1, 3_600)),
    },
    Setting {
        key: "rules.block",
        about: "names that are always refused",
        field: |config| Field::Rules(&mut config.rules.block),
    },
    Setting {
        key: "rules.allow",
        about: "names that are never refused",
        field: |config| Field::Rules(&mut config.rules.allow),
    },
    Setting {
        key: "rules.block_companies",
        about: "companies whose names are all refused, with those they own",
        field: |config| Field::Texts(&mut config.rules.block_companies, &COMPANIES),
    },
    Setting {
        key: "rules.allow_companies",
        about: "companies whose names are never refused",
        field: |config| Field::Texts(&mut config.rules.allow_companies, &COMPANIES),
    },
    Setting {
        key: "devices",
        about: "devices with names; all others have made-up ones",
        field: |config| Field::Devices(&mut config.devices),
    },
    Setting {
        key: "profiles",
        about: "what holds for some devices instead of what holds for the house; at most 200",
        field: |config| {
            let like = Box::new(Profile::of_house(config));
            Field::Profiles(&mut config.profiles, like)
        },
    },
    Setting {
        key: "schedule",
        about: "when other profiles hold for the house; of several the first",
        field: |config| Field::Slots(&mut config.schedule),
    },
    Setting {
        key: "time_zone",
        about: "where the house is; without it, what the system says",
        field: |config| Field::OneText(&mut config.time_zone, &ZONE),
    },
    Setting {
        key: "leases",
        about: "files in which a DHCP server keeps who has which address and name",
        field: |config| Field::Files(&mut config.leases),
    },
    Setting {
        key: "local.suffix",
        about: "what the names of devices end in",
        field: |config| Field::OneText(&mut config.local.suffix, &SUFFIX),
    },
    Setting {
        key: "local.records",
        about: "names of the house's own; *. before a name is whatever has none of its own",
        field: |config| Field::Texts(&mut config.local.records, &RECORDS),
    },
    Setting {
        key: "local.hosts",
        about: "files of addresses and names",
        field: |config| Field::Files(&mut config.local.hosts),
    },
    Setting {
        key: "rebinding.refuse",
        about: "whether answers that lead public names into the house are refused",
        field: |config| Field::Switch(&mut config.rebinding.refuse),
    },
    Setting {
        key: "rebinding.allow",
        about: "names that may lead into the house",
        field: |config| Field::Rules(&mut config.rebinding.allow),
    },
    Setting {
        key: "tcp.connections",
        about: "TCP connections in all",
        field: |config| Field::Count(&mut config.tcp.connections, 1..=1_000_000),
    },
    Setting {
        key: "tcp.connections_per_client",
        about: "from one client address, at most connections",
        field: |config| Field::Count(&mut config.tcp.connections_per_client, 1..=1_000_000),
    },
    Setting {
        key: "tcp.idle",
        about: "a connection without a query is closed after this",
        field: |config| Field::Time(&mut config.tcp.idle, seconds(1, 600)),
    },
    Setting {
        key: "tcp.stall",
        about: "a message must be sent or taken within this",
        field: |config| Field::Time(&mut config.tcp.stall, millis(100, 60_000)),
    },
];
