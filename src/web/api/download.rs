//! Files for devices: whom to trust, and a profile for Apple's systems.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use twox_hash::XxHash3_128;
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::House;
use super::document::escaped;
use super::request::Query;
use crate::data::AUTHORITY;
use crate::engine::told::own_addresses;

/// Whether devices must be told to trust the house's own authority.
pub(super) fn has_authority(house: &House) -> bool {
    let snapshot = house.engine.snapshot();
    let encrypted = &snapshot.config.encrypted;
    let is_own = encrypted.certificate.is_none() && encrypted.acme.is_none();
    is_own && house.data.as_ref().is_some_and(|data| data.join(AUTHORITY).is_file())
}

fn read_authority(house: &House) -> Result<String, Problem> {
    let path =
        house.data.as_ref().filter(|_| has_authority(house)).map(|data| data.join(AUTHORITY));
    path.and_then(|path| fs::read_to_string(path).ok()).ok_or_else(|| {
        let detail = "there is no authority of the house's own: no door that encrypts is open, \
                      or its certificate is from elsewhere";
        Problem::new(StatusCode::NOT_FOUND, detail)
    })
}

fn file(kind: &'static str, name: &str, content: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let head =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (head, content).into_response()
}

/// The certificate of the house's own authority
#[utoipa::path(get, path = "/ca.pem", tag = "read",
    responses((status = 200, body = String, content_type = "application/x-pem-file")))]
pub(super) async fn authority(
    _: Reader,
    State(house): State<Arc<House>>,
) -> Result<Response, Problem> {
    house
        .work(|house| {
            let pem = read_authority(house)?;
            Ok(file("application/x-pem-file", "trackless-ca.pem", pem))
        })
        .await
}

/// What is spoken.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// DNS over HTTPS.
    Https,
    /// DNS over TLS.
    Tls,
}

/// Which profile.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// What is to be spoken.
    #[param(inline)]
    kind: Kind,
}

/// A profile by which Apple's systems ask this server
#[utoipa::path(get, path = "/apple.mobileconfig", tag = "read", params(Which),
    responses((status = 200, body = String, content_type = "application/x-apple-aspen-config")))]
pub(super) async fn apple(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(Which { kind }): Query<Which>,
) -> Result<Response, Problem> {
    house
        .work(move |house| {
            let profile = profile(house, kind)?;
            Ok(file("application/x-apple-aspen-config", "trackless.mobileconfig", profile))
        })
        .await
}

fn profile(house: &House, kind: Kind) -> Result<String, Problem> {
    let snapshot = house.engine.snapshot();
    let encrypted = &snapshot.config.encrypted;
    let (doors, protocol, usual): (&[SocketAddr], _, _) = match kind {
        Kind::Https => (&house.bound.https, "HTTPS", 443),
        Kind::Tls => (&house.bound.tls, "TLS", 853),
    };
    let Some(door) = doors.first() else {
        let detail = format!("no door for DNS over {protocol} is open; see `encrypted`");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    let name = encrypted.names.first().map_or("trackless.home.arpa", String::as_str);
    let name = escaped(name);
    let mut settings = format!("<key>DNSProtocol</key><string>{protocol}</string>");
    let _ = match kind {
        Kind::Https => {
            let port =
                if door.port() == usual { String::new() } else { format!(":{}", door.port()) };
            let url = format!("https://{name}{port}/dns-query");
            write!(settings, "<key>ServerURL</key><string>{url}</string>")
        }
        // Apple's systems ask no other port.
        Kind::Tls => write!(settings, "<key>ServerName</key><string>{name}</string>"),
    };
    let own = if door.ip().is_unspecified() { own_addresses() } else { vec![door.ip()] };
    let addresses: String =
        own.iter().map(|address| format!("<string>{address}</string>")).collect();
    let _ = write!(settings, "<key>ServerAddresses</key><array>{addresses}</array>");
    let seed = format!("{name} {protocol}");
    let mut payloads = payload(
        &format!("<key>DNSSettings</key><dict>{settings}</dict>"),
        "com.apple.dnsSettings.managed",
        &format!("{seed} dns"),
    );
    if let Ok(pem) = read_authority(house) {
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        let certificate: String = lines.collect();
        payloads += &payload(
            &format!("<key>PayloadContent</key><data>{certificate}</data>"),
            "com.apple.security.root",
            &format!("{seed} {certificate}"),
        );
    }
    let whole = payload(
        &format!("<key>PayloadContent</key><array>{payloads}</array>"),
        "Configuration",
        &seed,
    );
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST \
         1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">{whole}</plist>\n"
    ))
}

/// A part of a profile; the same `seed` gives the same part again, so that a newer profile replaces
/// the one before.
fn payload(content: &str, kind: &str, seed: &str) -> String {
    let hash = format!("{:032x}", XxHash3_128::oneshot(seed.as_bytes()));
    let id = [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..]].join("-");
    format!(
        "<dict>{content}<key>PayloadType</key><string>{kind}</string>\
         <key>PayloadIdentifier</key><string>trackless.{id}</string>\
         <key>PayloadUUID</key><string>{id}</string>\
         <key>PayloadDisplayName</key><string>Trackless</string>\
         <key>PayloadVersion</key><integer>1</integer></dict>"
    )
}
