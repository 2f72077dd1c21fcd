//! Packets over UDP: what has a header and is no reply gets exactly one reply, the rest none.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::packets::{self, Random, is_silent};
use crate::{Run, Tally};

/// Packets on their way at once: few enough for any socket's buffer to hold.
const WINDOW: usize = 64;
/// Windows from one socket, and so one client address.
const WINDOWS: usize = 64;
/// After this a reply counts as lost, as any datagram may be, and is asked for again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Lost replies that are no chance any more.
const TRIES: usize = 3;

/// Sends `count` packets and checks what comes back.
pub(crate) fn attack(
    server: SocketAddr,
    count: u64,
    seed: u64,
    run: &Run,
) -> Result<Tally, String> {
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    let mut clients = 0_u16;
    let mut socket = None;
    for window in 0.. {
        if tally.packets >= count || !run.goes_on() {
            break;
        }
        if window % WINDOWS == 0 {
            clients = clients.wrapping_add(1);
            socket = None;
        }
        let socket = match &socket {
            Some(socket) => socket,
            None => {
                let opened = open(server, clients).map_err(|error| format!("socket: {error}"))?;
                socket.insert(opened)
            }
        };
        let size = WINDOW.min((count - tally.packets) as usize);
        let packets: Vec<_> = (0..size)
            .map(|index| {
                let mut packet = packets::next(&mut random);
                if let Some(id) = packet.first_chunk_mut() {
                    *id = ((window * WINDOW + index) as u16).to_be_bytes();
                }
                packet
            })
            .collect();
        tally.packets += size as u64;
        exchange(socket, packets, &mut tally)?;
    }
    Ok(tally)
}

/// A socket at an address that no other one has, as long as there are.
fn open(server: SocketAddr, client: u16) -> io::Result<UdpSocket> {
    let [high, low] = client.to_be_bytes();
    let socket = UdpSocket::bind(SocketAddr::from(([127, 1, high, low.max(1)], 0)))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn exchange(socket: &UdpSocket, packets: Vec<Vec<u8>>, tally: &mut Tally) -> Result<(), String> {
    let (silent, mut open): (Vec<_>, Vec<_>) =
        packets.into_iter().partition(|packet| is_silent(packet));
    tally.unanswered += silent.len() as u64;
    let send = |packet: &Vec<u8>| {
        socket.send(packet).map_err(|error| format!("{error} on sending {packet:02x?}"))
    };
    // A packet that must be ignored comes first: a reply to it comes back within this exchange.
    silent.iter().try_for_each(|packet| send(packet).map(drop))?;
    let ids: Vec<_> = open.iter().map(|packet| [packet[0], packet[1]]).collect();
    let mut reply = [0; 65_536];
    for _ in 0..TRIES {
        open.iter().try_for_each(|packet| send(packet).map(drop))?;
        while !open.is_empty() {
            let Ok(len) = socket.recv(&mut reply) else { break };
            let id = tally.reply(&reply[..len])?.to_be_bytes();
            match open.iter().position(|packet| packet[..2] == id) {
                Some(index) => drop(open.swap_remove(index)),
                // A second reply to what was asked for again is no fault.
                None if ids.contains(&id) => {}
                None => return Err(format!("nobody asked for {:02x?}", &reply[..len])),
            }
        }
    }
    match open.first() {
        None => Ok(()),
        Some(packet) => Err(format!("no reply to {} packets, such as {packet:02x?}", open.len())),
    }
}
