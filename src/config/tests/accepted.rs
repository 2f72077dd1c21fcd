//! What a file may say, and what becomes of it.

use super::*;

fn read(yaml: &str) -> Config {
    Config::from_yaml(yaml, "/etc/trackless/trackless.yaml").unwrap()
}

#[test]
fn nothing_said_is_the_default() {
    for yaml in
        ["", "\n", "# only a comment\n", "---\n", "{}", "\u{feff}", "cache:\nlisten:\ndata:"]
    {
        assert_eq!(read(yaml), Config::default(), "{yaml:?}");
    }
}

#[test]
fn every_key_is_read() {
    let url = |url: &str| url.parse::<UpstreamUrl>().unwrap();
    let expected = Config {
        listen: vec!["0.0.0.0:53".parse().unwrap(), "[::]:53".parse().unwrap()],
        web: None,
        data: Some(PathBuf::from("/etc/trackless/state")),
        workers: 2,
        encrypted: Encrypted {
            tls: vec!["0.0.0.0:853".parse().unwrap()],
            https: vec!["[::]:8443".parse().unwrap()],
            quic: Vec::new(),
            certificate: Some(PathBuf::from("/etc/trackless/chain.pem")),
            key: Some(PathBuf::from("/run/key.pem")),
            acme: Some("https://acme.example.org/directory".to_owned()),
            names: vec!["dns.example.org".to_owned()],
        },
        access: Access {
            networks: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::1/128".parse().unwrap()],
            on_link: false,
            proxies: vec!["10.0.0.9/32".parse().unwrap()],
            rate: 50,
        },
        level: Level::Strict,
        upstream: Upstream {
            servers: vec![url("tls://9.9.9.9#dns.quad9.net"), url("udp://192.168.1.1")],
            strategy: Strategy::Race,
            domains: vec![
                Domain {
                    name: "corp.example".to_owned(),
                    servers: vec![url("udp://10.0.0.1"), url("tls://dns.corp.example")],
                },
                Domain { name: "10.in-addr.arpa".to_owned(), servers: vec![url("udp://10.0.0.1")] },
            ],
            clients: vec![ClientServers {
                network: "192.168.7.0/24".parse().unwrap(),
                servers: vec![url("udp://10.0.0.2")],
            }],
            dns64: Some("64:ff9b::/96".parse().unwrap()),
            roots: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
            dnssec: Dnssec {
                validate: Validate::All,
                anchors: Some(PathBuf::from("/etc/trackless/root.key")),
                unsigned: vec!["broken.example".to_owned()],
            },
            bootstrap: vec![url("udp://192.168.1.2")],
            ca: Some(PathBuf::from("/etc/trackless/ca.pem")),
            timeout: Duration::from_millis(1_500),
        },
        cache: Cache {
            size: 64 << 20,
            min_ttl: Duration::from_secs(10),
            max_ttl: Duration::from_secs(2 * 86_400),
            max_negative_ttl: Duration::from_secs(1_800),
            stale: Duration::from_secs(3_600),
            prefetch: false,
            keep: true,
        },
        block: Block { ttl: Duration::from_secs(300), answer: "null".parse().unwrap() },
        lists: vec![
            List {
                file: Some(PathBuf::from("/etc/trackless/ads.txt")),
                format: Some(Format::Hosts),
                action: Action::Allow,
                subdomains: true,
                ..List::named("my list")
            },
            List { file: Some(PathBuf::from("/etc/trackless/more.txt")), ..List::named("2") },
            List {
                url: Some("https://lists.example/ads.txt".to_owned()),
                answers: false,
                update: Duration::from_secs(3_600),
                force: true,
                ..List::named("fetched")
            },
            List::named("oisd-small"),
        ],
        databases: vec![List {
            file: Some(PathBuf::from("/etc/trackless/tds.json")),
            ..List::named("mine")
        }],
        updates: Updates { size: 1 << 20, time: Duration::from_secs(60) },
        services: vec!["tiktok".to_owned()],
        bypass: Bypass::All,
        safe_search: SafeSearch::Search,
        rules: Rules {
            block: vec!["ads.example".to_owned(), "=only.this.example".to_owned()],
            allow: vec!["_good.example".to_owned()],
            block_companies: vec!["Meta".to_owned()],
            allow_companies: vec!["Google".to_owned()],
        },
        devices: vec![Device {
            name: "anna".to_owned(),
            known_by: vec![
                KnownBy::Mac(Mac([2, 0, 0, 0, 0, 7])),
                KnownBy::Network("192.168.1.7/32".parse().unwrap()),
                KnownBy::Network("fd00::/64".parse().unwrap()),
                KnownBy::Id("anna-phone".to_owned()),
            ],
            tags: vec!["kid".to_owned()],
        }],
        profiles: vec![
            Profile {
                name: "kids".to_owned(),
                members: vec![
                    Member::Tag("kid".to_owned()),
                    Member::Device("anna".to_owned()),
                    Member::Network("192.168.9.0/24".parse().unwrap()),
                ],
                level: Level::Relaxed,
                lists: vec!["fetched".to_owned()],
                services: Vec::new(),
                bypass: Bypass::Off,
                safe_search: SafeSearch::All,
                rules: Rules {
                    block: vec!["x.example".to_owned()],
                    allow: vec!["y.example".to_owned()],
                    block_companies: vec!["TikTok".to_owned()],
                    allow_companies: vec!["Apple".to_owned()],
                },
                only_allowed: true,
                answer: BlockAnswer::Refused,
                schedule: vec!["mon-fri 20:00-07:00 night".parse().unwrap()],
                own: FOLLOWED.to_vec(),
            },
            Profile {
                name: "night".to_owned(),
                members: Vec::new(),
                level: Level::Strict,
                lists: ["my list", "2", "fetched", "oisd-small"].map(str::to_owned).into(),
                services: vec!["tiktok".to_owned()],
                bypass: Bypass::All,
                safe_search: SafeSearch::Search,
                rules: Rules::default(),
                only_allowed: false,
                answer: "null".parse().unwrap(),
                schedule: Vec::new(),
                own: Vec::new(),
            },
        ],
        schedule: vec!["daily 23:00-24:00 night".parse().unwrap()],
        time_zone: "Europe/Berlin".to_owned(),
        leases: vec![PathBuf::from("/etc/trackless/leases.txt")],
        local: Local {
            suffix: "lan".to_owned(),
            records: vec!["nas.lan A 192.168.1.5".to_owned()],
            hosts: vec![PathBuf::from("/etc/hosts")],
        },
        rebinding: Rebinding { refuse: false, allow: vec!["nas.example".to_owned()] },
        tcp: Tcp {
            connections: 10,
            connections_per_client: 5,
            idle: Duration::from_secs(60),
            stall: Duration::from_millis(250),
        },
        login: Login {
            hosts: vec!["dash.example".to_owned()],
            proxies: vec!["10.0.0.8/32".parse().unwrap()],
            header: "X-User".to_owned(),
            owners: vec!["anna".to_owned()],
            viewers: vec!["ben".to_owned()],
        },
        button: OwnButton { open: false, most: Duration::from_secs(600) },
        metrics: Metrics {
            listen: Some("127.0.0.1:8053".parse().unwrap()),
            token: "0123456789-abcdef".to_owned(),
            companies: 7,
            pairs: 8,
        },
        history: History {
            flush: Duration::from_secs(60),
            hours: Duration::from_secs(30 * 86_400),
            days: Duration::from_secs(100 * 86_400),
            size: 64 << 20,
            queries: Duration::from_secs(2 * 86_400),
            queries_size: 64 << 20,
        },
        alerts: Alerts {
            kinds: vec![AlertKind::Night, AlertKind::Around],
            webhook: SecretUrl::read("http://u:p@192.168.1.5/x", &["http"]).ok(),
            ntfy: SecretUrl::read("https://ntfy.example/topic", &["https"]).ok(),
            mqtt: SecretUrl::read("mqtt://192.168.1.5", &["mqtt"]).ok(),
            rate: 3,
        },
        stats: Stats { level: StatsLevel::Counts, devices: 7, companies: 100, pairs: 101 },
        hardening: Hardening { landlock: false, seccomp: false },
        log: Log::Debug,
    };
    assert_eq!(read(FULL), expected);
}

