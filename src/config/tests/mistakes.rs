//! What is said about each mistake: the line, from its place on.

use std::fs;

use super::*;

macro_rules! mistakes {
    ($($subject:ident { $($yaml:literal => $line:literal)* })*) => {$(
        #[test]
        fn $subject() {
            $(
                let error = Config::from_yaml($yaml, "t.yaml").unwrap_err();
                assert_eq!(error.to_string(), concat!("t.yaml:", $line), "{}", $yaml);
            )*
        }
    )*};
}

mistakes! {
    keys {
        "lisen: x" => "1:1: unknown key `lisen`; did you mean `listen`? Accepted here: version, listen, web, data, workers, encrypted, access, level, upstream, cache, block, lists, databases, services, bypass, safe_search, updates, rules, devices, profiles, schedule, time_zone, leases, local, rebinding, tcp, login, button, stats, history, metrics, alerts, hardening, log"
        "cache:\n  sise: 1" => "2:3: unknown key `cache.sise`; did you mean `cache.size`? Accepted here: size, min_ttl, max_ttl, max_negative_ttl, stale, prefetch, keep"
        "zzzzzz: 1" => "1:1: unknown key `zzzzzz`; accepted here: version, listen, web, data, workers, encrypted, access, level, upstream, cache, block, lists, databases, services, bypass, safe_search, updates, rules, devices, profiles, schedule, time_zone, leases, local, rebinding, tcp, login, button, stats, history, metrics, alerts, hardening, log"
        "timeout: 3s" => "1:1: unknown key `timeout`; did you mean `upstream.timeout`? Accepted here: version, listen, web, data, workers, encrypted, access, level, upstream, cache, block, lists, databases, services, bypass, safe_search, updates, rules, devices, profiles, schedule, time_zone, leases, local, rebinding, tcp, login, button, stats, history, metrics, alerts, hardening, log"
        "<<: { web: off }" => "1:1: unknown key `<<`; accepted here: version, listen, web, data, workers, encrypted, access, level, upstream, cache, block, lists, databases, services, bypass, safe_search, updates, rules, devices, profiles, schedule, time_zone, leases, local, rebinding, tcp, login, button, stats, history, metrics, alerts, hardening, log"
        "1: 2" => "1:1: unknown key `1`; accepted here: version, listen, web, data, workers, encrypted, access, level, upstream, cache, block, lists, databases, services, bypass, safe_search, updates, rules, devices, profiles, schedule, time_zone, leases, local, rebinding, tcp, login, button, stats, history, metrics, alerts, hardening, log"
        "true: 2" => "1:1: `true` is not a key; accepted here: version, listen, web, data, workers, encrypted, access, level, upstream, cache, block, lists, databases, services, bypass, safe_search, updates, rules, devices, profiles, schedule, time_zone, leases, local, rebinding, tcp, login, button, stats, history, metrics, alerts, hardening, log"
        "? [a]\n: b" => "1:3: a list is not a key; accepted here: version, listen, web, data, workers, encrypted, access, level, upstream, cache, block, lists, databases, services, bypass, safe_search, updates, rules, devices, profiles, schedule, time_zone, leases, local, rebinding, tcp, login, button, stats, history, metrics, alerts, hardening, log"
        "web: off\nweb: off" => "2:1: key `web` is there twice; delete one of them"
        "cache: { size: 1, size: 2 }" => "1:19: key `cache.size` is there twice; delete one of them"
    }
    kinds {
        "[a]" => "1:1: a list is not a map; write `key: value` lines"
        "just text" => "1:1: `just text` is not a map; write `key: value` lines"
        "cache: [1]" => "1:8: cache: a list is not a map; write `key: value` lines"
        "cache: 5" => "1:8: cache: `5` is not a map; write `key: value` lines"
        "listen: { a: b }" => "1:9: listen: a map is not an address; write for example 0.0.0.0:53 or \"[::1]:1053\" (in quotes)"
        "level: [strict]" => "1:8: level: a list is not a level; write relaxed, balanced or strict"
        "rules: { block: { a: b } }" => "1:17: rules.block: a map is not a host name; write for example ads.example (with its sub-domains) or =ads.example (only it)"
        "rules: { block: [~] }" => "1:18: rules.block: nothing is not a host name; write for example ads.example (with its sub-domains) or =ads.example (only it)"
        "lists: { name: a }" => "1:8: lists: a map is not a list; write for example `- { name: my list, file: ads.txt }` or `- oisd-small` lines"
        "lists: [ads.txt]" => "1:9: lists[0]: no `ads.txt` among the lists of the catalogue; write a name that `trackless lists catalogue` shows, or a file or url"
        "web: []" => "1:6: web: a list is not an address; write off, or for example 127.0.0.1:8053"
    }
    addresses {
        "listen: localhost:53" => "1:9: listen: `localhost:53` is not an address; write for example 0.0.0.0:53 or \"[::1]:1053\" (in quotes)"
        "listen: 127.0.0.1:99999" => "1:9: listen: `99999` is not a port; write 0 to 65535"
        "listen: 1053" => "1:9: listen: `1053` is a port without an address; write 127.0.0.1:1053 for this machine only or 0.0.0.0:1053 for the whole network"
        "listen: '::1'" => "1:9: listen: `::1` needs brackets and quotes; write \"[::1]:1053\""
        "listen: []" => "1:9: listen: an address is needed; write for example 0.0.0.0:53 or \"[::1]:1053\" (in quotes)"
        "web: onn" => "1:6: web: `onn` is not an address; write off, or for example 127.0.0.1:8053"
        "web: false" => "1:6: web: `false` is not an address; write off, or for example 127.0.0.1:8053"
    }
    servers {
        "upstream: 9.9.9.9" => "1:11: upstream.servers: `9.9.9.9` does not start with udp://, tcp://, tls://, https://, h3://, quic:// or sdns://; write for example udp://192.168.1.1 or tls://9.9.9.9#dns.quad9.net"
        "upstream: []" => "1:11: upstream.servers: a server is needed; write for example udp://192.168.1.1 or tls://9.9.9.9#dns.quad9.net"
        "upstream: { servers: [] }" => "1:22: upstream.servers: a server is needed; write for example udp://192.168.1.1 or tls://9.9.9.9#dns.quad9.net"
        "upstream: [tls://9.9.9.9, udp://dns.quad9.net]" => "1:27: upstream.servers: `dns.quad9.net` is not an address with an optional port; write for example 127.0.0.1:5300 or [2620:fe::fe]:853"
        "upstream: udp://1.2.3.4:0" => "1:11: upstream.servers: `1.2.3.4:0` is not an address with an optional port; write for example 127.0.0.1:5300 or [2620:fe::fe]:853"
        "upstream: { bootstrap: tls://dns.quad9.net }" => "1:24: upstream.bootstrap: `tls://dns.quad9.net` has no address, and who tells addresses must have one; write for example tls://9.9.9.9#dns.quad9.net"
        "upstream: udp://1.2.3.4#a" => "1:11: upstream.servers: `#a` is not a server name for a certificate; write for example tls://9.9.9.9#dns.quad9.net"
    }
    people {
        "devices: anna" => "1:10: devices: `anna` is not a list; write `- { name: … }` lines"
        "devices: [anna]" => "1:11: devices[0]: `anna` is not a device; write `{ name: … }`"
        "devices: [{ known_by: tv }]" => "1:11: devices[0].name: missing; write 1 to 64 characters, none of them #, for example kids"
        "devices: [{ name: a }, { name: a }]" => "1:32: devices[1].name: `a` is there twice; write a new one"
        "devices: [{ name: a, known_by: 02:00 }]" => "1:32: devices[0].known_by: `02:00` is not what a device is known by; write for example \"02:00:00:00:00:01\", 192.168.1.7, or a name it gives itself"
        "profiles: [{ name: a, lists: b }]" => "1:11: profiles[0].lists: there is no list `b`; write one of: "
        "profiles: [{ name: a, schedule: daily 1:00-2:00 b }]" => "1:11: profiles[0].schedule: there is no profile `b`; write one of: house, a"
        "schedule: daily 1:00 a" => "1:11: schedule: `daily 1:00 a` is not a time; write for example mon-fri 20:00-07:00 night"
        "time_zone: Nowhere" => "1:12: time_zone: `Nowhere` is not a time zone; write for example Europe/Berlin"
        "local: { records: nas A }" => "1:19: local.records: `nas A` is no record: no data; write a name, a type and data: nas.home.arpa A 192.168.1.5"
        "metrics: { token: too-short }" => "1:19: metrics.token: this is not a token; write 16 to 256 letters, digits and -._~+/=, for example what `openssl rand -hex 16` prints"
        "block: { answer: never }" => "1:18: block.answer: `never` is not an answer; write nxdomain, nodata, null, refused, or for example 192.168.1.2"
    }
    times {
        "upstream: { timeout: 3 parsecs }" => "1:22: upstream.timeout: `3 parsecs` is not a time; write for example 500ms, 3s or 1m (100ms to 30s)"
        "upstream: { timeout: 1h }" => "1:22: upstream.timeout: `1h` is out of range; write for example 500ms, 3s or 1m (100ms to 30s)"
        "upstream: { timeout: 99ms }" => "1:22: upstream.timeout: `99ms` is out of range; write for example 500ms, 3s or 1m (100ms to 30s)"
        "block: { ttl: 1500ms }" => "1:15: block.ttl: `1500ms` has a part of a second; write whole seconds, as DNS counts them"
        "block: { ttl: -1 }" => "1:15: block.ttl: `-1` is not a time to live; write for example 60s, 5m, 1h or 1d (0s to 1d)"
        "cache: { max_ttl: 0 }" => "1:19: cache.max_ttl: `0` is out of range; write for example 60s, 5m, 1h or 1d (1s to 7d)"
        "cache: { min_ttl: 1h, max_ttl: 1m }" => "1:19: cache.min_ttl: `1h` is more than cache.max_ttl; write at most 1m"
    }
    sizes {
        "cache: { size: 32 apples }" => "1:16: cache.size: `32 apples` is not a size; write for example 32 MiB, 512 KiB or 1048576 (0 to 64 GiB)"
        "cache: { size: 65 GiB }" => "1:16: cache.size: `65 GiB` is out of range; write for example 32 MiB, 512 KiB or 1048576 (0 to 64 GiB)"
        "cache: { size: 99999999999999999999 }" => "1:16: cache.size: `99999999999999999999` is out of range; write for example 32 MiB, 512 KiB or 1048576 (0 to 64 GiB)"
        "cache: { size: 1.5 GiB }" => "1:16: cache.size: `1.5 GiB` is not a size; write for example 32 MiB, 512 KiB or 1048576 (0 to 64 GiB)"
    }
    counts {
        "workers: many" => "1:10: workers: `many` is not a count; write auto, or 0 to 256"
        "workers: 257" => "1:10: workers: `257` is out of range; write auto, or 0 to 256"
        "stats: { devices: 0 }" => "1:19: stats.devices: `0` is out of range; write 1 to 100000"
        "stats: { devices: 0.5 }" => "1:19: stats.devices: `0.5` is not a count; write 1 to 100000"
        "tcp: { connections: 1000001 }" => "1:21: tcp.connections: `1000001` is out of range; write 1 to 1000000"
        "tcp: { connections_per_client: 11, connections: 10 }" => "1:32: tcp.connections_per_client: `11` is more than tcp.connections; write 1 to 10"
    }
    words {
        "level: balenced" => "1:8: level: `balenced` is not a level; did you mean `balanced`? Write relaxed, balanced or strict"
        "level: high" => "1:8: level: `high` is not a level; write relaxed, balanced or strict"
        "lists: [{ name: a, file: b, format: host }]" => "1:37: lists[0].format: `host` is not a format; did you mean `hosts`? Write auto, hosts, names, adblock, regex, dnsmasq, unbound or rpz"
        "lists: [{ name: a, file: b, action: Block }]" => "1:37: lists[0].action: `Block` is not an action; did you mean `block`? Write block or allow"
        "lists: [{ name: a, file: b, subdomains: yes }]" => "1:41: lists[0].subdomains: `yes` is not a switch; write true or false"
    }
    lists {
        "lists: [{ name: a }]" => "1:17: lists[0]: no `a` among the lists of the catalogue; write a name that `trackless lists catalogue` shows, or a file or url"
        "lists: [{ file: a }]" => "1:9: lists[0].name: missing; write 1 to 64 characters, for example my list"
        "lists: [{ name: '', file: a }]" => "1:17: lists[0].name: empty text is not a name for a list; write 1 to 64 characters, for example my list"
        "lists: [{ name: a, file: '' }]" => "1:26: lists[0].file: empty text is not a file; write for example /etc/trackless/ads.txt"
        "lists: [{ name: 1.1, file: a }]" => "1:17: lists[0].name: `1.1` is not text to YAML; write it in quotes"
        "lists: [{ name: Builtin x, file: a }]" => "1:17: lists[0].name: `Builtin x` is kept for lists that come along; write a name that does not start with `builtin`"
        "lists: [{ name: a, file: b }, { name: a, file: c }]" => "1:39: lists[1].name: `a` is another list's name; write a new one"
        "lists: [{ name: a, file: b, colour: c }]" => "1:29: unknown key `lists[0].colour`; accepted here: name, file, url, format, action, subdomains, answers, update, force"
    }
    rules {
        "rules: { block: [ads example] }" => "1:18: rules.block: `ads example` is not a host name; write for example ads.example (with its sub-domains) or =ads.example (only it)"
        "rules: { block: ['*.x.example'] }" => "1:18: rules.block: `*.x.example`: a name covers its sub-domains; write it without what is before `x.example`"
        "rules: { allow: [bücher.example] }" => "1:18: rules.allow: `bücher.example` is not in ASCII; write the form that starts with xn--"
        "rules: { allow: [1.2.3.4] }" => "1:18: rules.allow: `1.2.3.4` is not a host name; write for example ads.example (with its sub-domains) or =ads.example (only it)"
        "rules: { allow: [=] }" => "1:18: rules.allow: `=` is not a host name; write for example ads.example (with its sub-domains) or =ads.example (only it)"
        "rules: { deny: [a] }" => "1:10: unknown key `rules.deny`; accepted here: block, allow, block_companies, allow_companies"
    }
    texts {
        "data: ''" => "1:7: data: empty text is not a folder; write for example /var/lib/trackless"
        "data: 5" => "1:7: data: `5` is not text to YAML; write it in quotes"
        "level: \"\\n\\e\"" => "1:8: level: `\\n\\u{1b}` is not a level; write relaxed, balanced or strict"
    }
    syntax {
        "cache:\n\tsize: 1" => "2:1: not YAML: a tab cannot indent; use spaces (found character that cannot start any token, while scanning for the next token)"
        "listen: [127.0.0.1" => "2:1: not YAML: a `[` before this is not closed (did not find expected ',' or ']', while parsing a flow sequence at line 1 column 9)"
        "cache: { size: 1" => "2:1: not YAML: a `{` before this is not closed (did not find expected ',' or '}', while parsing a flow mapping at line 1 column 8)"
        "level: \"strict" => "1:15: not YAML: a quote is not closed, or what follows a `\\` in it has no meaning (found unexpected end of stream, while scanning a quoted scalar at line 1 column 8)"
        "level: \"\\q\"" => "1:9: not YAML: a quote is not closed, or what follows a `\\` in it has no meaning (found unknown escape character, while parsing a quoted scalar at line 1 column 8)"
        "level: @x" => "1:8: not YAML: put text that starts with @, ` or % in quotes (found character that cannot start any token, while scanning for the next token)"
        "level: *x" => "1:8: not YAML: put text that starts with * in quotes (unknown anchor)"
        "level: !x strict" => "1:8: a YAML tag (`!name`) has no use here; put text that starts with ! in quotes"
        "level: a: b" => "1:9: not YAML: write one `key: value` a line, in the column of its neighbours, and text with `: ` in quotes (mapping values are not allowed in this context)"
        "listen: [::1]" => "1:10: not YAML: a value is missing, or needs quotes, like \"[::1]:1053\" (did not find expected node content, while parsing a flow node)"
        "web: - off" => "1:6: not YAML: start a list on a line of its own (block sequence entries are not allowed in this context)"
        "web: off\nlevel" => "3:1: not YAML: write `key: value` (could not find expected ':', while scanning a simple key at line 2 column 1)"
        "cache:\n  size: 1\n min_ttl: 1s" => "3:2: not YAML: start all keys of a block in the same column (did not find expected key, while parsing a block mapping)"
        " web: off\nlevel: strict" => "2:1: not YAML: start all keys of a block in the same column (did not find expected <document start>)"
        "web: off\n---\nweb: off" => "3:1: a second YAML document starts here; write one, all its keys in the same column"
        "%YAML 1.2\n---\nweb: off" => "1:1: a line that starts with `%`; YAML directives have no use"
        "web: \u{7}" => "1:6: a control character; save the file as plain text"
        "web: é\u{7}" => "1:7: a control character; save the file as plain text"
        "web: \u{feff}" => "1:6: a byte order mark inside the text; delete it"
        "a: &a [*a]" => "1:4: not YAML: values are nested too deeply (recursion limit exceeded)"
    }
}

