//! What holds for any config and for any text.

use std::net::{IpAddr, SocketAddrV6};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::config::Strategy as Ask;
use proptest::strategy::Strategy;

fn address() -> impl Strategy<Value = SocketAddr> {
    (any::<IpAddr>(), any::<u16>(), any::<u32>()).prop_map(|(ip, port, scope)| match ip {
        IpAddr::V4(_) => SocketAddr::new(ip, port),
        IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)),
    })
}

fn upstream_url() -> impl Strategy<Value = UpstreamUrl> {
    use Transport::{H3, Https, Quic, Tcp, Tls, Udp};
    let transport = select(vec![Udp, Tcp, Tls, Https, H3, Quic]);
    let name = "[a-z0-9-]{1,63}(\\.[a-z0-9-]{1,20}){0,3}";
    let host = prop_oneof![
        any::<IpAddr>().prop_map(Host::Address),
        "([a-z0-9-]{1,20}\\.){1,3}[a-z]{2,9}".prop_map(Host::Name),
    ];
    let path = "/[!\"$-~]{0,20}";
    let pins = vec(any::<[u8; 32]>().prop_map(Pin), 0..3);
    (transport, host, 1..=u16::MAX, option::of(name), path, pins).prop_map(
        |(transport, host, port, name, path, pins)| {
            let encrypted = transport.is_encrypted();
            let host = match host {
                Host::Name(_) if !encrypted => Host::Address(IpAddr::from([192, 0, 2, 1])),
                host => host,
            };
            let server_name = name.filter(|_| encrypted);
            let path = if matches!(transport, Https | H3) { path } else { String::new() };
            let pins = if encrypted { pins } else { Vec::new() };
            UpstreamUrl { transport, host, port, server_name, path, pins }
        },
    )
}

fn path() -> impl Strategy<Value = PathBuf> {
    "[^\\x00]{1,20}".prop_map(PathBuf::from)
}

fn millis(from: u64, to: u64) -> impl Strategy<Value = Duration> {
    (from..=to).prop_map(Duration::from_millis)
}

fn seconds_of(count: usize) -> Duration {
    Duration::from_secs(count as u64)
}

fn seconds(from: u64, to: u64) -> impl Strategy<Value = Duration> {
    (from..=to).prop_map(Duration::from_secs)
}

fn lists() -> impl Strategy<Value = Vec<List>> {
    let format = select(vec![None, Some(Format::Hosts), Some(Format::Names), Some(Format::Rpz)]);
    let action = select(vec![Action::Block, Action::Allow]);
    let url = "(https?://|file:///)[!-~]{1,30}";
    let source = prop_oneof![path().prop_map(Ok), url.prop_map(Err)];
    let list = ("[^\\pC]{0,20}", source, format, action, any::<bool>());
    vec(list, 0..5).prop_map(|lists| {
        lists
            .into_iter()
            .enumerate()
            .map(|(index, (name, file, format, action, subdomains))| {
                // Unique, and not reserved.
                let name = format!("{index}{name}");
                List {
                    file: file.clone().ok(),
                    url: file.err(),
                    format,
                    action,
                    subdomains,
                    answers: !subdomains,
                    update: Duration::from_secs(600 + index as u64),
                    force: subdomains,
                    ..List::named(&name)
                }
            })
            .collect()
    })
}

fn rules() -> impl Strategy<Value = Vec<String>> {
    vec("=?[a-zA-Z0-9_-]{1,63}(\\.[a-z0-9_-]{1,20}){0,3}\\.[a-z]{1,9}", 0..4)
}

fn slot(n: usize) -> Slot {
    Slot { days: 1 + n as u8, from: 60 * n as u16, to: 1_440, profile: format!("profile {n}") }
}

fn device(n: usize) -> Device {
    let known_by = vec![
        KnownBy::Mac(Mac([2, 0, 0, 0, 0, n as u8])),
        KnownBy::Network("10.0.0.0/8".parse().unwrap()),
        KnownBy::Id("tv".to_owned()),
    ];
    Device { name: format!("it's {n}: \\"), known_by, tags: vec!["kids".to_owned()] }
}

fn profile(n: usize, lists: &[List]) -> Profile {
    Profile {
        name: format!("profile {n}"),
        members: vec![
            Member::Tag("kids".to_owned()),
            Member::Device("a b".to_owned()),
            Member::Network("10.0.0.0/8".parse().unwrap()),
        ],
        level: [Level::Relaxed, Level::Strict][n % 2],
        lists: lists.iter().take(n).map(|list| list.name.clone()).collect(),
        services: vec!["tiktok".to_owned(); n],
        bypass: Bypass::All,
        safe_search: SafeSearch::Search,
        rules: Rules { allow: vec!["=x.example".to_owned()], ..Rules::default() },
        only_allowed: n == 1,
        answer: ANSWERS[n],
        schedule: vec![slot(0)],
        own: FOLLOWED[..3 * n].to_vec(),
    }
}

