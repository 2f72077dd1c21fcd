//! Devices, profiles, the button and the owner's choices, from every side: DNS, the command line,
//! metrics.

mod house;

use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

use house::dns::{A, NOERROR, NXDOMAIN, REFUSED, query, rcode, record, with_edns};
use house::upstream::{Said, Upstream};
use house::{Server, run};
use tempfile::TempDir;

const TRACKER: &str = "www.doubleclick.net";

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

/// Gives an order on the command line; what it says, or its error.
fn order(server: &Server, words: &[&str]) -> Result<String, String> {
    let data = server.path("data");
    let arguments = [words, &["--data", data.to_str().unwrap()]].concat();
    let (done, said, error) = run(&arguments, Path::new("."), "");
    if done { Ok(said) } else { Err(error) }
}

fn asks(server: &Server, from: u8, name: &str) -> u8 {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)))
}

#[test]
fn the_button_acts_on_the_next_query_for_the_house_and_for_one_device() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    let both = || [asks(&server, 1, TRACKER), asks(&server, 2, TRACKER)];
    assert_eq!(both(), [NXDOMAIN, NXDOMAIN]);
    order(&server, &["button", "off"]).unwrap();
    assert_eq!(both(), [NOERROR, NOERROR]);
    // Held now, and refused all the same once it is on again.
    order(&server, &["button", "on", "--device", "127.0.0.2"]).unwrap();
    assert_eq!(both(), [NOERROR, NXDOMAIN]);
    order(&server, &["button", "on"]).unwrap();
    order(&server, &["button", "off", "--device", "127.0.0.2", "--for", "1h"]).unwrap();
    assert_eq!(both(), [NXDOMAIN, NOERROR]);
    let status = order(&server, &["button", "status"]).unwrap();
    assert!(status.starts_with("house: on\ndevice-"), "{status}");
    let states = server.metric("trackless_button_state");
    assert!(states.contains(&("{scope=\"house\"}".to_owned(), 1.0)), "{states:?}");
    assert!(states.iter().any(|(scope, on)| scope.contains("device:") && *on == 0.0), "{states:?}");
    let presses: f64 = server.metric("trackless_button_presses_total").iter().map(|p| p.1).sum();
    assert_eq!(presses as u8, 4);
    order(&server, &["devices", "name", "127.0.0.2", "Anna's TV"]).unwrap();
    order(&server, &["rules", "block", "own.example", "--device", "Anna's TV"]).unwrap();
    let check = |client| order(&server, &["check", "own.example", "--client", client]).unwrap();
    assert!(check("Anna's TV").starts_with("own.example: block by ||own.example^ of your rules"));
    assert_eq!(check("127.0.0.1"), "own.example: pass\n");
    let history = order(&server, &["button", "history"]).unwrap();
    assert_eq!(history.lines().count(), 6, "{history}");
    assert!(history.contains("Z house: the button is off, by command\n"), "{history}");
    assert_eq!(order(&server, &["devices", "silent"]).unwrap(), "");
    order(&server, &["button", "follow", "127.0.0.2"]).unwrap();
    assert_eq!(both(), [NXDOMAIN, NXDOMAIN]);
    let error = order(&server, &["button", "off", "--device", "192.0.2.99"]).unwrap_err();
    assert!(error.contains("no device is known as `192.0.2.99`"), "{error}");
    let error = order(&server, &["button", "off", "--for", "soon"]).unwrap_err();
    assert!(error.contains("write for example 30s"), "{error}");
}

#[test]
fn a_pause_ends_by_itself_and_outlives_a_kill() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("kept");
    let settings = format!("upstream: {}\ndata: {}", upstream.url(), data.display());
    let tell = |words: &[&str]| {
        let arguments = [words, &["--data", data.to_str().unwrap()]].concat();
        run(&arguments, Path::new("."), "")
    };
    let server = Server::start(&settings);
    assert_eq!(asks(&server, 1, TRACKER), NXDOMAIN);
    assert!(tell(&["button", "off", "--for", "1s"]).0);
    assert_eq!(asks(&server, 1, TRACKER), NOERROR);
    server.until("the pause ends", |server| asks(server, 1, TRACKER) == NXDOMAIN);
    assert!(tell(&["button", "off", "--for", "10m"]).0);
    assert!(tell(&["rules", "block", "Own.Example"]).0);
    assert!(tell(&["devices", "name", "127.0.0.1", "Anna's phone"]).0);
    server.signal("-KILL");
    drop(server);
    let server = Server::start(&settings);
    assert_eq!(asks(&server, 1, TRACKER), NOERROR);
    let (_, status, _) = tell(&["button", "status", "--json"]);
    let left: u64 =
        status.split("\"left\":").nth(1).unwrap().split('}').next().unwrap().parse().unwrap();
    assert!((580..=600).contains(&left), "{status}");
    assert!(tell(&["button", "on"]).0);
    assert_eq!(asks(&server, 1, TRACKER), NXDOMAIN);
    assert_eq!(asks(&server, 1, "www.own.example"), NXDOMAIN);
    let queries = server.metric("trackless_queries_total");
    assert!(queries.iter().any(|(labels, _)| labels.contains("Anna's phone")), "{queries:?}");
}

