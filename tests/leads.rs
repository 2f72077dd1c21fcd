//! Where answers lead: cloaked trackers, addresses, and public names that lead into the house.

mod house;

use house::Server;
use house::dns::{
    A, NOERROR, NXDOMAIN, asked, extended_error, query, rcode, record, wire, with_edns,
};
use house::upstream::{Said, Upstream};

const CNAME: u16 = 5;
const DNAME: u16 = 39;
const HTTPS: u16 = 65;

/// Says of `name.test` what the first label stands for.
fn upstream() -> Upstream {
    Upstream::start(|query, _| {
        let tracker = wire("sc.omtrdc.net");
        let address = record(A, 300, &[192, 0, 2, 1]);
        let name = asked(query).to_ascii_lowercase();
        let said = |records: &[Vec<u8>]| Said {
            flags: [0x81, 0x80],
            counts: [records.len() as u16, 0, 0],
            records: records.concat(),
        };
        Some(match name.split('.').next()? {
            "cloaked" => said(&[record(CNAME, 300, &tracker), address]),
            "far" => said(&[
                record(CNAME, 300, &wire("cdn.test")),
                record(CNAME, 300, &wire("edge.cdn.test")),
                record(CNAME, 300, &tracker),
                address,
            ]),
            "moved" => said(&[record(DNAME, 300, &tracker), address]),
            "bound" => said(&[record(
                HTTPS,
                300,
                &[&[0, 1], tracker.as_slice(), &[0, 1, 0, 3, 2, b'h', b'2']].concat(),
            )]),
            "hinted" => said(&[record(HTTPS, 300, &[0, 1, 0, 0, 4, 0, 4, 198, 51, 100, 7])]),
            "listed" => said(&[record(A, 300, &[198, 51, 100, 7])]),
            "home" => said(&[record(A, 300, &[192, 168, 1, 1])]),
            "hosted" => said(&[record(CNAME, 300, &wire("x.cloudfront.net")), address]),
            _ => said(&[address]),
        })
    })
}

fn server(upstream: &Upstream, more: &str) -> Server {
    Server::start(&format!("upstream: {}\n{more}", upstream.url()))
}

fn code(server: &Server, name: &str, rtype: u16) -> u8 {
    rcode(&server.ask(&query(1, name, rtype)))
}

#[test]
fn a_cloaked_tracker_is_refused_and_named() {
    let upstream = upstream();
    let server = server(&upstream, "");
    for (name, rtype) in
        [("cloaked.test", A), ("far.test", A), ("moved.test", A), ("bound.test", HTTPS)]
    {
        let first = server.ask(&with_edns(query(1, name, rtype), false));
        assert_eq!((rcode(&first), extended_error(&first)), (NXDOMAIN, Some(15)), "{name}");
        assert_eq!(code(&server, name, rtype), NXDOMAIN, "{name} when it is held");
        assert_eq!(rcode(&server.ask_tcp(&query(1, name, rtype))), NXDOMAIN, "{name} over TCP");
    }
    assert_eq!(code(&server, "plain.test", A), NOERROR);
    assert_eq!(code(&server, "hosted.test", A), NOERROR);
    let counted = server.metric("trackless_tracker_queries_total");
    let of = |labels: &[&str]| -> f64 {
        counted
            .iter()
            .filter(|(found, _)| labels.iter().all(|label| found.contains(label)))
            .map(|(_, count)| count)
            .sum()
    };
    assert_eq!(of(&["analytics", "block"]), 12.0, "{counted:?}");
    assert_eq!(of(&["hosting"]), 0.0, "to stand at a big host is not to be one");
}

#[test]
fn a_rule_for_the_name_lets_its_chain_pass_and_a_stronger_one_does_not() {
    let upstream = upstream();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.txt"), "@@||cloaked.test^\n@@||far.test^\n").unwrap();
    std::fs::write(folder.path().join("hard.txt"), "||edge.cdn.test^$important\n").unwrap();
    let lists = "lists: [{ name: own, file: own.txt }, { name: hard, file: hard.txt }]";
    let rules = "rules: { allow: [moved.test], block: [omtrdc.net] }";
    let settings = |rules: &str| format!("upstream: {}\n{lists}\n{rules}", upstream.url());
    let server = Server::start_in(folder, &settings(""));
    assert_eq!(code(&server, "cloaked.test", A), NOERROR);
    assert_eq!(code(&server, "far.test", A), NXDOMAIN, "important beats an allow");
    assert_eq!(code(&server, "moved.test", A), NXDOMAIN);

    server.write("trackless.yaml", &server.config().replace("lists:", &format!("{rules}\nlists:")));
    server.signal("-HUP");
    server.until("what is held is judged by what holds now", |server| {
        code(server, "cloaked.test", A) == NXDOMAIN
    });
    assert_eq!(code(&server, "moved.test", A), NOERROR);
}

#[test]
fn answers_that_lead_to_listed_addresses_are_refused() {
    let upstream = upstream();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.txt"), "203.0.113.1\n198.51.100.0/24\n").unwrap();
    let settings = format!("upstream: {}\nlists: [{{ name: own, file: own.txt }}]", upstream.url());
    let server = Server::start_in(folder, &settings);
    assert_eq!(code(&server, "listed.test", A), NXDOMAIN);
    assert_eq!(code(&server, "hinted.test", HTTPS), NXDOMAIN);
    assert_eq!(code(&server, "plain.test", A), NOERROR);
}

#[test]
fn a_public_name_may_not_lead_into_the_house() {
    let upstream = upstream();
    let server = server(&upstream, "rebinding: { allow: [mine.example] }");
    for _ in 0..2 {
        assert_eq!(code(&server, "home.example", A), NXDOMAIN);
    }
    assert_eq!(code(&server, "home.mine.example", A), NOERROR);
    assert_eq!(code(&server, "home.fritz.box", A), NOERROR);
    assert_eq!(code(&server, "home", A), NOERROR, "a name without a dot is one of the house");
    let counted = server.metric("trackless_rebinding_refused_total");
    assert_eq!(counted, [(String::new(), 2.0)]);
    let off =
        Server::start(&format!("upstream: {}\nrebinding: {{ refuse: false }}", upstream.url()));
    assert_eq!(code(&off, "home.example", A), NOERROR);
}
