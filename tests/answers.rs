//! What a client gets: refusals, forwarded and cached answers, the manners of the protocol.

mod house;

use std::net::UdpSocket;
use std::sync::{Arc, Barrier};

use house::dns::{
    A, FORMERR, NOERROR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, SOA, TXT, asked, counts,
    extended_error, query, question_end, rcode, record, with_edns,
};
use house::upstream::{Said, Upstream};
use house::{PATIENCE, Server, read_framed, send_framed};

fn address() -> Said {
    Said::answer(record(A, 300, &[192, 0, 2, 1]))
}

fn server(upstream: &Upstream, more: &str) -> Server {
    Server::start(&format!("upstream: {}\n{more}", upstream.url()))
}

#[test]
fn a_tracker_is_refused_over_udp_and_tcp() {
    let upstream = Upstream::start(|_, _| Some(address()));
    let server = server(&upstream, "");
    let query = with_edns(query(7, "Stats.G.DoubleClick.net", A), false);
    for reply in [server.ask(&query), server.ask_tcp(&query)] {
        assert_eq!((reply[..2].to_vec(), rcode(&reply)), (vec![0, 7], NXDOMAIN));
        assert_eq!(counts(&reply), [1, 0, 1, 1]);
        assert_eq!(asked(&reply), "Stats.G.DoubleClick.net", "spelled as asked");
        let soa = question_end(&reply);
        assert_eq!(reply[soa + 2..soa + 4], SOA.to_be_bytes());
        assert_eq!(extended_error(&reply), Some(15));
    }
    assert!(upstream.asked("stats.g.doubleclick.net").is_empty(), "nobody else is told");
}

#[test]
fn own_rules_beat_lists() {
    let upstream = Upstream::start(|_, _| Some(address()));
    let server = server(&upstream, "rules: { block: [example.org], allow: [ads.doubleclick.net] }");
    assert_eq!(rcode(&server.ask(&query(1, "www.example.org", A))), NXDOMAIN);
    assert_eq!(rcode(&server.ask(&query(2, "ads.doubleclick.net", A))), NOERROR);
    assert_eq!(rcode(&server.ask(&query(3, "doubleclick.net", A))), NXDOMAIN);
}

#[test]
fn everything_else_is_asked_for_once_and_held() {
    let upstream = Upstream::start(|_, _| Some(address()));
    let server = server(&upstream, "");
    for (id, name) in [(1, "www.example.org"), (2, "WWW.example.ORG"), (3, "www.Example.org")] {
        let reply = server.ask(&query(id, name, A));
        assert_eq!(rcode(&reply), NOERROR);
        assert_eq!(u16::from_be_bytes([reply[0], reply[1]]), id);
        assert_eq!(asked(&reply), name);
        assert!(reply.ends_with(&[192, 0, 2, 1]));
    }
    assert_eq!(upstream.asked("www.example.org").len(), 1);
    let with_do = with_edns(query(4, "www.example.org", A), true);
    server.ask(&with_do);
    server.ask(&with_do);
    assert_eq!(upstream.asked("www.example.org").len(), 2, "DO is another question, held too");
}

#[test]
fn what_upstream_says_comes_through_whole() {
    let records: Vec<u8> = [
        record(65_400, 60, b"unknown \x00\xff"),
        record(46, 60, b"not really a signature"),
        record(2, 60, b"\x01a\0"),
        record(TXT, 60, b"\x04more"),
    ]
    .concat();
    let said = records.clone();
    let upstream = Upstream::start(move |query, _| {
        // CD and DO arrive as the client set them; no client subnet, no address of anybody.
        assert!(query[3] & 0x10 != 0 && query.ends_with(&[0x80, 0, 0, 0]), "{query:?}");
        Some(Said { flags: [0x85, 0xb0], counts: [2, 1, 1], records: said.clone() })
    });
    let server = server(&upstream, "");
    let mut query = with_edns(query(9, "odd.example.org", 65_400), true);
    query[3] |= 0x10;
    let reply = server.ask(&query);
    assert_eq!(counts(&reply), [1, 2, 1, 2]);
    let end = question_end(&reply);
    assert_eq!(&reply[end..end + records.len()], records);
    assert_eq!(reply[3], 0xb0, "RA, AD, CD, NOERROR");
}

#[test]
fn absence_is_held_as_long_as_its_soa_says() {
    let upstream = Upstream::start(|_, _| {
        let mut data = vec![0, 0];
        data.extend([0; 16]);
        data.extend(120_u32.to_be_bytes());
        Some(Said { flags: [0x81, 0x83], counts: [0, 1, 0], records: record(SOA, 3_600, &data) })
    });
    let server = server(&upstream, "");
    for id in 0..3 {
        let reply = server.ask(&query(id, "nowhere.example.org", A));
        assert_eq!(rcode(&reply), NXDOMAIN);
        let ttl_at = question_end(&reply) + 6;
        assert!(u32::from_be_bytes(reply[ttl_at..ttl_at + 4].try_into().unwrap()) <= 120);
    }
    assert_eq!(upstream.asked("nowhere.example.org").len(), 1);
}

