//! The slow way: questions nobody could answer at once.
//!
//! A resolver is one thread with one runtime; a question always goes to the same one, so equal
//! questions in flight meet there and share one upstream query, without a lock. What comes back
//! goes into the cache and to all who wait.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::task;
use tokio::time::timeout;
use tracing::debug;

use super::case::Case;
use super::ledger::Ledger;
use super::places::{Place, Places};
use super::worker::limit;
use super::{Base, Client, Engine, Waiting};
use crate::cache::{Entry, Found, Key};
use crate::stats::Source;
use crate::upstream::{Failure, Figures, Pools, Question};
use crate::wire::{self, Answer, Class, ExtendedError, Name, Query, Rcode, Rtype};

/// Queries taken from the line at once.
const BATCH: usize = 64;
/// Queries that may wait on all resolvers, equal ones included: each takes up to 17 kB, and the smallest
/// machine has 64 MB.
const MOST_WAITING: usize = 2_048;
/// Time that clients wait for upstream before they get what was held before (RFC 8767 section 5).
const CLIENT_PATIENCE: Duration = Duration::from_millis(1_800);
/// Seconds that clients may hold an answer that has expired (RFC 8767 section 4).
const STALE_TTL: u32 = 30;
/// Largest message over a stream (RFC 1035 section 4.2.2).
const LARGEST: usize = u16::MAX as usize;

/// Answers the questions given to one thread by [`Engine::ask`].
#[derive(Debug)]
pub struct Resolver {
    engine: Arc<Engine>,
    line: mpsc::Receiver<Waiting>,
}

/// Those who asked the same question.
type Waiters = Vec<(Waiting, Place)>;

/// What all tasks of a resolver share.
struct Shared {
    engine: Arc<Engine>,
    counters: Ledger,
    in_flight: RefCell<HashMap<Rc<Question>, Waiters, RandomState>>,
    places: Rc<Places>,
    scratch: RefCell<Scratch>,
}

struct Scratch {
    name: Name,
    out: Box<[u8]>,
}

impl Resolver {
    pub(super) fn new(engine: Arc<Engine>, line: mpsc::Receiver<Waiting>) -> Self {
        Self { engine, line }
    }

    /// The engine it works for.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Runs for ever; dropped to stop. Must run in a `LocalSet` on a current-thread runtime.
    pub async fn run(mut self) {
        let shared = Rc::new(Shared {
            counters: Ledger::new(&self.engine),
            engine: Arc::clone(&self.engine),
            in_flight: RefCell::default(),
            places: Places::new(MOST_WAITING / self.engine.resolvers.len().max(1)),
            scratch: RefCell::new(Scratch {
                name: Name::default(),
                out: vec![0; LARGEST].into_boxed_slice(),
            }),
        });
        let mut pools: Option<(Arc<Figures>, Pools)> = None;
        let mut batch = Vec::with_capacity(BATCH);
        while self.line.recv_many(&mut batch, BATCH).await > 0 {
            let snapshot = self.engine.snapshot();
            let pools = match &mut pools {
                Some((figures, pools)) if Arc::ptr_eq(figures, &snapshot.upstreams) => pools,
                pools => {
                    let figures = Arc::clone(&snapshot.upstreams);
                    let Base { config, trust, anchors, .. } = &***snapshot;
                    let made = Pools::new(&config.upstream, &figures, trust, anchors);
                    &mut pools.insert((figures, made)).1
                }
            };
            let has_more = batch.len() == BATCH;
            for waiting in batch.drain(..) {
                shared.take(waiting, pools);
            }
            if has_more {
                // However long the line is: what upstream says must not wait for its end.
                task::yield_now().await;
            }
        }
    }
}

