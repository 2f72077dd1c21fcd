//! Who we ask: upstream servers, chosen by domain and by strategy, with fail-over.
//!
//! ```text
//! engine::resolve ─▶ Pools ─▶ Pool::ask ─▶ Pace ─▶ Server ─┬─▶ udp (our own) ─ truncated ─┐
//!                               │          next server     ├─▶ stream (hickory's exchanges) ◀┘
//!                               │          silent, failing └─▶ recursion (hickory's recursor)
//!                               ├─ validation, where it is wanted, asks the pool for keys
//!                               └─ dns64, where there is a gateway
//! ```
//!
//! A reply comes back as the bytes upstream sent, checked only for being the reply to the
//! question; a validated or made one is put together anew. It must never send anything of a
//! client's but the question, DO and CD, never let a dead upstream cost more than its time limit,
//! and never let one who asks for much take it from the others.

mod bootstrap;
mod connection;
mod dns64;
mod dnssec;
mod figures;
mod message;
mod pace;
mod pools;
mod recursion;
mod server;
mod stream;
mod udp;
mod validation;
mod verifier;

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ipnet::Ipv6Net;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use crate::config::{self, Strategy, Transport, UpstreamUrl};
use crate::wire::{ExtendedError, Rtype};

use bootstrap::Bootstrap;
pub(crate) use connection::connection;
pub use connection::{Trust, TrustError};
pub use dnssec::Anchors;
use dnssec::Exempt;
pub use figures::{Figures, ServerFigures};
pub use message::Question;
pub use pace::Asker;
use pace::Pace;
pub use pools::Pools;
use server::{AskError, Server};
use validation::Validation;

/// Time a first attempt gets at least: many round trips in a home, one or two across the world.
const LEAST_PATIENCE: Duration = Duration::from_millis(200);
/// Time a first attempt gets at most before another server, or another packet, is tried; at a server
/// that is known to take longer, twice what it takes.
const MOST_PATIENCE: Duration = Duration::from_secs(1);
/// Time after which another server is asked as well, for a server within half of it.
const GOOD_TIME: Duration = Duration::from_millis(200);
/// Of this many questions one goes to a server that is not the fastest: it may be by now.
const EXPLORE: usize = 32;
/// A server that nobody has heard of yet gets this.
const FIRST_PATIENCE: Duration = Duration::from_millis(500);

/// The upstreams of one thread. Must live on a current-thread runtime with a `LocalSet`.
#[derive(Debug)]
pub struct Pool {
    servers: Vec<Rc<Server>>,
    strategy: Strategy,
    timeout: Duration,
    /// Questions asked: who is next.
    next: Cell<usize>,
    validation: Option<Validation>,
    /// None where many servers are asked, from the root downwards.
    pace: Option<Rc<Pace>>,
    /// Where a gateway to IPv4 is.
    dns64: Option<Ipv6Net>,
}

/// What servers are made with.
struct Means<'a> {
    figures: &'a Arc<Figures>,
    trust: &'a Trust,
    anchors: &'a Anchors,
    bootstrap: Option<&'a Rc<Bootstrap>>,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No server answers, or none did within the time limit.
    #[error("no upstream answers")]
    NoReachable,
    /// Servers were reached but gave nothing usable.
    #[error("upstream failed")]
    Network,
    /// More is asked than upstream answers.
    #[error("upstream is too slow for all that is asked")]
    Busy,
    /// What came does not stand validation.
    #[error("the answer is bogus")]
    Bogus(ExtendedError),
}

impl Failure {
    /// What clients are told (RFC 8914).
    pub fn extended_error(self) -> ExtendedError {
        match self {
            Self::NoReachable => ExtendedError::NO_REACHABLE_AUTHORITY,
            Self::Network => ExtendedError::NETWORK_ERROR,
            Self::Busy => ExtendedError::TOO_BUSY,
            Self::Bogus(flaw) => flaw,
        }
    }
}