#[test]
fn equal_questions_in_flight_share_one() {
    const CLIENTS: usize = 20;
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let upstream = Upstream::start(move |_, _| {
        held.wait();
        Some(address())
    });
    let server = server(&upstream, "");
    let sockets: Vec<UdpSocket> = (0..CLIENTS)
        .map(|id| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.connect(server.dns).unwrap();
            socket.send(&query(id as u16, "slow.example.org", A)).unwrap();
            socket
        })
        .collect();
    server.until("all queries wait", |server| {
        server.metric("trackless_queries_waiting") == [(String::new(), CLIENTS as f64)]
    });
    gate.wait();
    for (id, socket) in sockets.iter().enumerate() {
        let mut reply = [0; 512];
        socket.recv(&mut reply).unwrap();
        assert_eq!(u16::from_be_bytes([reply[0], reply[1]]), id as u16);
        assert_eq!(rcode(&reply), NOERROR);
    }
    assert_eq!(upstream.asked("slow.example.org").len(), 1);
}

#[test]
fn a_stream_is_answered_out_of_order() {
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let upstream = Upstream::start(move |_, _| {
        held.wait();
        Some(address())
    });
    let server = server(&upstream, "");
    let mut stream = server.connect();
    send_framed(&mut stream, &query(1, "slow.example.org", A));
    send_framed(&mut stream, &query(2, "doubleclick.net", A));
    assert_eq!(read_framed(&mut stream).unwrap()[..2], [0, 2], "the quick one first");
    gate.wait();
    assert_eq!(read_framed(&mut stream).unwrap()[..2], [0, 1]);
}

#[test]
fn what_is_too_large_for_udp_comes_over_tcp() {
    let large: Vec<u8> = record(TXT, 60, &[b"\xfa".as_slice(), &[b'x'; 250]].concat()).repeat(20);
    let upstream = Upstream::start(move |_, tcp| {
        Some(if tcp {
            Said { flags: [0x81, 0x80], counts: [20, 0, 0], records: large.clone() }
        } else {
            Said { flags: [0x83, 0x80], counts: [0, 0, 0], records: Vec::new() }
        })
    });
    let server = server(&upstream, "");
    let query = query(5, "large.example.org", TXT);
    for _ in 0..2 {
        let reply = server.ask(&query);
        assert_eq!((reply[2] & 0x02, counts(&reply)), (0x02, [1, 0, 0, 0]), "truncated");
        assert_eq!(counts(&server.ask_tcp(&query)), [1, 20, 0, 0]);
    }
}

#[test]
fn manners() {
    let upstream = Upstream::start(|_, _| Some(address()));
    let server = server(&upstream, "");
    let with = |at: usize, octet: u8| {
        let mut query = query(77, "www.example.org", A);
        query[at] = octet;
        query
    };
    let type_at = question_end(&with(0, 0)) - 3;
    for (what, query, expected) in [
        ("opcode NOTIFY", with(2, 0x21), NOTIMP),
        ("opcode 15", with(2, 0x79), NOTIMP),
        ("no question", with(5, 0), FORMERR),
        ("two questions", with(5, 2), FORMERR),
        ("a bare header", with(0, 0)[..12].to_vec(), FORMERR),
        ("class CH", with(type_at + 2, 3), REFUSED),
        ("AXFR", with(type_at, 252), REFUSED),
        ("no RD", with(2, 0), REFUSED),
        ("ANY", with(type_at, 255), NOERROR),
        ("Z bit", with(3, 0x40), NOERROR),
        ("TC bit", with(2, 0x03), NOERROR),
        ("type 0", with(type_at, 0), FORMERR),
        ("trailing octets", [with(0, 0), vec![1, 2, 3]].concat(), NOERROR),
    ] {
        assert_eq!(rcode(&server.ask(&query)), expected, "{what} over UDP");
        assert_eq!(rcode(&server.ask_tcp(&query)), expected, "{what} over TCP");
    }
    let mut bad_version = with_edns(with(0, 0), false);
    let version_at = bad_version.len() - 5;
    bad_version[version_at] = 1;
    let reply = server.ask(&bad_version);
    let opt = question_end(&reply);
    assert_eq!((rcode(&reply), reply[opt + 5], reply[opt + 6]), (0, 1, 0), "BADVERS, version 0");
}

#[test]
fn only_those_may_ask_who_are_named() {
    let upstream = Upstream::start(|_, _| Some(address()));
    let server = server(&upstream, "access: { networks: [127.0.0.2], on_link: false }");
    let query = with_edns(query(1, "www.example.org", A), false);
    assert_eq!(rcode(&server.ask_from([127, 0, 0, 2], &query)), NOERROR);
    let denied = server.ask_from([127, 0, 0, 3], &query);
    assert_eq!((rcode(&denied), extended_error(&denied)), (REFUSED, Some(18)));
    let mut stream = server.connect();
    send_framed(&mut stream, &query);
    assert_eq!(read_framed(&mut stream), None, "the connection is closed");
    let refused = server.metric("trackless_admission_refused_total");
    assert_eq!(refused[0], ("{cause=\"access\"}".to_owned(), 2.0));
}

