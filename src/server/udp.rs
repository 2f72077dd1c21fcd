//! DNS over UDP: one blocking thread a socket, batches in and out.
//!
//! One clock reading serves a whole batch. A second one, on every 64th batch, tells how long a
//! batch takes; the answers of the batches until the next one are counted with that duration.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::proxy;
use super::sys::{Batch, shut};
use crate::engine::{Client, Engine, Outcome, Waiting, Worker};
use crate::stats::{Source, Transport};

/// Batches from one measured duration to the next.
const TIMED: u32 = 64;

/// A socket and its order to stop.
#[derive(Debug, Clone)]
pub struct Door {
    socket: Arc<UdpSocket>,
    stop: Arc<AtomicBool>,
}

impl Door {
    /// A door at `socket`.
    pub fn new(socket: UdpSocket) -> Self {
        Self { socket: Arc::new(socket), stop: Arc::default() }
    }

    /// Takes no more queries. [`Self::serve`] returns when those it has are answered or given to a
    /// resolver, whose replies still leave by this socket.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        // A socket with a time limit was passed: its worker looks by itself, and the next of us
        // needs it open.
        if !matches!(self.socket.read_timeout(), Ok(Some(_))) {
            shut(&self.socket);
        }
    }

    /// Answers until [`Self::stop`].
    ///
    /// # Errors
    /// The socket has failed for good.
    pub fn serve(&self, engine: &Arc<Engine>) -> io::Result<()> {
        let mut worker = Worker::new(engine);
        let mut batch = Batch::new();
        let mut batches = 0_u32;
        let mut took = Duration::ZERO;
        while !self.stop.load(Relaxed) {
            let count = match batch.receive(&self.socket) {
                Ok(count) => count,
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Err(error),
            };
            if count == 0 {
                continue;
            }
            let received = Instant::now();
            let by_source = self.answer(&mut worker, &mut batch, count, received);
            batch.send(&self.socket, count);
            if batches.is_multiple_of(TIMED) {
                took = received.elapsed();
            }
            batches = batches.wrapping_add(1);
            for (source, count) in Source::ALL.into_iter().zip(by_source) {
                worker.took(source, took, count);
            }
        }
        Ok(())
    }

    /// Answers a batch into its own buffers, and counts the answers by source.
    fn answer(
        &self,
        worker: &mut Worker,
        batch: &mut Batch,
        count: usize,
        received: Instant,
    ) -> [u64; Source::ALL.len()] {
        let mut by_source = [0; Source::ALL.len()];
        let engine = Arc::clone(worker.engine());
        let snapshot = engine.snapshot();
        let now = engine.seconds(received);
        for index in 0..count {
            let datagram = batch.datagram(index);
            let Some((address, port)) = datagram.path.source() else { continue };
            if port == 0 {
                continue;
            }
            let (address, query) = if snapshot.access.is_proxy(address) {
                let Some(named) = proxy::split(datagram.query, address) else { continue };
                named
            } else {
                (address, datagram.query)
            };
            let client = Client { address, transport: Transport::Udp, device: None };
            match worker.answer(&snapshot, query, client, now, datagram.reply) {
                Outcome::Reply(len, source) => {
                    *datagram.reply_len = len;
                    by_source[source as usize] += 1;
                }
                Outcome::Silence => {}
                Outcome::Ask(ask) => {
                    let (socket, path) = (Arc::clone(&self.socket), *datagram.path);
                    let waiting = Waiting {
                        packet: query.into(),
                        ask,
                        client,
                        received,
                        reply: Box::new(move |reply| path.send(&socket, reply)),
                    };
                    if let Err(refused) = engine.ask(waiting) {
                        *datagram.reply_len = worker.busy(&refused, datagram.reply).unwrap_or(0);
                    }
                }
            }
        }
        by_source
    }
}

/// Whether receiving may be tried again at once. ICMP errors of replies nobody took come back on
/// some systems as errors of the socket.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
}