#[test]
fn a_press_and_a_rule_act_within_ten_milliseconds_under_full_load() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    assert_eq!(asks(&server, 1, "held.example"), NOERROR);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let socket = UdpSocket::bind("127.0.0.3:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            socket.connect(server.dns).unwrap();
            let (question, mut reply) = (query(1, "held.example", A), [0; 512]);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                (0..32).for_each(|_| drop(socket.send(&question)));
                (0..32).for_each(|_| drop(socket.recv(&mut reply)));
            }
        });
        for (words, name, expected) in [
            (&["button", "off"][..], TRACKER, NOERROR),
            (&["button", "on"], TRACKER, NXDOMAIN),
            (&["rules", "block", "held.example"], "held.example", NXDOMAIN),
        ] {
            order(&server, words).unwrap();
            // The order's answer is only there when it holds: not one query later.
            assert_eq!(asks(&server, 1, name), expected, "{words:?}");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn profiles_hold_for_networks_tags_and_names() {
    let upstream = upstream();
    let server = Server::start(&format!(
        r##"
upstream: {}
devices:
  - {{ name: anna, known_by: 127.0.0.4, tags: kid }}
profiles:
  - {{ name: guests, for: 127.0.0.8/29, level: strict, answer: refused }}
  - {{ name: kids, for: "#kid", services: tiktok, answer: "null" }}
  - {{ name: open, for: television, block: own.example, answer: nodata }}
  - {{ name: locked, for: 127.0.0.16/28, only_allowed: true, allow: school.example }}
  - {{ name: now, for: 127.0.0.32/32, schedule: daily 00:00-24:00 locked }}
"##,
        upstream.url()
    ));
    assert_eq!(asks(&server, 9, TRACKER), REFUSED);
    assert_eq!(asks(&server, 1, "www.tiktok.com"), NOERROR);
    let reply = server.ask_from([127, 0, 0, 4], &query(1, "www.tiktok.com", A));
    assert!(rcode(&reply) == NOERROR && reply.ends_with(&[0, 0, 0, 0]), "{reply:?}");
    for (from, name, expected) in [
        (17, "www.school.example", NOERROR),
        (17, "elsewhere.example", NXDOMAIN),
        (1, "elsewhere.example", NOERROR),
        (32, "elsewhere.example", NXDOMAIN),
        (32, "school.example", NOERROR),
    ] {
        assert_eq!(asks(&server, from, name), expected, "{name} from {from}");
    }
    assert_eq!(asks(&server, 5, "own.example"), NOERROR);
    order(&server, &["devices", "name", "127.0.0.5", "television"]).unwrap();
    let reply = server.ask_from([127, 0, 0, 5], &query(1, "own.example", A));
    assert_eq!((rcode(&reply), reply[7], reply[9]), (NOERROR, 0, 1), "no data");
    order(&server, &["devices", "profile", "television", "guests"]).unwrap();
    assert_eq!(asks(&server, 5, TRACKER), REFUSED);
    let error = order(&server, &["devices", "profile", "television", "nobody"]).unwrap_err();
    assert!(error.contains("write one of: house, guests, kids"), "{error}");
    let list = order(&server, &["devices", "list"]).unwrap();
    assert!(list.contains("television: 3 queries, 2 refused; profile guests, button on"), "{list}");
    assert!(list.contains("anna: 1 queries"), "{list}");
    // The button takes away what is about trackers, not what keeps children from something.
    order(&server, &["button", "off"]).unwrap();
    assert_eq!(asks(&server, 9, TRACKER), NOERROR);
    assert_eq!(asks(&server, 17, "elsewhere.example"), NXDOMAIN);
    assert!(server.ask_from([127, 0, 0, 4], &query(1, "www.tiktok.com", A)).ends_with(&[0; 4]));
}

#[test]
fn companies_are_chosen_whole_and_the_narrower_choice_wins() {
    let upstream = upstream();
    let server = Server::start(&format!(
        "upstream: {}\nprofiles:\n  - {{ name: guests, for: 127.0.0.9 }}",
        upstream.url()
    ));
    // Named by the facts, and not refused by any level.
    assert_eq!(asks(&server, 1, "www.google.com"), NOERROR);
    assert_eq!(asks(&server, 2, TRACKER), NXDOMAIN);
    order(&server, &["companies", "block", "google"]).unwrap();
    assert_eq!(asks(&server, 1, "www.google.com"), NXDOMAIN);
    order(&server, &["companies", "allow", "Google", "--device", "127.0.0.2"]).unwrap();
    assert_eq!(asks(&server, 2, "www.google.com"), NOERROR);
    assert_eq!(asks(&server, 2, TRACKER), NOERROR);
    assert_eq!(asks(&server, 1, TRACKER), NXDOMAIN);
    order(&server, &["companies", "allow", "Google", "--profile", "guests"]).unwrap();
    assert_eq!(asks(&server, 9, TRACKER), NOERROR);
    order(&server, &["rules", "block", TRACKER, "--device", "127.0.0.2"]).unwrap();
    assert_eq!(asks(&server, 2, TRACKER), NXDOMAIN);
    let list = order(&server, &["companies", "list"]).unwrap();
    assert!(list.contains("house: block Google\nprofile guests: allow Google\n"), "{list}");
    order(&server, &["companies", "clear", "Google"]).unwrap();
    assert_eq!(asks(&server, 1, "www.google.com"), NOERROR);
    let error = order(&server, &["companies", "block", "doublecl"]).unwrap_err();
    assert!(error.contains("no company is known as `doublecl`"), "{error}");
    let reply = server.ask(&with_edns(query(1, TRACKER, A), false));
    let told = b"tracker, refused by Trackless: builtin relaxed, Google";
    let balanced = b"tracker, refused by Trackless: builtin balanced, Google";
    assert!(reply.ends_with(told) || reply.ends_with(balanced), "{reply:?}");
}

#[test]
fn a_reload_keeps_what_was_set() {
    let upstream = upstream();
    let mut server = Server::start(&format!("upstream: {}", upstream.url()));
    assert_eq!(asks(&server, 1, TRACKER), NXDOMAIN);
    order(&server, &["rules", "allow", "doubleclick.net"]).unwrap();
    order(&server, &["rules", "block", "x.example"]).unwrap();
    server.signal("-HUP");
    server.wait_for("are refused or allowed");
    server.until("it has reloaded", |server| {
        server
            .metric("trackless_policy_reloads_total")
            .iter()
            .any(|(l, n)| l.contains("ok") && *n > 0.0)
    });
    assert_eq!(asks(&server, 1, TRACKER), NOERROR);
    assert_eq!(asks(&server, 1, "x.example"), NXDOMAIN);
}

#[test]
fn it_is_told_where_each_setting_comes_from() {
    let mut server = Server::start("level: strict");
    asks(&server, 1, TRACKER);
    order(&server, &["rules", "block", "own.example"]).unwrap();
    order(&server, &["devices", "name", "127.0.0.1", "desk"]).unwrap();
    let config = server.path("trackless.yaml");
    let show = |server: &Server| {
        let words = ["config", "show", "--config", config.to_str().unwrap()];
        run(&words, server.folder.path(), "").1
    };
    let shown = show(&server);
    for line in [
        &*format!("relaxed, balanced or strict [{}]\nlevel: strict\n", config.display()),
        "[default]\nbypass: signals\n",
        "#   button of the house: on\n",
        "#   house: block own.example\n",
        ": its name is desk\n",
    ] {
        assert!(shown.contains(line), "no {line} in\n{shown}");
    }
    let again = server.path("again.yaml");
    std::fs::write(&again, &shown).unwrap();
    assert!(run(&["config", "check", again.to_str().unwrap()], server.folder.path(), "").0);
    server.signal("-KILL");
    server.wait();
    assert!(show(&server).contains("#   house: block own.example\n"), "from what was kept");
}

#[test]
fn what_goes_on_can_be_watched() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    asks(&server, 1, TRACKER);
    asks(&server, 1, "elsewhere.example");
    order(&server, &["devices", "name", "127.0.0.1", "desk"]).unwrap();
    let shown = order(&server, &["top"]).unwrap();
    for text in ["ON", "50 % refused", "desk", "Google", "udp://127.", "house"] {
        assert!(shown.contains(text), "no {text} in\n{shown}");
    }
}

