//! The one function that decides what becomes of a query.
//!
//! ```text
//! door ─▶ Worker::answer ─ clients ─ policy ─ filter ─ cache ─┬─▶ Reply, in the very loop that received it
//!                                                             └─▶ Ask ─▶ Engine::ask ─▶ resolve ─▶ upstream
//! ```
//!
//! [`Worker::answer`] allocates nothing, takes no lock and reads no clock. Every door calls it;
//! there is no second way to be answered. It may use every room before it and must never know how
//! a packet came or how a reply leaves.

mod case;
mod local;
mod resolve;
mod snapshot;
mod special;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::mpsc;

use crate::cache::{Cache, Key, KeyHash};
use crate::clients::{DeviceId, Directory, Seen};
use crate::config::Config;
use crate::filter::{Answers, VerdictKind};
use crate::stats::{Counters, HitsByName, ListHits, Source, Totals, Transport};
use crate::wire::{self, ExtendedError, Name, Query, Rcode, Rtype};

use case::Case;
use local::Local;
pub use resolve::Resolver;
pub use snapshot::{Snapshot, SnapshotError};
use special::Meaning;

/// Questions that wait in line for one resolver; beyond it clients are told that we are busy.
const LINE: usize = 8_192;

/// Replies a second of one worker to those who may not ask.
const MOST_DENIALS: u32 = 20;

