//! Who may do what: a handler names the least scope it needs as one of its arguments.
//!
//! ```text
//! request ─ cookie | token | a proxy's word ─▶ Caller ─▶ Reader | Presser | Admin | Owner
//! ```
//!
//! A handler with none of these is open to all who reach the port. A browser sends a cookie, or
//! what a proxy makes of it, with every request, whoever has it ask: what changes something must
//! then also have the header `X-Trackless`, which no page elsewhere can give it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Site;
use super::guard::changes;
use super::login::{SESSION, Who};
use super::problem::Problem;
use super::serve::Peer;
use crate::config::Login;

/// What somebody may do; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// Look.
    Read,
    /// Press the button.
    Button,
    /// Change everything.
    Admin,
}

/// By what somebody is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// A session; what is kept of its secret.
    Session(String),
    /// A token.
    Token,
    /// The word of a proxy.
    Proxy,
}

/// Somebody who is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// `owner`, `viewer`, or the name of a token.
    pub(super) name: String,
    pub(super) scope: Scope,
    pub(super) proof: Proof,
}

/// Somebody who may look.
pub(super) struct Reader;
/// Somebody who may press the button.
pub(super) struct Presser;
/// Somebody who may change everything.
pub(super) struct Admin;
/// The owner in person: no token may make others, or change how to log in.
pub(super) struct Owner(pub(super) Caller);

impl FromRequestParts<Site> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        at_least(Scope::Read, parts, site).map(|_| Self)
    }
}

impl FromRequestParts<Site> for Presser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        at_least(Scope::Button, parts, site).map(|_| Self)
    }
}

impl FromRequestParts<Site> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        at_least(Scope::Admin, parts, site).map(|_| Self)
    }
}

impl FromRequestParts<Site> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let caller = at_least(Scope::Admin, parts, site)?;
        if caller.proof == Proof::Token {
            let text = "no token may do this; log in as the owner";
            return Err(Problem::new(StatusCode::FORBIDDEN, text));
        }
        Ok(Self(caller))
    }
}

/// Who asks, if anybody who is known: for handlers that are open to all.
pub(super) struct Anybody(pub(super) Option<Caller>);

impl FromRequestParts<Site> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        caller(parts, site).map(Self)
    }
}

/// Where a request comes from: the other end of the connection, or what a proxy says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source(pub(super) IpAddr);

impl FromRequestParts<Site> for Source {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let peer = peer(parts)?;
        let login = &site.engine.snapshot().config.login;
        if !is_proxy(peer, login) {
            return Ok(Self(peer));
        }
        // The last one is the proxy's own; those before it may say anything.
        let mut fields = parts.headers.get_all("x-forwarded-for").iter();
        let last = fields.next_back().and_then(|field| field.to_str().ok()?.rsplit(',').next());
        let address = last.and_then(|text| text.trim().parse::<IpAddr>().ok());
        Ok(Self(address.map_or(peer, |address| address.to_canonical())))
    }
}

/// Whether a browser came by TLS, as a proxy says; then its cookie must not go without.
pub(super) struct Encrypted(pub(super) bool);

impl FromRequestParts<Site> for Encrypted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let by_proxy = is_proxy(peer(parts)?, &site.engine.snapshot().config.login);
        let https = HeaderValue::from_static("https");
        Ok(Self(by_proxy && parts.headers.get("x-forwarded-proto") == Some(&https)))
    }
}

fn peer(parts: &Parts) -> Result<IpAddr, Problem> {
    let text = "it is not known from where this came; please report this";
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.address);
    peer.ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text))
}

fn is_proxy(peer: IpAddr, login: &Login) -> bool {
    login.proxies.iter().any(|network| network.contains(&peer))
}

fn at_least(scope: Scope, parts: &Parts, site: &Site) -> Result<Caller, Problem> {
    let Some(caller) = caller(parts, site)? else {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "log in, or send a token"));
    };
    if caller.scope < scope {
        let text = "this login or token may not do this; log in as the owner";
        return Err(Problem::new(StatusCode::FORBIDDEN, text));
    }
    Ok(caller)
}

/// Who asks. A token that is sent counts alone.
fn caller(parts: &Parts, site: &Site) -> Result<Option<Caller>, Problem> {
    if let Some(field) = parts.headers.get(header::AUTHORIZATION) {
        let token = field.to_str().ok().and_then(|field| field.strip_prefix("Bearer "));
        // Another scheme is a proxy's own business.
        if let Some(token) = token {
            let known = site.accounts.token(token.trim());
            let text = "this token is not known; make a new one in the dashboard";
            let (name, scope, kept) =
                known.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, text))?;
            mark_used(site, &kept);
            return Ok(Some(Caller { name, scope, proof: Proof::Token }));
        }
    }
    let known = by_session(&parts.headers, site)
        .map_or_else(|| by_proxy(parts, site), |caller| Ok(Some(caller)))?;
    if known.is_some() && changes(&parts.method) {
        is_meant(&parts.headers)?;
    }
    Ok(known)
}

/// Whether a page of ours, or a program, means it: no page elsewhere can send this header.
pub(super) fn is_meant(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key("x-trackless") {
        return Ok(());
    }
    let text = "what changes something needs the header `X-Trackless: 1`";
    Err(Problem::new(StatusCode::FORBIDDEN, text))
}

fn by_session(headers: &HeaderMap, site: &Site) -> Option<Caller> {
    let secret = cookie(headers)?;
    let (who, kept) = site.accounts.session(secret)?;
    mark_used(site, &kept);
    Some(Caller { name: who.as_str().to_owned(), scope: who.scope(), proof: Proof::Session(kept) })
}

/// Waits for nothing: it is written beside, and once a day at most.
pub(super) fn mark_used(site: &Site, kept: &str) {
    if site.accounts.is_due(kept) {
        let (accounts, kept) = (Arc::clone(&site.accounts), kept.to_owned());
        drop(tokio::task::spawn_blocking(move || accounts.prolong(&kept)));
    }
}

/// The secret of a session.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(SESSION)?.strip_prefix('='))
}

fn by_proxy(parts: &Parts, site: &Site) -> Result<Option<Caller>, Problem> {
    let snapshot = site.engine.snapshot();
    let login = &snapshot.config.login;
    if !is_proxy(peer(parts)?, login) {
        return Ok(None);
    }
    // Twice is once too often: one of them is not the proxy's.
    let mut fields = parts.headers.get_all(login.header.as_str()).iter();
    let (Some(name), None) = (fields.next(), fields.next()) else { return Ok(None) };
    let is = |names: &[String]| names.iter().any(|known| known.as_bytes() == name.as_bytes());
    let who = match (is(&login.owners), is(&login.viewers)) {
        (true, _) => Who::Owner,
        (false, true) => Who::Viewer,
        (false, false) => return Ok(None),
    };
    let name = who.as_str().to_owned();
    Ok(Some(Caller { name, scope: who.scope(), proof: Proof::Proxy }))
}
