//! The web room through its front door: real connections, bytes of HTTP/1.1, an engine that is
//! asked as the DNS doors ask it.

mod exposition;
mod figures;
mod http;
mod routes;
mod streams;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Instant;

use super::*;
use crate::clients::{Directory, Key};
use crate::config::Config;
use crate::engine::{Base, Client, Outcome, Worker};
use crate::stats::Transport;

/// Longest time anything here may take.
const PATIENCE: Duration = Duration::from_secs(10);
const DEVICES: usize = 200;

struct House {
    engine: Arc<Engine>,
    site: Site,
    reloads: Arc<Reloads>,
    ready: Arc<AtomicBool>,
    web: SocketAddr,
}

impl House {
    fn new(config: Config) -> Self {
        Self::within(LIMITS, config)
    }

    fn within(limits: Limits, config: Config) -> Self {
        Self::with(limits, config, |router| router)
    }

    /// With more paths than there are.
    fn with(limits: Limits, config: Config, paths: fn(Router<Site>) -> Router<Site>) -> Self {
        let base = Base::load(config.clone(), None, None).unwrap();
        let devices = Directory::new(Key::random().unwrap(), DEVICES);
        let (engine, _) = Engine::new(base, Arc::new(devices), 1, None).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let web = listener.local_addr().unwrap();
        let (reloads, ready) = (Arc::<Reloads>::default(), Arc::<AtomicBool>::default());
        let accounts = Arc::new(Accounts::open(None));
        let shared = (Arc::clone(&engine), Arc::clone(&reloads), Arc::clone(&ready));
        let of_site = (Bound::default(), None);
        let site = Site::new(shared.0, of_site, accounts, shared.1, Arc::default(), shared.2);
        let router = paths(Router::new()).with_state(site.clone());
        let router = router.merge(open(pages().merge(measured()), &site));
        spawn_within(limits, vec![(listener, router)], site.accounts.ended()).unwrap();
        Self { engine, site, reloads, ready, web }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.web).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends `request` and returns all that comes until the server closes.
    fn send(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    fn get(&self, path: &str) -> Response {
        let host = self.web;
        Response::read(
            &self
                .send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")),
        )
    }
}

struct Response {
    status: u16,
    header: String,
    /// What is to be sent back.
    cookie: String,
    body: String,
}

impl Response {
    fn read(text: &str) -> Self {
        let (header, body) = text.split_once("\r\n\r\n").unwrap();
        let status = header.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let cookie = header.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.and_then(|text| text.split(';').next()).unwrap_or_default().to_owned();
        Self { status, header: header.to_lowercase(), cookie, body: body.to_owned() }
    }
}

/// The question for `name`'s address.
fn question(name: &str) -> Vec<u8> {
    let mut packet = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    packet.extend_from_slice(name.parse::<crate::wire::Name>().unwrap().wire());
    packet.extend_from_slice(&[0, 1, 0, 1]);
    packet
}

/// Asks as the device whose address ends in `last`.
fn ask(worker: &mut Worker, last: u8, transport: Transport, packet: &[u8]) -> Outcome {
    let engine = Arc::clone(worker.engine());
    let address = IpAddr::from([192, 168, 7, last]);
    worker.answer(
        &engine.snapshot(),
        packet,
        Client { address, transport, device: None },
        0,
        &mut [0; 1232],
    )
}
