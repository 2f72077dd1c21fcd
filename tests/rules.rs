//! What rules do, through the front door: conditions, answers of their own, services, safe search,
//! subscriptions, and who is told of it.

mod house;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use house::dns::{
    A, NOERROR, NXDOMAIN, REFUSED, TXT, asked, counts, extended_error, query, question_end, rcode,
    record, with_edns,
};
use house::upstream::{Said, Upstream};
use house::{Server, run};

const AAAA: u16 = 28;
const CNAME: u16 = 5;

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

fn with_list(upstream: &Upstream, list: &str, more: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.txt"), list).unwrap();
    let lists = "lists: [{ name: own, file: own.txt }]";
    Server::start_in(folder, &format!("upstream: {}\n{lists}\n{more}", upstream.url()))
}

#[test]
fn conditions_hold_for_those_they_name() {
    let upstream = upstream();
    let list = "||typed.test^$dnstype=AAAA\n||child.test^$client=127.0.0.2\n\
                ||most.test^$denyallow=ok.most.test\n||ads*.glob.test^\n/^x[0-9]+\\.re\\.test$/\n\
                @@||allowed.ads9.glob.test^\n||gone.test^\n||gone.test^$badfilter\n";
    let server = with_list(&upstream, list, "");
    let ask = |name: &str, rtype| rcode(&server.ask(&query(1, name, rtype)));
    assert_eq!([ask("typed.test", A), ask("typed.test", AAAA)], [NOERROR, NXDOMAIN]);
    assert_eq!(ask("child.test", A), NOERROR);
    assert_eq!(rcode(&server.ask_from([127, 0, 0, 2], &query(2, "child.test", A))), NXDOMAIN);
    assert_eq!([ask("x.most.test", A), ask("x.ok.most.test", A)], [NXDOMAIN, NOERROR]);
    assert_eq!([ask("ads7.glob.test", A), ask("bads.glob.test", A)], [NXDOMAIN, NOERROR]);
    assert_eq!([ask("x12.re.test", A), ask("xx.re.test", A)], [NXDOMAIN, NOERROR]);
    assert_eq!(ask("allowed.ads9.glob.test", A), NOERROR);
    assert_eq!(ask("gone.test", A), NOERROR, "taken away by its equal");
}

#[test]
fn rules_answer_with_what_they_bring_along() {
    let upstream = Upstream::start(|query, _| {
        // The canonical name has an address, everything else another one.
        let safe = asked(query).eq_ignore_ascii_case("safe.test");
        let last = if safe { 7 } else { 1 };
        Some(Said::answer(record(A, 300, &[192, 0, 2, last])))
    });
    let list = "192.0.2.9 nas.test\n192.0.2.10 nas.test\n||no.test^$dnsrewrite=REFUSED\n\
                ||empty.test^$dnsrewrite=NOERROR\n||text.test^$dnsrewrite=NOERROR;TXT;hi\n\
                ||search.test^$dnsrewrite=safe.test\n||self.test^$dnsrewrite=self.test\n";
    let server = with_list(&upstream, list, "");
    let ask = |name: &str, rtype| server.ask(&with_edns(query(1, name, rtype), false));

    let nas = ask("nas.test", A);
    assert_eq!(counts(&nas), [1, 2, 0, 1]);
    assert!(nas.windows(4).any(|four| four == [192, 0, 2, 9]), "{nas:?}");
    assert!(nas.windows(4).any(|four| four == [192, 0, 2, 10]), "{nas:?}");
    let other_type = ask("nas.test", AAAA);
    assert_eq!((rcode(&other_type), counts(&other_type)), (NOERROR, [1, 0, 1, 1]));

    let refused = ask("www.no.test", A);
    assert_eq!((rcode(&refused), extended_error(&refused)), (REFUSED, Some(15)));
    let empty = ask("empty.test", A);
    assert_eq!((rcode(&empty), counts(&empty)), (NOERROR, [1, 0, 1, 1]));
    assert!(ask("text.test", TXT).windows(3).any(|three| three == b"\x02hi"));

    for _ in 0..2 {
        let alias = ask("Search.Test", A);
        assert_eq!((rcode(&alias), counts(&alias)), (NOERROR, [1, 2, 0, 1]));
        assert_eq!(asked(&alias), "Search.Test", "spelled as asked");
        let first = question_end(&alias);
        assert_eq!(alias[first + 2..first + 4], CNAME.to_be_bytes());
        assert!(alias.windows(5).any(|label| label == b"\x04safe"));
        assert!(alias.windows(4).any(|four| four == [192, 0, 2, 7]), "{alias:?}");
    }
    assert_eq!(upstream.asked("safe.test").len(), 1, "held");
    assert!(upstream.asked("search.test").is_empty());
    let own = ask("self.test", A);
    assert_eq!(counts(&own), [1, 1, 0, 1], "a name that leads to itself is left alone");
}

