//! Answers that have expired, or are about to.

mod house;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use house::Server;
use house::dns::{A, NOERROR, SERVFAIL, asked, extended_error, query, rcode, record, with_edns};
use house::upstream::{Said, Upstream};

fn said(ttl: u32) -> Option<Said> {
    Some(Said::answer(record(A, ttl, &[192, 0, 2, 1])))
}

fn server(upstream: &Upstream, more: &str) -> Server {
    Server::start(&format!("upstream: {}\n{more}", upstream.url()))
}

fn ask(server: &Server) -> Vec<u8> {
    server.ask(&with_edns(query(1, "www.example.org", A), false))
}

/// The TTL of the only record, behind which 4 octets of address and the OPT record stand.
fn ttl(reply: &[u8]) -> u32 {
    let at = house::dns::question_end(reply) + 6;
    u32::from_be_bytes(reply[at..at + 4].try_into().unwrap())
}

#[test]
fn an_expired_answer_serves_when_upstream_fails() {
    let fails = Arc::new(AtomicBool::new(false));
    let failing = Arc::clone(&fails);
    let upstream = Upstream::start(move |_, _| match failing.load(Relaxed) {
        false => said(1),
        true => Some(Said { flags: [0x81, 0x82], counts: [0; 3], records: Vec::new() }),
    });
    let server = server(&upstream, "cache: { prefetch: false }");
    assert_eq!(extended_error(&ask(&server)), None);
    fails.store(true, Relaxed);
    server.until("the answer expires", |server| extended_error(&ask(server)) == Some(3));
    let reply = ask(&server);
    assert_eq!((rcode(&reply), ttl(&reply)), (NOERROR, 30));
    let asked = upstream.asked("www.example.org").len();
    ask(&server);
    assert_eq!(upstream.asked("www.example.org").len(), asked, "not asked again for a while");
    assert_eq!(rcode(&server.ask(&query(2, "other.example.org", A))), SERVFAIL);
    let stale = server.metric("trackless_answers_total");
    assert!(stale.iter().any(|(labels, _)| labels.contains("\"stale\"")), "{stale:?}");
}

#[test]
fn clients_do_not_wait_for_a_slow_upstream_longer_than_they_like() {
    let slow = Arc::new(AtomicBool::new(false));
    let silent = Arc::clone(&slow);
    let upstream = Upstream::start(move |query, _| {
        let www = asked(query).to_ascii_lowercase().starts_with("www");
        if www && silent.load(Relaxed) { None } else { said(1) }
    });
    let server = server(&upstream, "cache: { prefetch: false }");
    ask(&server);
    slow.store(true, Relaxed);
    let done = AtomicBool::new(false);
    let waited = std::thread::scope(|scope| {
        // Other questions are answered, so that upstream is not taken for dead.
        scope.spawn(|| {
            (0..).take_while(|_| !done.load(Relaxed)).for_each(|index| {
                server.ask(&query(1, &format!("n{index}.example.org"), A));
            });
        });
        let waited = loop {
            let start = Instant::now();
            if extended_error(&ask(&server)) == Some(3) {
                break start.elapsed();
            }
        };
        done.store(true, Relaxed);
        waited
    });
    assert!(waited >= Duration::from_millis(1_700), "{waited:?}: it is too early to give up");
    assert!(waited < Duration::from_millis(2_500), "{waited:?}");
}

#[test]
fn without_stale_answers_a_failure_is_told() {
    let fails = Arc::new(AtomicBool::new(false));
    let failing = Arc::clone(&fails);
    let upstream = Upstream::start(move |_, _| match failing.load(Relaxed) {
        false => said(1),
        true => Some(Said { flags: [0x81, 0x82], counts: [0; 3], records: Vec::new() }),
    });
    let server = server(&upstream, "cache: { stale: 0s, prefetch: false }");
    ask(&server);
    fails.store(true, Relaxed);
    server.until("the answer expires", |server| rcode(&ask(server)) == SERVFAIL);
}

#[test]
fn what_is_asked_for_often_never_expires() {
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    let upstream = Upstream::start(move |_, _| {
        counting.fetch_add(1, Relaxed);
        said(10)
    });
    let server = server(&upstream, "cache: { max_ttl: 2s }");
    server.until("it is refreshed", |server| {
        assert_eq!(rcode(&ask(server)), NOERROR);
        count.load(Relaxed) >= 3
    });
    let waited: f64 = server
        .metric("trackless_answers_total")
        .iter()
        .filter(|(labels, _)| labels.contains("\"upstream\""))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(waited, 1.0, "no client waited but the first");
}