impl Pool {
    /// `servers`, which are the ones from number `first` on in the figures. Connects to nobody
    /// before the first question. Their answers are validated, but for the `exempt`, if there is
    /// such a thing.
    fn new(
        servers: &[UpstreamUrl],
        config: &config::Upstream,
        means: &Means<'_>,
        first: usize,
        exempt: Option<Exempt>,
    ) -> Rc<Self> {
        let recursive = servers.iter().any(|url| url.transport == Transport::Recursion);
        let servers =
            (first..).zip(servers).map(|(index, url)| Server::new(url, config, means, index));
        Rc::new_cyclic(|itself| Self {
            servers: servers.collect(),
            strategy: config.strategy,
            timeout: config.timeout,
            next: Cell::new(0),
            pace: (!recursive).then(Pace::new),
            dns64: config.dns64,
            validation: exempt.map(|exempt| {
                Validation::new(itself.clone(), means.anchors, exempt, config.timeout)
            }),
        })
    }

    /// A pool of `servers`, which are known by address, whose figures nobody sees.
    fn apart(servers: &[UpstreamUrl], config: &config::Upstream, trust: &Trust) -> Rc<Self> {
        let (figures, anchors) = (Arc::new(Figures::default()), Anchors::default());
        let means = Means { figures: &figures, trust, anchors: &anchors, bootstrap: None };
        Self::new(servers, config, &means, 0, None)
    }

    /// Asks for `asker`, and validates the answer and makes addresses of it if that is wanted.
    ///
    /// # Errors
    /// No server replied, or the answer is bogus.
    pub async fn ask(&self, question: &Question, asker: Asker) -> Result<Vec<u8>, Failure> {
        let Some(prefix) = self.dns64 else { return self.ask_validated(question, asker).await };
        if let Some(reverse) = dns64::reverse(question, prefix) {
            let reply = self.ask_validated(&reverse, asker).await?;
            return dns64::behind_alias(question, &reply).ok_or(Failure::Network);
        }
        let reply = self.ask_validated(question, asker).await?;
        if !dns64::is_wanted(question, &reply) {
            return Ok(reply);
        }
        let of_v4 = Question { qtype: Rtype::A.0, ..question.clone() };
        let of_v4 = self.ask_validated(&of_v4, asker).await.ok();
        let made = of_v4.and_then(|of_v4| dns64::synthesize(&of_v4, &reply, prefix));
        Ok(made.unwrap_or(reply))
    }

    async fn ask_validated(&self, question: &Question, asker: Asker) -> Result<Vec<u8>, Failure> {
        match &self.validation {
            Some(validation) if validation.applies_to(question) => {
                Box::pin(validation.ask(question, asker)).await
            }
            _ => self.ask_servers(question, asker).await,
        }
    }

    /// Asks the server that comes first, by the strategy, of those that are well; then the others,
    /// then again with more patience, until one gives a good reply or the time is over. Where all
    /// are known to be dead it fails at once: probes find out when one is back.
    ///
    /// A reply that only says that the server failed (SERVFAIL, REFUSED and the like) is given
    /// back when no other server has a better one.
    ///
    /// # Errors
    /// No server replied.
    async fn ask_servers(&self, question: &Question, asker: Asker) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + self.timeout;
        let mut failed_reply = None;
        let mut failure = Failure::NoReachable;
        for round in 0.. {
            let order = self.order();
            let mut left = order.as_slice();
            while let [first, rest @ ..] = left {
                if Instant::now() >= deadline {
                    return failed_reply.ok_or(failure);
                }
                let turn = match &self.pace {
                    None => None,
                    Some(pace) => match timeout_at(deadline, pace.turn(asker)).await {
                        Ok(turn) => Some(turn),
                        Err(_) => return failed_reply.ok_or(Failure::Busy),
                    },
                };
                let attempt = |server| attempt(server, question, round, deadline);
                let races = self.strategy == Strategy::Race;
                let second = rest.first().filter(|_| races || !first.is_recursive());
                // Pinned, and handed on by reference: what is moved is copied whole, at each call on the way.
                let asking = pin!(async {
                    let one = pin!(attempt(first));
                    match second {
                        Some(second) if races => race(one, Box::pin(attempt(second))).await,
                        Some(second) => hedge(first, one, || Box::pin(attempt(second))).await,
                        None => one.await,
                    }
                });
                let outcome = match turn {
                    Some(turn) => turn.hold(round, first.patience(), asking).await,
                    None => asking.await,
                };
                match outcome {
                    Attempt::Good(reply) => return Ok(reply),
                    Attempt::Failed(reply) => failed_reply = Some(reply),
                    Attempt::Bogus(flaw) => return Err(Failure::Bogus(flaw)),
                    Attempt::Broken => failure = Failure::Network,
                    Attempt::Silent => {}
                }
                left = &rest[usize::from(second.is_some())..];
            }
            if order.is_empty() || failed_reply.is_some() {
                break;
            }
        }
        failed_reply.ok_or(failure)
    }

    /// Servers that are well, in the order they are to be asked.
    fn order(&self) -> Vec<&Server> {
        let mut order: Vec<&Server> =
            self.servers.iter().map(Rc::as_ref).filter(|server| server.is_well()).collect();
        match self.strategy {
            Strategy::Strict => {}
            Strategy::Balance if !order.is_empty() => {
                let next = self.next.get();
                self.next.set(next.wrapping_add(1));
                let count = order.len();
                order.rotate_left(next % count);
            }
            // A server nobody has heard of yet comes first: so it is heard of.
            Strategy::Fastest | Strategy::Race => {
                order.sort_by_key(|server| server.round_trip());
                let next = self.next.get();
                self.next.set(next.wrapping_add(1));
                if next % EXPLORE == EXPLORE - 1 && order.len() > 1 {
                    let other = 1 + next / EXPLORE % (order.len() - 1);
                    order.swap(0, other);
                }
            }
            Strategy::Balance => {}
        }
        order
    }
}