#[test]
fn shorter_forms_mean_the_same() {
    for (short, long) in [
        ("listen: 10.0.0.1", "listen: [10.0.0.1:1053]"),
        ("listen: '[::1]'", "listen: ['[::1]:1053']"),
        ("web: 10.0.0.1", "web: 10.0.0.1:8053"),
        ("workers: auto", "workers: 0"),
        ("upstream: udp://1.2.3.4", "upstream: { servers: [udp://1.2.3.4] }"),
        ("upstream: [udp://1.2.3.4]", "upstream: { servers: [udp://1.2.3.4:53] }"),
        ("rules: { block: a.example }", "rules: { block: [a.example] }"),
        ("cache: { size: 1 GiB }", "cache: { size: 1073741824 }"),
        ("cache: { size: 2kB }", "cache: { size: 2000 }"),
        ("cache: { size: 3 mib }", "cache: { size: 3145728B }"),
        ("cache: { max_ttl: 1h }", "cache: { max_ttl: 3600 }"),
        ("cache: { max_ttl: 0x10 }", "cache: { max_ttl: 16s }"),
        ("level: 'strict'", "level: strict"),
        ("tcp: &a { idle: 1s }", "tcp: { idle: 1s }"),
    ] {
        assert_eq!(read(short), read(long), "{short}");
    }
}

#[test]
fn relative_paths_are_below_the_folder_of_the_file() {
    let data = |file| Config::from_yaml("data: state", file).unwrap().data;
    assert_eq!(data("trackless.yaml"), Some(PathBuf::from("state")));
    assert_eq!(data("conf/trackless.yaml"), Some(PathBuf::from("conf/state")));
    assert_eq!(read("data: /srv").data, Some(PathBuf::from("/srv")));
}

#[test]
fn fewer_connections_in_all_are_fewer_for_one_client() {
    assert_eq!(read("tcp: { connections: 10 }").tcp.connections_per_client, 10);
}

#[test]
fn the_limit_of_lists_can_be_reached() {
    let lists: String = (0..MAX_LISTS).map(|n| format!("- {{ name: n{n}, file: f }}\n")).collect();
    assert_eq!(read(&format!("lists:\n{lists}")).lists.len(), MAX_LISTS);
}
