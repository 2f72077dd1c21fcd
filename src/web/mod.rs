//! HTTP: the API with its document, the dashboard's files, login, metrics and health.
//!
//! Runs on a thread and a runtime of its own, so that no page ever delays an answer; what waits for
//! the disk, or computes long, runs on a few threads beside it. Everything of the API needs a login
//! or a token, but for what `login` opens to all; nothing is kept or told elsewhere.
//!
//! ```text
//! connection ─ serve ─ guard ─┬─ /metrics, /healthz, /readyz
//!                             ├─ /api/v1 ─ scope ─ a handler
//!                             ├─ /api ─ pihole: the same, as Pi-hole's apps ask
//!                             └─ files
//! ```

mod api;
mod events;
mod families;
mod files;
mod guard;
mod household;
mod login;
mod metrics;
mod pihole;
mod problem;
mod process;
mod scope;
mod serve;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use subtle::ConstantTimeEq as _;
use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;

use crate::engine::Engine;
use crate::hardening::Hardened;
use api::House;
pub use login::{Accounts, Password, Who};
use metrics::Exporter;
use problem::Problem;
use serve::{LIMITS, Limits};

/// Threads for what waits for the disk, or computes long.
const THREADS: usize = 4;
/// Longest time of such work.
const LONGEST: Duration = Duration::from_secs(10);

/// Reloads since the start.
#[derive(Debug, Default)]
pub struct Reloads {
    /// Those that took effect.
    pub ok: AtomicU64,
    /// Those that left what was there.
    pub failed: AtomicU64,
}

/// Where DNS is answered: addresses and ports as they are bound, by what is spoken there.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    /// Plain DNS.
    pub dns: Vec<SocketAddr>,
    /// DNS over TLS.
    pub tls: Vec<SocketAddr>,
    /// DNS over HTTPS and HTTP/3.
    pub https: Vec<SocketAddr>,
    /// DNS over QUIC.
    pub quic: Vec<SocketAddr>,
}

/// What there is to show and to change.
#[derive(Clone)]
pub struct Site {
    engine: Arc<Engine>,
    /// What the API tells of and changes.
    house: Arc<House>,
    accounts: Arc<Accounts>,
    exporter: Arc<Exporter>,
    ready: Arc<AtomicBool>,
    /// Places for streams of events.
    streams: Arc<Semaphore>,
}

impl Site {
    /// A site of `engine`, which answers at `bound` and keeps its things in `data`. `/readyz` is
    /// negative until `ready` is set.
    pub fn new(
        engine: Arc<Engine>,
        (bound, data): (Bound, Option<PathBuf>),
        accounts: Arc<Accounts>,
        reloads: Arc<Reloads>,
        hardened: Arc<Hardened>,
        ready: Arc<AtomicBool>,
    ) -> Self {
        let exporter = Arc::new(Exporter::new(Arc::clone(&engine), reloads, hardened));
        let streams = Arc::new(Semaphore::new(serve::STREAMS));
        let house = Arc::new(House::new(Arc::clone(&engine), bound, data));
        Self { engine, house, accounts, exporter, ready, streams }
    }
}

/// Where HTTP is served.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Everything, but for metrics where they have a listener of their own.
    pub web: Option<TcpListener>,
    /// Metrics and health.
    pub metrics: Option<TcpListener>,
}

/// How far pages stand back behind answers: not so far that the button could not be pressed in a flood. Beside
/// one thread that answers without pause, 10 is a tenth of a core (weights of Linux, sched(7)).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Serves `listeners` on a thread of its own, for as long as the process lives.
///
/// # Errors
/// No thread, no runtime, or a listener is of no use.
pub fn spawn(listeners: Listeners, site: Site) -> io::Result<()> {
    let Listeners { web, metrics } = listeners;
    let everything = pages().merge(if metrics.is_none() { measured() } else { Router::new() });
    let web = web.map(|listener| (listener, open(everything, &site)));
    let alone = measured().route("/", get(async || "Trackless: /metrics, /healthz, /readyz\n"));
    let metrics = metrics.map(|listener| (listener, open(alone, &site)));
    spawn_within(LIMITS, web.into_iter().chain(metrics).collect(), site.accounts.ended())
}

/// Opens what `router` shows to those who may see it, and tells everybody how it goes.
fn open(router: Router<Site>, site: &Site) -> Router {
    router
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(show_ready))
        .layer(middleware::from_fn_with_state(site.clone(), guard::check))
        .with_state(site.clone())
}

fn spawn_within(
    limits: Limits,
    served: Vec<(TcpListener, Router)>,
    ended: watch::Receiver<u64>,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .thread_name("web-work")
        .build()?;
    let served = {
        let _inside = runtime.enter();
        let serve = |(listener, router): (TcpListener, Router)| {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Ok(serve::serve(listener, router, limits, ended.clone()))
        };
        served.into_iter().map(serve).collect::<io::Result<Vec<_>>>()?
    };
    thread::Builder::new().name("web".to_owned()).spawn(move || {
        // On Linux this is a matter of this thread, and of those that it starts.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(None, NICENESS);
        runtime.block_on(join_all(served));
    })?;
    Ok(())
}

/// The API and the dashboard.
fn pages() -> Router<Site> {
    let (api, described) = api().split_for_parts();
    let api = api
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes other methods")
        })
        .layer(middleware::from_fn(api::tag))
        .layer(DefaultBodyLimit::max(guard::BODY));
    Router::new()
        .nest(guard::API, api)
        .merge(api::described(described))
        .merge(pihole::pages())
        .fallback(files::show)
}

fn measured() -> Router<Site> {
    Router::new().route("/metrics", get(show_metrics))
}

/// All of the API, with its document. Nothing may be added in another way: what is not in the
/// document is not tested for who may do it.
fn api() -> OpenApiRouter<Site> {
    OpenApiRouter::new().merge(login::router()).merge(api::router())
}

/// Does what waits for the disk, or computes long, beside the thread that serves.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let text = "this takes too long; ask for less, or again later";
    let late = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, text);
    let text = "a failure that should not be; please report this";
    let failed = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text);
    timeout(LONGEST, spawn_blocking(work)).await.map_err(late)?.map_err(failed)
}

async fn show_ready(State(site): State<Site>) -> (StatusCode, &'static str) {
    if site.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: starting or stopping\n")
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

async fn show_metrics(State(site): State<Site>, headers: HeaderMap) -> Response {
    let token = &site.engine.snapshot().config.metrics.token;
    if !token.is_empty() && !bears(&headers, token) {
        let challenge = (header::WWW_AUTHENTICATE, "Bearer realm=\"trackless\"");
        let text = "Prometheus must say the token of `metrics` in the settings.\n";
        return (StatusCode::UNAUTHORIZED, [challenge], text).into_response();
    }
    match beside(move || site.exporter.text()).await {
        Ok(Ok(text)) => {
            let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
            ([kind], text).into_response()
        }
        Err(problem) => problem.into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests;
