//! What policy costs: CPU of a refused query with 64 lists, 50 profiles and 5,000 devices, beside
//! the same with one profile, and beside a server with nothing but its defaults.
//!
//! Three real servers are asked over UDP from as many addresses as there are devices, in turns, so
//! that noise meets all of them. `cargo bench --bench policy`

#![allow(missing_docs)]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DEVICES: u32 = 5_000;
const PROFILES: usize = 50;
/// With those that come along, as many as there can be.
const LISTS: usize = 57;
const NAMES: usize = 2_000;
const ROUNDS: usize = 9;
/// Queries of each device a round.
const QUERIES: usize = 20;
/// Queries in flight.
const WINDOW: usize = 50;

struct Server {
    child: Child,
    dns: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(device: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + device)
}

fn start(lists: usize, profiles: usize) -> Server {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = format!(
        "listen: 127.0.0.1:0\nweb: off\ndata: data\nworkers: 1\naccess: {{ rate: 0 }}\n\
         upstream: udp://127.0.0.1:9\nstats: {{ devices: {DEVICES} }}\nlog: info\n"
    );
    text.push_str("lists:\n");
    for list in 0..lists {
        let names: String = (0..NAMES).map(|n| format!("n{}.list{list}.example\n", n)).collect();
        let shared = "ads.everywhere.example\n";
        fs::write(folder.path().join(format!("{list}.txt")), names + shared).expect("a list");
        let _ = writeln!(text, "  - name: l{list}\n    file: {list}.txt\n    subdomains: true");
    }
    if profiles > 1 {
        text.push_str("devices:\n");
        for device in 0..DEVICES {
            let _ = writeln!(
                text,
                "  - name: d{device}\n    known_by: {}\n    tags: t{}",
                address(device),
                device as usize % profiles
            );
        }
        text.push_str("profiles:\n");
        for profile in 0..profiles {
            let some = (0..lists).filter(|list| (list + profile) % 3 > 0 || *list == 0);
            let some: Vec<_> = some.map(|list| format!("      - l{list}")).collect();
            let _ = writeln!(
                text,
                "  - name: p{profile}\n    for: \"#t{profile}\"\n    block: own{profile}.example\n    \
                 allow_companies: Apple\n    lists:\n{}",
                some.join("\n")
            );
        }
    }
    if lists == 0 {
        text = text.replace("lists:\n", "rules: { block: everywhere.example }\n");
    }
    let config = folder.path().join("trackless.yaml");
    fs::write(&config, text).expect("a config");
    let mut child = Command::new(env!("CARGO_BIN_EXE_trackless"))
        .args(["serve", "--config"])
        .arg(&config)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server");
    let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
    let dns = loop {
        let line = lines.next().expect("it says where it answers").expect("a line");
        if let Some((_, rest)) = line.split_once("answering DNS on ") {
            break rest.split(',').next().expect("an address").parse().expect("an address");
        }
        assert!(!line.contains("ERROR") && !line.starts_with("trackless:"), "{line}");
    };
    std::thread::spawn(move || lines.for_each(drop));
    Server { child, dns, _folder: folder }
}

/// Nanoseconds of CPU that the process has used.
fn used(server: &Server) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.child.id())).expect("its threads");
    let of_task = |task: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    tasks.flatten().filter_map(of_task).sum()
}

fn question(id: u16) -> Vec<u8> {
    let mut packet = id.to_be_bytes().to_vec();
    packet.extend_from_slice(
        b"\x01\0\0\x01\0\0\0\0\0\0\x03ads\x0aeverywhere\x07example\0\0\x01\0\x01",
    );
    packet
}

/// CPU of one query, in nanoseconds, asked from all addresses.
fn measure(server: &Server, sockets: &[UdpSocket]) -> f64 {
    let before = used(server);
    let mut reply = [0; 512];
    let mut lost = 0_u32;
    for turn in 0..QUERIES {
        let question = question(turn as u16);
        for window in sockets.chunks(WINDOW) {
            for socket in window {
                socket.send_to(&question, server.dns).expect("a query leaves");
            }
            for socket in window {
                match socket.recv(&mut reply) {
                    Ok(_) => assert_eq!(reply[3] & 15, 3, "it is refused"),
                    Err(_) => lost += 1,
                }
            }
        }
    }
    assert_eq!(lost, 0, "queries got no answer");
    (used(server) - before) as f64 / (QUERIES * sockets.len()) as f64
}

fn main() {
    let all = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: all.maximum, ..all };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("more sockets");
    let sockets: Vec<UdpSocket> = (0..DEVICES)
        .map(|device| {
            let socket = UdpSocket::bind((address(device), 0)).expect("a device's socket");
            socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a limit");
            socket
        })
        .collect();
    let servers = [
        ("defaults, one rule", start(0, 1)),
        ("64 lists, one profile", start(LISTS, 1)),
        ("64 lists, 50 profiles", start(LISTS, PROFILES)),
    ];
    let mut costs = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        for ((_, server), costs) in servers.iter().zip(&mut costs) {
            let cost = measure(server, &sockets);
            // In the first round every device is new.
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    let medians = costs.map(|mut costs| {
        costs.sort_by(f64::total_cmp);
        costs[costs.len() / 2]
    });
    println!("CPU of a refused query from {DEVICES} devices, median of {ROUNDS}:");
    for ((name, _), median) in servers.iter().zip(medians) {
        println!("  {name}: {:.2} us, {:.2} x one profile", median / 1e3, median / medians[1]);
    }
}
