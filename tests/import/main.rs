//! Settings of other servers, taken over by the real command and served by the real server.

mod archives;
#[path = "../house/mod.rs"]
mod house;
mod pihole;

use std::path::Path;

use archives::{gravity, tar, zip};
use house::dns::{A, NOERROR, NXDOMAIN, counts, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{Server, run};
use tempfile::{TempDir, tempdir};

/// Everything has the address 192.0.2.`last`.
fn upstream(last: u8) -> Upstream {
    Upstream::start(move |_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, last]))))
}

/// Runs `trackless import` on `file`, which has `bytes`.
fn import(
    folder: &Path,
    product: &str,
    file: &str,
    bytes: &[u8],
    more: &[&str],
) -> (bool, String, String) {
    std::fs::write(folder.join(file), bytes).unwrap();
    run(&[&["import", product, file], more].concat(), folder, "")
}

fn imported(folder: &Path, product: &str, file: &str, bytes: &[u8]) -> String {
    let (done, said, error) = import(folder, product, file, bytes, &[]);
    assert!(done, "{error}");
    assert!(said.contains("trackless.yaml"), "{said}");
    said
}

/// Serves with what was imported into `folder`, at a door of its own.
fn serve(folder: TempDir) -> Server {
    let yaml = std::fs::read_to_string(folder.path().join("trackless.yaml")).unwrap();
    let of_all = "listen:\n  - \"0.0.0.0:53\"\n  - \"[::]:53\"\n";
    Server::start_in(folder, &yaml.replace(of_all, ""))
}

fn ask(server: &Server, from: u8, name: &str) -> u8 {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)))
}

/// Whether the one address in the reply is this.
fn has(server: &Server, name: &str, address: [u8; 4]) -> bool {
    let reply = server.ask(&query(1, name, A));
    assert!(counts(&reply)[1] > 0, "{name}: {reply:?}");
    reply.windows(4).any(|four| four == address)
}

const NOBODY: &str = "https://lists.example/ads.txt";

#[test]
fn adguardhome_comes_over() {
    let folder = tempdir().unwrap();
    let (all, corp) = (upstream(1), upstream(2));
    let yaml = format!(
        r"users: [{{ name: admin, password: x }}]
dns:
  bind_hosts: [127.0.0.1]
  port: 0
  ratelimit: 20
  cache_ttl_min: 7200
  upstream_dns:
    - '# a comment'
    - 127.0.0.1:{}
    - '[/corp.test/]127.0.0.1:{}'
    - udp://dns.example
  upstream_mode: parallel
  aaaa_disabled: true
filters:
  - {{ enabled: false, url: {NOBODY}, name: theirs, id: 1 }}
user_rules:
  - '! a comment'
  - '||ads.test^'
  - '@@||ok.ads.test^'
  - /^x[0-9]+\.test$/
  - '||tagged.test^$ctag=user_child'
  - example.org##.banner
filtering:
  blocking_mode: nxdomain
  parental_enabled: true
  rewrites:
    - {{ domain: nas.lan, answer: 192.168.1.5 }}
    - {{ domain: '*.dev.lan', answer: nas.lan }}
    - {{ domain: keep.dev.lan, answer: A }}
clients:
  persistent:
    - {{ name: tv, ids: [127.0.0.2], tags: [], use_global_settings: false, filtering_enabled: false, use_global_blocked_services: true, upstreams: [] }}
    - name: kid
      ids: [127.0.0.3, '02:00:00:00:00:03']
      tags: [user_child]
      use_global_settings: true
      use_global_blocked_services: false
      blocked_services: {{ schedule: {{ time_zone: Local }}, ids: [tiktok, myspace] }}
      upstreams: ['127.0.0.1:{}']
schema_version: 29
",
        all.address.port(),
        corp.address.port(),
        corp.address.port()
    );
    let said = imported(folder.path(), "adguardhome", "AdGuardHome.yaml", yaml.as_bytes());
    for line in [
        "+ rule ||ads.test^",
        "+ services of kid: tiktok",
        "- service myspace of client kid: ",
        "- upstream udp://dns.example: a server without encryption is written by its address here",
        "- cache_ttl_min 7200: `7200s` is out of range",
        "- rule example.org##.banner: ",
        "- parental_enabled: ",
        "- record keep.dev.lan A: ",
        "- no filtering for tv: ",
        "- aaaa_disabled: ",
    ] {
        assert!(said.lines().any(|known| known.starts_with(line)), "no {line} in\n{said}");
    }
    let server = serve(folder);
    assert_eq!(
        [1, 2, 3].map(|from| ask(&server, from, "a.ads.test")),
        [NXDOMAIN, NOERROR, NXDOMAIN]
    );
    assert_eq!([1, 3].map(|from| ask(&server, from, "ok.ads.test")), [NOERROR; 2]);
    assert_eq!(ask(&server, 1, "x12.test"), NXDOMAIN);
    assert_eq!([1, 3].map(|from| ask(&server, from, "www.tiktok.com")), [NOERROR, NXDOMAIN]);
    assert_eq!([1, 3].map(|from| ask(&server, from, "tagged.test")), [NOERROR, NXDOMAIN]);
    assert!(
        has(&server, "nas.lan", [192, 168, 1, 5]) && has(&server, "a.dev.lan", [192, 168, 1, 5])
    );
    assert!(
        has(&server, "x.corp.test", [192, 0, 2, 2]) && has(&server, "else.test", [192, 0, 2, 1])
    );
    server.ask_from([127, 0, 0, 3], &query(1, "of-kid.test", A));
    assert_eq!((corp.asked("of-kid.test").len(), all.asked("of-kid.test").len()), (1, 0));
}

