//! One upstream server: its transports, its round-trip time, its health.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::task;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::figures::{Figures, ServerFigures};
use super::message::{Question, Reply, is_truncated, replies_to};
use super::recursion::Recursion;
use super::stream::Stream;
use super::udp::Udp;
use super::{FIRST_PATIENCE, Failure, GOOD_TIME, LEAST_PATIENCE, MOST_PATIENCE, Means};
use crate::config::{self, Transport, UpstreamUrl};
use crate::wire::HEADER;

/// Failures in a row after which a server is skipped.
const FAILURES: u32 = 3;
/// Time a server must have been silent before it is doubted for silence: many questions at once
/// fail together when a server, or the way to it, only pauses.
const SILENCE: Duration = Duration::from_secs(1);
/// Longer than any question is allowed to take.
const RECURSION_PATIENCE: Duration = Duration::from_secs(60);
/// First and longest pause between two probes of a server that is skipped: people wait for the latter.
const PROBE: Duration = Duration::from_millis(500);
const LONGEST_PROBE: Duration = Duration::from_secs(4);
/// Time a probe gets.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);

/// Why a server gave no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// The system says so, or the connection broke.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// TCP or TLS failed.
    #[error("{0}")]
    Net(#[from] hickory_resolver::net::NetError),
    /// It was asked from the root downwards.
    #[error("{0}")]
    Recursion(Failure),
    /// Nobody tells where the server is.
    #[error("its address is not to be had: {0}")]
    NoAddress(#[from] Failure),
    /// A reply to something else came over a connection that only we use.
    #[error("the reply is to another question")]
    OtherReply,
}

#[derive(Debug)]
pub(super) struct Server {
    recursion: Option<Result<Rc<Recursion>, Failure>>,
    udp: Option<Udp>,
    stream: Stream,
    figures: Arc<Figures>,
    index: usize,
    /// Smoothed round-trip time (RFC 6298's alpha of 1/8); none before the first reply.
    round_trip: Cell<Option<Duration>>,
    /// When the last reply came.
    replied: Cell<Option<Instant>>,
    failures: Cell<u32>,
    failing_since: Cell<Option<Instant>>,
    well: Cell<bool>,
    /// Whether it is being found out if it is well.
    doubted: Cell<bool>,
    itself: Weak<Self>,
}

impl Server {
    pub(super) fn new(
        url: &UpstreamUrl,
        config: &config::Upstream,
        means: &Means<'_>,
        index: usize,
    ) -> Rc<Self> {
        let datagrams = url.address().filter(|_| url.transport == Transport::Udp);
        let recursive = url.transport == Transport::Recursion;
        let recursion = recursive.then(|| Recursion::new(config, means.anchors));
        let figures = Arc::clone(means.figures);
        Rc::new_cyclic(|itself| Self {
            recursion,
            udp: datagrams.map(Udp::new),
            stream: Stream::new(url, means.trust.clone(), means.bootstrap.cloned()),
            figures,
            index,
            round_trip: Cell::default(),
            replied: Cell::default(),
            failures: Cell::default(),
            failing_since: Cell::default(),
            well: Cell::new(true),
            doubted: Cell::default(),
            itself: itself.clone(),
        })
    }

    fn figures(&self) -> Option<&ServerFigures> {
        self.figures.servers.get(self.index)
    }

    /// As it is written in the settings.
    pub(super) fn url(&self) -> &str {
        self.figures().map_or("of the settings", |figures| &figures.url)
    }

    /// False while it is skipped and probed.
    pub(super) fn is_well(&self) -> bool {
        self.well.get()
    }

    /// Smoothed time from question to reply; none before the first one.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip.get()
    }

    /// Whether it is no server, but the way from the root downwards.
    pub(super) fn is_recursive(&self) -> bool {
        self.recursion.is_some()
    }

    /// Time to wait for a first reply before somebody else is asked. A stream may have to be
    /// opened first, which takes up to four round trips.
    pub(super) fn patience(&self) -> Duration {
        if self.is_recursive() {
            // It asks many servers, and passes by those that are silent.
            return RECURSION_PATIENCE;
        }
        let (first, round_trips) =
            if self.udp.is_some() { (FIRST_PATIENCE, 4) } else { (MOST_PATIENCE, 8) };
        self.round_trip.get().map_or(first, |time| {
            // To ask a slow one again before it can have replied would have it never heard.
            (time * round_trips).clamp(LEAST_PATIENCE, MOST_PATIENCE.max(time * 2))
        })
    }

    /// Time within which a reply is to be expected; afterwards another server is asked as well.
    pub(super) fn good_time(&self) -> Duration {
        self.round_trip.get().map_or(GOOD_TIME, |time| (time * 2).max(GOOD_TIME))
    }

    /// Asks, at `started`, and waits as long as it takes.
    pub(super) async fn ask(
        &self,
        question: &Question,
        started: Instant,
    ) -> Result<Vec<u8>, AskError> {
        if let Some(figures) = self.figures() {
            figures.queries.fetch_add(1, Relaxed);
        }
        // What seldom happens is apart: it would make each question's future several times as large, and that
        // is copied whenever it is handed on.
        let mut reply = match (&self.recursion, &self.udp) {
            (Some(recursion), _) => {
                let recursion =
                    recursion.as_ref().map_err(|failure| AskError::Recursion(*failure))?;
                Box::pin(recursion.ask(question)).await.map_err(AskError::Recursion)?
            }
            (None, Some(udp)) => udp.ask(question).await?,
            (None, None) => Box::pin(self.ask_stream(question)).await?,
        };
        if self.udp.is_some() && is_truncated(&reply) {
            reply = Box::pin(self.ask_stream(question)).await?;
        }
        let took = started.elapsed();
        let smoothed = self.round_trip.get().map_or(took, |before| (before * 7 + took) / 8);
        self.round_trip.set(Some(smoothed));
        self.replied.set(Some(started + took));
        self.failures.set(0);
        self.failing_since.set(None);
        if let Some(figures) = self.figures() {
            figures.duration.record(took, 1);
        }
        Ok(reply)
    }

    async fn ask_stream(&self, question: &Question) -> Result<Vec<u8>, AskError> {
        let reply = self.stream.ask(question).await?;
        let (query, question_end) = question.message(0);
        match replies_to(&reply, &query[HEADER..question_end]) {
            Reply::No => Err(AskError::OtherReply),
            Reply::Exactly | Reply::InOtherCase => Ok(reply),
        }
    }

    /// Counts a failure, which may be mere silence; after some in a row the server is skipped until
    /// a probe gets through.
    pub(super) fn has_failed(&self, silently: bool) {
        if let Some(figures) = self.figures() {
            figures.failures.fetch_add(1, Relaxed);
        }
        self.failures.set(self.failures.get() + 1);
        let now = Instant::now();
        let since = self.failing_since.get().unwrap_or(now);
        self.failing_since.set(Some(since));
        if self.failures.get() < FAILURES || !self.is_well() {
            return;
        }
        if !silently {
            self.skip();
        } else if now - since >= SILENCE && !self.doubted.replace(true) {
            task::spawn_local(doubt(self.itself.clone()));
        }
    }

    fn skip(&self) {
        if self.well.replace(false) {
            self.tell_health(false);
            task::spawn_local(probe(self.itself.clone()));
        }
    }

    fn tell_health(&self, healthy: bool) {
        let Some(figures) = self.figures() else { return };
        // Every thread finds out by itself; once is enough for the log.
        if figures.healthy.swap(healthy, Relaxed) == healthy {
            return;
        }
        if healthy {
            info!("upstream {} answers again", figures.url);
        } else {
            warn!(
                "upstream {} does not answer; it is skipped until a probe gets through",
                figures.url
            );
        }
    }
}

