//! `trackless health`: whether the server of these settings answers, for who watches over it (a
//! container has no other program in it).
//!
//! What it asks is no question of anybody: it is counted for no device.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::Settings;

/// Time for an answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// A datagram may get lost: so many more are sent.
const AGAIN: usize = 2;
/// A header alone, with an opcode (STATUS) that no server knows and every server answers.
const STATUS: [u8; 12] = [0x54, 0x4c, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Succeeds when every address that DNS is answered on gives an answer over UDP. A family that this
/// machine has no addresses of, as containers often have no IPv6, is not asked.
pub(super) fn run(settings: &Settings) -> Result<(), String> {
    let mut answered = 0;
    for door in settings.read()?.listen {
        let server = reached(door);
        match (0..AGAIN).fold(ask(server), |said, _| said.or_else(|_| ask(server))) {
            Ok(()) => answered += 1,
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
            Err(error) => return Err(format!("no answer from {server}: {error}")),
        }
    }
    if answered > 0 { Ok(()) } else { Err("there is no address to ask".to_owned()) }
}

/// Where a door is reached from this machine.
fn reached(door: SocketAddr) -> SocketAddr {
    let here = match door.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(here, door.port())
}

fn ask(server: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind((server.ip(), 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(server)?;
    socket.send(&STATUS)?;
    let mut reply = [0; STATUS.len()];
    socket.recv(&mut reply)?;
    let is_answer = reply[..2] == STATUS[..2] && reply[2] & 0x80 != 0;
    if is_answer { Ok(()) } else { Err(io::Error::other("it is no DNS server")) }
}
