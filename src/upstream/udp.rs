//! UDP to an upstream, our own: a few live sockets on random ports, each used for a while.
//!
//! Against made-up replies (RFC 5452): a random port, a random ID, the question's letters in
//! random case, a connected socket. hickory's UDP client opens a socket a query, which is as safe
//! and costs about 70 µs; here a query costs one send and one receive.

mod random;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use foldhash::fast::RandomState;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};
use tokio::task;

use super::message::{Question, Reply, replies_to};
use super::server::AskError;
use crate::wire::HEADER;
use random::Random;

/// Sockets in use at a time.
const SOCKETS: usize = 4;
/// Queries after which a socket is closed and another port chosen.
const QUERIES: u32 = 512;
/// Tries to get a random port before the system chooses one.
const PORT_TRIES: usize = 8;
/// Largest reply taken; we announce 1232 octets, some servers send more all the same.
const LARGEST: usize = 4_096;

/// One upstream over UDP.
#[derive(Debug)]
pub(super) struct Udp {
    server: SocketAddr,
    sockets: [RefCell<Option<Rc<Socket>>>; SOCKETS],
    next: Cell<usize>,
    random: RefCell<Random>,
    /// Letters came back as they were sent.
    keeps_case: Cell<bool>,
    /// Letters never came back as sent: they are not changed any more.
    loses_case: Cell<bool>,
}

#[derive(Debug)]
struct Socket {
    socket: UdpSocket,
    pending: RefCell<HashMap<u16, Pending, RandomState>>,
    uses: Cell<u32>,
    retired: Cell<bool>,
    /// Told when a retired socket has nothing pending any more.
    done: Notify,
}

#[derive(Debug)]
struct Pending {
    query: Vec<u8>,
    question_end: usize,
    reply: oneshot::Sender<io::Result<(Vec<u8>, Reply)>>,
}

/// Takes the question back if nobody waits for its reply any more.
struct Waiting {
    socket: Rc<Socket>,
    id: u16,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.socket.pending.borrow_mut().remove(&self.id);
        self.socket.end_if_done();
    }
}

impl Udp {
    pub(super) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            sockets: Default::default(),
            next: Cell::default(),
            random: RefCell::default(),
            keeps_case: Cell::default(),
            loses_case: Cell::default(),
        }
    }

    /// Asks, and waits as long as it takes.
    pub(super) async fn ask(&self, question: &Question) -> Result<Vec<u8>, AskError> {
        let socket = self.socket()?;
        let random = self.random.borrow_mut().next()?;
        let mut id = random as u16;
        // A socket has few questions open: the next number is free soon.
        while socket.pending.borrow().contains_key(&id) {
            id = id.wrapping_add(0x9e37);
        }
        let (mut query, question_end) = question.message(id);
        if !self.loses_case.get() {
            flip_case(&mut query[HEADER..HEADER + question.name.len()], random >> 16);
        }
        match socket.socket.try_send(&query) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                socket.socket.send(&query).await?;
            }
            result => drop(result?),
        }
        let (sender, receiver) = oneshot::channel();
        let pending = Pending { query, question_end, reply: sender };
        socket.pending.borrow_mut().insert(id, pending);
        let _waiting = Waiting { socket, id };
        let closed = || io::Error::from(io::ErrorKind::ConnectionAborted);
        let (reply, case) = receiver.await.map_err(|_| closed())??;
        if case == Reply::Exactly {
            self.keeps_case.set(true);
        } else if self.keeps_case.get() {
            // This server keeps case: another one has replied.
            return Err(AskError::OtherReply);
        } else {
            self.loses_case.set(true);
        }
        Ok(reply)
    }

    /// A socket to ask by: the next of the live ones, or a new one in its place.
    fn socket(&self) -> io::Result<Rc<Socket>> {
        let next = (self.next.get() + 1) % SOCKETS;
        self.next.set(next);
        let mut place = self.sockets[next].borrow_mut();
        if let Some(socket) = &*place
            && socket.uses.get() < QUERIES
            && !socket.retired.get()
        {
            socket.uses.set(socket.uses.get() + 1);
            return Ok(Rc::clone(socket));
        }
        let fresh = Rc::new(Socket {
            socket: connect(self.server, &mut self.random.borrow_mut())?,
            pending: RefCell::default(),
            uses: Cell::new(1),
            retired: Cell::new(false),
            done: Notify::new(),
        });
        task::spawn_local(receive(Rc::clone(&fresh)));
        if let Some(old) = place.replace(Rc::clone(&fresh)) {
            old.retire();
        }
        Ok(fresh)
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        for place in &self.sockets {
            if let Some(socket) = place.borrow_mut().take() {
                socket.retire();
            }
        }
    }
}

impl Socket {
    fn retire(&self) {
        self.retired.set(true);
        self.end_if_done();
    }

    fn end_if_done(&self) {
        if self.retired.get() && self.pending.borrow().is_empty() {
            self.done.notify_one();
        }
    }

    /// Gives a datagram to the question it replies to, if there is one; others are ignored, the
    /// right one may still come.
    fn take(&self, message: &[u8]) {
        let Some(id) = message.first_chunk().map(|id| u16::from_be_bytes(*id)) else { return };
        let mut pending = self.pending.borrow_mut();
        let Some(question) = pending.get(&id) else { return };
        let reply = replies_to(message, &question.query[HEADER..question.question_end]);
        if reply != Reply::No
            && let Some(question) = pending.remove(&id)
        {
            let _ = question.reply.send(Ok((message.to_vec(), reply)));
        }
    }

    /// Nobody listens at the server's port: whoever waits need not.
    fn fail(&self, error: &io::Error) {
        for (_, question) in self.pending.borrow_mut().drain() {
            let _ = question.reply.send(Err(error.kind().into()));
        }
        self.retire();
    }
}

async fn receive(socket: Rc<Socket>) {
    let mut buffer = [0; LARGEST];
    loop {
        let ready = tokio::select! {
            ready = socket.socket.ready(Interest::READABLE | Interest::ERROR) => ready,
            () = socket.done.notified() => return,
        };
        // An ICMP error makes a socket ready without anything to read.
        let error = match ready {
            Ok(ready) if ready.is_error() => socket.socket.take_error().ok().flatten(),
            Ok(_) => None,
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            socket.fail(&error);
            return;
        }
        loop {
            match socket.socket.try_recv(&mut buffer) {
                Ok(len) => socket.take(&buffer[..len]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    socket.fail(&error);
                    return;
                }
            }
        }
    }
}

/// A socket to `server` from a random port (RFC 6056 section 3.3.1).
fn connect(server: SocketAddr, random: &mut Random) -> io::Result<UdpSocket> {
    let local = |port| match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
    };
    let mut socket = None;
    for _ in 0..PORT_TRIES {
        let port = random.next()? as u16;
        if port >= 1_024
            && let Ok(bound) = std::net::UdpSocket::bind(local(port))
        {
            socket = Some(bound);
            break;
        }
    }
    let socket = match socket {
        Some(socket) => socket,
        None => std::net::UdpSocket::bind(local(0))?,
    };
    socket.connect(server)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// Changes the case of letters by the bits of `random`, one a letter.
fn flip_case(name: &mut [u8], mut random: u64) {
    for octet in name.iter_mut().filter(|octet| octet.is_ascii_lowercase()) {
        *octet ^= (random as u8 & 1) << 5;
        random = random.rotate_right(1);
    }
}
