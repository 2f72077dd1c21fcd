//! Opens the doors for clients that encrypt.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::server::certificate::Certificate;
use crate::server::stream::Speaks;
use crate::server::{self, Door, Passed, doh, quic};

/// Doors that are open, and where nothing is said yet.
pub(super) struct Bound {
    tls: Vec<Door>,
    https: Vec<Door>,
    quic: Vec<Door>,
}

impl Bound {
    /// Opens those that `config` names, for `resolvers` threads; `passed` has those that are open.
    ///
    /// # Errors
    /// A line for a person: an address that cannot be listened on.
    pub(super) fn open(
        config: &Config,
        resolvers: usize,
        passed: &mut Passed,
    ) -> Result<Self, String> {
        let mut bind = |addresses: &[SocketAddr], datagrams, streams| {
            let doors = addresses.iter().map(|&at| server::bind(at, datagrams, streams, passed));
            doors.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())
        };
        let doors = &config.encrypted;
        Ok(Self {
            tls: bind(&doors.tls, 0, resolvers)?,
            https: bind(&doors.https, 1, resolvers)?,
            quic: bind(&doors.quic, 1, 0)?,
        })
    }
}

/// The doors, and what is spoken there.
#[derive(Default)]
pub(super) struct Encrypted {
    /// What is shown at them; none where there are none.
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) streams: Vec<(Door, Speaks)>,
    pub(super) quic: Vec<(UdpSocket, rustls::ServerConfig)>,
    /// Where they are, and what is spoken there.
    pub(super) addresses: Vec<(SocketAddr, &'static str)>,
}

impl Encrypted {
    /// Has a certificate shown at those that are `bound`.
    ///
    /// # Errors
    /// A line for a person: no certificate.
    pub(super) fn show(bound: Bound, config: &Config, data: Option<&Path>) -> Result<Self, String> {
        let mut opened = Self::default();
        if bound.tls.is_empty() && bound.https.is_empty() && bound.quic.is_empty() {
            return Ok(opened);
        }
        let certificate =
            Certificate::load(&config.encrypted, data).map_err(|error| error.to_string())?;
        let tls =
            |protocols: &[&[u8]]| certificate.server(protocols).map_err(|error| error.to_string());
        let (dot, https) = (Arc::new(tls(&[b"dot"])?), Arc::new(tls(&doh::PROTOCOLS)?));
        for (doors, speaks, name) in [
            (bound.tls, Speaks::Tls(dot), "TLS"),
            (bound.https, Speaks::Https(https), "HTTPS and HTTP/3"),
        ] {
            for mut door in doors {
                for socket in door.udp.drain(..) {
                    opened.quic.push((socket, tls(&[doh::PROTOCOL_H3])?));
                }
                opened.addresses.push((door.address, name));
                opened.streams.push((door, speaks.clone()));
            }
        }
        for door in bound.quic {
            opened.addresses.push((door.address, "QUIC"));
            for socket in door.udp {
                opened.quic.push((socket, tls(&[quic::PROTOCOL])?));
            }
        }
        opened.certificate = Some(certificate);
        Ok(opened)
    }
}