#[test]
fn names_are_seen_only_while_somebody_watches() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    asks(&server, 1, "before.example");
    assert_eq!(order(&server, &["live", "--once"]).unwrap(), "", "nothing was kept");
    asks(&server, 1, TRACKER);
    asks(&server, 2, "meanwhile.example");
    let shown = order(&server, &["live", "--once"]).unwrap();
    assert!(!shown.contains("before.example"), "{shown}");
    for text in [TRACKER, "block by builtin", "Google", "meanwhile.example", " A ", " pass"] {
        assert!(shown.contains(text), "no {text} in {shown}");
    }
    let one = order(&server, &["live", "--once", "--device", "127.0.0.2"]).unwrap();
    assert!(one.contains("meanwhile.example") && !one.contains(TRACKER), "{one}");
}

#[test]
fn ways_around_us_are_counted_by_device() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    assert_eq!(asks(&server, 1, "dns.adguard-dns.com"), NOERROR);
    asks(&server, 2, "elsewhere.example");
    let around = server.metric("trackless_around_queries_total");
    assert_eq!(around.iter().map(|(_, count)| *count as u8).collect::<Vec<_>>(), [1]);
    let list = order(&server, &["devices", "list"]).unwrap();
    assert_eq!(list.matches("asked 1 times for ways around").count(), 1, "{list}");
}

