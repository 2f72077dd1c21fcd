//! Every query is counted once, for its device and by what became of it: what was sent, the metrics and
//! the store agree to the last one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::time::Instant;

use super::house::dns::{A, NOERROR, NXDOMAIN, query, rcode};
use super::house::{PATIENCE, Server};
use super::{NAMES, order, reported, upstream};

/// Devices, and the threads that ask for them.
const DEVICES: u64 = 50;
const ASKERS: u64 = 4;
/// Queries of a device that are under way at once: few enough that no socket drops one.
const AT_ONCE: u64 = 16;

/// Answers by device, and by whether they were refused.
type Told = BTreeMap<(String, bool), u64>;

/// Asks `queries` times for the devices of one of the askers, each from an address of its own; every
/// reply is awaited, and nothing is asked twice.
fn ask_for_devices(server: &Server, asker: u64, queries: u64) -> Told {
    let devices: Vec<u64> = (1..=DEVICES).filter(|device| device % ASKERS == asker).collect();
    let sockets: Vec<UdpSocket> = devices
        .iter()
        .map(|device| {
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, *device as u8), 0)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.connect(server.dns).unwrap();
            socket
        })
        .collect();
    let mut told = Told::new();
    let mut reply = [0; 512];
    for start in (0..queries).step_by(AT_ONCE as usize) {
        let numbers = start..queries.min(start + AT_ONCE);
        let turn = (start / AT_ONCE) as usize % devices.len();
        for number in numbers.clone() {
            // Now each name is asked by each device.
            let name = NAMES[(number + start / AT_ONCE) as usize % NAMES.len()];
            sockets[turn].send(&query(number as u16, name, A)).unwrap();
        }
        let mut awaited: BTreeSet<u16> = numbers.map(|number| number as u16).collect();
        while !awaited.is_empty() {
            let len = sockets[turn].recv(&mut reply).expect("a reply to each query");
            let reply = &reply[..len];
            assert!(awaited.remove(&u16::from_be_bytes([reply[0], reply[1]])), "one reply each");
            let refused = rcode(reply) == NXDOMAIN;
            assert!(refused || rcode(reply) == NOERROR, "{}", rcode(reply));
            *told.entry((format!("device {}", devices[turn]), refused)).or_default() += 1;
        }
    }
    told
}

/// What the metrics tell of it.
fn counted(server: &Server) -> Told {
    let mut told = Told::new();
    for (labels, count) in server.metric("trackless_queries_total") {
        let labels: Vec<&str> = labels.split('"').collect();
        let (device, verdict) = (labels[1].to_owned(), labels[3]);
        *told.entry((device, verdict == "block")).or_default() += count as u64;
    }
    told
}

/// What the store tells of it.
fn kept(data: &Path) -> Told {
    let mut told = Told::new();
    for line in order(data, &["export", "--format", "jsonl"]).lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let count = |verdict: &str| row[verdict].as_u64().unwrap();
        let sums = [(true, count("block")), (false, count("allow") + count("pass"))];
        for (refused, sum) in sums.into_iter().filter(|(_, sum)| *sum > 0) {
            let device = row["device"].as_str().unwrap().to_owned();
            *told.entry((device, refused)).or_default() += sum;
        }
    }
    told
}

/// `TRACKLESS_QUERIES` says how many; a million with a release build.
#[test]
fn counts_are_exact_through_reloads_and_presses() {
    let queries = std::env::var("TRACKLESS_QUERIES").map_or(20_000, |text| text.parse().unwrap());
    let upstream = upstream();
    let devices = (1..=DEVICES)
        .map(|device| format!("- {{ name: device {device}, known_by: 127.0.0.{device} }}\n"));
    let server = Server::start(&format!(
        "upstream: {}\nrules: {{ block: listed.example, allow: www.google.com }}\nworkers: 4\n\
         access: {{ rate: 0 }}\nhistory: {{ flush: 1s }}\ndevices:\n{}",
        upstream.url(),
        devices.collect::<String>()
    ));
    let data = server.path("data");
    let start = Instant::now();
    let mut turns = 0;
    let told = std::thread::scope(|scope| {
        let server = &server;
        let askers: Vec<_> = (0..ASKERS)
            .map(|asker| {
                let mine = queries / ASKERS + u64::from(asker < queries % ASKERS);
                scope.spawn(move || ask_for_devices(server, asker, mine))
            })
            .collect();
        while !askers.iter().all(|asker| asker.is_finished()) {
            server.signal("-HUP");
            order(&data, &["button", "off", "--for", "1s"]);
            order(&data, &["button", "on"]);
            turns += 1;
        }
        let mut told = Told::new();
        for asker in askers {
            told.extend(asker.join().unwrap());
        }
        told
    });
    let took = start.elapsed().as_secs_f64();
    assert_eq!(told.values().sum::<u64>(), queries);
    assert_eq!(counted(&server), told, "the metrics");
    assert_eq!(kept(&data), told, "the store");
    assert_eq!(reported(&data), queries);
    let sum = |is_refused| -> u64 {
        told.iter().filter(|((_, refused), _)| *refused == is_refused).map(|(_, sum)| sum).sum()
    };
    println!(
        "{queries} queries of {DEVICES} devices in {took:.1} s, {turns} reloads and presses: {} \
         refused, {} let through, all counted",
        sum(true),
        sum(false)
    );
}
