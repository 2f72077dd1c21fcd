//! Connections of the HTTP server: how many there are, how long they last, whose they are.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_io_timeout::TimeoutStream;

use super::Site;
use super::problem::Problem;

/// Octets of a request's header.
pub(super) const HEADER: usize = 16 * 1024;
/// Pause when the system gives no connections.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// Streams served at a time: far fewer than connections, so that they never take all of them.
pub(super) const STREAMS: usize = 32;

/// What clients may take of us.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections served at a time; more wait.
    pub(super) connections: usize,
    /// Time for a request's header to arrive, and for the next request to begin.
    pub(super) header: Duration,
    /// Time a connection may last; a request that came before has `header` to be answered.
    pub(super) connection: Duration,
    /// The same, of one that serves a stream of events; a browser comes again by itself.
    pub(super) stream: Duration,
    /// Time for a client to take anything of what it is sent.
    pub(super) stall: Duration,
}

pub(super) const LIMITS: Limits = Limits {
    connections: 128,
    header: Duration::from_secs(5),
    connection: Duration::from_secs(60),
    stream: Duration::from_secs(3_600),
    stall: Duration::from_secs(15),
};

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    streaming: Arc<AtomicBool>,
    /// Changes, in that its sender goes, when the time of the connection is over.
    over: watch::Receiver<()>,
}

/// A place for a stream of events, which may last longer than other answers: whoever makes the
/// stream keeps it as long as the stream lives, and ends the stream when the place is over. A stream
/// that does not end then, and any answer without a place, is cut off.
#[derive(Debug)]
pub(super) struct StreamPlace {
    peer: Option<Peer>,
    _place: OwnedSemaphorePermit,
}

impl FromRequestParts<Site> for StreamPlace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let text = "too many pages are open; close some";
        let place = Arc::clone(&site.streams)
            .try_acquire_owned()
            .map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, text))?;
        let peer = parts.extensions.get::<Peer>().cloned();
        if let Some(peer) = &peer {
            peer.streaming.store(true, Relaxed);
        }
        Ok(Self { peer, _place: place })
    }
}

impl StreamPlace {
    /// Waits until the stream must end: a browser takes one that is cut off for an error.
    pub(super) async fn over(&self) {
        match &self.peer {
            Some(peer) => drop(peer.over.clone().changed().await),
            None => std::future::pending().await,
        }
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        if let Some(peer) = &self.peer {
            peer.streaming.store(false, Relaxed);
        }
    }
}

/// Serves until the process ends. Streams end when `ended` changes: a login has ended, and whoever
/// may still look comes again.
pub(super) async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    limits: Limits,
    ended: watch::Receiver<u64>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, address)) = listener.accept().await else {
            sleep(EXHAUSTED).await;
            continue;
        };
        let address = address.ip().to_canonical();
        let (open, over) = watch::channel(());
        let peer = Peer { address, streaming: Arc::default(), over };
        let service = TowerToHyperService::new(router.clone());
        let ended = ended.clone();
        tokio::spawn(async move {
            let of_requests = peer.clone();
            let service = service_fn(move |mut request: Request<_>| {
                request.extensions_mut().insert(of_requests.clone());
                service.call(request)
            });
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(limits.stall));
            let stream = TokioIo::new(Box::pin(stream));
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(limits.header).max_buf_size(HEADER);
            let mut connection = pin!(http.serve_connection(stream, service));
            // How a connection ends is its client's business.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = is_over(limits, &peer, ended) => {
                    drop(open);
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(limits.header, connection).await;
                }
            }
            drop(place);
        });
    }
}

/// Waits until the time of a connection is over.
async fn is_over(limits: Limits, peer: &Peer, mut ended: watch::Receiver<u64>) {
    let begun = Instant::now();
    loop {
        let streams = peer.streaming.load(Relaxed);
        let time = if streams { limits.stream } else { limits.connection };
        tokio::select! {
            () = sleep_until(begun + time) => {
                if streams || !peer.streaming.load(Relaxed) {
                    return;
                }
            }
            changed = ended.changed() => {
                if changed.is_err() || peer.streaming.load(Relaxed) {
                    return;
                }
            }
        }
    }
}
