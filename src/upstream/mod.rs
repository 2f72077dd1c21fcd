//! Who we ask: upstream servers, in order of preference, with fail-over.
//!
//! ```text
//! engine::resolve ─▶ Pool::ask ─▶ Server ─┬─▶ udp (our own) ─ truncated ─┐
//!                      │ next server      └─▶ stream (hickory's exchanges) ◀┘
//!                      └─ silent, failing
//! ```
//!
//! A reply comes back as the bytes upstream sent, checked only for being the reply to the
//! question. It must never send anything of a client's but the question, DO and CD, and never let
//! a dead upstream cost more than its time limit.

mod bootstrap;
mod connection;
mod figures;
mod message;
mod server;
mod stream;
mod udp;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::config;
use crate::wire::ExtendedError;

use bootstrap::Bootstrap;
pub(crate) use connection::connection;
pub use connection::{Trust, TrustError};
pub use figures::{Figures, ServerFigures};
pub use message::Question;
use server::Server;

/// Time a first attempt gets at least: many round trips in a home, one or two across the world.
const LEAST_PATIENCE: Duration = Duration::from_millis(200);
/// Time a first attempt gets at most before another server, or another packet, is tried.
const MOST_PATIENCE: Duration = Duration::from_secs(1);
/// A server that nobody has heard of yet gets this.
const FIRST_PATIENCE: Duration = Duration::from_millis(500);

/// The upstreams of one thread. Must live on a current-thread runtime with a `LocalSet`.
#[derive(Debug)]
pub struct Pool {
    servers: Vec<Rc<Server>>,
    timeout: Duration,
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
}

impl Failure {
    /// What clients are told (RFC 8914).
    pub fn extended_error(self) -> ExtendedError {
        match self {
            Self::NoReachable => ExtendedError::NO_REACHABLE_AUTHORITY,
            Self::Network => ExtendedError::NETWORK_ERROR,
        }
    }
}

impl Pool {
    /// The servers of `config`. Connects to nobody before the first question.
    pub fn new(config: &config::Upstream, figures: &Arc<Figures>, trust: &Trust) -> Self {
        let named = config.servers.iter().any(|url| url.address().is_none());
        let bootstrap = named.then(|| Rc::new(Bootstrap::new(config, trust)));
        Self::with(config, figures, trust, bootstrap.as_ref())
    }

    /// The servers of `config`, of which those that are only named cannot be asked.
    fn of_addresses(config: &config::Upstream, figures: &Arc<Figures>, trust: &Trust) -> Self {
        Self::with(config, figures, trust, None)
    }

    fn with(
        config: &config::Upstream,
        figures: &Arc<Figures>,
        trust: &Trust,
        bootstrap: Option<&Rc<Bootstrap>>,
    ) -> Self {
        let servers = config.servers.iter().enumerate().map(|(index, url)| {
            Server::new(url, trust, bootstrap.map(Rc::clone), Arc::clone(figures), index)
        });
        Self { servers: servers.collect(), timeout: config.timeout }
    }

    /// Asks the first server that is well, then the others, then again with more patience, until
    /// one gives a good reply or the time is over. Where all are known to be dead it fails at
    /// once: probes find out when one is back.
    ///
    /// A reply that only says that the server failed (SERVFAIL, REFUSED and the like) is given
    /// back when no other server has a better one.
    ///
    /// # Errors
    /// No server replied.
    pub async fn ask(&self, question: &Question) -> Result<Vec<u8>, Failure> {
        let mut now = Instant::now();
        let deadline = now + self.timeout;
        let mut failed_reply = None;
        let mut failure = Failure::NoReachable;
        for round in 0.. {
            let mut tried = false;
            for server in &self.servers {
                if !server.is_well() {
                    continue;
                }
                let left = deadline.saturating_duration_since(now);
                if left.is_zero() {
                    return failed_reply.ok_or(failure);
                }
                tried = true;
                let patience = server.patience() * 2_u32.saturating_pow(round);
                let limit = now + patience.min(left);
                match timeout_at(limit, server.ask(question, now)).await {
                    Ok(Ok(reply)) if !message::is_failure(&reply) => return Ok(reply),
                    Ok(Ok(reply)) => failed_reply = Some(reply),
                    Ok(Err(_)) => {
                        server.has_failed(false);
                        failure = Failure::Network;
                    }
                    Err(_) => server.has_failed(true),
                }
                now = Instant::now();
            }
            if !tried || failed_reply.is_some() {
                break;
            }
        }
        failed_reply.ok_or(failure)
    }
}
