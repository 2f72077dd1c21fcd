//! Who we ask: upstream servers, chosen by domain and by strategy, with fail-over.
//!
//! ```text
//! engine::resolve ─▶ Pools ─▶ Pool::ask ─▶ Server ─┬─▶ udp (our own) ─ truncated ─┐
//!                               │ next server      └─▶ stream (hickory's exchanges) ◀┘
//!                               └─ silent, failing
//! ```
//!
//! A reply comes back as the bytes upstream sent, checked only for being the reply to the
//! question. It must never send anything of a client's but the question, DO and CD, and never let
//! a dead upstream cost more than its time limit.

mod bootstrap;
mod connection;
mod figures;
mod message;
mod pools;
mod recursion;
mod server;
mod stream;
mod udp;

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::config::{self, Strategy, UpstreamUrl};
use crate::wire::ExtendedError;

use bootstrap::Bootstrap;
pub(crate) use connection::connection;
pub use connection::{Trust, TrustError};
pub use figures::{Figures, ServerFigures};
pub use message::Question;
pub use pools::Pools;
pub use recursion::Anchors;
use server::{AskError, Server};

/// Time a first attempt gets at least: many round trips in a home, one or two across the world.
const LEAST_PATIENCE: Duration = Duration::from_millis(200);
/// Time a first attempt gets at most before another server, or another packet, is tried.
const MOST_PATIENCE: Duration = Duration::from_secs(1);
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
}

/// What servers are made with.
struct Means<'a> {
    figures: &'a Arc<Figures>,
    trust: &'a Trust,
    anchors: &'a Anchors,
    recursion: &'a config::Recursion,
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
    /// What came does not stand validation.
    #[error("the answer is bogus")]
    Bogus,
}

impl Failure {
    /// What clients are told (RFC 8914).
    pub fn extended_error(self) -> ExtendedError {
        match self {
            Self::NoReachable => ExtendedError::NO_REACHABLE_AUTHORITY,
            Self::Network => ExtendedError::NETWORK_ERROR,
            Self::Bogus => ExtendedError::BOGUS,
        }
    }
}

impl Pool {
    /// `servers`, which are the ones from number `first` on in the figures. Connects to nobody
    /// before the first question.
    fn new(
        servers: &[UpstreamUrl],
        config: &config::Upstream,
        means: &Means<'_>,
        first: usize,
    ) -> Self {
        let servers = (first..).zip(servers).map(|(index, url)| Server::new(url, means, index));
        Self {
            servers: servers.collect(),
            strategy: config.strategy,
            timeout: config.timeout,
            next: Cell::new(0),
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
    pub async fn ask(&self, question: &Question) -> Result<Vec<u8>, Failure> {
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
                let attempt = |server| attempt(server, question, round, deadline);
                let second = rest.first().filter(|_| self.strategy == Strategy::Race);
                let (outcome, asked) = match second {
                    Some(second) => (race(attempt(first), attempt(second)).await, 2),
                    None => (attempt(first).await, 1),
                };
                match outcome {
                    Attempt::Good(reply) => return Ok(reply),
                    Attempt::Failed(reply) => failed_reply = Some(reply),
                    Attempt::Bogus => return Err(Failure::Bogus),
                    Attempt::Broken => failure = Failure::Network,
                    Attempt::Silent => {}
                }
                left = &left[asked..];
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
    Bogus,
    Silent,
}

async fn attempt(server: &Server, question: &Question, round: u32, deadline: Instant) -> Attempt {
    let now = Instant::now();
    let patience = server.patience() * 2_u32.saturating_pow(round);
    let limit = now + patience.min(deadline.saturating_duration_since(now));
    match timeout_at(limit, server.ask(question, now)).await {
        Ok(Ok(reply)) if !message::is_failure(&reply) => Attempt::Good(reply),
        Ok(Ok(reply)) => Attempt::Failed(reply),
        Ok(Err(AskError::Recursion(Failure::Bogus))) => Attempt::Bogus,
        // One name's servers have failed; the others' have not.
        Ok(Err(AskError::Recursion(Failure::NoReachable))) => Attempt::Silent,
        Ok(Err(AskError::Recursion(Failure::Network))) => Attempt::Broken,
        Ok(Err(_)) => {
            server.has_failed(false);
            Attempt::Broken
        }
        Err(_) if server.is_recursive() => Attempt::Silent,
        Err(_) => {
            server.has_failed(true);
            Attempt::Silent
        }
    }
}

/// The first good outcome of two, or the better one.
async fn race(one: impl Future<Output = Attempt>, two: impl Future<Output = Attempt>) -> Attempt {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (first, other) = tokio::select! {
        outcome = &mut one => (outcome, None),
        outcome = &mut two => (outcome, Some(())),
    };
    if matches!(first, Attempt::Good(_) | Attempt::Bogus) {
        return first;
    }
    let second = match other {
        None => two.await,
        Some(()) => one.await,
    };
    match (&first, &second) {
        (Attempt::Failed(_), Attempt::Broken | Attempt::Silent) => first,
        _ => second,
    }
}