fn secret(n: usize, scheme: &'static str) -> Option<SecretUrl> {
    let text = format!("{scheme}://u{n}:p%23'@192.0.2.1:1{n}/top/ic");
    n.is_multiple_of(2).then(|| SecretUrl::read(&text, &[scheme]).ok()).flatten()
}

fn config() -> impl Strategy<Value = Config> {
    let level = select(vec![Level::Relaxed, Level::Balanced, Level::Strict]);
    let front = (vec(address(), 1..4), option::of(address()), option::of(path()), 0..=256_usize);
    let upstream = (vec(upstream_url(), 1..4), millis(100, 30_000));
    let cache = (0..=64_u64 << 30, seconds(0, 3_600), seconds(1, 604_800), seconds(0, 86_400));
    let tcp =
        (1..=1_000_000_usize, 1..=1_000_000_usize, millis(1_000, 600_000), millis(100, 60_000));
    let rest = (seconds(0, 86_400), lists(), rules(), rules(), 1..=100_000_usize);
    (front, level, upstream, cache, tcp, rest)
        .prop_map(|(front, level, upstream, cache, tcp, (ttl, lists, block, allow, devices))| {
            Config {
                databases: (0..devices % 3)
                    .map(|n| List {
                        update: Duration::from_secs(700),
                        url: Some("file:///x".to_owned()),
                        ..List::named(&n.to_string())
                    })
                    .collect(),
                updates: Updates {
                    size: cache.0.clamp(1 << 10, 4 << 30),
                    time: seconds_of(1 + devices % 3_600),
                },
                services: if devices % 2 == 0 { Vec::new() } else { vec!["tiktok".to_owned()] },
                bypass: [Bypass::Off, Bypass::Signals, Bypass::All][devices % 3],
                safe_search: [SafeSearch::Off, SafeSearch::Search, SafeSearch::All][devices % 3],
                listen: front.0.clone(),
                web: front.1,
                data: front.2.clone(),
                workers: front.3,
                access: Access {
                    networks: (0..=devices % 3)
                        .map(|n| format!("10.{n}.0.0/16").parse().unwrap())
                        .collect(),
                    on_link: devices % 2 == 0,
                    proxies: (0..devices % 3)
                        .map(|n| format!("10.9.{n}.0/24").parse().unwrap())
                        .collect(),
                    rate: devices,
                },
                level,
                upstream: Upstream {
                    clients: (0..devices % 3)
                        .map(|n| ClientServers {
                            network: format!("10.{n}.0.0/16").parse().unwrap(),
                            servers: upstream.0.clone(),
                        })
                        .collect(),
                    dns64: (devices % 2 == 0).then(|| "64:ff9b::/96".parse().unwrap()),
                    roots: (0..devices % 2).map(|n| IpAddr::from([192, 0, 2, n as u8])).collect(),
                    dnssec: Dnssec {
                        validate: [Validate::Off, Validate::Recursive, Validate::All][devices % 3],
                        anchors: None,
                        unsigned: (0..devices % 3).map(|n| format!("u{n}.example")).collect(),
                    },
                    strategy: [Ask::Strict, Ask::Fastest, Ask::Race, Ask::Balance][devices % 4],
                    domains: (0..devices % 3)
                        .map(|n| Domain {
                            name: format!("d{n}.example"),
                            servers: upstream.0.clone(),
                        })
                        .collect(),
                    bootstrap: upstream
                        .0
                        .iter()
                        .filter(|url| url.address().is_some())
                        .cloned()
                        .chain(Upstream::default().bootstrap)
                        .collect(),
                    ca: (devices % 2 == 0).then(|| PathBuf::from("/x/ca.pem")),
                    servers: upstream.0,
                    timeout: upstream.1,
                },
                cache: Cache {
                    size: cache.0,
                    min_ttl: cache.1.min(cache.2),
                    max_ttl: cache.2,
                    max_negative_ttl: cache.3,
                    stale: cache.3,
                    prefetch: devices % 2 == 0,
                    keep: devices % 2 == 1,
                },
                block: Block { ttl, answer: ANSWERS[devices % 4] },
                lists: lists.clone(),
                rebinding: Rebinding { refuse: block.is_empty(), allow: allow.clone() },
                rules: Rules {
                    block_companies: (0..devices % 3).map(|n| format!("Company {n}")).collect(),
                    allow_companies: (0..devices % 2).map(|n| format!("Other & {n}")).collect(),
                    block,
                    allow: allow.clone(),
                },
                devices: (0..devices % 3).map(device).collect(),
                profiles: (0..devices % 3).map(|n| profile(n, &lists)).collect(),
                schedule: (0..devices % 3 % 2).map(slot).collect(),
                time_zone: ["", "Europe/Berlin", "America/Santiago"][devices % 3].to_owned(),
                leases: (0..devices % 3).map(|n| PathBuf::from(format!("/x/{n}"))).collect(),
                local: Local {
                    suffix: ["home.arpa", "lan"][devices % 2].to_owned(),
                    records: (0..devices % 3).map(|n| format!("r{n}.lan TXT \"a b\"")).collect(),
                    hosts: (0..devices % 2).map(|n| PathBuf::from(format!("/y/{n}"))).collect(),
                },
                tcp: Tcp {
                    connections: tcp.0.max(tcp.1),
                    connections_per_client: tcp.0.min(tcp.1),
                    idle: tcp.2,
                    stall: tcp.3,
                },
                encrypted: Encrypted {
                    tls: front.0,
                    quic: front.1.into_iter().collect(),
                    certificate: front.2,
                    names: allow,
                    ..Encrypted::default()
                },
                login: Login {
                    hosts: (0..devices % 3).map(|n| format!("h{n}.example")).collect(),
                    proxies: (0..devices % 2).map(|_| "10.9.0.0/24".parse().unwrap()).collect(),
                    header: ["Remote-User", "X-1"][devices % 2].to_owned(),
                    owners: (0..devices % 3).map(|n| format!("it's \\ {n}")).collect(),
                    viewers: (0..devices % 2).map(|n| format!("#{n}")).collect(),
                },
                button: OwnButton { open: devices % 2 == 0, most: seconds_of(60 + devices) },
                hardening: Hardening { landlock: devices % 2 == 0, seccomp: devices % 3 == 0 },
                log: [Log::Error, Log::Warn, Log::Info, Log::Debug][devices % 4],
                history: History {
                    flush: seconds_of(1 + devices % 3_600),
                    hours: Duration::from_secs(86_400),
                    days: seconds_of(86_400 + devices),
                    size: (8 << 20) + devices as u64,
                    queries: seconds_of(3_600 + devices),
                    queries_size: (1 << 20) + devices as u64,
                },
                metrics: Metrics {
                    listen: front.1,
                    token: ["", "0123456789._~+/-="][devices % 2].to_owned(),
                    companies: 1 + devices % 10_000,
                    pairs: devices,
                },
                alerts: Alerts {
                    kinds: AlertKind::ALL[devices % 5..].to_vec(),
                    webhook: secret(devices, "http"),
                    ntfy: secret(devices / 2, "https"),
                    mqtt: secret(devices / 3, "mqtt"),
                    rate: 1 + devices % 1_000,
                },
                stats: Stats {
                    level: [StatsLevel::Counts, StatsLevel::Devices, StatsLevel::Full][devices % 3],
                    devices,
                    companies: 100 + devices,
                    pairs: 100 + devices,
                },
            }
        })
        .prop_map(followed)
}

