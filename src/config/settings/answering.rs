//! Settings of doors, upstreams and the answers we hold.

use crate::config::Config;
use crate::config::field::Field;
use crate::config::setting::{Setting, millis, seconds};

pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        key: "listen",
        about: "addresses that answer DNS over UDP and TCP",
        field: |config| Field::Addresses(&mut config.listen),
    },
    Setting {
        key: "web",
        about: "address of the dashboard, metrics and health over HTTP",
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
];