#[test]
fn services_and_safe_search_are_the_owners_choice() {
    let upstream = upstream();
    let choices = "services: [tiktok]\nsafe_search: search\nbypass: all\n";
    let server = with_list(&upstream, "@@||tiktok.com^\n", choices);
    let ask = |name: &str| server.ask(&query(1, name, A));
    assert_eq!(rcode(&ask("www.tiktok.com")), NXDOMAIN, "whatever a list allows");
    assert_eq!(rcode(&ask("use-application-dns.net")), NXDOMAIN);
    assert_eq!(rcode(&ask("cloudflare-dns.com")), NXDOMAIN);
    assert_eq!(counts(&ask("www.google.com")), [1, 2, 0, 0]);
    assert_eq!(upstream.asked("forcesafesearch.google.com").len(), 1);
    assert_eq!(counts(&ask("www.youtube.com")), [1, 1, 0, 0], "films were not asked for");
}

#[test]
fn lists_are_told_apart_by_what_only_they_refuse() {
    let upstream = upstream();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.txt"), "||both.test^\n||one.test^\n").unwrap();
    std::fs::write(folder.path().join("two.txt"), "0.0.0.0 x.both.test\n").unwrap();
    let lists = "lists: [{ name: one, file: one.txt }, { name: two, file: two.txt }]";
    let server = Server::start_in(folder, &format!("upstream: {}\n{lists}\n", upstream.url()));
    for (name, times) in [("x.both.test", 3), ("one.test", 2), ("other.test", 5)] {
        (0..times).for_each(|id| drop(server.ask(&query(id, name, A))));
    }
    let count = |metric: &str, list: &str| {
        let label = format!("{{list=\"{list}\"}}");
        server.metric(metric).into_iter().find(|(known, _)| *known == label).unwrap().1
    };
    let counts = ["one", "two"].map(|list| {
        (count("trackless_list_hits_total", list), count("trackless_list_sole_hits_total", list))
    });
    assert_eq!(counts, [(5.0, 2.0), (3.0, 0.0)]);
}

/// A web server for one list; gives the requests it has had.
fn web_server(list: &Arc<Mutex<String>>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (list, count) = (Arc::clone(list), Arc::new(AtomicUsize::new(0)));
    let requests = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 2_048];
            let _ = stream.read(&mut request);
            requests.fetch_add(1, Ordering::SeqCst);
            let body = list.lock().unwrap().clone();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    (port, count)
}

