//! The blocked and the cached way allocate nothing and free nothing, however many queries come.
//!
//! Counted are the calls to the allocator from the thread that answers, so that nothing else that
//! runs beside the test can blur the result.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use trackless::cache::{Entry, Key};
use trackless::clients::{self, Directory};
use trackless::config::{Config, StatsLevel};
use trackless::engine::{Base, Client, Engine, Outcome, Worker};
use trackless::stats::{Source, Transport};
use trackless::wire::{Answer, Name, Query, TtlBounds, UDP_PAYLOAD};

const QUERIES: usize = 10_000;
const NAMES: usize = 50;
const TTL: u32 = 3_600;

thread_local! {
    static CALLS: Cell<Calls> = const { Cell::new(Calls { allocations: 0, frees: 0 }) };
}

/// Calls to the allocator; one that changes a size is both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Calls {
    allocations: u64,
    frees: u64,
}

impl Calls {
    const NONE: Self = Self { allocations: 0, frees: 0 };
}

fn count(allocations: u64, frees: u64) {
    CALLS.with(|calls| {
        let Calls { allocations: before, frees: freed } = calls.get();
        calls.set(Calls { allocations: before + allocations, frees: freed + frees });
    });
}

/// The calls made by `work` on this thread.
fn calls(work: impl FnOnce()) -> Calls {
    let before = CALLS.get();
    work();
    let after = CALLS.get();
    Calls { allocations: after.allocations - before.allocations, frees: after.frees - before.frees }
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator unchanged. Counting itself cannot allocate:
// the cell is initialised at compile time and has nothing to drop.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, 0);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, 0);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, 1);
        // SAFETY: as in `alloc`; `block` came from the system's allocator.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, 1);
        // SAFETY: as in `realloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// A and AAAA for every name, plain, with EDNS, and with EDNS and DO.
fn packets(name: impl Fn(usize) -> String) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for index in 0..NAMES {
        let name: Name = name(index).parse().unwrap();
        for qtype in [1, 28] {
            for dnssec_ok in [None, Some(0), Some(0x80)] {
                let mut packet = vec![index as u8, qtype, 1, 0, 0, 1, 0, 0, 0, 0, 0];
                packet.push(u8::from(dnssec_ok.is_some()));
                packet.extend_from_slice(name.wire());
                packet.extend_from_slice(&[0, qtype, 0, 1]);
                if let Some(flag) = dnssec_ok {
                    packet.extend_from_slice(&[0, 0, 41, 0x04, 0xd0, 0, 0, flag, 0, 0, 0]);
                }
                packets.push(packet);
            }
        }
    }
    packets
}

fn clients() -> Vec<Client> {
    let address = |last: u8| -> [IpAddr; 2] {
        let v6 = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(last));
        [Ipv4Addr::new(192, 168, 0, last).into(), v6.into()]
    };
    let client = |address| Client { address, transport: Transport::Udp, device: None };
    (1..=8).flat_map(address).map(client).collect()
}

/// Puts an answer to `packet` into the cache, as a resolver does.
fn hold(engine: &Engine, packet: &[u8], now: u32) {
    let mut name = Name::default();
    let query = Query::read(packet, &mut name).unwrap();
    let mut message = packet[..12 + name.wire().len() + 4].to_vec();
    message[2..4].copy_from_slice(&[0x81, 0x80]);
    message[6..12].copy_from_slice(&[0, 2, 0, 0, 0, 0]);
    // It leads somewhere, so that the rules are asked again.
    message.extend_from_slice(b"\xc0\x0c\0\x05\0\x01");
    message.extend_from_slice(&TTL.to_be_bytes());
    message.extend_from_slice(b"\0\x06\x03cdn\xc0\x0c");
    message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01");
    message.extend_from_slice(&TTL.to_be_bytes());
    message.extend_from_slice(b"\0\x04\xc0\0\x02\x01");
    let bounds = TtlBounds { min: 0, max: TTL, max_negative: TTL };
    let answer = Answer::read(&message, &name, bounds).unwrap();
    let key = Key {
        name: &name,
        qtype: query.qtype,
        dnssec_ok: query.dnssec_ok(),
        checking_disabled: query.checking_disabled(),
        pool: 0,
    };
    engine.cache.insert(Arc::new(Entry::new(&key, answer, now)), key.hash(), now);
}