/// What all workers share: the snapshot, the answer cache, and the line to the resolvers.
#[derive(Debug)]
pub struct Engine {
    snapshot: ArcSwap<Snapshot>,
    /// Answers held.
    pub cache: Cache,
    /// Devices seen.
    pub devices: Directory,
    resolvers: Vec<mpsc::Sender<Waiting>>,
    counters: Mutex<Vec<Arc<Counters>>>,
    list_hits: Mutex<HitsByName>,
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
    /// An engine that decides by `snapshot`, and the resolvers to run, each on a thread of its own.
    pub fn new(
        config: &Config,
        snapshot: Snapshot,
        devices: Directory,
        resolvers: usize,
    ) -> (Arc<Self>, Vec<Resolver>) {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..resolvers).map(|_| mpsc::channel(LINE)).unzip();
        let list_hits = HitsByName::new(snapshot.list_names());
        let engine = Arc::new(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            cache: Cache::new(config.cache.size),
            devices,
            resolvers: senders,
            counters: Mutex::default(),
            list_hits: Mutex::new(list_hits),
            waiting: AtomicUsize::new(0),
            started: Instant::now(),
        });
        let resolvers =
            receivers.into_iter().map(|line| Resolver::new(Arc::clone(&engine), line)).collect();
        (engine, resolvers)
    }

    /// What holds now. One load for a batch of packets is enough.
    #[inline]
    pub fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Decides by `snapshot` from the next packet on.
    pub fn replace(&self, snapshot: Snapshot) {
        let names = snapshot.list_names();
        self.with_list_hits(|hits, totals| hits.rename(names, totals));
        self.snapshot.store(Arc::new(snapshot));
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

    /// What each list did since the start, by name.
    pub fn list_hits(&self) -> BTreeMap<String, ListHits> {
        self.with_list_hits(|hits, totals| hits.read(totals))
    }

    fn with_list_hits<T>(&self, then: impl FnOnce(&mut HitsByName, &Totals<'_>) -> T) -> T {
        let counters = self.counters();
        let counters: Vec<&Counters> = counters.iter().map(Arc::as_ref).collect();
        let mut hits = self.list_hits.lock().unwrap_or_else(PoisonError::into_inner);
        then(&mut hits, &Totals::new(&counters))
    }

    fn new_counters(&self) -> Arc<Counters> {
        let counters = Arc::new(Counters::new(self.devices.capacity()));
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

    /// Queries that wait for upstream now.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

/// What a thread needs to answer: its counters, the devices it has seen, its scratch space.
#[derive(Debug)]
pub struct Worker {
    engine: Arc<Engine>,
    counters: Arc<Counters>,
    seen: Seen,
    /// A second, and how many were told in it that they may not ask.
    denials: (u32, u32),
    name: Name,
}

impl Worker {
    /// A worker for the calling thread.
    pub fn new(engine: &Arc<Engine>) -> Self {
        Self {
            counters: engine.new_counters(),
            engine: Arc::clone(engine),
            seen: Seen::default(),
            denials: (0, 0),
            name: Name::default(),
        }
    }

    /// The engine it works for.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Decides what becomes of `packet`, by `snapshot`, at `now` seconds. A reply is written to
    /// `out`, which must hold 1232 octets; over a stream, all of `out` may be used.
    #[inline]
    pub fn answer(
        &mut self,
        snapshot: &Snapshot,
        packet: &[u8],
        client: Client,
        now: u32,
        out: &mut [u8],
    ) -> Outcome {
        let admitted = snapshot.access.admits(client.address);
        let query = match Query::read(packet, &mut self.name) {
            Ok(query) => query,
            Err(_) if !admitted => {
                self.counters.denied();
                return Outcome::Silence;
            }
            Err(rejected) => {
                let Some((len, rcode)) = rejected.write(packet, out) else {
                    self.counters.ignored();
                    return Outcome::Silence;
                };
                return self.reply(len, Source::Local, client, rcode);
            }
        };
        if !admitted {
            return self.deny(&query, client, now, out);
        }
        let (device, queries) = self.seen.asks(client.address, &self.engine.devices, now);
        let rate = snapshot.config.access.rate;
        if rate > 0 && queries as usize > rate && !client.address.is_loopback() {
            self.counters.limited();
            return Outcome::Silence;
        }
        let mut case = Case::open(snapshot, &self.name, &query, device, client.address);
        if case.verdict.rule.is_none()
            && let Some(meaning) = snapshot.special.of(snapshot, &self.name, &query)
        {
            case.verdict.kind = VerdictKind::Local;
            case.count(&self.counters);
            let (len, rcode) = match meaning {
                Meaning::Records(answer) => {
                    let limit = limit(&query, client.transport, out);
                    (answer.write(&query, 0, limit, out), answer.rcode())
                }
                Meaning::Nothing => (snapshot.refusal.write_absence(&query, out), Rcode::NXDOMAIN),
            };
            return self.reply(len, Source::Local, client, rcode);
        }
        if let Some(rule) = case.verdict.rule
            && rule.answers != Answers::Usual
        {
            match local::reply(snapshot, rule, &self.name, &case.asker, &query) {
                Local::Pass => {}
                Local::Reply(made) => {
                    case.count(&self.counters);
                    let Some((len, rcode)) = made.write(snapshot, &query, client, out) else {
                        self.counters.ignored();
                        return Outcome::Silence;
                    };
                    let source = if case.is_refused() { Source::Filter } else { Source::Local };
                    return self.reply(len, source, client, rcode);
                }
                Local::Alias(alias) => return self.alias(&case, &query, alias, client, now, out),
            }
        } else if case.is_refused() {
            return self.refuse(&case, &query, client, out);
        }
        if query.qtype == Rtype::ANY {
            case.count(&self.counters);
            let len = wire::write_any(&query, out);
            return self.reply(len, Source::Local, client, Rcode::NOERROR);
        }
        if !query.recursion_desired() {
            case.count(&self.counters);
            // What others asked for is nobody's business: the cache is not to be snooped.
            let error = Some(ExtendedError::NOT_AUTHORITATIVE);
            let len = wire::write_failure(&query, Rcode::REFUSED, error, out);
            return self.reply(len, Source::Local, client, Rcode::REFUSED);
        }
        let key = Key::of(&self.name, &query);
        let hash = key.hash();
        if let Some(found) = self.engine.cache.get(&key, hash, now)
            && let Some(entry) = found.entry()
        {
            case.look_at(&self.name, entry.answer(), &self.counters);
            if case.is_refused() {
                return self.refuse(&case, &query, client, out);
            }
            case.count(&self.counters);
            if snapshot.config.cache.prefetch && found.start_refresh(now) {
                self.engine.refresh(packet, hash, device, client);
            }
            let limit = limit(&query, client.transport, out);
            let len = entry.answer().write(&query, entry.age(now), limit, out);
            return self.reply(len, Source::Cache, client, entry.answer().rcode());
        }
        Outcome::Ask(Ask { hash, device, alias: None, refresh: false })
    }

    /// Tells somebody who may not ask, over UDP and not too often: such queries may bear the address
    /// of a victim.
    #[cold]
    fn deny(&mut self, query: &Query<'_>, client: Client, now: u32, out: &mut [u8]) -> Outcome {
        self.counters.denied();
        if self.denials.0 != now {
            self.denials = (now, 0);
        }
        self.denials.1 += 1;
        if client.transport != Transport::Udp || self.denials.1 > MOST_DENIALS {
            return Outcome::Silence;
        }
        let error = Some(ExtendedError::PROHIBITED);
        let len = wire::write_failure(query, Rcode::REFUSED, error, out);
        self.reply(len, Source::Local, client, Rcode::REFUSED)
    }

    /// Answers with what `alias` has, which a rule says to be the name's canonical name.
    fn alias(
        &self,
        case: &Case<'_>,
        query: &Query<'_>,
        alias: Box<Name>,
        client: Client,
        now: u32,
        out: &mut [u8],
    ) -> Outcome {
        let key = Key::of(&alias, query);
        let hash = key.hash();
        if let Some(found) = self.engine.cache.get(&key, hash, now)
            && let Some(entry) = found.entry()
            && let Ok(answer) =
                entry.answer().behind_alias(&self.name, entry.age(now), case.snapshot.local_ttl())
        {
            case.count(&self.counters);
            let limit = limit(query, client.transport, out);
            let len = answer.write(query, 0, limit, out);
            return self.reply(len, Source::Local, client, answer.rcode());
        }
        Outcome::Ask(Ask { hash, device: case.device, alias: Some(alias), refresh: false })
    }

    #[inline]
    fn refuse(
        &self,
        case: &Case<'_>,
        query: &Query<'_>,
        client: Client,
        out: &mut [u8],
    ) -> Outcome {
        case.count(&self.counters);
        let len = case.snapshot.refusal.write(query, out);
        self.reply(len, Source::Filter, client, Rcode::NXDOMAIN)
    }

    /// Writes the reply to a query that found no place in line, and returns its length.
    pub fn busy(&mut self, refused: &Waiting, out: &mut [u8]) -> Option<usize> {
        let query = Query::read(&refused.packet, &mut self.name).ok()?;
        let snapshot = self.engine.snapshot();
        let Client { address, .. } = refused.client;
        Case::open(&snapshot, &self.name, &query, refused.ask.device, address)
            .count(&self.counters);
        let error = Some(ExtendedError::TOO_BUSY);
        let len = wire::write_failure(&query, Rcode::SERVFAIL, error, out);
        self.reply(len, Source::Upstream, refused.client, Rcode::SERVFAIL);
        Some(len)
    }

    /// Counts how long `count` answers took that were given at once.
    pub fn took(&self, source: Source, duration: Duration, count: u64) {
        self.counters.duration(source, duration, count);
    }

    #[inline]
    fn reply(&self, len: usize, source: Source, client: Client, rcode: Rcode) -> Outcome {
        self.counters.answer(source, client.transport, rcode);
        Outcome::Reply(len, source)
    }
}

/// The most octets a reply may have.
#[inline]
fn limit(query: &Query<'_>, transport: Transport, out: &[u8]) -> usize {
    match transport {
        Transport::Udp => query.udp_limit().min(out.len()),
        Transport::Tcp | Transport::Tls | Transport::Https | Transport::Quic => out.len(),
    }
}
