//! Who may ask, and at which doors beside the plain one.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

/// Doors for clients that encrypt, and who we are to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encrypted {
    /// Addresses of DNS over TLS (RFC 7858), usually port 853.
    pub tls: Vec<SocketAddr>,
    /// Addresses of DNS over HTTPS (RFC 8484), HTTP/3 included, usually port 443.
    pub https: Vec<SocketAddr>,
    /// Addresses of DNS over QUIC (RFC 9250), usually port 853.
    pub quic: Vec<SocketAddr>,
    /// File of the certificate and those that lead to its authority (PEM); without it one of the
    /// house's own authority is made.
    pub certificate: Option<PathBuf>,
    /// File of its key (PEM); the certificate's, if it is there.
    pub key: Option<PathBuf>,
    /// Where the directory of a public authority is that gives certificates (ACME, RFC 8555).
    pub acme: Option<String>,
    /// Names that a certificate of our own is for, beside this machine's addresses; clients may put
    /// the name of their device before them.
    pub names: Vec<String>,
}

/// Who may ask, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Networks that may.
    pub networks: Vec<IpNet>,
    /// Whether the networks this machine is in may, too.
    pub on_link: bool,
    /// Load balancers that say for whom they ask (PROXY protocol, version 2), over UDP and streams.
    pub proxies: Vec<IpNet>,
    /// Queries a second from one device to one worker, 0 for any number; this machine's own are not
    /// counted. 0..=1 000 000.
    pub rate: usize,
}

impl Default for Access {
    /// Loopback, private, link-local, and carriers' shared networks (RFC 1122, 1918, 3927, 6598,
    /// 4291, 4193), and 1,000 queries a second.
    fn default() -> Self {
        let v4 = |a, b, length| IpNet::new_assert(Ipv4Addr::new(a, b, 0, 0).into(), length);
        let v6 = |first, length| {
            IpNet::new_assert(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0).into(), length)
        };
        let loopback = IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128);
        Self {
            networks: vec![
                v4(127, 0, 8),
                v4(10, 0, 8),
                v4(172, 16, 12),
                v4(192, 168, 16),
                v4(169, 254, 16),
                v4(100, 64, 10),
                loopback,
                v6(0xfe80, 10),
                v6(0xfc00, 7),
            ],
            on_link: true,
            proxies: Vec::new(),
            rate: 1_000,
        }
    }
}
