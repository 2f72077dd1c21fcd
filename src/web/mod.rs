//! HTTP: metrics and health.
//!
//! Runs on a thread and a runtime of its own, so that a scrape never delays an answer. It only
//! reads: nothing here may change what the server does, or tell a domain or an address.

mod metrics;
mod process;

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
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

/// Connections served at a time; more wait.
const CONNECTIONS: usize = 64;
/// Time for a request's header to arrive.
const HEADER: Duration = Duration::from_secs(5);
/// Time a connection may last: no client of ours needs one for long.
const CONNECTION: Duration = Duration::from_secs(60);
/// Pause when the system gives no connections.
const EXHAUSTED: Duration = Duration::from_millis(100);

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
    let registry = Registry::new();
    registry.register(Box::new(Exporter::new(engine, reloads))).map_err(io::Error::other)?;
    let site = Site { registry, ready };
    let router = Router::new()
        .route("/", get(index))
        .route("/metrics", get(show_metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(show_ready))
        .layer(middleware::from_fn(check_host))
        .with_state(site);

    listener.set_nonblocking(true)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    thread::Builder::new().name("web".to_owned()).spawn(move || {
        runtime.block_on(serve(listener, router));
    })?;
    Ok(())
}

async fn serve(listener: tokio::net::TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(EXHAUSTED).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEADER);
            // How a connection ends is its client's business.
            let connection = http.serve_connection(TokioIo::new(stream), service);
            let _ = timeout(CONNECTION, connection).await;
            drop(place);
        });
    }
}

/// A page elsewhere may give its own name our address and then read us (DNS rebinding): only
/// addresses and our own names are answered.
async fn check_host(request: Request, next: Next) -> Response {
    if is_own_host(request.headers()) {
        next.run(request).await
    } else {
        let text = "This name is not Trackless's; use its address.\n";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    }
}

fn is_own_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || name.eq_ignore_ascii_case("trackless.home.arpa")
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
mod tests {
    use super::*;

    #[test]
    fn only_own_names_are_answered() {
        for (host, own) in [
            ("127.0.0.1:8053", true),
            ("192.168.1.2", true),
            ("[::1]:8053", true),
            ("localhost:8053", true),
            ("Trackless.home.arpa", true),
            ("evil.example:8053", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(is_own_host(&headers), own, "{host}");
        }
        assert!(!is_own_host(&HeaderMap::new()));
    }
}