/// What came of asking one server.
enum Attempt {
    Good(Vec<u8>),
    /// The server says that it failed.
    Failed(Vec<u8>),
    /// The connection broke, or what came was no reply.
    Broken,
    /// Validated and found wanting: no other server may say otherwise.
    Bogus(ExtendedError),
    Silent,
}

async fn attempt(server: &Server, question: &Question, round: u32, deadline: Instant) -> Attempt {
    let now = Instant::now();
    let patience = server.patience() * 2_u32.saturating_pow(round);
    let limit = now + patience.min(deadline.saturating_duration_since(now));
    match timeout_at(limit, server.ask(question, now)).await {
        Ok(Ok(reply)) if !message::is_failure(&reply) => Attempt::Good(reply),
        Ok(Ok(reply)) => Attempt::Failed(reply),
        Ok(Err(AskError::Recursion(Failure::Bogus(flaw)))) => Attempt::Bogus(flaw),
        // One name's servers have failed; the others' have not.
        Ok(Err(AskError::Recursion(Failure::NoReachable))) => Attempt::Silent,
        Ok(Err(AskError::Recursion(Failure::Network))) => Attempt::Broken,
        Ok(Err(error)) => {
            debug!("upstream {}: {error}", server.url());
            server.has_failed(false);
            Attempt::Broken
        }
        Err(_) if server.is_recursive() => Attempt::Silent,
        Err(_) => {
            debug!("upstream {}: no reply within {patience:?}", server.url());
            server.has_failed(true);
            Attempt::Silent
        }
    }
}

/// The outcome of asking `first`; where that does not come in good time, or is not good, also that
/// of the other one, whichever is good first. A server that was too late for that counts as silent.
async fn hedge<T: Future<Output = Attempt> + Unpin>(
    first: &Server,
    mut one: Pin<&mut impl Future<Output = Attempt>>,
    two: impl FnOnce() -> T,
) -> Attempt {
    match timeout(first.good_time(), &mut one).await {
        Ok(outcome) if outcome.is_final() => outcome,
        Ok(outcome) => outcome.or(two().await),
        Err(_) => {
            let mut two = two();
            tokio::select! {
                outcome = &mut one => match outcome.is_final() {
                    true => outcome,
                    false => outcome.or(two.await),
                },
                outcome = &mut two => match outcome.is_final() {
                    true => {
                        first.has_failed(true);
                        outcome
                    }
                    false => outcome.or(one.await),
                },
            }
        }
    }
}

/// The first good outcome of two, or the better one.
async fn race(
    mut one: impl Future<Output = Attempt> + Unpin,
    mut two: impl Future<Output = Attempt> + Unpin,
) -> Attempt {
    tokio::select! {
        outcome = &mut one => if outcome.is_final() { outcome } else { outcome.or(two.await) },
        outcome = &mut two => if outcome.is_final() { outcome } else { outcome.or(one.await) },
    }
}

impl Attempt {
    /// Whether no other server can have anything better.
    fn is_final(&self) -> bool {
        matches!(self, Self::Good(_) | Self::Bogus(_))
    }

    /// The better one of two.
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Failed(_), Self::Broken | Self::Silent) => self,
            _ => other,
        }
    }
}
