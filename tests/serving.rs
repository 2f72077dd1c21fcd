//! Living with a server: starting, counting, reloading, stopping, and what the commands say.

mod house;

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use house::dns::{A, NOERROR, NXDOMAIN, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{PATIENCE, Server, read_framed, run, send_framed};

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

#[test]
fn metrics_show_exactly_what_was_asked() {
    let upstream = upstream();
    let mut server = Server::start(&format!("upstream: {}\n", upstream.url()));
    for (last, blocked, passed) in [(2, 5, 3), (3, 7, 1), (4, 1, 11)] {
        let source = [127, 0, 0, last];
        (0..blocked).for_each(|_| drop(server.ask_from(source, &query(1, "doubleclick.net", A))));
        (0..passed).for_each(|_| drop(server.ask_from(source, &query(1, "www.example.org", A))));
    }
    let mut by_device = std::collections::BTreeMap::new();
    for (labels, value) in server.metric("trackless_queries_total") {
        let label = |name: &str| {
            let (_, rest) = labels.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let counts: &mut [f64; 2] = by_device.entry(label("device")).or_default();
        counts[usize::from(label("verdict") == "pass")] = value;
    }
    let mut counts: Vec<_> = by_device.values().copied().collect();
    counts.sort_by(|one, two| one.partial_cmp(two).unwrap());
    assert_eq!(counts, [[1.0, 11.0], [5.0, 3.0], [7.0, 1.0]]);

    let tracker: f64 =
        server.metric("trackless_tracker_queries_total").iter().map(|(_, value)| value).sum();
    assert_eq!(tracker, 13.0);
    let answers = |source: &str, rcode: &str| -> f64 {
        let labels = [format!("source=\"{source}\""), format!("rcode=\"{rcode}\"")];
        server
            .metric("trackless_answers_total")
            .iter()
            .filter(|(found, _)| labels.iter().all(|label| found.contains(label)))
            .map(|(_, value)| value)
            .sum()
    };
    assert_eq!(answers("filter", "NXDOMAIN"), 13.0);
    assert_eq!(answers("upstream", "NOERROR"), 1.0);
    assert_eq!(answers("cache", "NOERROR"), 14.0);

    let (_, page) = server.get("/metrics");
    server.signal("-TERM");
    assert!(server.wait().success());
    for secret in ["127.0.0.2", "127.0.0.3", "doubleclick", "example.org"] {
        assert!(!page.contains(secret), "{secret} is told");
        assert!(!server.log.contains(secret), "{secret} is logged");
    }
}

#[test]
fn health_is_told() {
    let server = Server::start("upstream: udp://127.0.0.1:9\n");
    assert!(server.get("/healthz").0.contains("200"));
    server.until("ready", |server| server.get("/readyz").0.contains("200"));
}

#[test]
fn a_reload_acts_on_the_next_query_and_loses_none() {
    let upstream = upstream();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.txt"), "one.example.net\n").unwrap();
    let lists = "lists: [{ name: own, file: own.txt }]";
    let server = Server::start_in(folder, &format!("upstream: {}\n{lists}\n", upstream.url()));
    assert_eq!(rcode(&server.ask(&query(1, "one.example.net", A))), NXDOMAIN);
    assert_eq!(rcode(&server.ask(&query(2, "two.example.net", A))), NOERROR);

    let (done, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(rcode(&server.ask(&query(3, "ads.doubleclick.net", A))), NXDOMAIN);
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        for round in 0..5 {
            let name = ["two.example.net", "one.example.net"][round % 2];
            server.write("own.txt", &format!("{name}\n# {}\n", "x".repeat(round)));
            server.signal("-HUP");
            server.until("the new list holds", |server| {
                rcode(&server.ask(&query(4, name, A))) == NXDOMAIN
            });
        }
        done.store(true, Ordering::Relaxed);
        load.join().unwrap();
    });
    assert!(sent.load(Ordering::Relaxed) > 0);
    // The list says `two` now; held answers do not outlive a rule.
    assert_eq!(rcode(&server.ask(&query(5, "two.example.net", A))), NXDOMAIN);
}

#[test]
fn a_bad_config_or_a_lost_list_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.txt"), "one.example.net\n").unwrap();
    let settings = "upstream: udp://127.0.0.1:9\nlists: [{ name: own, file: own.txt }]\n";
    let mut server = Server::start_in(folder, settings);
    let good = server.config();
    let still_blocks =
        |server: &Server| assert_eq!(rcode(&server.ask(&query(1, "one.example.net", A))), NXDOMAIN);

    server.write("trackless.yaml", &format!("{good}\nlisen: 53\n"));
    server.signal("-HUP");
    server.wait_for("not reloaded");
    assert!(server.log.contains("did you mean `listen`"), "{}", server.log);
    still_blocks(&server);

    server.write("trackless.yaml", &good);
    std::fs::remove_file(server.path("own.txt")).unwrap();
    server.signal("-HUP");
    server.wait_for("the one before goes on");
    still_blocks(&server);
    let expected = [("{result=\"failed\"}".to_owned(), 1.0), ("{result=\"ok\"}".to_owned(), 1.0)];
    server.until("both reloads are counted", |server| {
        server.metric("trackless_policy_reloads_total") == expected
    });
}

