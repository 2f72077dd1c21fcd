//! The ports: whether they are free or ours, who has them else, and whether we may have them.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;

use procfs::net::TcpState;
use procfs::process::{FDTarget, Process, all_processes};

use super::Findings;
use crate::config::Config;
use crate::server::{self, BindError, Passed};

/// Bit of the capability to listen on ports below 1024 (CAP_NET_BIND_SERVICE).
const BIND: u64 = 1 << 10;

/// Programs that are found on our ports, by the name of their process, and how to have them let go.
const KNOWN: [(&str, &str); 8] = [
    (
        "systemd-resolve",
        "write `DNSStubListener=no` below `[Resolve]` into /etc/systemd/resolved.conf.d/trackless.conf, lead \
         /etc/resolv.conf to /run/systemd/resolve/resolv.conf and restart systemd-resolved; `trackless install` does it",
    ),
    (
        "dnsmasq",
        "`systemctl disable --now dnsmasq`, or `port=0` in its settings where it does DHCP, too",
    ),
    ("named", "`systemctl disable --now named`"),
    (
        "unbound",
        "`systemctl disable --now unbound`, or give it another port and name it under `upstream`",
    ),
    ("pihole-FTL", "`systemctl disable --now pihole-FTL`"),
    ("AdGuardHome", "`systemctl disable --now AdGuardHome`"),
    ("connmand", "start connman with `--nodnsproxy`"),
    ("trackless", "another Trackless runs, with another data folder: stop one of them"),
];

/// A program that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Holder {
    /// Number and name of its process, where we may see it.
    process: Option<(i32, String)>,
}

impl Holder {
    /// Who it is, in words.
    pub(in crate::cli) fn who(&self) -> String {
        match &self.process {
            Some((pid, name)) => format!("{name} (process {pid})"),
            None => "a program of another user".to_owned(),
        }
    }

    /// Whether it is systemd-resolved.
    pub(in crate::cli) fn is_resolved(&self) -> bool {
        self.process.as_ref().is_some_and(|(_, name)| name == KNOWN[0].0)
    }

    /// Whether it is Trackless.
    pub(in crate::cli) fn is_ours(&self) -> bool {
        self.process.as_ref().is_some_and(|(_, name)| *name == own_name())
    }