#[test]
fn all_mistakes_are_told_in_the_order_of_the_file() {
    let yaml = "level: hi\nlists:\n- { name: a }\nlisten: x\nupsteam: []\n";
    let error = Config::from_yaml(yaml, "t.yaml").unwrap_err().to_string();
    let places: Vec<_> = error.lines().map(|line| &line[..line.find(": ").unwrap()]).collect();
    assert_eq!(places, ["t.yaml:1:8", "t.yaml:3:11", "t.yaml:4:9", "t.yaml:5:1"]);

    let many: String = (0..5_000).map(|n| format!("key{n}: 1\n")).collect();
    let error = Config::from_yaml(&many, "t.yaml").unwrap_err().to_string();
    assert_eq!(error.lines().count(), 11);
    assert_eq!(error.lines().last(), Some("t.yaml: 4990 more mistakes"));
}

#[test]
fn there_are_no_more_lists_than_the_rules_table_knows() {
    let lists: String = (0..58).map(|n| format!("- {{ name: n{n}, file: f }}\n")).collect();
    let error = Config::from_yaml(&format!("lists:\n{lists}"), "t.yaml").unwrap_err();
    assert_eq!(error.to_string(), "t.yaml:59:3: lists: 58 lists; write at most 57");
}

#[test]
fn files_that_cannot_be_read() {
    let folder = std::env::temp_dir().join(format!("trackless-config-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let error = |name: &str, bytes: Option<&[u8]>| {
        let file = folder.join(name);
        if let Some(bytes) = bytes {
            fs::write(&file, bytes).unwrap();
        }
        let error = Config::read(&file).unwrap_err().to_string();
        error.strip_prefix(&file.display().to_string()).unwrap().to_owned()
    };
    let large = "# large\n".repeat(1 << 17) + "#";
    let errors = [
        error("missing.yaml", None),
        error("", None),
        error("latin1.yaml", Some(b"web: off\n# caf\xe9\n")),
        error("large.yaml", Some(large.as_bytes())),
        error("wrong.yaml", Some(b"web: off\nlevel: hi\n")),
    ];
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(
        errors,
        [
            ": no such file; without one the defaults would run",
            ": a folder, not a file; give the path of a file in it",
            ":2:6: not UTF-8 text; save the file as UTF-8",
            ": larger than 1 MiB; move names into files and subscribe to them under `lists`",
            ":2:8: level: `hi` is not a level; write relaxed, balanced or strict",
        ]
    );
}

#[test]
fn a_read_file_is_the_config() {
    let folder = std::env::temp_dir().join(format!("trackless-read-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("t.yaml"), "data: state").unwrap();
    let config = Config::read(&folder.join("t.yaml"));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(config.unwrap().data, Some(folder.join("state")));
}

/// Texts made to cost much more than their size; each ends, in far less than a second.
#[test]
fn bombs_do_not_go_off() {
    let laughs: String = (1..40)
        .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")))
        .collect();
    let nested: String = (0..1_400).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    for text in [
        format!("a0: &a0 x\n{laughs}"),
        format!("a: &a {}\nb:\n{}", "x".repeat(100_000), "- *a\n".repeat(90_000)),
        format!("a: &a {{ {}: *a }}", "x".repeat(1_000)),
        "[".repeat(1 << 20),
        "{a: ".repeat(1 << 18),
        "[a, ".repeat(499),
        "- ".repeat(1 << 19),
        "? ".repeat(1 << 19),
        "a: 1\n".repeat(200_000),
        "a,".repeat(1 << 19),
        format!("rules: {{ block: [{}] }}", "?,".repeat(1 << 18)),
        format!("rules:\n  block:\n{}", "  - \"\"\n".repeat(99_000)),
        (0..70_000).map(|n| format!("%TAG !a{n}! a\n")).collect(),
        format!("{}: 1", "k".repeat(1 << 19)),
        "x".repeat((1 << 20) + 1),
        nested,
    ] {
        let error = Config::from_yaml(&text, "t.yaml").unwrap_err().to_string();
        assert!(error.len() < 10_000, "{} bytes of error", error.len());
    }
}
