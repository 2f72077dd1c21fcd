//! Packets and abuse over TCP: a connection that keeps to the framing gets its replies, one that
//! does not costs nobody anything.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::packets::{self, Random, is_silent};
use crate::{Run, Tally};

/// Longest query that is taken; a longer one ends the connection.
const LONGEST: usize = 4_096;
/// Only a hang takes as long; silence ends a connection of the server's own accord before.
const PATIENCE: Duration = Duration::from_secs(20);
/// Address of the connections that are kept open for nothing, and how many those are at most.
const IDLER: [u8; 4] = [127, 2, 255, 1];
const IDLE: usize = 40;
/// Connections opened at once: more than one client may have.
const CROWD: usize = 150;
const CROWDED: [u8; 4] = [127, 2, 255, 2];

/// A connection to `server` from `client`, with `patience` for each step.
pub(crate) fn connect(
    server: SocketAddr,
    client: [u8; 4],
    patience: Duration,
) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((client, 0)).into())?;
    // Small, so that a client that reads nothing is felt soon.
    socket.set_recv_buffer_size(16 << 10)?;
    socket.connect_timeout(&server.into(), patience)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// Sends `count` packets and checks what comes back.
pub(crate) fn attack(
    server: SocketAddr,
    count: u64,
    seed: u64,
    run: &Run,
) -> Result<Tally, String> {
    let mut random = Random::new(!seed);
    let mut tally = Tally::default();
    let mut idle = VecDeque::new();
    for connection in 0_usize.. {
        if tally.packets >= count || !run.goes_on() {
            break;
        }
        let client = [127, 2, (connection / 250 % 250) as u8, 1 + (connection % 250) as u8];
        let result = match random.below(400) {
            0 => crowd(server),
            1 => deaf(server, &mut random).map(|stream| idle.push_back(stream)),
            2..6 => half(server, &mut random).map(|stream| idle.push_back(stream)),
            6..20 => exchange(server, client, &mut random, &mut tally, 1),
            _ => exchange(server, client, &mut random, &mut tally, LONGEST),
        };
        result.map_err(|error| format!("connection {connection}: {error}"))?;
        if idle.len() > IDLE {
            idle.pop_front();
        }
    }
    Ok(tally)
}

/// What a stream of octets is to the server.
#[derive(Default)]
struct Framed {
    /// IDs of the packets that are to be answered, and how often.
    ids: HashMap<u16, u64>,
    packets: u64,
    /// Whether it ends without anything that ends the connection early.
    proper: bool,
}

fn framed(mut octets: &[u8]) -> Framed {
    let mut framed = Framed::default();
    loop {
        let packet = octets.split_first_chunk().and_then(|(prefix, rest)| {
            let len = usize::from(u16::from_be_bytes(*prefix));
            if len > LONGEST { None } else { rest.split_at_checked(len) }
        });
        let Some((packet, rest)) = packet else {
            let len = octets.first_chunk().map_or(0, |prefix| u16::from_be_bytes(*prefix));
            framed.proper = usize::from(len) <= LONGEST;
            return framed;
        };
        framed.packets += 1;
        if is_silent(packet) {
            return framed;
        }
        *framed.ids.entry(u16::from_be_bytes([packet[0], packet[1]])).or_default() += 1;
        octets = rest;
    }
}

/// Sends packets, at times with wrong lengths between them, `piece` octets at once, and says that
/// there will be no more of them.
fn exchange(
    server: SocketAddr,
    client: [u8; 4],
    random: &mut Random,
    tally: &mut Tally,
    piece: usize,
) -> Result<(), String> {
    let mut octets = Vec::new();
    let liar = random.one_in(4);
    let most = if piece == 1 { 3 } else { 64 };
    for id in 0..=random.below(most) {
        let mut packet = packets::next(random);
        if let Some(place) = packet.first_chunk_mut() {
            *place = (id as u16).to_be_bytes();
        }
        let len = match random.below(20) {
            0 if liar => random.below(0x1_0000),
            1 if liar => random.below(packet.len() + 20),
            _ => packet.len(),
        };
        if is_silent(&packet) && !liar && !random.one_in(8) {
            continue;
        }
        octets.extend_from_slice(&(len as u16).to_be_bytes());
        octets.extend_from_slice(&packet);
    }
    let mut framed = framed(&octets);
    tally.packets += framed.packets;

    let mut stream =
        connect(server, client, PATIENCE).map_err(|error| format!("connecting: {error}"))?;
    let sent = octets
        .chunks(piece)
        .try_for_each(|piece| stream.write_all(piece))
        .and_then(|()| stream.shutdown(Shutdown::Write));
    let mut replies = Vec::new();
    let read = stream.read_to_end(&mut replies);
    // The server may close a connection that breaks the rules as roughly as it likes.
    if let Err(error) = sent.and(read)
        && (framed.proper || error.kind() == io::ErrorKind::WouldBlock)
    {
        return Err(format!("{error} for {octets:02x?}"));
    }

    let mut answered = 0;
    let mut rest = replies.as_slice();
    while let Some((prefix, tail)) = rest.split_first_chunk() {
        let Some((reply, tail)) = tail.split_at_checked(u16::from_be_bytes(*prefix).into()) else {
            break;
        };
        let id = tally.reply(reply)?;
        match framed.ids.get_mut(&id) {
            Some(count @ 1..) => *count -= 1,
            _ => return Err(format!("nobody asked for {reply:02x?}")),
        }
        answered += 1;
        rest = tail;
    }
    let missing: u64 = framed.ids.values().sum();
    if framed.proper && (missing > 0 || !rest.is_empty()) {
        return Err(format!("{missing} replies are missing for {octets:02x?}"));
    }
    tally.unanswered += framed.packets - answered;
    Ok(())
}

/// Asks and asks and never reads, until no more is taken.
fn deaf(server: SocketAddr, random: &mut Random) -> Result<TcpStream, String> {
    let patience = Duration::from_millis(100);
    let mut stream =
        connect(server, IDLER, patience).map_err(|error| format!("connecting: {error}"))?;
    let mut octets = Vec::new();
    for _ in 0..1_000 {
        let packet = packets::next(random);
        if !is_silent(&packet) && packet.len() <= LONGEST {
            octets.extend_from_slice(&(packet.len() as u16).to_be_bytes());
            octets.extend_from_slice(&packet);
        }
    }
    // However much is taken: it is the server's memory that is looked at.
    let _ = (0..20).try_for_each(|_| stream.write_all(&octets));
    Ok(stream)
}

/// Starts a message and leaves it at that.
fn half(server: SocketAddr, random: &mut Random) -> Result<TcpStream, String> {
    let mut stream =
        connect(server, IDLER, PATIENCE).map_err(|error| format!("connecting: {error}"))?;
    let _ = stream.write_all(&[&[0x0f, 0xff], packets::next(random).as_slice()].concat());
    Ok(stream)
}

/// More connections than a client may have, all at once, then one query on each.
fn crowd(server: SocketAddr) -> Result<(), String> {
    let streams: Result<Vec<_>, _> =
        (0..CROWD).map(|_| connect(server, CROWDED, PATIENCE)).collect();
    let mut streams = streams.map_err(|error| format!("connecting: {error}"))?;
    for stream in &mut streams {
        let _ = stream.write_all(b"\0\x11\0\0\x01\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01");
        let _ = stream.shutdown(Shutdown::Write);
    }
    for mut stream in streams {
        match stream.read_to_end(&mut Vec::new()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err("a connection of a crowd stays open".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}
