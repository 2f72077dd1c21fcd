//! The client that does nothing wrong, and must always be answered in time.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::Run;
use crate::streams::connect;

/// An address of its own, as it would have in a house.
const ADDRESS: [u8; 4] = [127, 0, 0, 2];
/// The most a refusal may take.
const LIMIT: Duration = Duration::from_secs(1);
/// From one question to the next.
const PACE: Duration = Duration::from_millis(5);
/// Questions for one that is asked over TCP.
const STREAM_EVERY: u64 = 20;

/// What it saw.
#[derive(Default)]
pub(crate) struct Seen {
    questions: u64,
    slowest: Duration,
    total: Duration,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = self.total / u32::try_from(self.questions.max(1)).unwrap_or(u32::MAX);
        write!(f, "{} refusals, mean {mean:.1?}, slowest {:.1?}", self.questions, self.slowest)
    }
}

/// `www.doubleclick.net IN A`, which the builtin facts refuse.
fn question(id: u16) -> Vec<u8> {
    let mut packet = id.to_be_bytes().to_vec();
    packet
        .extend_from_slice(b"\x01\0\0\x01\0\0\0\0\0\0\x03www\x0bdoubleclick\x03net\0\0\x01\0\x01");
    packet
}

/// Asks over UDP and TCP until the run is over.
pub(crate) fn ask_all_the_time(server: SocketAddr, run: &Run) -> Result<Seen, String> {
    let socket = socket(server)?;
    let mut seen = Seen::default();
    while run.goes_on() {
        let id = seen.questions as u16;
        let started = Instant::now();
        if seen.questions % STREAM_EVERY == 0 {
            over_tcp(server, id)?;
        } else {
            over_udp(&socket, id)?;
        }
        let took = started.elapsed();
        if took > LIMIT {
            return Err(format!("question {} took {took:?}", seen.questions));
        }
        seen.questions += 1;
        seen.total += took;
        seen.slowest = seen.slowest.max(took);
        thread::sleep(PACE);
    }
    Ok(seen)
}

/// Asks once, over UDP and TCP.
pub(crate) fn ask_once(server: SocketAddr) -> Result<(), String> {
    over_udp(&socket(server)?, 1)?;
    over_tcp(server, 2)
}

fn socket(server: SocketAddr) -> Result<UdpSocket, String> {
    let open = || {
        let socket = UdpSocket::bind(SocketAddr::from((ADDRESS, 0)))?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(LIMIT))?;
        Ok::<_, std::io::Error>(socket)
    };
    open().map_err(|error| format!("no socket: {error}"))
}

fn over_udp(socket: &UdpSocket, id: u16) -> Result<(), String> {
    let mut reply = [0; 512];
    socket.send(&question(id)).map_err(|error| format!("UDP question {id}: {error}"))?;
    let len = socket.recv(&mut reply).map_err(|error| format!("UDP reply {id}: {error}"))?;
    refused(&reply[..len], id)
}

fn over_tcp(server: SocketAddr, id: u16) -> Result<(), String> {
    let ask = || {
        let mut stream = connect(server, ADDRESS, LIMIT)?;
        let question = question(id);
        stream.write_all(&[&[0, question.len() as u8], question.as_slice()].concat())?;
        let mut prefix = [0; 2];
        stream.read_exact(&mut prefix)?;
        let mut reply = vec![0; usize::from(u16::from_be_bytes(prefix))];
        stream.read_exact(&mut reply)?;
        Ok::<_, std::io::Error>(reply)
    };
    refused(&ask().map_err(|error| format!("TCP question {id}: {error}"))?, id)
}

fn refused(reply: &[u8], id: u16) -> Result<(), String> {
    let nxdomain = reply.len() > 12 && reply[2] & 0x80 != 0 && reply[3] & 0x0f == 3;
    if nxdomain && reply[..2] == id.to_be_bytes() {
        return Ok(());
    }
    Err(format!("question {id} got {reply:02x?}"))
}