/// Finds out whether a server says nothing at all, or only nothing of some names: whoever asks for such a
/// name again and again must not take the server away from the others.
async fn doubt(server: Weak<Server>) {
    let Some(server) = server.upgrade() else { return };
    let (question, start) = (Question::harmless(), Instant::now());
    let reply = timeout(PROBE_PATIENCE, server.ask(&question, start)).await;
    server.doubted.set(false);
    // One to somebody else counts as well: a server that has too much to do answers some.
    let has_replied = server.replied.get().is_some_and(|replied| replied > start);
    if !matches!(reply, Ok(Ok(_))) && !has_replied {
        server.skip();
    }
}

/// Asks a harmless question now and then, until it is answered or the server is no longer used.
async fn probe(server: Weak<Server>) {
    let question = Question::harmless();
    let mut pause = PROBE;
    loop {
        // A quarter more or less, so that threads and houses do not probe in step.
        let jitter = getrandom::u32().unwrap_or(0) % (pause.as_millis() as u32 / 2).max(1);
        let until = Instant::now() + pause * 3 / 4 + Duration::from_millis(jitter.into());
        while Instant::now() < until {
            sleep_until(until.min(Instant::now() + PROBE)).await;
            let Some(server) = server.upgrade() else { return };
            // Another thread's probe may have come through meanwhile.
            if server.figures().is_some_and(|figures| figures.healthy.load(Relaxed)) {
                server.well.set(true);
                return;
            }
        }
        let Some(server) = server.upgrade() else { return };
        if let Ok(Ok(_)) = timeout(PROBE_PATIENCE, server.ask(&question, Instant::now())).await {
            server.well.set(true);
            server.tell_health(true);
            return;
        }
        pause = (pause * 2).min(LONGEST_PROBE);
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use tokio::runtime::Builder;
    use tokio::task::LocalSet;

    use super::super::{Anchors, Trust};
    use super::*;

    #[test]
    fn that_a_server_is_back_is_known_to_all_threads_when_one_finds_it_out() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let url: UpstreamUrl = format!("udp://{}", silent.local_addr().unwrap()).parse().unwrap();
        let config = config::Upstream { servers: vec![url], ..config::Upstream::default() };
        let (figures, trust, anchors) =
            (Arc::new(Figures::new(&config)), Trust::default(), Anchors::default());
        let means = Means { figures: &figures, trust: &trust, anchors: &anchors, bootstrap: None };
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let server = Server::new(&config.servers[0], &config, &means, 0);
            server.skip();
            assert!(!server.is_well() && !figures.servers[0].healthy.load(Relaxed));
            figures.servers[0].healthy.store(true, Relaxed);
            let back = async {
                while !server.is_well() {
                    task::yield_now().await;
                }
            };
            timeout(PROBE_PATIENCE, back).await.expect("it is used again");
        });
    }
}
