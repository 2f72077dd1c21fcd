//! Opens the doors for clients that encrypt.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::server::certificate::Certificate;
use crate::server::stream::Speaks;
use crate::server::{self, Door, doh, quic};
use crate::web::Bound;

/// The opened doors.
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
    /// Opens those that `config` names, for `resolvers` threads.
    ///
    /// # Errors
    /// A line for a person: no certificate, or an address that cannot be listened on.
    pub(super) fn open(
        config: &Config,
        data: Option<&Path>,
        resolvers: usize,
    ) -> Result<Self, String> {
        let doors = &config.encrypted;
        let mut opened = Self::default();
        if doors.tls.is_empty() && doors.https.is_empty() && doors.quic.is_empty() {
            return Ok(opened);
        }
        let certificate = Certificate::load(doors, data).map_err(|error| error.to_string())?;
        let tls =
            |protocols: &[&[u8]]| certificate.server(protocols).map_err(|error| error.to_string());
        let (dot, https) = (Arc::new(tls(&[b"dot"])?), Arc::new(tls(&doh::PROTOCOLS)?));
        let Bound { tls: of_tls, https: of_https, .. } = &mut opened.bound;
        for (addresses, speaks, bound) in
            [(&doors.tls, Speaks::Tls(dot), of_tls), (&doors.https, Speaks::Https(https), of_https)]
        {
            for &address in addresses {
                let datagrams = usize::from(matches!(speaks, Speaks::Https(_)));
                let mut door = server::bind(address, datagrams, resolvers)
                    .map_err(|error| error.to_string())?;
                for socket in door.udp.drain(..) {
                    opened.quic.push((socket, tls(&[doh::PROTOCOL_H3])?));
                }
                bound.push(door.address);
                opened.streams.push((door, speaks.clone()));
            }
        }
        for &address in &doors.quic {
            let door = server::bind(address, 1, 0).map_err(|error| error.to_string())?;
            opened.bound.quic.push(door.address);
            for socket in door.udp {
                opened.quic.push((socket, tls(&[quic::PROTOCOL])?));
            }
        }
        opened.certificate = Some(certificate);
        Ok(opened)
    }
}
