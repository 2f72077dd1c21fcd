//! Upstreams that are slow, dead, broken or lying.

mod house;

use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use house::Server;
use house::dns::{A, NOERROR, SERVFAIL, query, question_end, rcode, record};
use house::upstream::{Said, Upstream, good, raw};

fn address(last: u8) -> Said {
    Said::answer(record(A, 300, &[192, 0, 2, last]))
}

fn failure() -> Said {
    Said { flags: [0x81, 0x82], counts: [0, 0, 0], records: Vec::new() }
}

fn server(upstreams: &[&Upstream]) -> Server {
    let urls: Vec<_> = upstreams.iter().map(|upstream| upstream.url()).collect();
    Server::start(&format!("upstream: [{}]\n", urls.join(", ")))
}

#[test]
fn a_silent_upstream_is_passed_by_and_comes_back() {
    let speaks = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&speaks);
    let first = Upstream::start(move |_, _| heard.load(Ordering::Relaxed).then(|| address(1)));
    let second = Upstream::start(|_, _| Some(address(2)));
    let server = server(&[&first, &second]);
    let ask = |id: u16| server.ask(&query(id, &format!("n{id}.example.org"), A));
    for id in 0..3 {
        assert!(ask(id).ends_with(&[192, 0, 2, 2]));
    }
    let healthy = |server: &Server| {
        let url = first.url();
        let samples = server.metric("trackless_upstream_healthy");
        samples.iter().any(|(labels, value)| labels.contains(&url) && *value == 1.0)
    };
    let next = std::cell::Cell::new(100);
    server.until("the first one is skipped", |server| {
        next.set(next.get() + 1);
        ask(next.get());
        !healthy(server)
    });
    let asked = first.asked("n9.example.org").len();
    assert!(ask(9).ends_with(&[192, 0, 2, 2]));
    assert_eq!(first.asked("n9.example.org").len(), asked, "skipped while it is dead");
    speaks.store(true, Ordering::Relaxed);
    server.until("the first one is back", healthy);
    assert!(ask(10).ends_with(&[192, 0, 2, 1]), "the preferred one again");
}

#[test]
fn a_failing_upstream_is_passed_by_and_its_word_given_if_there_is_no_other() {
    let first = Upstream::start(|_, _| Some(failure()));
    let second = Upstream::start(|query, _| {
        // `both.example.org` fails here too; its first label has four letters.
        Some(if query[12] == 4 { failure() } else { address(2) })
    });
    let server = server(&[&first, &second]);
    assert!(server.ask(&query(1, "n.example.org", A)).ends_with(&[192, 0, 2, 2]));
    assert_eq!(rcode(&server.ask(&query(2, "both.example.org", A))), SERVFAIL);
}

#[test]
fn a_closed_port_costs_no_time() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let second = Upstream::start(|_, _| Some(address(2)));
    // Less time in all than a silent server would be given.
    let servers = format!("[udp://{gone}, {}]", second.url());
    let server = Server::start(&format!("upstream: {{ servers: {servers}, timeout: 400ms }}\n"));
    assert!(server.ask(&query(1, "n.example.org", A)).ends_with(&[192, 0, 2, 2]));
}

#[test]
fn lies_are_not_taken() {
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (upstream, stop) = raw(move |socket, query, peer| {
        let truth = good(query, 1);
        let lie = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut lie = good(query, 66);
            change(&mut lie);
            socket.send_to(&lie, peer).unwrap();
        };
        lie(&|lie| lie[0] ^= 1);
        lie(&|lie| lie[14] ^= 1);
        lie(&|lie| lie[2] &= 0x7f);
        lie(&|lie| lie[5] = 2);
        lie(&|lie| lie.truncate(20));
        lie(&|lie| lie.truncate(3));
        other.send_to(&good(query, 66), peer).unwrap();
        socket.send_to(&truth, peer).unwrap();
    });
    let server = Server::start(&format!("upstream: udp://{upstream}\n"));
    for id in 0..20 {
        let reply = server.ask(&query(id, &format!("n{id}.example.org"), A));
        assert!(rcode(&reply) == NOERROR && reply.ends_with(&[192, 0, 2, 1]));
    }
    stop.store(true, Ordering::Relaxed);
}