impl Shared {
    /// Answers from the cache what was asked for meanwhile, joins a question in flight, or asks
    /// upstream.
    fn take(self: &Rc<Self>, waiting: Waiting, pools: &Pools) {
        let now = self.engine.seconds(Instant::now());
        let scratch = &mut *self.scratch.borrow_mut();
        let Ok(query) = Query::read(&waiting.packet, &mut scratch.name) else { return };
        let asked = waiting.ask.alias.as_deref().unwrap_or(&scratch.name);
        let pool = self.engine.snapshot().policy.pool(waiting.client.address);
        let key = Key::of(asked, &query, pool);
        if !waiting.ask.refresh
            && let Some(found) = self.engine.cache.get(&key, key.hash(), now)
            && let Some(entry) = found.entry()
        {
            self.give(entry.answer(), entry.age(now), waiting, Source::Cache, &mut scratch.out);
            return;
        }
        let stale = self.stale(&key, now);
        if let Some(entry) = stale.as_ref().and_then(Found::entry)
            && entry.has_failed_lately(now)
        {
            self.give(
                &entry.answer().as_stale(STALE_TTL),
                0,
                waiting,
                Source::Stale,
                &mut scratch.out,
            );
            return;
        }
        let Some(place) = self.places.take(waiting.ask.device, waiting.client.address) else {
            self.refuse(ExtendedError::TOO_BUSY, waiting, scratch);
            return;
        };
        let question = Rc::new(Question {
            name: key.name.wire().into(),
            qtype: key.qtype.0,
            qclass: Class::IN.0,
            dnssec_ok: key.dnssec_ok,
            checking_disabled: key.checking_disabled,
            pool: key.pool,
        });
        match self.in_flight.borrow_mut().entry(Rc::clone(&question)) {
            MapEntry::Occupied(mut waiters) => waiters.get_mut().push((waiting, place)),
            MapEntry::Vacant(vacant) => {
                let asker = place.asker;
                vacant.insert(vec![(waiting, place)]);
                let (shared, pool) = (Rc::clone(self), Rc::clone(pools.pick(&question)));
                let has_stale = stale.is_some();
                task::spawn_local(async move {
                    // A library that fails on one answer must not leave those waiting who asked for it.
                    let asking = AssertUnwindSafe(pool.ask(&question, asker)).catch_unwind();
                    let asking = asking.map(|result| result.unwrap_or(Err(Failure::Network)));
                    let mut asking = pin!(asking);
                    let mut in_time = None;
                    if has_stale {
                        in_time = timeout(CLIENT_PATIENCE, &mut asking).await.ok();
                        if in_time.is_none() {
                            shared.give_stale(&question);
                        }
                    }
                    let result = match in_time {
                        Some(result) => result,
                        None => asking.await,
                    };
                    shared.finish(&question, result);
                });
            }
        }
    }

    /// An expired answer to `key` that may still serve.
    fn stale(&self, key: &Key<'_>, now: u32) -> Option<Found> {
        let longest = self.engine.snapshot().config.cache.stale.as_secs();
        let longest = u32::try_from(longest).unwrap_or(u32::MAX);
        (longest > 0).then(|| self.engine.cache.stale(key, key.hash(), now, longest))?
    }

    /// Gives those who wait for `question` what was held before, if anything was: upstream takes
    /// longer than clients are willing to wait. The question stays in flight.
    fn give_stale(&self, question: &Question) -> bool {
        let now = self.engine.seconds(Instant::now());
        let name = question.name();
        let Some(found) = self.stale(&key(question, &name), now) else { return false };
        let Some(entry) = found.entry() else { return false };
        entry.refresh_failed(now);
        let waiters = self.in_flight.borrow_mut().get_mut(question).map(mem::take);
        let answer = entry.answer().as_stale(STALE_TTL);
        let scratch = &mut *self.scratch.borrow_mut();
        for (waiting, _place) in waiters.into_iter().flatten() {
            self.give(&answer, 0, waiting, Source::Stale, &mut scratch.out);
        }
        true
    }

    /// Holds what upstream said and gives it to all who wait for it. Where upstream has failed they
    /// get what was held before, if anything was.
    fn finish(&self, question: &Question, result: Result<Vec<u8>, Failure>) {
        let answer = result
            .map_err(Failure::extended_error)
            .and_then(|message| self.read(question, &message));
        let failed = !answer
            .as_ref()
            .is_ok_and(|answer| matches!(answer.rcode(), Rcode::NOERROR | Rcode::NXDOMAIN));
        if failed && self.give_stale(question) {
            self.in_flight.borrow_mut().remove(question);
            return;
        }
        let waiters = self.in_flight.borrow_mut().remove(question).unwrap_or_default();
        let scratch = &mut *self.scratch.borrow_mut();
        match answer {
            Ok(answer) => {
                let entry = self.hold(question, answer);
                for (waiting, _place) in waiters {
                    self.give(entry.answer(), 0, waiting, Source::Upstream, &mut scratch.out);
                }
            }
            Err(error) => {
                for (waiting, _place) in waiters {
                    self.refuse(error, waiting, scratch);
                }
            }
        }
    }

