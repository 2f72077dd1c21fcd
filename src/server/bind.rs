//! Opening sockets, and saying what to do where that fails.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::passed::Passed;
use super::sys;

/// Room for queries that arrive while a worker is busy, in bytes; the system may give less.
pub const RECEIVE_BUFFER: usize = 4 << 20;
/// Connections the system may hold before we take them.
const BACKLOG: i32 = 1_024;
/// Ports tried where any will do.
const PORT_TRIES: u32 = 32;
/// How often a worker on a socket that was passed looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(250);

/// The sockets of one listening address.
#[derive(Debug)]
pub struct Door {
    /// Where it really listens: the port is known even if 0 was asked for.
    pub address: SocketAddr,
    /// One for each worker; the system spreads clients over them.
    pub udp: Vec<UdpSocket>,
    /// One for each resolver thread.
    pub tcp: Vec<TcpListener>,
}

/// Why an address cannot be listened on, and the ways out.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The system forbids the port.
    #[error(
        "cannot listen on {address} ({protocol}): ports below 1024 need a permission; choose another port (--listen {ip}:1053), or allow it with `setcap cap_net_bind_service=+ep` on this program",
        ip = bracketed(address)
    )]
    Forbidden {
        /// The address.
        address: SocketAddr,
        /// UDP or TCP.
        protocol: &'static str,
    },
    /// Another program has it.
    #[error(
        "cannot listen on {address} ({protocol}): another program already does; stop it (`ss -lnp 'sport = {port}'` names it), or choose another port (--listen {ip}:{other})",
        ip = bracketed(address), port = address.port(), other = other_port(address)
    )]
    Taken {
        /// The address.
        address: SocketAddr,
        /// UDP or TCP.
        protocol: &'static str,
    },
    /// The address is not this machine's.
    #[error(
        "cannot listen on {address} ({protocol}): no interface of this machine has that address; `ip address` shows those there are, {any} means all of them",
        any = if address.is_ipv4() { "0.0.0.0" } else { "[::]" }
    )]
    NotHere {
        /// The address.
        address: SocketAddr,
        /// UDP or TCP.
        protocol: &'static str,
    },
    /// Anything else.
    #[error("cannot listen on {address} ({protocol}): {error}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// UDP or TCP.
        protocol: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

fn bracketed(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn other_port(address: &SocketAddr) -> u16 {
    if address.port() == 1053 { 5353 } else { 1053 }
}

impl BindError {
    /// The error for `address`, with the ways out.
    pub fn new(address: SocketAddr, protocol: &'static str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Forbidden { address, protocol },
            io::ErrorKind::AddrInUse => Self::Taken { address, protocol },
            io::ErrorKind::AddrNotAvailable => Self::NotHere { address, protocol },
            _ => Self::Other { address, protocol, error },
        }
    }
}

/// Opens `address` with a UDP socket for each of `workers` and a TCP one for each of `resolvers`;
/// where it was `passed`, they share that one.
///
/// # Errors
/// The first socket that cannot be opened.
pub fn bind(
    address: SocketAddr,
    workers: usize,
    resolvers: usize,
    passed: &mut Passed,
) -> Result<Door, BindError> {
    let mut of = |kind, protocol, count| {
        let socket = if count > 0 { passed.find(address, kind) } else { None };
        let sockets = socket.map(|socket| shared_out(&socket, address, kind, count)).transpose();
        sockets
            .map(Option::unwrap_or_default)
            .map_err(|error| BindError::new(address, protocol, error))
    };
    let udp = of(Type::DGRAM, "UDP", workers)?;
    let tcp = of(Type::STREAM, "TCP", resolvers)?;
    let open = |passed: &[Socket], count| if passed.is_empty() { count } else { 0 };
    let (workers, resolvers) = (open(&udp, workers), open(&tcp, resolvers));
    let mut door = open_door(address, workers, resolvers)?;
    door.udp.extend(udp.into_iter().map(UdpSocket::from));
    door.tcp.extend(tcp.into_iter().map(TcpListener::from));
    Ok(door)
}

