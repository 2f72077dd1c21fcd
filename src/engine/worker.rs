//! What one thread does with a packet: steps 1 to 5 of the way of a query.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::case::Case;
use super::ledger::Ledger;
use super::local::{self, Local};
use super::special::Meaning;
use super::{Ask, Client, Engine, Outcome, Snapshot, Waiting};
use crate::cache::Key;
use crate::clients::{DeviceId, Seen};
use crate::filter::{Answers, VerdictKind};
use crate::stats::{Source, Transport};
use crate::wire::{self, ExtendedError, Name, Query, Rcode, Rtype};

/// Of the queries that are too many, one in this many gets a truncated reply.
const SLIP: usize = 2;
/// Replies a second of one worker to those who may not ask.
const MOST_DENIALS: u32 = 20;

/// What a thread needs to answer: its counters, the devices it has seen, its scratch space.
#[derive(Debug)]
pub struct Worker {
    engine: Arc<Engine>,
    counters: Ledger,
    seen: Seen,
    /// A second, and how many were told in it that they may not ask.
    denials: (u32, u32),
    name: Name,
}

impl Worker {
    /// A worker for the calling thread.
    pub fn new(engine: &Arc<Engine>) -> Self {
        Self {
            counters: Ledger::new(engine),
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

    /// The device that calls itself `name` and asks from `address`.
    pub fn device_named(&mut self, name: &str, address: IpAddr) -> DeviceId {
        self.seen.named(name, address, &self.engine.devices)
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
        let directory = &*self.engine.devices;
        let device = client.device.unwrap_or_else(|| {
            self.seen.device(client.address, directory, |device| snapshot.policy.forget(device))
        });
        let queries = self.seen.count(device, now) as usize;
        let rate = snapshot.config.access.rate;
        if rate > 0 && queries > rate && !client.address.is_loopback() {
            return self.limit_rate(&query, client, queries, out);
        }
        let mut case = Case::open(snapshot, &self.name, &query, device, client.address, directory);
        let is_ruled = case.verdict.rule.is_some();
        if let Some(meaning) = snapshot.meaning(&self.name, &query, is_ruled, directory) {
            case.verdict.kind = VerdictKind::Local;
            return self.reply_local(&case, meaning, &query, client, now, out);
        }
        if let Some(rule) = case.verdict.rule
            && rule.answers != Answers::Usual
        {
            match local::reply(snapshot, rule, &self.name, &case.asker, &query) {
                Local::Pass => {}
                Local::Reply(made) => {
                    case.count(&self.counters);
                    let Some((len, rcode)) = made.write(&case, &query, client, out) else {
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
        let key = Key::of(&self.name, &query, snapshot.policy.pool(client.address));
        let hash = key.hash();
        if let Some(found) = self.engine.cache.get(&key, hash, now)
            && let Some(entry) = found.entry()
        {
            case.look_at(entry.answer(), &self.counters);
            if case.is_refused() {
                return self.refuse(&case, &query, client, out);
            }
            case.count(&self.counters);
            if snapshot.config.cache.prefetch && found.start_refresh(now) {
                self.counters.prefetched();
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

    /// What becomes of a query that is one too many in its second. Over UDP some are told to come by
    /// TCP: a device that is flooded in another's name still gets its answers, and the flood is not
    /// amplified.
    #[cold]
    fn limit_rate(
        &self,
        query: &Query<'_>,
        client: Client,
        queries: usize,
        out: &mut [u8],
    ) -> Outcome {
        self.counters.limited();
        if client.transport != Transport::Udp || !queries.is_multiple_of(SLIP) {
            return Outcome::Silence;
        }
        let len = wire::write_truncated(query, Rcode::NOERROR, out);
        self.reply(len, Source::Local, client, Rcode::NOERROR)
    }

    /// Answers what the house itself knows of the name.
    #[cold]
    fn reply_local(
        &self,
        case: &Case<'_>,
        meaning: Meaning,
        query: &Query<'_>,
        client: Client,
        now: u32,
        out: &mut [u8],
    ) -> Outcome {
        let absence = &case.snapshot.absence;
        let (len, rcode) = match meaning {
            Meaning::Alias(alias) => return self.alias(case, query, alias, client, now, out),
            Meaning::Records(answer) => {
                let limit = limit(query, client.transport, out);
                (answer.write(query, 0, limit, out), answer.rcode())
            }
            Meaning::Empty => (absence.write_no_data(query, None, out), Rcode::NOERROR),
            Meaning::Nothing | Meaning::Nobody => {
                (absence.write_absence(query, out), Rcode::NXDOMAIN)
            }
        };
        case.count(&self.counters);
        self.reply(len, Source::Local, client, rcode)
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
        let key = Key::of(&alias, query, case.snapshot.policy.pool(client.address));
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
        let (len, rcode) = case.write_refusal(query, out);
        self.reply(len, Source::Filter, client, rcode)
    }

    /// Writes the reply to a query that found no place in line, and returns its length.
    pub fn busy(&mut self, refused: &Waiting, out: &mut [u8]) -> Option<usize> {
        let query = Query::read(&refused.packet, &mut self.name).ok()?;
        let snapshot = self.engine.snapshot();
        let Client { address, .. } = refused.client;
        let directory = &self.engine.devices;
        Case::open(&snapshot, &self.name, &query, refused.ask.device, address, directory)
            .count(&self.counters);
        self.counters.failed(ExtendedError::TOO_BUSY);
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
pub(super) fn limit(query: &Query<'_>, transport: Transport, out: &[u8]) -> usize {
    match transport {
        Transport::Udp => query.udp_limit().min(out.len()),
        _ => out.len(),
    }
}