#[test]
fn a_malformed_answer_is_a_failure_not_an_answer() {
    let (upstream, stop) = raw(|socket, query, peer| {
        let mut reply = good(query, 1);
        let records = reply.len();
        reply.truncate(records - 2);
        socket.send_to(&reply, peer).unwrap();
    });
    let mut server = Server::start(&format!("upstream: udp://{upstream}\nlog: debug\n"));
    assert_eq!(rcode(&server.ask(&query(1, "n.example.org", A))), SERVFAIL);
    stop.store(true, Ordering::Relaxed);
    let failures = server.metric("trackless_failures_total");
    let by_cause = |cause: &str| failures.iter().find(|(labels, _)| labels.contains(cause));
    assert_eq!(by_cause("\"upstream\"").unwrap().1, 1.0);
    assert_eq!(by_cause("\"bogus\"").unwrap().1, 0.0);
    assert_eq!(server.wait_for("no answer to a query of type "), "1:");
    assert!(!server.log.contains("example"), "{}", server.log);
}

#[test]
fn an_upstream_that_does_not_keep_case_is_put_up_with() {
    let (upstream, stop) = raw(|socket, query, peer| {
        let mut reply = good(query, 1);
        let end = question_end(&reply);
        reply[12..end].make_ascii_lowercase();
        socket.send_to(&reply, peer).unwrap();
    });
    let server = Server::start(&format!("upstream: udp://{upstream}\n"));
    for id in 0..5 {
        let reply = server.ask(&query(id, &format!("name-{id}.example.org"), A));
        assert_eq!(rcode(&reply), NOERROR);
    }
    stop.store(true, Ordering::Relaxed);
}

