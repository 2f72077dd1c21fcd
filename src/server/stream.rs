//! DNS over TCP (RFC 7766) and TLS (RFC 7858): many queries a connection, answered in any order.
//!
//! Runs on the resolvers' runtimes, every listening address on each. A connection has a place for
//! each query it may have open; a query is read only when there is one, so a client that sends
//! faster than it reads, or than upstream answers, holds up nobody but itself.

use std::cell::RefCell;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connections::Place;
use super::{Connections, certificate, doh, proxy, quic};
use crate::clients::DeviceId;
use crate::config;
use crate::config::own_name;
use crate::engine::{Client, Engine, Outcome, Waiting, Worker};
use crate::stats::Transport;
use crate::wire::{is_padded, padded};

/// Queries of one connection that may be open at once. Their replies may wait to be taken, up to
/// 64 KiB each: this bounds what a client that never reads costs.
pub(super) const PIPELINE: usize = 32;
/// Longest query taken, in octets; a padded one (RFC 8467) has 128 or a small multiple of it.
pub(super) const LONGEST_QUERY: usize = 4_096;
/// Largest message (RFC 1035 section 4.2.2).
const LARGEST_REPLY: usize = u16::MAX as usize;
/// Octets of replies that are sent by one call at most, if more than one reply is ready.
const GATHER: usize = 16_384;
/// Pause after the system could not give us a connection: it has run out of something.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What the connections of one thread share.
pub(super) struct Shared {
    worker: RefCell<(Worker, Box<[u8]>)>,
    pub(super) limits: config::Tcp,
    pub(super) stop: watch::Receiver<bool>,
    /// Our names, before which clients may put theirs.
    names: Vec<String>,
}

/// What a listener's connections speak.
#[derive(Debug, Clone)]
pub enum Speaks {
    /// DNS, as it is.
    Plain,
    /// DNS under TLS.
    Tls(Arc<rustls::ServerConfig>),
    /// HTTP under TLS.
    Https(Arc<rustls::ServerConfig>),
}

/// The doors of one thread.
#[derive(Debug, Default)]
pub struct Doors {
    /// Listeners for streams.
    pub streams: Vec<(std::net::TcpListener, Speaks)>,
    /// Sockets for QUIC, and for HTTP/3 over it: the client chooses of what TLS offers.
    pub quic: Vec<(std::net::UdpSocket, rustls::ServerConfig)>,
}

/// Serves `doors` until `stop` turns true. Must run in a `LocalSet` on a current-thread runtime.
///
/// # Errors
/// A door that the runtime cannot take.
pub async fn serve(
    engine: Arc<Engine>,
    doors: Doors,
    connections: Arc<Connections>,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let scratch = vec![0; LARGEST_REPLY].into_boxed_slice();
    let shared = Rc::new(Shared {
        worker: RefCell::new((Worker::new(&engine), scratch)),
        limits: connections.limits().clone(),
        stop,
        names: certificate::names(&engine.snapshot().config.encrypted).collect(),
    });
    for (listener, speaks) in doors.streams {
        let listener = TcpListener::from_std(listener)?;
        let accepting = accept(listener, speaks, Rc::clone(&shared), Arc::clone(&connections));
        tokio::task::spawn_local(accepting);
    }
    for (socket, tls) in doors.quic {
        quic::serve(socket, tls, Rc::clone(&shared), Arc::clone(&connections))?;
    }
    Ok(())
}

async fn accept(
    listener: TcpListener,
    speaks: Speaks,
    shared: Rc<Shared>,
    connections: Arc<Connections>,
) {
    let mut stop = shared.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|&stop| stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (speaks, shared) = (speaks.clone(), Rc::clone(&shared));
                if shared.is_proxy(peer.ip()) {
                    let connections = Arc::clone(&connections);
                    tokio::task::spawn_local(async move {
                        proxied(stream, peer.ip(), speaks, shared, &connections).await;
                    });
                } else if let Some(place) = connections.enter(peer.ip().to_canonical()) {
                    tokio::task::spawn_local(connection(
                        stream,
                        peer.ip(),
                        speaks,
                        shared,
                        Rc::new(place),
                    ));
                }
            }
            // The client has gone again, or there are no descriptors: other clients may go on.
            Err(error) if is_of_one_client(&error) => {}
            Err(_) => sleep(EXHAUSTED).await,
        }
    }
}

fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Serves a connection of one who says for whom it is.
async fn proxied(
    mut stream: TcpStream,
    proxy: IpAddr,
    speaks: Speaks,
    shared: Rc<Shared>,
    connections: &Arc<Connections>,
) {
    let client = timeout(shared.limits.stall, proxy::receive(&mut stream, proxy)).await;
    let Ok(Some(client)) = client else { return };
    if let Some(place) = connections.enter(client.to_canonical()) {
        connection(stream, client, speaks, shared, Rc::new(place)).await;
    }
}

/// Serves a connection until it ends, or its place is somebody else's.
async fn connection(
    stream: TcpStream,
    client: IpAddr,
    speaks: Speaks,
    shared: Rc<Shared>,
    place: Rc<Place>,
) {
    tokio::select! {
        () = speak(stream, client, speaks, shared, &place) => {}
        () = place.lost() => {}
    }
}

async fn speak(
    stream: TcpStream,
    client_address: IpAddr,
    speaks: Speaks,
    shared: Rc<Shared>,
    place: &Rc<Place>,
) {
    // Replies are gathered by us; the system need not wait for more.
    let _ = stream.set_nodelay(true);
    let client = |transport, stream: &TlsStream<TcpStream>| {
        shared.client(client_address, transport, stream.get_ref().1.server_name())
    };
    match speaks {
        Speaks::Plain => {
            let (read, write) = stream.into_split();
            let client = shared.client(client_address, Transport::Tcp, None);
            converse(read, write, client, place, &shared).await;
        }
        Speaks::Tls(tls) => {
            if let Some(stream) = handshake(stream, tls, &shared).await {
                let client = client(Transport::Tls, &stream);
                let (read, write) = tokio::io::split(stream);
                converse(read, write, client, place, &shared).await;
            }
        }
        Speaks::Https(tls) => {
            if let Some(stream) = handshake(stream, tls, &shared).await {
                let client = client(Transport::Https, &stream);
                doh::connection(stream, client, Rc::clone(place), shared).await;
            }
        }
    }
}

async fn handshake(
    stream: TcpStream,
    tls: Arc<rustls::ServerConfig>,
    shared: &Shared,
) -> Option<TlsStream<TcpStream>> {
    timeout(shared.limits.stall, TlsAcceptor::from(tls).accept(stream)).await.ok()?.ok()
}

async fn converse(
    read: impl AsyncRead + Unpin,
    write: impl AsyncWrite + Unpin,
    client: Client,
    place: &Place,
    shared: &Shared,
) {
    let (replies, ready) = mpsc::channel(PIPELINE);
    let reader = read_queries(read, client, place, shared, replies);
    let writer = write_replies(write, shared.limits.stall, ready);
    // The writer ends when the reader has and all replies are out, or when the client takes none.
    tokio::pin!(reader, writer);
    tokio::select! {
        () = &mut reader => writer.await,
        () = &mut writer => {}
    }
}

impl Shared {
    fn is_proxy(&self, address: IpAddr) -> bool {
        self.worker.borrow().0.engine().snapshot().access.is_proxy(address)
    }

    /// The client at `address`; it may have put its own name before ours in the TLS server name.
    pub(super) fn client(
        &self,
        address: IpAddr,
        transport: Transport,
        server_name: Option<&str>,
    ) -> Client {
        let name = server_name.and_then(|name| {
            let (first, rest) = name.split_once('.')?;
            self.names.iter().any(|own| own.eq_ignore_ascii_case(rest)).then_some(first)
        });
        let device = name.and_then(|name| self.device(name, address));
        Client { address, transport, device }
    }

    /// The device that calls itself `name`, if that is a name.
    pub(super) fn device(&self, name: &str, address: IpAddr) -> Option<DeviceId> {
        let name = own_name(name)?;
        Some(self.worker.borrow_mut().0.device_named(&name, address))
    }

    /// The reply to one query, now or when upstream has one; none where it deserves none.
    pub(super) async fn reply(
        &self,
        query: &[u8],
        client: Client,
        place: &Place,
    ) -> Option<Vec<u8>> {
        let (give, take) = oneshot::channel();
        let done = self.answer(query, client, place, |reply| drop(give.send(reply.to_vec())));
        if done { take.await.ok() } else { None }
    }

