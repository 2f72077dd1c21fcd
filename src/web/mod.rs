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
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus::{Registry, TextEncoder};
use subtle::ConstantTimeEq as _;
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
    engine: Arc<Engine>,
    registry: Registry,
    ready: Arc<AtomicBool>,
}

/// Where HTTP is served.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Everything, but for metrics where they have a listener of their own.
    pub web: Option<TcpListener>,
    /// Metrics and health.
    pub metrics: Option<TcpListener>,
}

/// Serves `listeners` on a thread of its own, for as long as the process lives. `/readyz` is
/// negative until `ready` is set.
///
/// # Errors
/// No thread, no runtime, or a listener is of no use.
pub fn spawn(
    listeners: Listeners,
    engine: Arc<Engine>,
    reloads: Arc<Reloads>,
    ready: Arc<AtomicBool>,
) -> io::Result<()> {
    spawn_within(LIMITS, listeners, engine, reloads, ready)
}

fn spawn_within(
    limits: Limits,
    listeners: Listeners,
    engine: Arc<Engine>,
    reloads: Arc<Reloads>,
    ready: Arc<AtomicBool>,
) -> io::Result<()> {
    let registry = Registry::new();
    let exporter = Exporter::new(Arc::clone(&engine), reloads);
    registry.register(Box::new(exporter)).map_err(io::Error::other)?;
    let site = Site { engine, registry, ready };
    let Listeners { web, metrics } = listeners;
    let router = |with_metrics: bool| {
        let metrics = Router::new().route("/metrics", get(show_metrics));
        Router::new()
            .route("/", get(async move || index(with_metrics)))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(show_ready))
            .merge(if with_metrics { metrics } else { Router::new() })
            .fallback(async || (StatusCode::NOT_FOUND, "Not here; see /\n"))
            .layer(middleware::from_fn(check))
            .with_state(site.clone())
    };
    let web = web.map(|listener| (listener, router(metrics.is_none())));
    let metrics = metrics.map(|listener| (listener, router(true)));

    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let served = {
        let _inside = runtime.enter();
        let serve = |(listener, router): (TcpListener, Router)| {
            listener.set_nonblocking(true)?;
            Ok(serve(tokio::net::TcpListener::from_std(listener)?, router, limits))
        };
        web.into_iter().chain(metrics).map(serve).collect::<io::Result<Vec<_>>>()?
    };
    thread::Builder::new().name("web".to_owned()).spawn(move || {
        runtime.block_on(join_all(served));
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

fn index(with_metrics: bool) -> &'static str {
    match with_metrics {
        true => "Trackless: /metrics, /healthz, /readyz\n",
        false => "Trackless: /healthz, /readyz\n",
    }
}

/// Whether who asks knows `token` (RFC 6750 section 2.1). How long that takes tells nothing of it but
/// its length.
fn bears(headers: &HeaderMap, token: &str) -> bool {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return false };
    let (scheme, given) = match field.as_bytes().split_first_chunk::<7>() {
        Some((scheme, given)) => (scheme, given.trim_ascii()),
        None => return false,
    };
    scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(given.ct_eq(token.as_bytes()))
}

async fn show_ready(State(site): State<Site>) -> (StatusCode, &'static str) {
    if site.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: starting or stopping\n")
    }
}

async fn show_metrics(State(site): State<Site>, headers: HeaderMap) -> Response {
    let token = &site.engine.snapshot().config.metrics.token;
    if !token.is_empty() && !bears(&headers, token) {
        let challenge = (header::WWW_AUTHENTICATE, "Bearer realm=\"trackless\"");
        let text = "Prometheus must say the token of `metrics` in the settings.\n";
        return (StatusCode::UNAUTHORIZED, [challenge], text).into_response();
    }
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