#[test]
fn a_subscription_comes_by_itself_and_a_bad_one_changes_nothing() {
    let list = Arc::new(Mutex::new("||sub.test^\n".repeat(200)));
    let (port, requests) = web_server(&list);
    // Every name, the list's host too, has this address.
    let upstream = Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[127, 0, 0, 1]))));
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "upstream: {}\nlists: [{{ name: sub, url: \"http://lists.test:{port}/x\" }}]\n",
        upstream.url()
    );
    let server = Server::start_in(folder, &settings);
    server.until("the list holds", |server| {
        rcode(&server.ask(&query(1, "www.sub.test", A))) == NXDOMAIN
    });
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    assert!(!upstream.asked("lists.test").is_empty(), "found through our own upstream");

    *list.lock().unwrap() = "<html><body>Sorry</body></html>".to_owned();
    let config = server.path("trackless.yaml");
    let update = ["lists", "update", "--config", config.to_str().unwrap()];
    let (ok, _, error) = run(&update, Path::new("."), "");
    assert!(!ok && error.contains("it is a web page, not a list"), "{error}");
    server.signal("-HUP");
    server.until("the bad news is told", |server| {
        server.metric("trackless_list_refused").iter().any(|(_, refused)| *refused > 0.0)
    });
    assert_eq!(rcode(&server.ask(&query(2, "www.sub.test", A))), NXDOMAIN);

    *list.lock().unwrap() = "||new.test^\n".repeat(200);
    let (ok, output, error) = run(&update, Path::new("."), "");
    assert!(ok && output.contains("sub: new, 200 rules"), "{output}{error}");
    server.signal("-HUP");
    server.until("the new list holds", |server| {
        rcode(&server.ask(&query(3, "new.test", A))) == NXDOMAIN
    });
    assert_eq!(rcode(&server.ask(&query(4, "www.sub.test", A))), NOERROR);
}

#[test]
fn every_rule_behind_a_verdict_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("a.txt"), "! head\n||shop.test^\n@@||ok.shop.test^\n").unwrap();
    std::fs::write(path.join("b.txt"), "||ok.shop.test^$important,client=10.0.0.0/8\n").unwrap();
    let lists = "lists: [{ name: a, file: a.txt }, { name: b, file: b.txt }]\nrules: { block: [own.ok.shop.test] }\n";
    std::fs::write(path.join("c.yaml"), format!("data: data\n{lists}")).unwrap();
    let explain = |name: &str, client: &str| {
        let arguments = ["check", "--explain", "--client", client, "--config", "c.yaml", name];
        let (ok, output, error) = run(&arguments, path, "");
        assert!(ok, "{error}");
        output
    };
    assert_eq!(
        explain("x.ok.shop.test", "192.0.2.1"),
        "x.ok.shop.test: allow by @@||ok.shop.test^ of a\n\
         \x20 wins @@||ok.shop.test^ of a, line 3\n\
         \x20      ||shop.test^ of a, line 2\n"
    );
    assert_eq!(
        explain("own.ok.shop.test", "10.1.2.3"),
        "own.ok.shop.test: block by ||own.ok.shop.test^ of your rules (shop.test, other)\n\
         \x20 wins ||own.ok.shop.test^ of your rules\n\
         \x20      ||ok.shop.test^$important,client=10.0.0.0/8 of b, line 1\n\
         \x20      @@||ok.shop.test^ of a, line 3\n\
         \x20      ||shop.test^ of a, line 2\n"
    );
}

/// Nothing in `tests/data/must-resolve.txt` is refused at `balanced`, and no more than ten names at
/// `strict`.
#[test]
fn everyday_names_resolve() {
    let names = include_str!("data/must-resolve.txt");
    let names: String = names
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for (level, most) in [("balanced", 0), ("strict", 10)] {
        std::fs::write(folder.path().join("c.yaml"), format!("level: {level}\ndata: none\n"))
            .unwrap();
        let (ok, output, error) = run(&["check", "--config", "c.yaml", "-"], folder.path(), &names);
        assert!(ok, "{error}");
        assert!(output.lines().count() >= 500);
        let refused: Vec<_> = output.lines().filter(|line| !line.contains(": pass")).collect();
        assert!(refused.len() <= most, "{level}: {refused:#?}");
    }
}

/// The best-known trackers are refused by the builtin facts alone, and named.
#[test]
fn well_known_trackers_are_refused_and_named() {
    let known = include_str!("data/well-known-trackers.txt");
    let known: Vec<(&str, &str)> = known
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    assert!(known.len() >= 60);
    let names: String = known.iter().map(|(name, _)| format!("{name}\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), "data: none\n").unwrap();
    let arguments = ["check", "--json", "--config", "c.yaml", "-"];
    let (_, output, _) = run(&arguments, folder.path(), &names);
    for (line, (name, company)) in output.lines().zip(known) {
        let found: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&found["verdict"], found["name"].as_str()), (&"block".into(), Some(name)));
        assert_eq!(found["company"].as_str(), Some(company), "{name}");
    }
}
