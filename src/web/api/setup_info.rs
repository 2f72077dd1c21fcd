//! Where devices find this server.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::scope::Reader;
use super::House;
use super::download::has_authority;
use crate::engine::told::own_addresses;

/// Where devices find this server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SetupInfo {
    /// Addresses of this machine.
    addresses: Vec<String>,
    /// Plain DNS.
    dns: Vec<Door>,
    /// DNS over TLS.
    tls: Vec<Door>,
    /// DNS over HTTPS and HTTP/3.
    https: Vec<Door>,
    /// DNS over QUIC.
    quic: Vec<Door>,
    /// Names that the certificate is for.
    names: Vec<String>,
    /// What names of devices end in.
    suffix: String,
    /// Whether devices must be told to trust `ca.pem` first.
    ca: bool,
}

/// Where is listened.
#[derive(Debug, Serialize, ToSchema)]
struct Door {
    /// `0.0.0.0` and `::` are all addresses of this machine.
    address: String,
    port: u16,
}

/// Where devices find this server
#[utoipa::path(get, path = "/setup-info", tag = "read", responses((status = 200, body = SetupInfo)))]
pub(super) async fn show(_: Reader, State(house): State<Arc<House>>) -> Json<SetupInfo> {
    let snapshot = house.engine.snapshot();
    let config = &snapshot.config;
    let doors = |doors: &[SocketAddr]| -> Vec<Door> {
        let door = |door: &SocketAddr| Door { address: door.ip().to_string(), port: door.port() };
        doors.iter().map(door).collect()
    };
    let bound = &house.bound;
    Json(SetupInfo {
        addresses: own_addresses().iter().map(ToString::to_string).collect(),
        dns: doors(&bound.dns),
        tls: doors(&bound.tls),
        https: doors(&bound.https),
        quic: doors(&bound.quic),
        names: config.encrypted.names.clone(),
        suffix: config.local.suffix.clone(),
        ca: has_authority(&house),
    })
}
