//! What every request must be, whatever it asks for, and what every answer says to a browser.
//!
//! A page elsewhere may give its own name our address and then read us (DNS rebinding), or have a
//! browser send us something (request forgery): only addresses and our own names are answered, and
//! what changes something must come from a page of ours.

use std::net::IpAddr;

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Site;
use super::problem::Problem;
use crate::config::Config;

/// Octets of a body.
pub(super) const BODY: usize = 64 * 1024;
/// Where the API is.
pub(super) const API: &str = "/api/v1";

/// Said of every answer: a page of ours loads nothing from elsewhere, is shown in no other page, and
/// tells nobody where one came from.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Lets through what may be answered.
pub(super) async fn check(State(site): State<Site>, request: Request, next: Next) -> Response {
    let of_api = of_api(&request);
    let mut response = match refused(&site, &request) {
        None => next.run(request).await,
        Some((status, text)) => {
            let mut response = if of_api {
                Problem::new(status, text).into_response()
            } else {
                (status, format!("{text}\n")).into_response()
            };
            // Its body, if there is one, is not read.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if of_api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Of our API, or of the one that speaks as Pi-hole does: bodies are taken there alone.
fn of_api(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

fn refused(site: &Site, request: &Request) -> Option<(StatusCode, &'static str)> {
    let is_own = |host: &str| is_own_name(host, &site.engine.snapshot().config);
    if !host_of(request.uri(), request.headers()).is_some_and(|authority| is_own(authority.host()))
    {
        let text = "This name is not Trackless's; use its address, or add it to `login.hosts`.";
        return Some((StatusCode::MISDIRECTED_REQUEST, text));
    }
    let changes = changes(request.method());
    if !request.body().is_end_stream() {
        if !changes || !of_api(request) {
            return Some((StatusCode::PAYLOAD_TOO_LARGE, "Nothing here takes a body."));
        }
        if request.body().size_hint().lower() > BODY as u64 {
            return Some((StatusCode::PAYLOAD_TOO_LARGE, "A body has at most 64 KiB."));
        }
    }
    if changes && !is_of_own_page(request.uri(), request.headers()) {
        return Some((StatusCode::FORBIDDEN, "A page elsewhere may not change anything here."));
    }
    None
}

/// Whether a request of this method may change something.
pub(super) fn changes(method: &Method) -> bool {
    !method.is_safe()
}

/// The host is the one of the request's target where it has one, else of its only Host field (RFC
/// 9112 sections 3.2 and 3.2.2). None where there is no such one.
fn host_of(target: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut fields = headers.get_all(header::HOST).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return None };
    let field = || field.to_str().ok()?.parse::<Authority>().ok();
    let authority = target.authority().cloned().or_else(field)?;
    // Neither a user before nor anything but a port behind it: we would look at half a name.
    let port = authority.as_str().strip_prefix(authority.host())?;
    (port.is_empty() || port.starts_with(':')).then_some(authority)
}

fn is_own_name(host: &str, config: &Config) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if address.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let is = |name: &str| host.eq_ignore_ascii_case(name);
    let suffix = &config.local.suffix;
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_str().unwrap_or_default();
    let below = |suffix: &str| !machine.is_empty() && is(&format!("{machine}.{suffix}"));
    let named = config.encrypted.names.iter().map(|name| name.trim_start_matches('='));
    is("trackless.home.arpa")
        || is(&format!("trackless.{suffix}"))
        || (is(machine) && !machine.is_empty())
        || below(suffix)
        || below("local")
        || named.chain(config.login.hosts.iter().map(String::as_str)).any(is)
}

/// Whether a browser says that a page of another origin sends this. Other programs say nothing, and
/// neither do they send what a browser would without being asked.
fn is_of_own_page(target: &Uri, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    if !matches!(text("sec-fetch-site"), None | Some("same-origin" | "none")) {
        return false;
    }
    let Some(origin) = text("origin") else { return true };
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    match (authority, host_of(target, headers)) {
        (Some(origin), Some(own)) => origin.eq_ignore_ascii_case(own.as_str()),
        _ => false,
    }
}