/// A socket that was passed, made ready for `count` threads.
fn shared_out(
    socket: &Socket,
    address: SocketAddr,
    kind: Type,
    count: usize,
) -> io::Result<Vec<Socket>> {
    socket.set_nonblocking(kind == Type::STREAM)?;
    if kind == Type::DGRAM {
        prepare_datagrams(socket, address)?;
        socket.set_read_timeout(Some(LOOK))?;
    }
    (0..count).map(|_| socket.try_clone()).collect()
}

fn open_door(address: SocketAddr, workers: usize, resolvers: usize) -> Result<Door, BindError> {
    // A port that the system finds free for UDP may be taken for TCP, or be taken meanwhile.
    let mut tries = if address.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_once(address, workers, resolvers) {
            Err(BindError::Taken { .. }) if tries > 0 => {}
            result => return result,
        }
    }
}

fn bind_once(address: SocketAddr, workers: usize, resolvers: usize) -> Result<Door, BindError> {
    // Sockets that share a port would share it with another server of the same user, too, and
    // take each other's queries: one that does not share finds that out first.
    let mut address = address;
    for (protocol, name, count) in
        [(Protocol::UDP, "UDP", workers), (Protocol::TCP, "TCP", resolvers)]
    {
        if count > 0 {
            let failed = |error| BindError::new(address, name, error);
            let probe = socket(address, protocol, false).map_err(failed)?;
            address = local_address(&probe).map_err(failed)?;
        }
    }
    let udp = (0..workers).map(|_| socket(address, Protocol::UDP, true).map(UdpSocket::from));
    let udp = udp
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| BindError::new(address, "UDP", error))?;
    let tcp = (0..resolvers).map(|_| {
        let socket = socket(address, Protocol::TCP, true)?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(TcpListener::from(socket))
    });
    let tcp = tcp
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| BindError::new(address, "TCP", error))?;
    Ok(Door { address, udp, tcp })
}

fn socket(address: SocketAddr, protocol: Protocol, shared: bool) -> io::Result<Socket> {
    let kind = if protocol == Protocol::UDP { Type::DGRAM } else { Type::STREAM };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // Each family has its own socket, so that both can be listed and neither shadows.
        socket.set_only_v6(true)?;
    }
    if kind == Type::STREAM {
        // A restart must not wait for old connections to be forgotten.
        socket.set_reuse_address(true)?;
    }
    socket.set_reuse_port(shared)?;
    if kind == Type::DGRAM {
        prepare_datagrams(&socket, address)?;
    }
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}

fn prepare_datagrams(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    // Less room is no reason not to serve.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    if address.ip().is_unspecified() {
        sys::tell_destination(socket, address.is_ipv6())?;
    }
    Ok(())
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_said_with_the_ways_out() {
        let first =
            bind(SocketAddr::from(([127, 0, 0, 1], 0)), 2, 2, &mut Passed::default()).unwrap();
        let error = bind(first.address, 1, 1, &mut Passed::default()).unwrap_err().to_string();
        let address = first.address;
        assert!(error.starts_with(&format!("cannot listen on {address} (UDP): another program")));
        assert!(error.contains("--listen 127.0.0.1:1053"), "{error}");
    }

    #[test]
    fn an_address_of_others_is_said() {
        let error =
            bind(SocketAddr::from(([192, 0, 2, 1], 0)), 1, 1, &mut Passed::default()).unwrap_err();
        assert!(matches!(error, BindError::NotHere { .. }), "{error}");
    }

    #[test]
    fn permission_is_said_with_the_capability() {
        let address = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 53));
        let error = BindError::new(address, "TCP", io::ErrorKind::PermissionDenied.into());
        let text = error.to_string();
        assert!(text.contains("cap_net_bind_service") && text.contains("--listen [::1]:1053"));
    }
}