/// Words of YAML and of ours, in any order.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = select(vec![
        "listen",
        "web",
        "lists",
        "name",
        "rules",
        "block",
        "upstream",
        "cache",
        "size",
        "off",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n- ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "\"",
        "'",
        "&a ",
        "*a",
        "!",
        "!!int ",
        "? ",
        "| ",
        "> ",
        "# ",
        "%",
        "---\n",
        "...\n",
        "~",
        "1",
        "0x",
        "\\",
        "\t",
        "\r",
        "<<",
        "é",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "127.0.0.1",
        "[::1]:53",
        "3s",
        "\u{0}",
    ]);
    vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

/// A good file with a few bytes changed, put in or taken out.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..4_usize, "\\PC|[\n\t :\\[\\]{}'\"&*!|>#-]");
    let good = prop_oneof![Just(FULL.to_owned()), config().prop_map(|config| config.to_yaml())];
    (good, vec(edit, 1..6)).prop_map(|(good, edits)| {
        let mut chars: Vec<char> = good.chars().collect();
        for (index, removed, inserted) in edits {
            let at = index.index(chars.len() + 1);
            let end = (at + removed).min(chars.len());
            chars.splice(at..end, inserted.chars());
        }
        chars.into_iter().collect()
    })
}

/// Whatever was read can be written and read again; whatever could not is told in lines.
fn is_read_or_refused(text: &str) -> Result<(), TestCaseError> {
    match Config::from_yaml(text, "t.yaml") {
        Ok(config) => prop_assert_eq!(Config::from_yaml(&config.to_yaml(), "t.yaml"), Ok(config)),
        Err(error) => {
            for line in error.to_string().split('\n') {
                prop_assert!(line.starts_with("t.yaml:"), "{}", line);
                prop_assert!(line.len() < 1_500 && !line.contains(char::is_control), "{}", line);
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_written_config_reads_back(config in config()) {
        let yaml = config.to_yaml();
        prop_assert_eq!(Config::from_yaml(&yaml, "t.yaml"), Ok(config), "{}", yaml);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        is_read_or_refused(&text)?;
    }

    #[test]
    fn any_scraps_are_read_or_refused(text in scraps()) {
        is_read_or_refused(&text)?;
    }

    #[test]
    fn any_mutation_is_read_or_refused(text in mutated()) {
        is_read_or_refused(&text)?;
    }
}
