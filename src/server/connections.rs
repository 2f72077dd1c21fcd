//! How many connections there are, and may be: one client never takes all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

use crate::config;
use crate::engine::Engine;

/// File descriptors that are not for connections of clients: half of them are the web server's; by the
/// others upstream is asked, and files are read and written.
const KEPT: usize = 192;
/// Fewer connections than that are no service.
const LEAST: usize = 16;
/// More descriptors than that are of no use.
const MOST: u64 = 1 << 16;

/// Connections open on all threads, and how many there may be.
#[derive(Debug)]
pub struct Connections {
    engine: Arc<Engine>,
    limits: config::Tcp,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_client: HashMap<IpAddr, usize, RandomState>,
}

/// A connection's place among those allowed.
pub(super) struct Place {
    connections: Arc<Connections>,
    client: IpAddr,
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
        Arc::new(Self { engine, limits, open: Mutex::default() })
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

    /// A place for one more connection of `client`; none where it, or all together, have enough.
    pub(super) fn enter(self: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all = open.all;
        let of_client = open.by_client.entry(client).or_default();
        if all >= self.limits.connections || *of_client >= self.limits.connections_per_client {
            if *of_client == 0 {
                open.by_client.remove(&client);
            }
            self.engine.connection_refused();
            return None;
        }
        *of_client += 1;
        open.all += 1;
        Some(Place { connections: Arc::clone(self), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(of_client) = open.by_client.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                open.by_client.remove(&self.client);
            }
        }
    }
}