/// Answers `count` queries as a door does, each of which must be answered by `source`.
fn answer(worker: &mut Worker, packets: &[Vec<u8>], count: usize, source: Source) -> Calls {
    let clients = clients();
    let engine = Arc::clone(worker.engine());
    let mut out = [0; UDP_PAYLOAD];
    calls(|| {
        for index in 0..count {
            let snapshot = engine.snapshot();
            // One further each round, so that every client comes to ask everything.
            let client = clients[(index + index / packets.len()) % clients.len()];
            let packet = &packets[index % packets.len()];
            let now = (index / 100) as u32;
            let outcome = worker.answer(&snapshot, packet, client, now, &mut out);
            assert!(matches!(outcome, Outcome::Reply(12.., from) if from == source));
            worker.took(source, Duration::from_micros(1), 1);
        }
    })
}

/// A worker, queries that are refused, and queries that have an answer held.
fn worker(level: StatsLevel) -> (Worker, Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut config = Config::default();
    config.stats.level = level;
    config.rules.block = (0..NAMES).step_by(2).map(|index| format!("own{index}.example")).collect();
    let base = Base::load(config.clone(), None, None).unwrap();
    let devices = Directory::new(clients::Key::random().unwrap(), config.stats.devices);
    let (engine, _resolvers) = Engine::new(base, Arc::new(devices), 1, None).unwrap();
    let worker = Worker::new(&engine);

    // Half of the refusals are by the owner's rules, half by the compiled table.
    let blocked = packets(|index| match index % 2 {
        0 => format!("Ads.own{index}.example"),
        _ => format!("n{index}.stats.G.doubleclick.net"),
    });
    let cached = packets(|index| format!("Www{index}.example.org"));
    for packet in &cached {
        hold(&engine, packet, 0);
    }
    assert_eq!(engine.cache.entries(), NAMES * 2 * 2, "plain and EDNS without DO share an answer");
    (worker, blocked, cached)
}

#[test]
fn answering_allocates_nothing() {
    let (mut worker, blocked, cached) = worker(StatsLevel::default());
    // Every client is new once.
    answer(&mut worker, &blocked, clients().len(), Source::Filter);
    answer(&mut worker, &cached, clients().len(), Source::Cache);
    assert_eq!(answer(&mut worker, &blocked, QUERIES, Source::Filter), Calls::NONE);
    assert_eq!(answer(&mut worker, &cached, QUERIES, Source::Cache), Calls::NONE);
}

#[test]
fn handing_queries_to_the_log_allocates_nothing_even_when_nobody_takes_them() {
    let (mut worker, blocked, cached) = worker(StatsLevel::Full);
    answer(&mut worker, &blocked, clients().len(), Source::Filter);
    let before = worker.engine().queries_dropped();
    assert_eq!(answer(&mut worker, &blocked, QUERIES / 2, Source::Filter), Calls::NONE);
    assert_eq!(worker.engine().queries_dropped(), before, "there is room");
    assert_eq!(answer(&mut worker, &cached, QUERIES, Source::Cache), Calls::NONE);
    assert!(worker.engine().queries_dropped() > 0, "the line was full");
}

#[test]
fn one_allocation_is_seen() {
    assert_eq!(calls(|| ()), Calls::NONE);
    assert_eq!(calls(|| drop(black_box(Box::new(1_u8)))), Calls { allocations: 1, frees: 1 });
    let mut grows = Vec::<u8>::with_capacity(1);
    assert_eq!(calls(|| black_box(&mut grows).reserve(100)), Calls { allocations: 1, frees: 1 });
}
