//! Sockets that systemd has opened for us (sd_listen_fds(3)): they stay open while we are started
//! again, and we need no permission for their ports.
//!
//! An address of the settings that was passed is taken as it is; all others are opened as ever. What
//! is passed belongs to systemd and serves the next of us: it must never be shut.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use super::sys;

/// What was passed and nobody has taken yet.
#[derive(Debug, Default)]
pub struct Passed(Vec<(SocketAddr, Type, Socket)>);

impl Passed {
    /// All that was passed to this process; nothing where nobody does. To be called once: the
    /// sockets are ours alone then.
    ///
    /// # Errors
    /// A line for a person: what was passed is of no use.
    pub fn take() -> Result<Self, String> {
        let sockets =
            sys::passed().map_err(|error| format!("cannot take what was passed: {error}"))?;
        sockets.into_iter().map(described).collect::<Result<_, _>>().map(Self)
    }

    /// The one for `address`, if there is one.
    pub(super) fn find(&mut self, address: SocketAddr, kind: Type) -> Option<Socket> {
        let index = self.0.iter().position(|passed| (passed.0, passed.1) == (address, kind))?;
        Some(self.0.swap_remove(index).2)
    }

    /// The one for HTTP at `address`, if there is one.
    pub fn http(&mut self, address: SocketAddr) -> Option<TcpListener> {
        self.find(address, Type::STREAM).map(TcpListener::from)
    }

    /// Addresses that nobody has taken: the settings do not name them.
    pub fn left(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().map(|passed| passed.0)
    }
}

fn described(socket: Socket) -> Result<(SocketAddr, Type, Socket), String> {
    let kind = socket.r#type().map_err(|error| format!("what was passed is no socket: {error}"))?;
    let address = socket.local_addr().ok().and_then(|address| address.as_socket());
    let address = address.ok_or("a socket was passed that has no address and port")?;
    if Domain::for_address(address) == Domain::IPV6 && !socket.only_v6().unwrap_or(true) {
        return Err(format!(
            "the socket passed for {address} is for IPv4, too: write BindIPv6Only=ipv6-only, and 0.0.0.0 beside [::]"
        ));
    }
    Ok((address, kind, socket))
}
