//! HTTP: metrics and health.
//!
//! Runs on a thread and a runtime of its own, so that a scrape never delays an answer. It only
//! reads: nothing here may change what the server does, or tell a domain or an address.

mod families;
mod household;
mod metrics;
mod process;

use std::io;
use std::net::{IpAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus::{Registry, TextEncoder};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::engine::Engine;
use metrics::Exporter;

/// Octets of a request's header.
const HEADER: usize = 16 * 1024;
/// Pause when the system gives no connections.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What clients may take of us.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Connections served at a time; more wait.
    connections: usize,
    /// Time for a request's header to arrive, and for the next request to begin.
    header: Duration,
    /// Time a connection may last; a request that came before has `header` to be answered.
    connection: Duration,
}

const LIMITS: Limits =
    Limits { connections: 64, header: Duration::from_secs(5), connection: Duration::from_secs(60) };

/// Reloads since the start.
#[derive(Debug, Default)]
pub struct Reloads {
    /// Those that took effect.
    pub ok: AtomicU64,
    /// Those that left what was there.
    pub failed: AtomicU64,
}

#[derive(Clone)]
struct Site {
    registry: Registry,
    ready: Arc<AtomicBool>,
}

/// Serves `listener` on a thread of its own, for as long as the process lives. `/readyz` is
/// negative until `ready` is set.
///
/// # Errors
/// No thread, no runtime, or the listener is of no use.
pub fn spawn(
    listener: TcpListener,
    engine: Arc<Engine>,
    reloads: Arc<Reloads>,
    ready: Arc<AtomicBool>,
) -> io::Result<()> {
    spawn_within(LIMITS, listener, engine, reloads, ready)
}

fn spawn_within(
    limits: Limits,
    listener: TcpListener,
    engine: Arc<Engine>,
    reloads: Arc<Reloads>,
    ready: Arc<AtomicBool>,
) -> io::Result<()> {
    let registry = Registry::new();
    registry.register(Box::new(Exporter::new(engine, reloads))).map_err(io::Error::other)?;
    let site = Site { registry, ready };
    let router = Router::new()
        .route("/", get(index))
        .route("/metrics", get(show_metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(show_ready))
        .fallback(async || (StatusCode::NOT_FOUND, "Not here; see /\n"))
        .layer(middleware::from_fn(check))
        .with_state(site);

    listener.set_nonblocking(true)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    thread::Builder::new().name("web".to_owned()).spawn(move || {
        runtime.block_on(serve(listener, router, limits));
    })?;
    Ok(())
}

async fn serve(listener: tokio::net::TcpListener, router: Router, limits: Limits) {
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(EXHAUSTED).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(limits.header).max_buf_size(HEADER);
            let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
            // How a connection ends is its client's business.
            if timeout(limits.connection, connection.as_mut()).await.is_err() {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(limits.header, connection).await;
            }
            drop(place);
        });
    }
}

/// A page elsewhere may give its own name our address and then read us (DNS rebinding): only
/// addresses and our own names are answered. Nothing here takes a body, and so none is read.
async fn check(request: Request, next: Next) -> Response {
    if !is_own_host(&request) {
        let text = "This name is not Trackless's; use its address.\n";
        return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
    }
    if !request.body().is_end_stream() {
        let text = "Nothing here takes a body.\n";
        return (StatusCode::PAYLOAD_TOO_LARGE, [(header::CONNECTION, "close")], text)
            .into_response();
    }
    next.run(request).await
}

/// The host is the one of the request's target where it has one, else of its only Host field (RFC
/// 9112 sections 3.2 and 3.2.2).
fn is_own_host(request: &Request) -> bool {
    let mut fields = request.headers().get_all(header::HOST).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return false };
    let field = field.to_str().ok().and_then(|field| field.parse::<Authority>().ok());
    let Some(authority) = request.uri().authority().or(field.as_ref()) else { return false };
    let host = authority.host();
    // Neither a user before nor anything but a port behind it: we would look at half a name.
    let port = authority.as_str().strip_prefix(host);
    if !port.is_some_and(|port| port.is_empty() || port.starts_with(':')) {
        return false;
    }
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse::<IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || host.eq_ignore_ascii_case("trackless.home.arpa")
}

async fn index() -> &'static str {
    "Trackless: /metrics, /healthz, /readyz\n"
}

async fn show_ready(State(site): State<Site>) -> (StatusCode, &'static str) {
    if site.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: starting or stopping\n")
    }
}

async fn show_metrics(State(site): State<Site>) -> Response {
    match TextEncoder::new().encode_to_string(&site.registry.gather()) {
        Ok(text) => {
            let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
            ([kind], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests;