#[test]
fn queries_cannot_be_foreseen_and_tell_nothing_of_the_client() {
    type Seen = (u16, SocketAddr, Vec<u8>);
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let all = Arc::clone(&seen);
    let (upstream, stop) = raw(move |socket, query, peer| {
        let id = u16::from_be_bytes([query[0], query[1]]);
        all.lock().unwrap().push((id, peer, query.to_vec()));
        socket.send_to(&good(query, 1), peer).unwrap();
    });
    let server = Server::start(&format!("upstream: udp://{upstream}\n"));
    for id in 0..40 {
        // With a client subnet and a cookie, which are for us and nobody else.
        let mut query = query(id, &format!("some-name-{id}.example.org"), A);
        query[11] = 1;
        query.extend([0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 24]);
        query.extend([0, 8, 0, 8, 0, 1, 32, 0, 198, 51, 100, 7]);
        query.extend([0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(rcode(&server.ask(&query)), NOERROR);
    }
    stop.store(true, Ordering::Relaxed);
    let seen = seen.lock().unwrap();
    let ids: HashSet<_> = seen.iter().map(|(id, ..)| id).collect();
    let ports: HashSet<_> = seen.iter().map(|(_, peer, _)| peer.port()).collect();
    let capitals = seen.iter().filter(|(.., query)| query[12..].iter().any(u8::is_ascii_uppercase));
    assert!(ids.len() > 35 && ports.len() >= 4 && capitals.count() > 35);
    for (.., query) in seen.iter() {
        let opt = question_end(query);
        assert_eq!(&query[opt..], [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0], "an empty OPT record");
    }
}

#[test]
fn tcp_alone_is_enough() {
    let upstream = Upstream::start(|_, _| Some(address(3)));
    let place = upstream.address;
    let server = Server::start(&format!("upstream: tcp://{place}\n"));
    for id in 0..3 {
        let reply = server.ask(&query(id, &format!("n{id}.example.org"), A));
        assert!(reply.ends_with(&[192, 0, 2, 3]));
    }
}

#[test]
fn a_reload_changes_upstreams() {
    let (first, second) =
        (Upstream::start(|_, _| Some(address(1))), Upstream::start(|_, _| Some(address(2))));
    let server = server(&[&first]);
    assert!(server.ask(&query(1, "a.example.org", A)).ends_with(&[192, 0, 2, 1]));
    server.write("trackless.yaml", &server.config().replace(&first.url(), &second.url()));
    server.signal("-HUP");
    let next = std::cell::Cell::new(0_u16);
    server.until("the second one is asked", |server| {
        next.set(next.get() + 1);
        let reply = server.ask(&query(1, &format!("b{}.example.org", next.get()), A));
        reply.ends_with(&[192, 0, 2, 2])
    });
}

#[test]
fn domains_have_servers_of_their_own() {
    let [rest, corp, deep] = [1, 2, 3].map(|last| Upstream::start(move |_, _| Some(address(last))));
    let server = Server::start(&format!(
        "upstream:\n  servers: {}\n  domains:\n    - corp.example {}\n    - deep.corp.example {}\n",
        rest.url(),
        corp.url(),
        deep.url()
    ));
    for (name, last) in [
        ("www.example", 1),
        ("corp.example", 2),
        ("www.Corp.example", 2),
        ("www.deep.corp.example", 3),
        ("xcorp.example", 1),
    ] {
        assert_eq!(server.ask(&query(1, name, A)).last(), Some(&last), "{name}");
    }
}

#[test]
fn turns_are_taken_where_that_is_wanted() {
    let [one, two] = [1, 2].map(|last| Upstream::start(move |_, _| Some(address(last))));
    let servers = format!("servers: [{}, {}]", one.url(), two.url());
    let server = Server::start(&format!("upstream: {{ {servers}, strategy: balance }}"));
    for index in 0..10 {
        server.ask(&query(1, &format!("n{index}.example"), A));
    }
    let asked = |upstream: &Upstream| {
        (0..10).filter(|n| !upstream.asked(&format!("n{n}.example")).is_empty()).count()
    };
    // Questions are spread over two threads, each with turns of its own.
    assert!(asked(&one) >= 4 && asked(&two) >= 4, "{} and {}", asked(&one), asked(&two));
}

#[test]
fn the_faster_one_is_asked_where_that_is_wanted() {
    let slow = Upstream::start(|_, _| {
        std::thread::sleep(Duration::from_millis(40));
        Some(address(1))
    });
    let fast = Upstream::start(|_, _| Some(address(2)));
    for (strategy, both) in [("fastest", false), ("race", true)] {
        let servers = format!("servers: [{}, {}]", slow.url(), fast.url());
        let server = Server::start(&format!("upstream: {{ {servers}, strategy: {strategy} }}"));
        let mut fast_answers = 0;
        for index in 0..30 {
            let reply = server.ask(&query(1, &format!("n{index}.{strategy}.example"), A));
            assert_eq!(rcode(&reply), NOERROR);
            fast_answers += usize::from(reply.last() == Some(&2));
        }
        assert!(fast_answers >= 24, "{strategy}: {fast_answers} of 30");
        let name = |n| format!("n{n}.{strategy}.example");
        let asked = |of: &Upstream| (0..30).filter(|n| !of.asked(&name(*n)).is_empty()).count();
        let all = || asked(&slow) == 30 && asked(&fast) == 30;
        if both {
            // Nobody waits for the slow one: the last question may still be on its way to it.
            server.until("both to be asked", |_| all());
        } else {
            assert!(!all(), "{strategy}");
        }
    }
}

#[test]
fn a_slow_upstream_costs_no_more_than_its_time() {
    let slow = Upstream::start(|_, _| {
        std::thread::sleep(Duration::from_secs(2));
        Some(address(1))
    });
    let server = Server::start(&format!("upstream: {{ servers: {}, timeout: 1s }}", slow.url()));
    let start = std::time::Instant::now();
    assert_eq!(rcode(&server.ask(&query(1, "www.example", A))), SERVFAIL);
    assert!(start.elapsed() < Duration::from_millis(1_800), "{:?}", start.elapsed());
}

#[test]
fn a_slow_upstream_that_is_known_is_asked_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (upstream, stop) = raw(move |socket, query, peer| {
        count.fetch_add(1, Ordering::Relaxed);
        let (socket, mut reply) = (socket.try_clone().unwrap(), good(query, 1));
        // Its TTL: it is not held, and the same thread asks again.
        let ttl = reply.len() - 10;
        reply[ttl..ttl + 4].fill(0);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1_200));
            let _ = socket.send_to(&reply, peer);
        });
    });
    let settings = format!("upstream: {{ servers: \"udp://{upstream}\", timeout: 6s }}");
    let server = Server::start(&settings);
    let question = query(1, "www.example", A);
    assert_eq!(rcode(&server.ask(&question)), NOERROR);
    assert!(asked.swap(0, Ordering::Relaxed) > 1, "it is not known yet");
    assert_eq!(rcode(&server.ask(&question)), NOERROR);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    stop.store(true, Ordering::Relaxed);
}