    fn read(&self, question: &Question, message: &[u8]) -> Result<Answer, ExtendedError> {
        let bounds = self.engine.snapshot().bounds;
        Answer::read(message, &question.name(), bounds).map_err(|_| ExtendedError::NETWORK_ERROR)
    }

    /// Puts an answer into the cache if it may stay there.
    fn hold(&self, question: &Question, answer: Answer) -> Arc<Entry> {
        let name = question.name();
        let key = key(question, &name);
        let now = self.engine.seconds(Instant::now());
        let entry = Arc::new(Entry::new(&key, answer, now));
        if entry.answer().lifetime() > 0 {
            self.engine.cache.insert(Arc::clone(&entry), key.hash(), now);
        }
        entry
    }

    fn give(&self, answer: &Answer, age: u32, to: Waiting, source: Source, out: &mut [u8]) {
        if to.ask.refresh {
            self.engine.waiting.fetch_sub(1, Relaxed);
            return;
        }
        let mut name = Name::default();
        let Ok(query) = Query::read(&to.packet, &mut name) else { return };
        let snapshot = self.engine.snapshot();
        let Client { address, transport, .. } = to.client;
        let mut case =
            Case::open(&snapshot, &name, &query, to.ask.device, address, &self.engine.devices);
        let limit = limit(&query, transport, out);
        if to.ask.alias.is_some() {
            case.count(&self.counters);
            let Ok(behind) = answer.behind_alias(&name, age, snapshot.local_ttl()) else {
                let error = Some(ExtendedError::NETWORK_ERROR);
                let len = wire::write_failure(&query, Rcode::SERVFAIL, error, out);
                return self.send(to, &out[..len], source, Rcode::SERVFAIL);
            };
            let len = behind.write(&query, 0, limit, out);
            return self.send(to, &out[..len], source, answer.rcode());
        }
        case.look_at(answer, &self.counters);
        case.count(&self.counters);
        if case.is_refused() {
            let (len, rcode) = case.write_refusal(&query, out);
            return self.send(to, &out[..len], Source::Filter, rcode);
        }
        let len = answer.write(&query, age, limit, out);
        self.send(to, &out[..len], source, answer.rcode());
    }

    fn refuse(&self, error: ExtendedError, to: Waiting, scratch: &mut Scratch) {
        if to.ask.refresh {
            self.engine.waiting.fetch_sub(1, Relaxed);
            return;
        }
        let Ok(query) = Query::read(&to.packet, &mut scratch.name) else { return };
        self.counters.failed(error);
        debug!(
            "no answer to a query of type {}: {} (EDE {})",
            query.qtype.0, error.text, error.code
        );
        let snapshot = self.engine.snapshot();
        let directory = &self.engine.devices;
        Case::open(&snapshot, &scratch.name, &query, to.ask.device, to.client.address, directory)
            .count(&self.counters);
        let len = wire::write_failure(&query, Rcode::SERVFAIL, Some(error), &mut scratch.out);
        self.send(to, &scratch.out[..len], Source::Upstream, Rcode::SERVFAIL);
    }

    fn send(&self, to: Waiting, reply: &[u8], source: Source, rcode: Rcode) {
        self.counters.answer(source, to.client.transport, rcode);
        self.counters.duration(source, to.received.elapsed(), 1);
        (to.reply)(reply);
        self.engine.waiting.fetch_sub(1, Relaxed);
    }
}

/// What the answer to `question`, which asks for `name`, is held by.
fn key<'a>(question: &Question, name: &'a Name) -> Key<'a> {
    Key {
        name,
        qtype: Rtype(question.qtype),
        dnssec_ok: question.dnssec_ok,
        checking_disabled: question.checking_disabled,
        pool: question.pool,
    }
}
