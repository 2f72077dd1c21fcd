//! DNS over QUIC (RFC 9250): each query on a stream of its own. Connections of HTTP/3 go on to `doh`.
//!
//! hickory-server's door answers the queries of a connection one after the other and closes it
//! after a hundred of them (read in 0.26.3); quinn itself does neither.

use std::io;
use std::net::UdpSocket;
use std::rc::Rc;
use std::sync::Arc;

use quinn::crypto::rustls::{HandshakeData, QuicServerConfig};
use quinn::{Connection, Endpoint, EndpointConfig, Incoming, RecvStream, SendStream, TokioRuntime};
use quinn::{ServerConfig, TransportConfig, VarInt};
use tokio::time::timeout;

use super::connections::Place;
use super::stream::{LONGEST_QUERY, PIPELINE, Shared, framed};
use super::{Connections, doh};
use crate::engine::Client;
use crate::stats::Transport;

/// Protocol of TLS's negotiation.
pub const PROTOCOL: &[u8] = b"doq";
/// Streams of HTTP/3 by which the two ends speak of all others.
const CONTROL_STREAMS: u32 = 3;
/// Error codes (RFC 9250 section 4.3).
const NO_ERROR: VarInt = VarInt::from_u32(0);
const PROTOCOL_ERROR: VarInt = VarInt::from_u32(2);
const EXCESSIVE_LOAD: VarInt = VarInt::from_u32(4);

/// Serves `socket` until the server stops. Must run in a `LocalSet`.
///
/// # Errors
/// The socket, or the settings of TLS, cannot be used.
pub(super) fn serve(
    socket: UdpSocket,
    tls: rustls::ServerConfig,
    shared: Rc<Shared>,
    connections: Arc<Connections>,
) -> io::Result<()> {
    let crypto = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    let mut transport = TransportConfig::default();
    let idle = shared.limits.idle.try_into().map_err(io::Error::other)?;
    transport
        .max_idle_timeout(Some(idle))
        .max_concurrent_bidi_streams(VarInt::from_u32(PIPELINE as u32))
        .max_concurrent_uni_streams(VarInt::from_u32(CONTROL_STREAMS))
        .stream_receive_window(VarInt::from_u32(2 + LONGEST_QUERY as u32))
        .datagram_receive_buffer_size(None);
    config.transport_config(Arc::new(transport));
    socket.set_nonblocking(true)?;
    let runtime = Arc::new(TokioRuntime);
    let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, runtime)?;
    tokio::task::spawn_local(accept(endpoint, shared, connections));
    Ok(())
}

async fn accept(endpoint: Endpoint, shared: Rc<Shared>, connections: Arc<Connections>) {
    let mut stop = shared.stop.clone();
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            _ = stop.wait_for(|&stop| stop) => break,
        };
        let Some(incoming) = incoming else { return };
        let address = incoming.remote_address().ip();
        // An address may be made up until it has shown that it gets our packets: those who have
        // not get no place that others might need.
        if !incoming.remote_address_validated() && connections.is_half_full() {
            let _ = incoming.retry();
            continue;
        }
        let Some(place) = connections.enter(address.to_canonical()) else {
            incoming.refuse();
            continue;
        };
        let (place, shared) = (Rc::new(place), Rc::clone(&shared));
        tokio::task::spawn_local(async move {
            tokio::select! {
                () = handshake(incoming, &place, shared) => {}
                () = place.lost() => {}
            }
        });
    }
    endpoint.close(NO_ERROR, b"");
    let _ = timeout(shared.limits.stall, endpoint.wait_idle()).await;
}

async fn handshake(incoming: Incoming, place: &Rc<Place>, shared: Rc<Shared>) {
    let address = incoming.remote_address().ip();
    let Ok(connecting) = incoming.accept() else { return };
    if let Ok(Ok(connection)) = timeout(shared.limits.stall, connecting).await {
        let agreed = connection.handshake_data().and_then(|data| data.downcast().ok());
        let Some(HandshakeData { protocol, server_name }) = agreed.map(|data| *data) else {
            return;
        };
        let client = |transport| shared.client(address, transport, server_name.as_deref());
        if protocol.as_deref() == Some(doh::PROTOCOL_H3) {
            let place = Rc::clone(place);
            doh::h3_connection(connection, client(Transport::H3), place, shared).await;
        } else {
            streams(&connection, client(Transport::Quic), place, &shared).await;
        }
    }
}

async fn streams(connection: &Connection, client: Client, place: &Rc<Place>, shared: &Rc<Shared>) {
    while let Ok((send, receive)) = connection.accept_bi().await {
        let (connection, place, shared) = (connection.clone(), Rc::clone(place), Rc::clone(shared));
        tokio::task::spawn_local(async move {
            if let Err(code) = answer(send, receive, client, &place, &shared).await {
                connection.close(code, b"");
            }
        });
    }
}

/// Answers the one query of a stream.
///
/// # Errors
/// The code to close the connection with: the client breaks the rules.
async fn answer(
    mut send: SendStream,
    mut receive: RecvStream,
    client: Client,
    place: &Place,
    shared: &Shared,
) -> Result<(), VarInt> {
    let read = timeout(shared.limits.stall, receive.read_to_end(2 + LONGEST_QUERY)).await;
    let Ok(Ok(message)) = read else { return Err(PROTOCOL_ERROR) };
    let Some((length, query)) = message.split_first_chunk::<2>() else {
        return Err(PROTOCOL_ERROR);
    };
    // The stream tells replies apart: the ID is always 0 (RFC 9250 section 4.2.1).
    if usize::from(u16::from_be_bytes(*length)) != query.len() || !query.starts_with(&[0, 0]) {
        return Err(PROTOCOL_ERROR);
    }
    let Some(reply) = shared.reply(query, client, place).await else { return Err(EXCESSIVE_LOAD) };
    // A client that has gone does not want its reply any more.
    let _ = timeout(shared.limits.stall, send.write_all(&framed(&reply))).await;
    let _ = send.finish();
    Ok(())
}