#[test]
fn addresses_are_made_where_there_is_a_gateway() {
    const AAAA: u16 = 28;
    const PTR: u16 = 12;
    let upstream = Upstream::start(|query, _| {
        let name = house::dns::asked(query).to_ascii_lowercase();
        let rtype = query[question_end(query) - 3];
        Some(match (name.as_str(), rtype) {
            ("both.example", 28) => Said::answer(record(AAAA, 300, &[0x20; 16])),
            ("home.example", 1) => Said::answer(record(A, 300, &[192, 168, 1, 1])),
            (_, 1) => Said::answer(record(A, 300, &[198, 51, 100, 7])),
            ("7.100.51.198.in-addr.arpa", 12) => Said::answer(record(PTR, 300, b"\x03www\0")),
            _ => Said { flags: [0x81, 0x80], counts: [0, 0, 0], records: Vec::new() },
        })
    });
    let server = Server::start(&format!(
        "upstream: {{ servers: {}, dns64: \"64:ff9b::/96\" }}",
        upstream.url()
    ));
    let ask = |name: &str, rtype| server.ask(&query(1, name, rtype));
    let made = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 198, 51, 100, 7];
    assert!(ask("v4.example", AAAA).ends_with(&made));
    assert!(ask("v4.example", A).ends_with(&[198, 51, 100, 7]));
    assert!(ask("both.example", AAAA).ends_with(&[0x20; 16]));
    assert_eq!(house::dns::counts(&ask("home.example", AAAA))[1], 0, "no way into the house");
    let zeros = "0.".repeat(16);
    let reverse = format!("7.0.4.6.3.3.6.c.{zeros}b.9.f.f.4.6.0.0.ip6.arpa");
    let reply = ask(&reverse, PTR);
    assert_eq!((house::dns::counts(&reply)[1], rcode(&reply)), (2, NOERROR));
    assert!(reply.ends_with(b"\x03www\0"));
}

#[test]
fn clients_have_servers_of_their_own() {
    let [rest, own, corp] = [1, 2, 3].map(|last| Upstream::start(move |_, _| Some(address(last))));
    let server = Server::start(&format!(
        "upstream:\n  servers: {}\n  clients: 127.0.0.7 {}\n  domains: corp.example {}\n",
        rest.url(),
        own.url(),
        corp.url()
    ));
    for _ in 0..2 {
        for (client, name, last) in [
            ([127, 0, 0, 6], "www.example", 1),
            ([127, 0, 0, 7], "www.example", 2),
            ([127, 0, 0, 7], "www.corp.example", 3),
            ([127, 0, 0, 6], "www.corp.example", 3),
        ] {
            let reply = server.ask_from(client, &query(1, name, A));
            assert_eq!(reply.last(), Some(&last), "{client:?} {name}");
        }
    }
    assert_eq!((rest.asked("www.example").len(), own.asked("www.example").len()), (1, 1));
}

#[test]
fn a_name_that_nobody_answers_takes_upstream_from_nobody() {
    let (upstream, stop) = raw(|socket, query, peer| {
        let name = query.to_ascii_lowercase();
        if !name.windows(6).any(|label| label == b"silent") {
            socket.send_to(&good(query, 1), peer).unwrap();
        }
    });
    let server =
        Server::start(&format!("upstream: {{ servers: \"udp://{upstream}\", timeout: 2s }}"));
    for round in 0..3 {
        let silent = query(1, &format!("n{round}.silent.example"), A);
        assert_eq!(rcode(&server.ask(&silent)), SERVFAIL);
        for index in 0..20 {
            let other = query(1, &format!("n{index}.round{round}.example"), A);
            assert_eq!(rcode(&server.ask(&other)), NOERROR, "{index} of round {round}");
        }
    }
    stop.store(true, Ordering::Relaxed);
}