#[test]
fn blocky_comes_over() {
    let folder = tempdir().unwrap();
    let (all, corp) = (upstream(1), upstream(2));
    let yaml = format!(
        r#"upstreams:
  groups:
    default: ['127.0.0.1:{}', tcp-tls:dns.example]
    tablet: ['127.0.0.1:{}']
  strategy: strict
  timeout: 2s
bootstrapDns:
  - upstream: https://dns.example/dns-query
    ips: [127.0.0.1]
customDNS:
  mapping: {{ printer.lan: '192.168.178.3,2001:db8::3' }}
conditional:
  mapping: {{ corp.test: '127.0.0.1:{}', .: 127.0.0.1 }}
clientLookup:
  clients: {{ tablet: [127.0.0.3] }}
blocking:
  denylists:
    ads:
      - |
        # comment
        ads.test
        *.wild.test # behind
        /^x[0-9]+\.test$/
        0.0.0.0 hosts.test
    special: ["special.test\n"]
  allowlists:
    ads: ["ok.wild.test\n"]
    school: ["*.school.test\n"]
  clientGroupsBlock:
    default: [ads]
    127.0.0.2: [ads, special]
    tab*: [school]
    phone*: [ads]
  blockType: nxDomain
  blockTTL: 1m
caching: {{ minTime: 5m, maxTime: 30m, prefetching: true }}
ports: {{ dns: '127.0.0.1:0', http: 4000 }}
redis: {{ address: x }}
queryLog: {{ type: csv }}
"#,
        all.address.port(),
        corp.address.port(),
        corp.address.port()
    );
    let said = imported(folder.path(), "blocky", "config.yml", yaml.as_bytes());
    for line in [
        "+ clients 127.0.0.2",
        "+ minTime 5m",
        "- clients phone*: ",
        "- forwarding . to 127.0.0.1: ",
        "- redis: ",
        "- queryLog: ",
    ] {
        assert!(said.lines().any(|known| known.starts_with(line)), "no {line} in\n{said}");
    }
    let server = serve(folder);
    assert_eq!([1, 2].map(|from| ask(&server, from, "ads.test")), [NXDOMAIN; 2]);
    assert_eq!(
        [ask(&server, 1, "wild.test"), ask(&server, 1, "ok.wild.test")],
        [NXDOMAIN, NOERROR]
    );
    assert_eq!([ask(&server, 1, "x1.test"), ask(&server, 1, "hosts.test")], [NXDOMAIN; 2]);
    assert_eq!([1, 2].map(|from| ask(&server, from, "special.test")), [NOERROR, NXDOMAIN]);
    let only = ["a.school.test", "else.test"].map(|name| ask(&server, 3, name));
    assert_eq!(only, [NOERROR, NXDOMAIN], "a group of nothing but what is allowed");
    assert!(has(&server, "printer.lan", [192, 168, 178, 3]));
    assert!(has(&server, "my.printer.lan", [192, 168, 178, 3]));
    assert!(
        has(&server, "x.corp.test", [192, 0, 2, 2]) && has(&server, "else.test", [192, 0, 2, 1])
    );
    server.ask_from([127, 0, 0, 3], &query(1, "b.school.test", A));
    assert_eq!(corp.asked("b.school.test").len(), 1);
}