#[test]
fn a_list_that_looks_broken_is_not_taken_until_its_owner_insists() {
    let folder = tempfile::tempdir().unwrap();
    let good: String = (0..1_000).map(|number| format!("||n{number}.example.net^\n")).collect();
    std::fs::write(folder.path().join("own.txt"), &good).unwrap();
    let settings = "upstream: udp://127.0.0.1:9\nlists: [{ name: own, file: own.txt }]\n\
                    updates: { size: 1 MiB }\n";
    let mut server = Server::start_in(folder, settings);
    let still_blocks = |server: &Server| {
        assert_eq!(rcode(&server.ask(&query(1, "n999.example.net", A))), NXDOMAIN)
    };
    still_blocks(&server);
    for (bad, reason) in [
        (format!("{good}||com^\n"), "line 1001 would refuse everything under com;"),
        (format!("{good}|www.google.com^\n"), "line 1001 would refuse www.google.com, which must"),
        (format!("/goog[a-z]+[.]com$/\n{good}"), "line 1 would refuse"),
        (good.lines().take(10).map(|line| format!("{line}\n")).collect(), "from 1000 to 10 rules"),
        ("<!DOCTYPE html>\n<p>Not found".to_owned(), "it is a web page, not a list"),
        ("? ? ?\n".to_owned(), "there is no rule in it"),
        ("a.example\n".repeat(1 << 17), "more than 1048576 bytes"),
        (good.replace("n", "m").repeat(12), "from 1000 to 12000 rules"),
    ] {
        server.write("own.txt", &bad);
        server.signal("-HUP");
        server.wait_for("the one before goes on");
        assert!(server.log.lines().last().unwrap().contains(reason), "{}", server.log);
        still_blocks(&server);
    }
    assert_eq!(
        server.metric("trackless_list_refused").iter().filter(|(_, on)| *on > 0.0).count(),
        1
    );
    let insisting = server.config().replace("file: own.txt", "file: own.txt, force: true");
    server.write("trackless.yaml", &insisting);
    server.write("own.txt", "||com^\n");
    server.signal("-HUP");
    server.until("the owner's will holds", |server| {
        rcode(&server.ask(&query(2, "anything.com", A))) == NXDOMAIN
    });
}

#[test]
fn answers_in_flight_are_finished_before_the_end() {
    let (arrived, gate) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let held = (Arc::clone(&arrived), Arc::clone(&gate));
    let upstream = Upstream::start(move |_, _| {
        held.0.wait();
        held.1.wait();
        Some(Said::answer(record(A, 300, &[192, 0, 2, 1])))
    });
    let mut server = Server::start(&format!("upstream: {}\n", upstream.url()));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(&query(1, "slow.example.org", A), server.dns).unwrap();
    arrived.wait();
    server.signal("-TERM");
    server.wait_for("stopping");
    gate.wait();
    let mut reply = [0; 512];
    socket.recv(&mut reply).unwrap();
    assert_eq!(rcode(&reply), NOERROR);
    assert!(server.wait().success());
}

