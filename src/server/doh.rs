//! DNS over HTTPS (RFC 8484): HTTP/2 and HTTP/1.1 over connections that `stream` has accepted, HTTP/3
//! over those of `quic`.
//!
//! hickory-server's door knows neither GET nor any path but one, and tells nobody the path; hyper
//! and h3 do. The path may go on behind `/dns-query`, with the name a device gives itself.

use std::convert::Infallible;
use std::future::Future;
use std::rc::Rc;

use data_encoding::BASE64URL_NOPAD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Buf as _, Bytes};
use hyper::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::connections::Place;
use super::stream::{LONGEST_QUERY, PIPELINE, Shared};
use crate::engine::Client;
use crate::wire::least_ttl;

/// Protocols of TLS's negotiation, the better one first.
pub const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// Protocol of TLS's negotiation over QUIC.
pub const PROTOCOL_H3: &[u8] = b"h3";
const PATH: &str = "/dns-query";
const NO_NAME: &str = "A device's name has 1 to 32 letters, digits and hyphens\n";
const MESSAGE: &str = "application/dns-message";
/// Octets of headers that are taken.
const HEADERS: u32 = 8_192;

/// Runs what hyper has to do beside, on this thread.
#[derive(Debug, Clone, Copy)]
struct Here;

impl<F: Future<Output = ()> + 'static> Executor<F> for Here {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// Serves one connection until it ends or is idle for too long.
pub(super) async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    client: Client,
    place: Rc<Place>,
    shared: Rc<Shared>,
) {
    let mut http = auto::Builder::new(Here);
    http.http1().timer(TokioTimer::new()).header_read_timeout(shared.limits.idle);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(PIPELINE as u32)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(shared.limits.idle)
        .keep_alive_timeout(shared.limits.stall);
    let mut stop = shared.stop.clone();
    let service = service_fn(|request| {
        let (place, shared) = (Rc::clone(&place), Rc::clone(&shared));
        async move { Ok::<_, Infallible>(answer(request, client, &place, &shared).await) }
    });
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // How a connection ends is its client's business.
        _ = connection.as_mut() => {}
        _ = stop.wait_for(|&stop| stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(shared.limits.stall, connection).await;
        }
    }
}

/// Serves one connection of HTTP/3 until it ends; `quic` sees to its limits.
pub(super) async fn h3_connection(
    connection: quinn::Connection,
    client: Client,
    place: Rc<Place>,
    shared: Rc<Shared>,
) {
    let mut http = h3::server::builder();
    http.max_field_section_size(HEADERS.into());
    let Ok(mut http) = http.build(h3_quinn::Connection::new(connection)).await else { return };
    while let Ok(Some(request)) = http.accept().await {
        let (place, shared) = (Rc::clone(&place), Rc::clone(&shared));
        tokio::task::spawn_local(async move {
            let head = timeout(shared.limits.stall, request.resolve_request()).await;
            let Ok(Ok((request, mut stream))) = head else { return };
            let mut body = Vec::new();
            let reading = async {
                while body.len() <= LONGEST_QUERY
                    && let Ok(Some(mut part)) = stream.recv_data().await
                {
                    body.extend_from_slice(&part.copy_to_bytes(part.remaining()));
                }
            };
            if timeout(shared.limits.stall, reading).await.is_err() {
                return;
            }
            let request = request.map(|()| Full::new(Bytes::from(body)));
            let (mut head, body) = answer(request, client, &place, &shared).await.into_parts();
            let body = body.collect().await.unwrap_or_default().to_bytes();
            head.headers.insert(CONTENT_LENGTH, body.len().into());
            // A client that has gone does not want its reply any more.
            let reply = async {
                stream.send_response(Response::from_parts(head, ())).await?;
                stream.send_data(body).await?;
                stream.finish().await
            };
            let _ = timeout(shared.limits.stall, reply).await;
        });
    }
}

async fn answer<B: Body>(
    request: Request<B>,
    mut client: Client,
    place: &Place,
    shared: &Shared,
) -> Response<Full<Bytes>>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    match request.uri().path().strip_prefix(PATH).and_then(|rest| rest.split_at_checked(1)) {
        None if request.uri().path() == PATH => {}
        Some(("/", "")) => {}
        Some(("/", name)) => {
            let Some(device) = shared.device(name, client.address) else {
                return refuse(StatusCode::NOT_FOUND, NO_NAME);
            };
            client.device = Some(device);
        }
        _ => return refuse(StatusCode::NOT_FOUND, "Not here; DNS is at /dns-query\n"),
    }
    let query = match *request.method() {
        Method::GET => from_target(request.uri().query()),
        Method::POST => from_body(request, shared).await,
        _ => {
            let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "GET or POST\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            return response;
        }
    };
    let query = match query {
        Ok(query) => query,
        Err(status) => return refuse(status, "This is not a DNS query\n"),
    };
    let Some(reply) = shared.reply(&query, client, place).await else {
        return refuse(StatusCode::FORBIDDEN, "This query is not answered\n");
    };
    // HTTP's caches may hold it as long as DNS's (RFC 8484 section 5.1).
    let age = format!("max-age={}", least_ttl(&reply).unwrap_or(0));
    let mut response = Response::new(Full::new(Bytes::from(reply)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MESSAGE));
    headers.extend(HeaderValue::try_from(age).map(|age| (CACHE_CONTROL, age)));
    response
}

/// The query in `?dns=`.
fn from_target(target: Option<&str>) -> Result<Vec<u8>, StatusCode> {
    let mut pairs = target.unwrap_or("").split('&');
    let text = pairs.find_map(|pair| pair.strip_prefix("dns=")).ok_or(StatusCode::BAD_REQUEST)?;
    if text.len() > LONGEST_QUERY * 4 / 3 + 4 {
        return Err(StatusCode::URI_TOO_LONG);
    }
    let text = text.trim_end_matches('=').as_bytes();
    BASE64URL_NOPAD.decode(text).map_err(|_| StatusCode::BAD_REQUEST)
}

async fn from_body<B: Body>(request: Request<B>, shared: &Shared) -> Result<Vec<u8>, StatusCode>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let is = |name, or| request.headers().get(name).map_or(or, |kind| kind == MESSAGE);
    if !is(CONTENT_TYPE, false) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let anything = request.headers().get(ACCEPT).is_some_and(|kinds| {
        kinds.to_str().is_ok_and(|kinds| kinds.contains("*/*") || kinds.contains(MESSAGE))
    });
    if !is(ACCEPT, true) && !anything {
        return Err(StatusCode::NOT_ACCEPTABLE);
    }
    let body = Limited::new(request.into_body(), LONGEST_QUERY).collect();
    match timeout(shared.limits.stall, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn refuse(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