    /// Answers one query by `give`, now or when upstream has. False where it deserves no reply.
    fn answer(
        &self,
        query: &[u8],
        client: Client,
        place: &Place,
        give: impl FnOnce(&[u8]) + Send + 'static,
    ) -> bool {
        let (worker, scratch) = &mut *self.worker.borrow_mut();
        let engine = Arc::clone(worker.engine());
        let received = Instant::now();
        place.asked(received);
        let snapshot = engine.snapshot();
        let now = engine.seconds(received);
        let is_padded = client.transport.is_encrypted() && is_padded(query);
        let give = move |reply: &[u8]| if is_padded { give(&padded(reply)) } else { give(reply) };
        match worker.answer(&snapshot, query, client, now, scratch) {
            Outcome::Reply(len, source) => {
                give(&scratch[..len]);
                worker.took(source, received.elapsed(), 1);
            }
            Outcome::Silence => return false,
            Outcome::Ask(ask) => {
                let reply = Box::new(give);
                let waiting = Waiting { packet: query.into(), ask, client, received, reply };
                // On refusal the way back has gone with the query.
                if let Err(refused) = engine.ask(waiting)
                    && let Some(len) = worker.busy(&refused, scratch)
                {
                    (refused.reply)(&scratch[..len]);
                }
            }
        }
        true
    }
}

/// Reads and answers queries until the client is done, breaks the rules, or is silent too long.
async fn read_queries(
    mut stream: impl AsyncRead + Unpin,
    client: Client,
    place: &Place,
    shared: &Shared,
    replies: mpsc::Sender<Vec<u8>>,
) {
    let mut stop = shared.stop.clone();
    let mut buffer = Vec::new();
    loop {
        let Ok(room) = replies.clone().reserve_owned().await else { return };
        let read = tokio::select! {
            read = read_query(&mut stream, &mut buffer, &shared.limits, || {
                // This query's own room is taken already.
                replies.capacity() + 1 == PIPELINE
            }) => read,
            _ = stop.wait_for(|&stop| stop) => return,
        };
        let Some(len) = read else { return };
        let give = |reply: &[u8]| drop(room.send(framed(reply)));
        if !shared.answer(&buffer[2..2 + len], client, place, give) {
            return;
        }
        buffer.drain(..2 + len);
    }
}

/// Reads until `buffer` starts with a whole message and returns its length; none at the end of the
/// stream, or when the client is too slow or sends too much.
async fn read_query(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    limits: &config::Tcp,
    is_idle: impl Fn() -> bool,
) -> Option<usize> {
    let mut deadline = None;
    loop {
        if let Some(prefix) = buffer.first_chunk::<2>() {
            let len = usize::from(u16::from_be_bytes(*prefix));
            if len > LONGEST_QUERY {
                return None;
            }
            if buffer.len() >= 2 + len {
                return Some(len);
            }
        }
        let patience = if buffer.is_empty() {
            limits.idle
        } else {
            let started = *deadline.get_or_insert_with(Instant::now);
            limits.stall.checked_sub(started.elapsed())?
        };
        buffer.reserve(LONGEST_QUERY);
        match timeout(patience, stream.read_buf(buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => return None,
            // Waiting for us is not being idle (RFC 7766 section 6.2.3).
            Err(_) if buffer.is_empty() && !is_idle() => {}
            Err(_) => return None,
        }
    }
}

/// A message with its length before it.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(2 + message.len());
    framed.extend_from_slice(&(message.len() as u16).to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

/// Writes replies as they become ready, until nobody can send more or the client takes no more.
async fn write_replies(
    mut stream: impl AsyncWrite + Unpin,
    stall: Duration,
    mut ready: mpsc::Receiver<Vec<u8>>,
) {
    while let Some(mut reply) = ready.recv().await {
        while reply.len() < GATHER
            && let Ok(next) = ready.try_recv()
        {
            reply.extend_from_slice(&next);
        }
        if !matches!(timeout(stall, stream.write_all(&reply)).await, Ok(Ok(()))) {
            return;
        }
    }
}