#[test]
fn a_stop_waits_for_nobody_longer_than_two_seconds() {
    let silent = Upstream::start(|_, _| None);
    let settings = format!("upstream: {{ servers: {}, timeout: 30s }}\n", silent.url());
    let mut server = Server::start(&settings);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(&query(1, "slow.example.org", A), server.dns).unwrap();
    server.until("upstream is asked", |_| !silent.asked("slow.example.org").is_empty());
    // Far less than the upstream is given.
    server.signal("-INT");
    assert!(server.wait().success());
}

#[test]
fn slow_and_huge_senders_are_cut_off() {
    let settings = "upstream: udp://127.0.0.1:9\ntcp: { idle: 1s, stall: 200ms }\n";
    let server = Server::start(settings);
    let mut silent = server.connect();
    assert_eq!(read_framed(&mut silent), None, "idle");
    let mut slow = server.connect();
    std::io::Write::write_all(&mut slow, &[0, 30, 1, 2, 3]).unwrap();
    assert_eq!(read_framed(&mut slow), None, "a message that does not go on");
    let mut huge = server.connect();
    std::io::Write::write_all(&mut huge, &[0xff, 0xff, 1, 2, 3]).unwrap();
    assert_eq!(read_framed(&mut huge), None, "a message nobody sends");
    assert_eq!(rcode(&server.ask_tcp(&query(1, "doubleclick.net", A))), NXDOMAIN);
}

/// Connects to `server` from 127.0.0.`last`.
fn connect_from(server: &Server, last: u8) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, last], 0)).into()).unwrap();
    socket.connect(&server.dns.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn is_served(stream: &mut TcpStream) -> bool {
    send_framed(stream, &query(1, "doubleclick.net", A));
    read_framed(stream).is_some()
}

#[test]
fn connections_are_capped_for_one_and_for_all() {
    let settings = "upstream: udp://127.0.0.1:9\n\
                    tcp: { connections: 3, connections_per_client: 2, stall: 1m, idle: 1m }\n";
    let server = Server::start(settings);
    let (from, served) = (|last| connect_from(&server, last), is_served);
    let (mut one, mut two) = (from(1), from(1));
    assert!(served(&mut one) && served(&mut two));
    assert!(!served(&mut from(1)), "a client's third");
    let mut other = from(2);
    assert!(served(&mut other));
    assert!(!served(&mut from(3)), "the fourth of all");
    let refused = server.metric("trackless_admission_refused_total");
    assert!(refused.contains(&("{cause=\"connections\"}".to_owned(), 2.0)), "{refused:?}");
    drop((one, two));
    server.until("places are free again", |_| served(&mut from(3)));
}

#[test]
fn who_asks_nothing_for_longest_makes_room_for_others() {
    let settings =
        "upstream: udp://127.0.0.1:9\ntcp: { connections: 2, stall: 400ms, idle: 10m }\n";
    let server = Server::start(settings);
    let (mut first, mut second) = (connect_from(&server, 1), connect_from(&server, 2));
    assert!(is_served(&mut first) && is_served(&mut second) && is_served(&mut first));
    server.until("a newcomer is served", |server| is_served(&mut connect_from(server, 3)));
    assert!(read_framed(&mut second).is_none(), "its place is taken");
    assert!(is_served(&mut first), "one place was enough");
}

#[test]
fn a_taken_port_is_said_with_the_ways_out() {
    let server = Server::start("upstream: udp://127.0.0.1:9\n");
    let listen = server.dns.to_string();
    let folder = tempfile::tempdir().unwrap();
    let (ok, _, error) = run(&["serve", "--listen", &listen, "--data", "data"], folder.path(), "");
    assert!(!ok);
    assert!(error.contains(&listen) && error.contains("another program"), "{error}");
    assert!(error.contains("--listen 127.0.0.1:1053"), "{error}");
}

#[test]
fn a_data_folder_that_cannot_be_had_is_no_reason_not_to_serve() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_in(folder, "upstream: udp://127.0.0.1:9\n");
    assert_eq!(rcode(&server.ask(&query(1, "doubleclick.net", A))), NXDOMAIN);
    server.signal("-TERM");
    server.wait();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "a file, not a folder").unwrap();
    let server = Server::start_in(folder, "upstream: udp://127.0.0.1:9\n");
    assert!(server.log.contains("cannot use the data folder"), "{}", server.log);
    assert_eq!(rcode(&server.ask(&query(1, "doubleclick.net", A))), NXDOMAIN);
}

