//! The one function that decides what becomes of a query.
//!
//! ```text
//! door ─▶ Worker::answer ─ clients ─ policy ─ filter ─ cache ─┬─▶ Reply, in the very loop that received it
//!                                                             └─▶ Ask ─▶ Engine::ask ─▶ resolve ─▶ upstream
//! ```
//!
//! [`Worker::answer`] allocates nothing, takes no lock and reads no clock; for an owner who watches or
//! records it does, and to log queries it reads one. Every door calls it; there is no second way to be
//! answered. It may use every room before it and must never know how
//! a packet came or how a reply leaves.

mod alerts;
mod case;
mod change;
mod household;
mod ledger;
mod live;
mod local;
mod names;
mod places;
mod query_log;
mod recorder;
mod recordings;
mod resolve;
mod snapshot;
mod special;
mod surroundings;
pub mod told;
mod wish;
mod worker;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::mpsc;

use crate::alerts::Alerts;
use crate::cache::{Cache, KeyHash};
use crate::clients::{DeviceId, Directory};
use crate::history::Store;
use crate::stats::{
    Companies, Counters, Forgotten, HitsByName, ListHits, Minutes, Source, Totals, Transport,
};
use crate::wire::Name;

pub use change::{Change, ChangeError, Target, Way};
use household::Household;
pub use live::Asked;
use live::Live;
use query_log::QueryLog;
pub use query_log::QueryLogFigures;
use recorder::Recorder;
pub use recorder::{Deleted, RecorderFigures};
use recordings::Recordings;
pub use recordings::{Companion, Recorded, Site};
pub use resolve::Resolver;
pub use snapshot::{Base, Snapshot, SnapshotError};
use surroundings::Surroundings;
pub use wish::{Setting, Wish, Wished};
pub use worker::Worker;

/// Questions that wait in line for one resolver; beyond it clients are told that we are busy.
const LINE: usize = 8_192;

/// What all workers share: the snapshot, the answer cache, and the line to the resolvers.
#[derive(Debug)]
pub struct Engine {
    snapshot: ArcSwap<Snapshot>,
    /// Answers held.
    pub cache: Cache,
    /// Devices seen.
    pub devices: Arc<Directory>,
    household: Household,
    /// Companies whose names were asked for, or may be.
    pub companies: Companies,
    surroundings: Mutex<Surroundings>,
    live: Live,
    recorder: Recorder,
    minutes: Mutex<Minutes>,
    forgotten: ArcSwap<Forgotten>,
    query_log: QueryLog,
    recordings: Recordings,
    alerts: Arc<Alerts>,
    /// Queries for ways around us at the last look, by number of device.
    around: Mutex<Vec<u64>>,
    refused_today: AtomicU64,
    hidden: AtomicBool,
    resolvers: Vec<mpsc::Sender<Waiting>>,
    wishes: mpsc::Sender<Wished>,
    wished: Mutex<Option<mpsc::Receiver<Wished>>>,
    counters: Mutex<Vec<Arc<Counters>>>,
    list_hits: Mutex<HitsByName>,
    /// Lists by name, and how often their newest copy was not to be had, or not taken.
    refresh_failures: Mutex<BTreeMap<String, u64>>,
    connections_refused: AtomicU64,
    waiting: AtomicUsize,
    started: Instant,
}

/// Who asks, and how.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// Source address.
    pub address: IpAddr,
    /// How the query came in.
    pub transport: Transport,
    /// The device, where it has said its name.
    pub device: Option<DeviceId>,
}

/// What becomes of a packet.
#[derive(Debug)]
pub enum Outcome {
    /// The reply is written: its length, and where it is from.
    Reply(usize, Source),
    /// It deserves no reply.
    Silence,
    /// Upstream must be asked: give the packet to [`Engine::ask`].
    Ask(Ask),
}

/// What upstream is to be asked, beside what the packet says.
#[derive(Debug)]
pub struct Ask {
    hash: KeyHash,
    device: DeviceId,
    /// The name to ask for, where a rule says that it is the canonical one of the packet's.
    alias: Option<Box<Name>>,
    /// Nobody waits: only the cache is to have it anew.
    refresh: bool,
}

/// A query that waits for upstream.
pub struct Waiting {
    /// The packet, as it came.
    pub packet: Box<[u8]>,
    /// What was found out of it.
    pub ask: Ask,
    /// Who asks, and how.
    pub client: Client,
    /// When it came.
    pub received: Instant,
    /// Takes the reply.
    pub reply: Reply,
}

/// Takes a reply to where its query came from. Called on a resolver's thread: it must not block.
pub type Reply = Box<dyn FnOnce(&[u8]) + Send>;