    /// How to have it let go of `port`.
    pub(in crate::cli) fn mend(&self, port: u16) -> String {
        let name = self.process.as_ref().map(|(_, name)| name.as_str());
        let known = KNOWN.iter().find(|(known, _)| Some(*known) == name);
        match known {
            Some((_, mend)) => (*mend).to_owned(),
            None if name.is_none() => format!(
                "`ss -lnp 'sport = {port}'` as root names it; stop it, or choose another address"
            ),
            None => "stop it, or choose another address in the settings".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Protocol {
    Udp,
    Tcp,
}

impl Protocol {
    fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// Looks at all ports of the settings, which are the running server's if there is one. Returns the
/// number of its process, where that can be seen.
pub(super) fn look(config: &Config, runs: bool, found: &mut Findings) -> Option<i32> {
    let mut server = None;
    let mut forbidden = false;
    for (address, protocol) in doors(config) {
        let place = format!("{address} ({})", protocol.as_str());
        if address.port() == 0 {
            found.ok("port", format!("{place}: the system gives a free one"));
        } else if runs {
            match holder(address, protocol) {
                None => found.warn(
                    "port",
                    format!("nobody listens on {place}: it was set since the start"),
                    "start the server again",
                ),
                Some(held) if held.process.is_some() && !held.is_ours() => found.warn(
                    "port",
                    format!("{place} is held by {}, not by the running server", held.who()),
                    "write another address, or start the server again once it is free",
                ),
                Some(Holder { process }) => {
                    server = process.map(|(pid, _)| pid).or(server);
                    found.ok("port", format!("{place} is the running server's"));
                }
            }
        } else {
            forbidden |= free(address, protocol, &place, found);
        }
    }
    if forbidden {
        permission(found);
    }
    server
}

/// Everywhere the server is to listen.
fn doors(config: &Config) -> Vec<(SocketAddr, Protocol)> {
    use Protocol::{Tcp, Udp};
    let encrypted = &config.encrypted;
    let all: [(&[SocketAddr], &[Protocol]); 6] = [
        (&config.listen, &[Udp, Tcp]),
        (&encrypted.tls, &[Tcp]),
        (&encrypted.https, &[Udp, Tcp]),
        (&encrypted.quic, &[Udp]),
        (config.web.as_slice(), &[Tcp]),
        (config.metrics.listen.as_slice(), &[Tcp]),
    ];
    let each = all.into_iter().flat_map(|(addresses, protocols)| {
        addresses.iter().flat_map(|address| protocols.iter().map(|protocol| (*address, *protocol)))
    });
    each.collect()
}

/// Whether an address can be listened on; returns whether that is forbidden.
fn free(address: SocketAddr, protocol: Protocol, place: &str, found: &mut Findings) -> bool {
    let (udp, tcp) = if protocol == Protocol::Udp { (1, 0) } else { (0, 1) };
    match server::bind(address, udp, tcp, &mut Passed::default()) {
        Ok(_) => found.ok("port", format!("{place} is free")),
        Err(BindError::Forbidden { .. }) => return true,
        Err(BindError::Taken { .. }) => {
            let holder = holder(address, protocol).unwrap_or(Holder { process: None });
            let text = format!("{place} is held by {}", holder.who());
            found.wrong("port", text, holder.mend(address.port()));
        }
        Err(error @ (BindError::NotHere { .. } | BindError::Other { .. })) => {
            found.wrong("port", error.to_string(), "write another address");
        }
    }
    false
}

/// Why ports below 1024 are forbidden: in this place to everybody, or only to this user.
fn permission(found: &mut Findings) {
    let may_ever = Process::myself()
        .and_then(|process| process.status())
        .map_or(true, |status| status.capbnd.is_none_or(|bound| bound & BIND != 0));
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = first.unwrap_or_default().trim().parse().unwrap_or(1_024_u16);
    let text = format!("this user may not listen on ports below {first}");
    if may_ever {
        found.warn(
            "permission",
            text,
            "the service of `trackless install` may; else `setcap cap_net_bind_service=+ep` on this program",
        );
    } else {
        found.wrong(
            "permission",
            format!("{text}, and nobody may in this container"),
            "give the container NET_BIND_SERVICE, or listen on another port",
        );
    }
}

/// Who listens on `address`, or on all addresses with its port.
pub(in crate::cli) fn holder(address: SocketAddr, protocol: Protocol) -> Option<Holder> {
    let mut sockets = HashSet::new();
    let mut take = |local: SocketAddr, inode: u64| {
        if clash(local, address) {
            sockets.insert(inode);
        }
    };
    match protocol {
        Protocol::Udp => {
            let all = [procfs::net::udp(), procfs::net::udp6()].into_iter().flatten().flatten();
            // One with a peer is a client's.
            all.filter(|entry| entry.remote_address.port() == 0)
                .for_each(|entry| take(entry.local_address, entry.inode));
        }
        Protocol::Tcp => {
            let all = [procfs::net::tcp(), procfs::net::tcp6()].into_iter().flatten().flatten();
            all.filter(|entry| entry.state == TcpState::Listen)
                .for_each(|entry| take(entry.local_address, entry.inode));
        }
    }
    (!sockets.is_empty()).then(|| Holder { process: process_of(&sockets) })
}

/// Whether who listens on the one keeps others from the other.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip(), other.ip());
    one.port() == other.port()
        && (a == b
            || a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified())
            // It may take IPv4, too.
            || a.is_ipv6() && a.is_unspecified())
}

fn process_of(sockets: &HashSet<u64>) -> Option<(i32, String)> {
    all_processes().ok()?.flatten().find_map(|process| {
        let mut open = process.fd().ok()?.flatten();
        open.find(
            |open| matches!(open.target, FDTarget::Socket(inode) if sockets.contains(&inode)),
        )?;
        Some((process.pid, process.stat().ok()?.comm))
    })
}

fn own_name() -> String {
    let own = Process::myself().and_then(|process| process.stat());
    own.map_or_else(|_| env!("CARGO_PKG_NAME").to_owned(), |stat| stat.comm)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn who_listens_is_found_by_protocol_and_address() {
        let ours = std::process::id() as i32;
        let pid = |holder: Option<Holder>| holder.and_then(|holder| Some(holder.process?.0));
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        assert_eq!(pid(holder(address, Protocol::Udp)), Some(ours));
        drop(udp);
        assert_eq!(holder(address, Protocol::Udp), None);
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        assert_eq!(pid(holder(address, Protocol::Tcp)), Some(ours));
        drop(tcp);
        assert_eq!(holder(address, Protocol::Tcp), None);
    }

    #[test]
    fn addresses_clash_where_one_is_in_the_other() {
        let clashes = |one: &str, other: &str| clash(one.parse().unwrap(), other.parse().unwrap());
        assert!(
            clashes("127.0.0.53:53", "127.0.0.53:53") && clashes("127.0.0.53:53", "0.0.0.0:53")
        );
        assert!(clashes("0.0.0.0:53", "10.0.0.1:53") && clashes("[::]:53", "10.0.0.1:53"));
        assert!(!clashes("127.0.0.53:53", "127.0.0.1:53") && !clashes("[::1]:53", "0.0.0.0:53"));
        assert!(!clashes("127.0.0.1:53", "127.0.0.1:54"));
    }

    #[test]
    fn known_programs_are_told_by_name_with_what_to_do() {
        let held = |name: &str| Holder { process: Some((7, name.to_owned())) };
        assert_eq!(held("systemd-resolve").who(), "systemd-resolve (process 7)");
        assert!(held("systemd-resolve").mend(53).contains("DNSStubListener=no"));
        assert!(held("dnsmasq").mend(53).contains("port=0"));
        assert!(held("whatever").mend(53).contains("stop it"));
        assert!(Holder { process: None }.mend(53).contains("ss -lnp 'sport = 53'"));
    }
}
