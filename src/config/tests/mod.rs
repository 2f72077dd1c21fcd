//! Tests of reading and writing as a whole; those of single values stand beside them.
mod accepted;
mod mistakes;
mod properties;

use super::*;

const ANSWERS: [BlockAnswer; 4] = [
    BlockAnswer::NxDomain,
    BlockAnswer::NoData,
    BlockAnswer::Refused,
    BlockAnswer::Addresses(None, Some(std::net::Ipv6Addr::LOCALHOST)),
];

/// The same, with what profiles leave to the house as it is there.
fn followed(mut config: Config) -> Config {
    let house = Profile::of_house(&config);
    config.profiles.iter_mut().for_each(|profile| profile.follow(&house));
    config
}

/// Every key, none with its default.
const FULL: &str = r##"
listen: [0.0.0.0:53, "[::]:53"]
web: off
data: state
workers: 2
level: strict
upstream:
  servers: [tls://9.9.9.9#dns.quad9.net, udp://192.168.1.1]
  strategy: race
  domains:
    - corp.example udp://10.0.0.1 tls://dns.corp.example
    - 10.in-addr.arpa udp://10.0.0.1
  roots: [127.0.0.1, "::1"]
  validate: all
  unsigned: broken.example
  clients: 192.168.7.1/24 udp://10.0.0.2
  dns64: "64:ff9b::/96"
  anchors: root.key
  bootstrap: udp://192.168.1.2
  ca: ca.pem
  timeout: 1500ms
cache: { size: 64 MiB, min_ttl: 10s, max_ttl: 2d, max_negative_ttl: 30m, stale: 1h, prefetch: false, keep: true }
block: { ttl: 5m, answer: "0.0.0.0 ::" }
lists:
  - { name: my list, file: ads.txt, format: hosts, action: allow, subdomains: true }
  - name: "2"
    file: /etc/trackless/more.txt
  - { name: fetched, url: "https://lists.example/ads.txt", answers: false, update: 1h, force: true }
  - oisd-small
databases:
  - { name: mine, file: tds.json }
services: [tiktok]
bypass: all
encrypted:
  tls: 0.0.0.0:853
  https: "[::]:8443"
  certificate: chain.pem
  key: /run/key.pem
  acme: https://acme.example.org/directory
  names: dns.example.org
access: { networks: [192.0.2.7/24, "2001:db8::1"], on_link: false, proxies: 10.0.0.9, rate: 50 }
safe_search: search
updates: { size: 1 MiB, time: 60s }
rules: { block: [ads.example, =only.this.example], allow: [_good.example.], block_companies: Meta, allow_companies: [Google] }
devices:
  - { name: anna, known_by: ["02:00:00:00:00:07", 192.168.1.7, "fd00::/64", anna-phone], tags: kid }
profiles:
  - name: kids
    for: ["#kid", anna, 192.168.9.0/24]
    level: relaxed
    lists: [fetched]
    services: []
    bypass: off
    safe_search: all
    block: x.example
    allow: y.example
    block_companies: TikTok
    allow_companies: Apple
    only_allowed: true
    answer: refused
    schedule: mon-fri 20:00-07:00 night
  - name: night
schedule: [daily 23:00-24:00 night]
time_zone: Europe/Berlin
leases: leases.txt
local: { suffix: lan, records: nas.lan A 192.168.1.5, hosts: /etc/hosts }
rebinding: { refuse: false, allow: [nas.example] }
tcp: { connections: 10, connections_per_client: 5, idle: 1m, stall: 250ms }
login: { hosts: Dash.example, proxies: 10.0.0.8, header: X-User, owners: [anna], viewers: ben }
button: { open: false, most: 10m }
stats: { level: counts, devices: 7, companies: 100, pairs: 101 }
metrics: { listen: 127.0.0.1, token: 0123456789-abcdef, companies: 7, pairs: 8 }
history: { flush: 60s, hours: 30d, days: 100d, size: 64 MiB, queries: 2d, queries_size: 64 MiB }
alerts: { kinds: [night, around], webhook: "http://u:p@192.168.1.5/x", ntfy: https://ntfy.example/topic, mqtt: mqtt://192.168.1.5, rate: 3 }
hardening: { landlock: false, seccomp: false }
log: debug
"##;
