//! What a scrape costs in a large home, over HTTP, from request to the last byte:
//! `cargo bench --bench scrape`. Its size is printed before.

#![allow(missing_docs)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use trackless::clients::{Directory, Key, Seen};
use trackless::config::Config;
use trackless::engine::{Base, Engine, Worker};
use trackless::filter::VerdictKind;
use trackless::stats::{CompanyId, Pair};
use trackless::trackers::Category;
use trackless::web::{self, Accounts, Bound, Listeners, Site};

const DEVICES: u8 = 200;
/// Companies that follow each device, of as many as the builtin facts know.
const COMPANIES: u32 = 60;
const THREADS: usize = 4;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// Serves the figures of a home in which every device was followed for every purpose.
fn serve(pairs: usize) -> SocketAddr {
    let mut config = Config::default();
    config.metrics.pairs = pairs;
    let base = Base::load(config, None, None).expect("builtin rules");
    let devices = Directory::new(Key::random().expect("random numbers"), 1_024);
    let (engine, _) = Engine::new(base, Arc::new(devices), 1, None).expect("an engine");
    let workers: Vec<_> = (0..THREADS).map(|_| Worker::new(&engine)).collect();
    for counters in engine.counters() {
        for last in 0..DEVICES {
            let address = Ipv4Addr::new(192, 168, 7, last).into();
            let device = Seen::default().device(address, &engine.devices, |_| {});
            for company in 0..COMPANIES {
                let at = (u32::from(last) * 7 + company * 29) % 1_500;
                let category = Some(Category::ALL[company as usize % Category::ALL.len()]);
                let pair = Pair { device, company: CompanyId(2 + at), category };
                for verdict in [VerdictKind::Block, VerdictKind::Allow, VerdictKind::Pass] {
                    (0..=company).for_each(|_| counters.query(pair, verdict));
                }
            }
            let nobody = Pair { device, company: CompanyId::NONE, category: None };
            VerdictKind::ALL.iter().for_each(|verdict| counters.query(nobody, *verdict));
        }
    }
    drop(workers);
    engine.write_counts().expect("nothing is written");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let listeners = Listeners { web: Some(listener), metrics: None };
    let accounts = Arc::new(Accounts::open(None));
    let of_site = (Bound::default(), None);
    let site = Site::new(engine, of_site, accounts, Arc::default(), Arc::default(), Arc::default());
    web::spawn(listeners, site).expect("a thread");
    address
}

fn scrape(address: SocketAddr, page: &mut Vec<u8>) {
    page.clear();
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it reads");
    stream.read_to_end(page).expect("it answers");
}

/// With so many pairs of device and company shown by themselves.
#[divan::bench(args = [0, 1_000])]
fn of_200_devices(bencher: Bencher<'_, '_>, pairs: usize) {
    let address = serve(pairs);
    let mut page = Vec::new();
    scrape(address, &mut page);
    assert!(page.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&page));
    let samples = page.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#")).count();
    println!("{} bytes, {samples} samples", page.len());
    bencher.counter(BytesCount::new(page.len())).bench_local(|| scrape(address, &mut page));
}
