//! An upstream as a person writes it: `udp://127.0.0.1:5300`, `tls://9.9.9.9#dns.quad9.net`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// How an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Plain DNS over UDP, over TCP where an answer is truncated (RFC 1035, RFC 7766).
    Udp,
    /// Plain DNS over TCP only.
    Tcp,
    /// DNS over TLS (RFC 7858).
    Tls,
}

/// An upstream server: where it is, how to speak to it and, under TLS, who it must prove to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpstreamUrl {
    /// How to speak to it.
    pub transport: Transport,
    /// Where it is. Always an address: a DNS server cannot ask itself for one.
    pub address: SocketAddr,
    /// Name its certificate must carry; none means the address itself must be in it.
    pub server_name: Option<String>,
}

/// Why a text is no upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamUrlError {
    /// No `scheme://` that we know.
    #[error(
        "`{0}` does not start with udp://, tcp:// or tls://; write for example udp://192.168.1.1 or tls://9.9.9.9#dns.quad9.net"
    )]
    Scheme(String),
    /// The host is not an address, or the port no port.
    #[error(
        "`{0}` is not an address with an optional port; write for example 127.0.0.1:5300 or [2620:fe::fe]:853"
    )]
    Address(String),
    /// The name behind `#` is not a host name, or stands where no certificate is checked.
    #[error(
        "`#{0}` is not a server name for a certificate; write for example tls://9.9.9.9#dns.quad9.net"
    )]
    ServerName(String),
}

impl Transport {
    fn scheme(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 53,
            Self::Tls => 853,
        }
    }
}

impl FromStr for UpstreamUrl {
    type Err = UpstreamUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (transport, rest) = [Transport::Udp, Transport::Tcp, Transport::Tls]
            .into_iter()
            .find_map(|transport| {
                let rest = text.strip_prefix(transport.scheme())?.strip_prefix("://")?;
                Some((transport, rest))
            })
            .ok_or_else(|| UpstreamUrlError::Scheme(text.to_owned()))?;
        let (host, server_name) = match rest.split_once('#') {
            Some((host, name)) => (host, Some(name)),
            None => (rest, None),
        };
        let address = host
            .parse::<SocketAddr>()
            .or_else(|_| {
                let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
                let ip = bare.unwrap_or(host).parse::<IpAddr>()?;
                Ok(SocketAddr::new(ip, transport.default_port()))
            })
            .map_err(|_: std::net::AddrParseError| UpstreamUrlError::Address(host.to_owned()))?;
        if address.port() == 0 {
            return Err(UpstreamUrlError::Address(host.to_owned()));
        }
        if let Some(name) = server_name
            && (transport != Transport::Tls || !is_host_name(name))
        {
            return Err(UpstreamUrlError::ServerName(name.to_owned()));
        }
        Ok(Self { transport, address, server_name: server_name.map(str::to_owned) })
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.transport.scheme())?;
        match self.address {
            address if address.port() != self.transport.default_port() => write!(f, "{address}")?,
            SocketAddr::V4(address) => write!(f, "{}", address.ip())?,
            SocketAddr::V6(address) => write!(f, "[{}]", address.ip())?,
        }
        match &self.server_name {
            Some(name) => write!(f, "#{name}"),
            None => Ok(()),
        }
    }
}

/// Whether a text is labels of letters, digits and hyphens, 1..=63 bytes each and 253 in all.
pub(super) fn is_host_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_survives_printing() {
        for url in [
            "udp://127.0.0.1",
            "udp://127.0.0.1:5300",
            "tcp://[::1]:53000",
            "tls://9.9.9.9#dns.quad9.net",
            "tls://[2620:fe::fe]#dns.quad9.net",
        ] {
            assert_eq!(url.parse::<UpstreamUrl>().unwrap().to_string(), url);
        }
    }

    #[test]
    fn default_ports_belong_to_the_transport() {
        assert_eq!("udp://1.2.3.4".parse::<UpstreamUrl>().unwrap().address.port(), 53);
        assert_eq!("tls://1.2.3.4".parse::<UpstreamUrl>().unwrap().address.port(), 853);
        assert_eq!("tls://::1".parse::<UpstreamUrl>().unwrap().address.to_string(), "[::1]:853");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |url: &str| url.parse::<UpstreamUrl>().unwrap_err();
        assert!(matches!(error("9.9.9.9"), UpstreamUrlError::Scheme(_)));
        assert!(matches!(error("https://9.9.9.9"), UpstreamUrlError::Scheme(_)));
        assert!(matches!(error("tls://dns.quad9.net"), UpstreamUrlError::Address(_)));
        assert!(matches!(error("udp://1.2.3.4:99999"), UpstreamUrlError::Address(_)));
        assert!(matches!(error("udp://1.2.3.4:0"), UpstreamUrlError::Address(_)));
        assert!(matches!(error("udp://1.2.3.4#name"), UpstreamUrlError::ServerName(_)));
        assert!(matches!(error("tls://1.2.3.4#"), UpstreamUrlError::ServerName(_)));
    }
}