impl Engine {
    /// An engine that decides by `base` and what `store` has kept, and the resolvers to run, each on
    /// a thread of its own.
    ///
    /// # Errors
    /// A rule of the settings that is no name.
    pub fn new(
        mut base: Base,
        devices: Arc<Directory>,
        resolvers: usize,
        store: Option<Store>,
    ) -> Result<(Arc<Self>, Vec<Resolver>), SnapshotError> {
        let companies = Companies::new(base.config.stats.companies);
        base.number_companies(&companies);
        let household = Household::new(store);
        let snapshot = household.snapshot(Arc::new(base), devices.capacity())?;
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..resolvers).map(|_| mpsc::channel(LINE)).unzip();
        let (wishes, wished) = mpsc::channel(wish::LINE);
        let list_hits = HitsByName::new(snapshot.list_names());
        let engine = Arc::new(Self {
            cache: Cache::new(snapshot.config.cache.size),
            snapshot: ArcSwap::from_pointee(snapshot),
            devices,
            household,
            companies,
            surroundings: Mutex::default(),
            live: Live::default(),
            recorder: Recorder::default(),
            minutes: Mutex::default(),
            forgotten: ArcSwap::default(),
            query_log: QueryLog::default(),
            recordings: Recordings::default(),
            alerts: Arc::default(),
            around: Mutex::default(),
            refused_today: AtomicU64::new(alerts::UNKNOWN),
            hidden: AtomicBool::new(false),
            resolvers: senders,
            wishes,
            wished: Mutex::new(Some(wished)),
            counters: Mutex::default(),
            list_hits: Mutex::new(list_hits),
            refresh_failures: Mutex::default(),
            connections_refused: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            started: Instant::now(),
        });
        let resolvers =
            receivers.into_iter().map(|line| Resolver::new(Arc::clone(&engine), line)).collect();
        engine.begin();
        Ok((engine, resolvers))
    }

    /// What holds now. One load for a batch of packets is enough.
    #[inline]
    pub fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Whole seconds since the start, the time of all ages and lifetimes.
    #[inline]
    pub fn seconds(&self, now: Instant) -> u32 {
        u32::try_from(now.saturating_duration_since(self.started).as_secs()).unwrap_or(u32::MAX)
    }

    /// Time since the start.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The counters of every thread that answers.
    pub fn counters(&self) -> Vec<Arc<Counters>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What all of them counted, without what is forgotten.
    pub fn totals(&self) -> Totals {
        Totals::new(self.counters(), self.forgotten.load_full())
    }

    /// What each list did since the start, by name.
    pub fn list_hits(&self) -> BTreeMap<String, ListHits> {
        self.with_list_hits(|hits, totals| hits.read(totals))
    }

    fn with_list_hits<T>(&self, then: impl FnOnce(&mut HitsByName, &Totals) -> T) -> T {
        let mut hits = self.list_hits.lock().unwrap_or_else(PoisonError::into_inner);
        then(&mut hits, &self.totals())
    }

    /// How often the newest copy of each list was not to be had, or not taken, since the start.
    pub fn refresh_failures(&self) -> BTreeMap<String, u64> {
        self.refresh_failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts that the newest copy of `list` was not to be had, or not taken.
    pub fn refresh_failed(&self, list: &str) {
        let mut failures = self.refresh_failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures.entry(list.to_owned()).or_default() += 1;
    }

    fn new_counters(&self) -> Arc<Counters> {
        let counters =
            Arc::new(Counters::new(self.devices.capacity(), self.snapshot().config.stats.pairs));
        let mut all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::clone(&counters));
        counters
    }

    /// Gives a query to the resolver of its question. Where its line is full the query comes back,
    /// for [`Worker::busy`] to answer.
    ///
    /// # Errors
    /// The query itself.
    pub fn ask(&self, waiting: Waiting) -> Result<(), Waiting> {
        let resolver = &self.resolvers[waiting.ask.hash.part(self.resolvers.len())];
        // Counted first: a resolver may be done before we are.
        self.waiting.fetch_add(1, Relaxed);
        resolver.try_send(waiting).map_err(|error| {
            self.waiting.fetch_sub(1, Relaxed);
            error.into_inner()
        })
    }

    /// Has the answer to `packet` asked for again, for the cache alone.
    #[cold]
    fn refresh(&self, packet: &[u8], hash: KeyHash, device: DeviceId, client: Client) {
        let waiting = Waiting {
            packet: packet.into(),
            ask: Ask { hash, device, alias: None, refresh: true },
            client,
            received: Instant::now(),
            reply: Box::new(|_| {}),
        };
        // Where there is no place in line, the next query after its end will ask.
        let _ = self.ask(waiting);
    }

    /// Lets go of held answers for a name and all below it, or of all; says how many.
    ///
    /// # Errors
    /// It is no name.
    pub fn flush(&self, name: Option<&str>) -> Result<String, ChangeError> {
        let gone = match name {
            None => self.cache.flush(|_| true),
            Some(text) => {
                let parent: Name =
                    text.parse().map_err(|error| ChangeError::Name(text.to_owned(), error))?;
                self.cache.flush(|name| name.suffix(parent.label_count()) == parent.wire())
            }
        };
        Ok(format!("{gone} answers let go"))
    }

    /// What others wish of the thread that reloads; for the first one who asks.
    pub fn wished(&self) -> Option<mpsc::Receiver<Wished>> {
        self.wished.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Counts a connection that found no place.
    pub fn connection_refused(&self) {
        self.connections_refused.fetch_add(1, Relaxed);
    }

    /// Connections since the start that found no place.
    pub fn connections_refused(&self) -> u64 {
        self.connections_refused.load(Relaxed)
    }

    /// Queries that wait for upstream now.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}
