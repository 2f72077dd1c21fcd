//! Opens the doors for clients that encrypt.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::server::certificate::Certificate;
use crate::server::stream::Speaks;
use crate::server::{self, Door, Passed, doh, quic};
use crate::web::Bound;

/// Doors that are open, and where nothing is said yet.
pub(super) struct Silent {
    tls: Vec<Door>,
    https: Vec<Door>,
    quic: Vec<Door>,
}

impl Silent {
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
    /// Where they are.
    pub(super) bound: Bound,
}

impl Encrypted {
    /// Has a certificate shown at doors that are `silent`.
    ///
    /// # Errors
    /// A line for a person: no certificate.
    pub(super) fn show(
        silent: Silent,
        config: &Config,
        data: Option<&Path>,
    ) -> Result<Self, String> {
        let mut opened = Self::default();
        if silent.tls.is_empty() && silent.https.is_empty() && silent.quic.is_empty() {
            return Ok(opened);
        }
        let certificate =
            Certificate::load(&config.encrypted, data).map_err(|error| error.to_string())?;
        let tls =
            |protocols: &[&[u8]]| certificate.server(protocols).map_err(|error| error.to_string());
        let (dot, https) = (Arc::new(tls(&[b"dot"])?), Arc::new(tls(&doh::PROTOCOLS)?));
        let Bound { tls: at_tls, https: at_https, .. } = &mut opened.bound;
        for (doors, speaks, bound) in
            [(silent.tls, Speaks::Tls(dot), at_tls), (silent.https, Speaks::Https(https), at_https)]
        {
            for mut door in doors {
                for socket in door.udp.drain(..) {
                    opened.quic.push((socket, tls(&[doh::PROTOCOL_H3])?));
                }
                bound.push(door.address);
                opened.streams.push((door, speaks.clone()));
            }
        }
        for door in silent.quic {
            opened.bound.quic.push(door.address);
            for socket in door.udp {
                opened.quic.push((socket, tls(&[quic::PROTOCOL])?));
            }
        }
        opened.certificate = Some(certificate);
        Ok(opened)
    }
}