#[test]
fn the_house_has_names_of_its_own() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("hosts"), "127.5.0.9 printer.lan printer # ink\n").unwrap();
    std::fs::write(
        folder.path().join("leases"),
        "1795400000 02:00:00:00:00:07 127.5.0.7 Camera *\n",
    )
    .unwrap();
    let server = Server::start_in(
        folder,
        &format!(
            r#"
upstream: {}
leases: leases
devices: [{{ name: Anna's TV, known_by: 127.5.0.8 }}]
local:
  suffix: lan
  hosts: hosts
  records:
    - nas.lan A 127.5.0.5
    - nas.lan TXT "in the cellar"
    - "*.dev.lan CNAME nas.lan"
    - out.lan CNAME www.example.org
    - _http._tcp.lan SRV 0 0 80 nas.lan
"#,
            upstream.url()
        ),
    );
    let address = |name: &str| {
        let reply = server.ask(&query(1, name, A));
        (rcode(&reply), reply[7], reply[reply.len() - 4..].to_vec())
    };
    for (name, last) in
        [("nas.lan", 5), ("nas", 5), ("printer.lan", 9), ("printer", 9), ("anna-s-tv.lan", 8)]
    {
        assert_eq!(address(name), (NOERROR, 1, vec![127, 5, 0, last]), "{name}");
    }
    server.until("leases are read", |_| address("camera.lan") == (NOERROR, 1, vec![127, 5, 0, 7]));
    assert_eq!(address("x.dev.lan"), (NOERROR, 2, vec![127, 5, 0, 5]));
    assert_eq!(address("out.lan"), (NOERROR, 2, vec![192, 0, 2, 1]));
    assert_eq!(rcode(&server.ask(&query(1, "x.onion", A))), NXDOMAIN);
    const PTR: u16 = 12;
    for (name, expected) in [
        ("5.0.5.127.in-addr.arpa", "nas"),
        ("9.0.5.127.in-addr.arpa", "printer"),
        ("7.0.5.127.in-addr.arpa", "camera"),
        ("8.0.5.127.in-addr.arpa", "anna-s-tv"),
    ] {
        let reply = server.ask(&query(1, name, PTR));
        let expected = [&[expected.len() as u8], expected.as_bytes(), b"\x03lan\0"].concat();
        assert!(reply.ends_with(&expected), "{name}: {reply:?}");
    }
    const SRV: u16 = 33;
    assert_eq!(server.ask(&query(1, "_http._tcp.lan", SRV))[7], 1);
    assert_eq!(server.ask(&query(1, "nas.lan", SRV))[7], 0);
    assert!(address("trackless.lan").0 == NOERROR && address("trackless.home.arpa").0 == NOERROR);
    let start = Instant::now();
    assert_eq!(address("www.example.org").0, NOERROR);
    assert!(start.elapsed() < house::PATIENCE);
    assert_eq!(upstream.asked("nas.lan").len(), 0);
    // Somebody in the house may know what we do not; nobody else is asked.
    assert_eq!(address("unknown.lan").0, NOERROR);
    drop(server);
    let server = Server::start("upstream: udp://192.0.2.1\nlocal: { suffix: lan }");
    for name in ["unknown.lan", "unknown", "x.test", "x.onion", "x.local", "nas.home.arpa"] {
        assert_eq!(rcode(&server.ask(&query(1, name, A))), NXDOMAIN, "{name}");
    }
}