#[test]
fn nothing_is_written_over_unless_that_is_said() {
    let folder = tempdir().unwrap();
    let yaml = format!(
        "dns: {{ port: 5353, bind_host: 127.0.0.1 }}\nuser_rules: ['||ads.test^']\nfilters:\n  - {{ enabled: true, url: {NOBODY}, name: x }}\n  \
         - {{ enabled: true, url: https://small.oisd.nl, name: y }}\nfiltering: {{ filters_update_interval: 12 }}\n"
    );
    let there = |name: &str| folder.path().join(name).exists();
    let go = |more: &[&str]| import(folder.path(), "adguardhome", "a.yaml", yaml.as_bytes(), more);
    let (done, said, _) = go(&["--dry-run"]);
    assert!(done && said.ends_with("nothing is written\n"), "{said}");
    assert!(!there("trackless.yaml") && !there("own-rules.txt"));

    let (done, yaml, said) = go(&["--output", "-"]);
    assert!(done && said.contains("own-rules.txt is not"), "{said}");
    assert!(yaml.contains("name: oisd-small\n    update: 12h"), "{yaml}");
    assert!(yaml.contains(&format!("url: {NOBODY}")) && !there("trackless.yaml"), "{yaml}");

    assert!(go(&["--output", "new.yaml"]).0);
    assert!(there("new.yaml") && there("own-rules.txt"));
    assert_eq!(std::fs::read_to_string(folder.path().join("new.yaml")).unwrap(), yaml);
    let (done, _, error) = go(&[]);
    assert!(!done && error.contains("own-rules.txt is there already"), "{error}");
    assert!(!there("trackless.yaml"), "no part of it is written");
    let (done, _, error) = go(&["--replace"]);
    assert!(done && there("trackless.yaml"), "{error}");
    let (done, said, error) = run(&["config", "check", "trackless.yaml"], folder.path(), "");
    assert!(done && said.contains("ok"), "{error}");
}

#[test]
fn files_from_elsewhere_are_bounded() {
    let folder = tempdir().unwrap();
    let zeros = vec![b' '; 20 << 20];
    let endless = "CREATE TABLE keep (id INTEGER);
        CREATE VIEW client2 AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n;
        DROP TABLE adlist;
        CREATE VIEW adlist AS SELECT x AS id FROM client2;
        DROP TABLE client;
        CREATE TABLE client (id INTEGER, ip TEXT AS (hex(zeroblob(100000))));
        INSERT INTO client (id) VALUES (1);";
    let database = gravity(folder.path(), endless);
    let deep = format!("dns: {}", "[".repeat(100_000));
    let bomb = format!("dns: &a [{}]\nfilters: [{}]\n", "x,".repeat(1_000), "*a,".repeat(9_000));
    let cut = zip(&[("etc/pihole/pihole.toml", b"[dns]")]);
    for (product, file, bytes, said) in [
        (
            "pihole",
            "big.zip",
            zip(&[("etc/pihole/pihole.toml", &zeros)]),
            "pihole.toml: larger than",
        ),
        (
            "pihole",
            "big.tar.gz",
            tar(&[("adlist.json", std::str::from_utf8(&zeros).unwrap())]),
            "adlist.json: larger than",
        ),
        ("pihole", "cut.zip", cut[..cut.len() - 30].to_vec(), "the .zip: "),
        ("pihole", "text.zip", b"dns: x".to_vec(), "neither a .zip nor a .tar.gz"),
        ("pihole", "empty.zip", zip(&[("x", b"y")]), "nothing in it is a setting of Pi-hole"),
        ("pihole", "hostile.zip", zip(&[("etc/pihole/gravity.db", &database)]), "gravity.db: "),
        (
            "pihole",
            "bad.zip",
            zip(&[("etc/pihole/pihole.toml", b"[dns]\nx = = 1")]),
            "pihole.toml: TOML parse error at line 2",
        ),
        ("adguardhome", "deep.yaml", deep.into_bytes(), "AdGuardHome.yaml:1:"),
        ("adguardhome", "bomb.yaml", bomb.into_bytes(), "500 000 values"),
        ("adguardhome", "bad.yaml", b"dns:\n  - x\n y: 1\n".to_vec(), "AdGuardHome.yaml:3:"),
        ("blocky", "list.yml", b"- a\n- b\n".to_vec(), "nothing in it is a setting of Blocky"),
    ] {
        let (done, out, error) = import(folder.path(), product, file, &bytes, &[]);
        assert!(!done && out.is_empty(), "{file}: {out}");
        assert!(error.starts_with(&format!("trackless: {file}: ")), "{error}");
        assert!(error.contains(said) && error.len() < 600, "{file}: {error}");
    }
    let (done, _, error) = run(&["import", "pihole", "nowhere.zip"], folder.path(), "");
    assert!(!done && error.contains("nowhere.zip: "), "{error}");
    assert!(!folder.path().join("trackless.yaml").exists());
}