#[test]
fn check_says_what_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("own.txt"), "0.0.0.0 exact.example.net\n").unwrap();
    let config = "lists: [{ name: mine, file: own.txt }]\nrules: { allow: [ok.doubleclick.net] }\n";
    std::fs::write(path.join("c.yaml"), config).unwrap();
    let check = |arguments: &[&str], input: &str| {
        let arguments = [&["check", "--config", "c.yaml"], arguments].concat();
        let (ok, output, error) = run(&arguments, path, input);
        assert!(ok, "{error}");
        output
    };
    assert_eq!(
        check(&["x.doubleclick.net", "www.example.org"], ""),
        "x.doubleclick.net: block by ||doubleclick.net^ of builtin relaxed (Google, advertising)\n\
         www.example.org: pass\n"
    );
    let lines = check(&["--json", "-"], "exact.example.net\n\nok.doubleclick.net\r\nbad..name\n");
    let objects: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        objects[0],
        serde_json::json!({"name": "exact.example.net", "verdict": "block", "rule": "|exact.example.net^",
            "list": "mine", "company": "example.net", "category": "other"})
    );
    assert_eq!(objects[1]["verdict"], "allow");
    assert_eq!(objects[1]["list"], "your rules");
    assert_eq!(objects[1]["company"], "Google");
    assert_eq!(objects[2]["verdict"], "pass");
    assert!(objects[2]["error"].is_string());
    assert_eq!(objects.len(), 3);
}

#[test]
fn config_is_checked_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("bad.yaml"), "cache:\n  sise: 1\n").unwrap();
    let (ok, _, error) = run(&["config", "check", "bad.yaml"], path, "");
    assert!(!ok && error.contains("bad.yaml:2:3") && error.contains("`cache.size`"), "{error}");
    let (ok, shown, _) = run(&["config", "show"], path, "");
    assert!(
        ok && shown.contains("127.0.0.1:1053") && shown.contains("tls://9.9.9.9#dns.quad9.net")
    );
    std::fs::write(path.join("shown.yaml"), shown).unwrap();
    assert!(run(&["config", "check", "shown.yaml"], path, "").0);
}

#[test]
fn lists_are_compiled_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("own.txt"), "a.example.net\nb..c\n").unwrap();
    std::fs::write(path.join("c.yaml"), "data: data\nlists: [{ name: mine, file: own.txt }]\n")
        .unwrap();
    let (ok, output, error) = run(&["lists", "compile", "--config", "c.yaml"], path, "");
    assert!(ok, "{error}");
    assert!(
        output.contains("mine: 1 rules, 1 lines skipped\n  line 2: a label is empty"),
        "{output}"
    );
    assert!(path.join("data/rules.table").is_file());
}

#[test]
fn a_supervisor_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let supervisor = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = |word: &str| {
        let mut buffer = [0; 512];
        loop {
            let len = supervisor.recv(&mut buffer).expect(word);
            if String::from_utf8_lossy(&buffer[..len]).contains(word) {
                return;
            }
        }
    };
    let mut child = house::command(&["serve", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"])
        .args(["--data", "data"])
        .current_dir(folder.path())
        .env("NOTIFY_SOCKET", &path)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let signal = |signal: &str| {
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    };
    hear("READY=1");
    signal("-HUP");
    hear("RELOADING=1");
    hear("READY=1");
    signal("-TERM");
    hear("STOPPING=1");
    assert!(child.wait().unwrap().success());
}