#[test]
fn names_of_the_house_are_told_to_nobody() {
    let upstream = Upstream::start(|_, _| Some(address()));
    // Forwarded to a machine of the house, they may be known there.
    let inside = server(&upstream, "");
    assert_eq!(rcode(&inside.ask(&query(1, "printer.local", A))), NOERROR);
    let names = ["printer.local", "nas.home.arpa", "x.internal", "1.1.168.192.in-addr.arpa"];
    let outside = Server::start("upstream: { servers: udp://192.0.2.1, timeout: 100ms }");
    for name in names {
        let reply = outside.ask(&with_edns(query(2, name, A), false));
        assert_eq!((rcode(&reply), extended_error(&reply)), (NXDOMAIN, None), "{name}");
    }
    for server in [&inside, &outside] {
        assert_eq!(rcode(&server.ask(&query(3, "hidden.onion", A))), NXDOMAIN);
        assert!(server.ask(&query(4, "localhost", A)).ends_with(&[127, 0, 0, 1]));
    }
    assert!(upstream.asked("localhost").is_empty() && upstream.asked("hidden.onion").is_empty());
}

#[test]
fn clients_find_the_encrypted_doors() {
    const SVCB: u16 = 64;
    let upstream = Upstream::start(|_, _| Some(address()));
    let doors = "encrypted: { tls: 127.0.0.1:0, https: 127.0.0.1:0, names: dns.house.test }";
    let with = server(&upstream, doors);
    let reply = with.ask(&query(1, "_dns.resolver.arpa", SVCB));
    assert_eq!((rcode(&reply), counts(&reply)[1]), (NOERROR, 2));
    for text in [b"\x03dns\x05house\x04test\0".as_slice(), b"\x03dot", b"/dns-query{?dns}"] {
        assert!(reply.windows(text.len()).any(|window| window == text));
    }
    assert!(upstream.asked("_dns.resolver.arpa").is_empty());
}

#[test]
fn no_reply_to_replies_and_scraps() {
    let upstream = Upstream::start(|_, _| Some(address()));
    let server = server(&upstream, "");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(server.dns).unwrap();
    let mut reply = query(1, "doubleclick.net", A);
    reply[2] |= 0x80;
    for nothing in [&reply[..], &[1, 2, 3], &[]] {
        socket.send(nothing).unwrap();
    }
    // One socket's datagrams are answered in order: the first reply is to the last query.
    socket.send(&query(99, "doubleclick.net", A)).unwrap();
    let mut buffer = [0; 512];
    socket.recv(&mut buffer).unwrap();
    assert_eq!(buffer[..2], [0, 99]);
}

#[test]
fn a_reply_leaves_from_the_address_that_was_asked() {
    let upstream = Upstream::start(|_, _| Some(address()));
    for (listen, asked) in [("0.0.0.0:0", "127.0.0.5"), ("'[::]:0'", "::1")] {
        let settings = format!("listen: {listen}\nupstream: {}\n", upstream.url());
        let server = Server::start(&settings);
        let asked: std::net::IpAddr = asked.parse().unwrap();
        let socket = UdpSocket::bind((asked, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        for name in ["doubleclick.net", "www.example.org"] {
            socket.send_to(&query(1, name, A), (asked, server.dns.port())).unwrap();
            let (_, from) = socket.recv_from(&mut [0; 512]).unwrap();
            assert_eq!(from.ip(), asked, "{name}");
        }
    }
}

#[test]
fn a_dead_upstream_is_told_at_once_and_its_return_is_noticed() {
    let upstream = Upstream::start(|_, _| Some(address()));
    let place = upstream.address;
    let server = server(&upstream, "");
    assert_eq!(rcode(&server.ask(&query(1, "held.example.org", A))), NOERROR);
    drop(upstream);
    let socket = loop {
        // The port may take a moment to be free; a bound socket that nobody reads is a silent one.
        if let Ok(socket) = UdpSocket::bind(place) {
            break socket;
        }
    };
    let reply = server.ask(&with_edns(query(2, "new.example.org", A), false));
    assert_eq!(rcode(&reply), SERVFAIL);
    assert!(matches!(extended_error(&reply), Some(22 | 23)), "{:?}", extended_error(&reply));
    assert_eq!(rcode(&server.ask(&query(3, "held.example.org", A))), NOERROR);
    drop(socket);
    let _back = Upstream::start_at(place, |_, _| Some(address()));
    server.until("upstream is back", |server| {
        rcode(&server.ask(&query(4, "later.example.org", A))) == NOERROR
    });
}
