//! How many connections there are, and may be: one client never takes all places, and those who take
//! one and ask nothing make room for others.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use foldhash::fast::RandomState;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Notify;
use tracing::warn;

use crate::config;
use crate::engine::Engine;

/// File descriptors that are not for connections of clients: half of them are the web server's; by the
/// others upstream is asked, and files are read and written.
const KEPT: usize = 192 + LEAVING;
/// Connections that may be on their way out while others have their places already.
const LEAVING: usize = 32;
/// Part of the time for a message that a connection has for its next query, where somebody waits for
/// its place (RFC 7766 section 6.2.3). Far less than it may take at other times: those who dawdle on
/// purpose come again as soon as they are sent away.
const FAIR: u32 = 4;
/// Fewer connections than that are no service.
const LEAST: usize = 16;
/// More descriptors than that are of no use.
const MOST: u64 = 1 << 16;

/// Connections open on all threads, and how many there may be.
#[derive(Debug)]
pub struct Connections {
    engine: Arc<Engine>,
    limits: config::Tcp,
    started: Instant,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Those on their way out included.
    all: usize,
    by_client: HashMap<IpAddr, usize, RandomState>,
    /// Those that are not on their way out, the one that seems to have asked nothing for longest first.
    line: BTreeMap<(u64, u64), Arc<Held>>,
    /// The next connection's number.
    next: u64,
}

/// A connection that has a place. Times are microseconds since the start.
#[derive(Debug)]
struct Held {
    /// When it last had a whole query, or began.
    asked: AtomicU64,
    /// The same as of when it was last looked at, which is where it stands in line.
    known: AtomicU64,
    /// Told when the place is somebody else's.
    leave: Notify,
}

/// A connection's place among those allowed.
pub(super) struct Place {
    connections: Arc<Connections>,
    client: IpAddr,
    number: u64,
    held: Arc<Held>,
}

impl Open {
    /// Sends the connection away that has asked nothing for longest, if it had `fair` time; says
    /// whether there was one. Costs nothing for those that have not asked since the last look.
    fn make_room(&mut self, now: u64, fair: u64) -> bool {
        while let Some(first) = self.line.first_entry() {
            let (known, number) = *first.key();
            if now.saturating_sub(known) < fair {
                return false;
            }
            let held = first.remove();
            let asked = held.asked.load(Relaxed);
            if asked <= known {
                held.leave.notify_one();
                return true;
            }
            held.known.store(asked, Relaxed);
            self.line.insert((asked, number), held);
        }
        false
    }
}

/// How many descriptors there may be: as many as the system lets this process have.
fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(MOST).min(MOST);
    if limit.current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
    }
    let limit = getrlimit(Resource::Nofile);
    limit.current.map_or(usize::MAX, |current| usize::try_from(current).unwrap_or(usize::MAX))
}

impl Connections {
    /// No connections yet; `engine` hears of those that find no place. As many as `limits` say, or as
    /// this process may have descriptors for: whoever dawdles must not take those that upstream is
    /// asked by.
    pub fn new(mut limits: config::Tcp, engine: Arc<Engine>) -> Arc<Self> {
        let most = descriptors().saturating_sub(KEPT).max(LEAST);
        if limits.connections > most {
            warn!("{most} connections at most: see LimitNOFILE or `ulimit -n`");
            limits.connections = most;
        }
        Arc::new(Self { engine, limits, started: Instant::now(), open: Mutex::default() })
    }

    /// The limits of each, and of all.
    pub(super) fn limits(&self) -> &config::Tcp {
        &self.limits
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    /// Whether so many are open that it is time to be careful.
    pub(super) fn is_half_full(&self) -> bool {
        self.open() > self.limits.connections / 2
    }

    /// A place for one more connection of `client`; none where it has enough, or all together have.
    /// Its first one may have the place of one that has asked nothing for long: by a second one, those
    /// who dawdle would only change places among themselves.
    pub(super) fn enter(self: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let now = self.micros(Instant::now());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = open.by_client.get(&client).copied().unwrap_or(0);
        let is_full = open.all >= self.limits.connections;
        let fair = (self.limits.stall / FAIR).as_micros() as u64;
        if of_client >= self.limits.connections_per_client
            || open.all >= self.limits.connections.saturating_add(LEAVING)
            || is_full && (of_client > 0 || !open.make_room(now, fair))
        {
            self.engine.connection_refused();
            return None;
        }
        open.by_client.insert(client, of_client + 1);
        open.all += 1;
        let number = open.next;
        open.next += 1;
        let (asked, known) = (AtomicU64::new(now), AtomicU64::new(now));
        let held = Arc::new(Held { asked, known, leave: Notify::new() });
        open.line.insert((now, number), Arc::clone(&held));
        Some(Place { connections: Arc::clone(self), client, number, held })
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_micros() as u64
    }
}

impl Place {
    /// Notes that a whole query came.
    pub(super) fn asked(&self, at: Instant) {
        self.held.asked.store(self.connections.micros(at), Relaxed);
    }

    /// Waits until the place is somebody else's.
    pub(super) async fn lost(&self) {
        self.held.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        open.line.remove(&(self.held.known.load(Relaxed), self.number));
        if let Some(of_client) = open.by_client.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                open.by_client.remove(&self.client);
            }
        }
    }
}
