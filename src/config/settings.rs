//! The table of settings: each key, what it is for, and the place it fills.
//!
//! Reading, error lines and the written file all walk this table; a setting that is not here
//! does not exist. The ranges are those of the fields' documentation in [`super`].

use super::field::Field;
use super::listed::Kind;
use super::people::{COMPANIES, RECORDS, SERVICES, SUFFIX, ZONE};
use super::setting::{Setting, millis, seconds};
use super::{Config, Profile};

/// The section that may also be written as the servers alone, and the key they have.
pub(super) const SHORT_FORM: (&str, &str) = ("upstream", "upstream.servers");

/// Settings of the config, in the order they are written; those of a section stand together.
pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        key: "listen",
        about: "addresses that answer DNS over UDP and TCP",
        field: |config| Field::Addresses(&mut config.listen),
    },
    Setting {
        key: "web",
        about: "address of metrics and health over HTTP",
        field: |config| Field::AddressOrOff(&mut config.web),
    },
    Setting {
        key: "data",
        about: "folder for state; without it the system's own",
        field: |config| Field::Folder(&mut config.data),
    },
    Setting {
        key: "workers",
        about: "UDP workers for each address; auto is one a core",
        field: |config| Field::CountOrAuto(&mut config.workers, 0..=256),
    },
    Setting {
        key: "encrypted.tls",
        about: "addresses of DNS over TLS",
        field: |config| Field::Doors(&mut config.encrypted.tls, 853),
    },
    Setting {
        key: "encrypted.https",
        about: "addresses of DNS over HTTPS, at /dns-query",
        field: |config| Field::Doors(&mut config.encrypted.https, 443),
    },
    Setting {
        key: "encrypted.quic",
        about: "addresses of DNS over QUIC",
        field: |config| Field::Doors(&mut config.encrypted.quic, 853),
    },
    Setting {
        key: "encrypted.certificate",
        about: "its file (PEM); without it one is made, signed by ca.pem in the data folder",
        field: |config| Field::File(&mut config.encrypted.certificate),
    },
    Setting {
        key: "encrypted.key",
        about: "the certificate's key (PEM), if that is another file",
        field: |config| Field::File(&mut config.encrypted.key),
    },
    Setting {
        key: "encrypted.acme",
        about: "who gives certificates: for example https://acme-v02.api.letsencrypt.org/directory",
        field: |config| Field::Url(&mut config.encrypted.acme),
    },
    Setting {
        key: "encrypted.names",
        about: "our names; a device may put its own before them, as in tv.dns.example.org",
        field: |config| Field::Rules(&mut config.encrypted.names),
    },
    Setting {
        key: "access.networks",
        about: "who may ask",
        field: |config| Field::Networks(&mut config.access.networks),
    },
    Setting {
        key: "access.on_link",
        about: "whether the networks this machine is in may ask, too",
        field: |config| Field::Switch(&mut config.access.on_link),
    },
    Setting {
        key: "access.proxies",
        about: "load balancers that say for whom they ask (PROXY protocol, version 2)",
        field: |config| Field::AnyNetworks(&mut config.access.proxies),
    },
    Setting {
        key: "access.rate",
        about: "queries a second from one device; 0 for any number",
        field: |config| Field::Count(&mut config.access.rate, 0..=1_000_000),
    },
    Setting {
        key: "level",
        about: "how strongly to protect; strict may break things",
        field: |config| Field::Level(&mut config.level),
    },
    Setting {
        key: "upstream.servers",
        about: "whom to ask",
        field: |config| Field::Servers(&mut config.upstream.servers, true),
    },
    Setting {
        key: "upstream.strategy",
        about: "of those that are well: the one named first, the fastest, two at once, or in turn",
        field: |config| Field::Strategy(&mut config.upstream.strategy),
    },
    Setting {
        key: "upstream.domains",
        about: "domains with servers of their own",
        field: |config| Field::Domains(&mut config.upstream.domains),
    },
    Setting {
        key: "upstream.clients",
        about: "clients with servers of their own, by address or network; at most 63",
        field: |config| Field::Clients(&mut config.upstream.clients),
    },
    Setting {
        key: "upstream.bootstrap",
        about: "who tells the addresses of servers that are named; by address",
        field: |config| Field::Servers(&mut config.upstream.bootstrap, false),
    },
    Setting {
        key: "upstream.ca",
        about: "certificates (PEM) that servers may be signed with, beside those browsers trust; of lists, too",
        field: |config| Field::File(&mut config.upstream.ca),
    },
    Setting {
        key: "upstream.roots",
        about: "for `recursive`: addresses of the root's servers, if not the Internet's",
        field: |config| Field::Hosts(&mut config.upstream.roots),
    },
    Setting {
        key: "upstream.validate",
        about: "whose answers are validated (DNSSEC): nobody's, the root's downwards, or all upstreams'",
        field: |config| Field::Validate(&mut config.upstream.dnssec.validate),
    },
    Setting {
        key: "upstream.anchors",
        about: "the root's keys (DNSKEY records), if not the Internet's",
        field: |config| Field::File(&mut config.upstream.dnssec.anchors),
    },
    Setting {
        key: "upstream.unsigned",
        about: "domains whose signatures do not count, right or wrong",
        field: |config| Field::Rules(&mut config.upstream.dnssec.unsigned),
    },
    Setting {
        key: "upstream.dns64",
        about: "prefix of a gateway to IPv4, from which IPv6 addresses are made where there are none",
        field: |config| Field::PrefixOrOff(&mut config.upstream.dns64),
    },
    Setting {
        key: "upstream.timeout",
        about: "time for one question, all servers and retries",
        field: |config| Field::Time(&mut config.upstream.timeout, millis(100, 30_000)),
    },
    Setting {
        key: "cache.size",
        about: "memory for answers; 0 switches the cache off",
        field: |config| Field::Size(&mut config.cache.size, 0..=64 << 30),
    },
    Setting {
        key: "cache.min_ttl",
        about: "answers live at least this long, at most max_ttl",
        field: |config| Field::Ttl(&mut config.cache.min_ttl, seconds(0, 3_600)),
    },
    Setting {
        key: "cache.max_ttl",
        about: "answers live at most this long",
        field: |config| Field::Ttl(&mut config.cache.max_ttl, seconds(1, 7 * 86_400)),
    },
    Setting {
        key: "cache.max_negative_ttl",
        about: "answers that there is nothing live at most this long",
        field: |config| Field::Ttl(&mut config.cache.max_negative_ttl, seconds(0, 86_400)),
    },
    Setting {
        key: "cache.stale",
        about: "how long expired answers serve when nobody has newer ones; 0s for never",
        field: |config| Field::Ttl(&mut config.cache.stale, seconds(0, 7 * 86_400)),
    },
    Setting {
        key: "cache.prefetch",
        about: "whether answers asked for often are refreshed before they expire",
        field: |config| Field::Switch(&mut config.cache.prefetch),
    },
    Setting {
        key: "cache.keep",
        about: "whether answers are on the disk while the server is stopped, with the names asked for",
        field: |config| Field::Switch(&mut config.cache.keep),
    },
    Setting {
        key: "block.ttl",
        about: "how long clients may remember a refusal",
        field: |config| Field::Ttl(&mut config.block.ttl, seconds(0, 86_400)),
    },
    Setting {
        key: "block.answer",
        about: "what a refused query gets: no such name, no data, nowhere, a no, or an address",
        field: |config| Field::Answer(&mut config.block.answer),
    },
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
    Setting {
        key: "stats.level",
        about: "whether it is counted who was followed, or only by whom",
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
        key: "log",
        about: "which lines are logged; debug tells why queries got no answer, never whose",
        field: |config| Field::Log(&mut config.log),
    },
];

/// What may stand at the top: keys, and names of sections.
pub(super) fn top_keys() -> Vec<&'static str> {
    let key = |setting: &Setting<Config>| match setting.section() {
        "" => setting.key,
        section => section,
    };
    let mut keys: Vec<_> = SETTINGS.iter().map(key).collect();
    keys.dedup();
    keys
}

/// What may stand in a section; empty if `section` is a key, not a section.
pub(super) fn names_in(section: &str) -> Vec<&'static str> {
    let inside = SETTINGS.iter().filter(|setting| setting.section() == section);
    inside.map(Setting::name).collect()
}
