//! An upstream as a person writes it: `udp://127.0.0.1:5300`, `tls://9.9.9.9#dns.quad9.net`,
//! `https://dns.quad9.net/dns-query`, or a stamp.

use std::fmt;
use std::iter::{once, repeat};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use data_encoding::BASE64;

use super::stamp;

/// Path of DNS over HTTPS where none is written (RFC 8484 section 4.1.1 has it as an example).
const PATH: &str = "/dns-query";

/// How an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Plain DNS over UDP, over TCP where an answer is truncated (RFC 1035, RFC 7766).
    Udp,
    /// Plain DNS over TCP only.
    Tcp,
    /// DNS over TLS (RFC 7858).
    Tls,
    /// DNS over HTTPS, HTTP/2 (RFC 8484).
    Https,
    /// DNS over HTTPS, HTTP/3 (RFC 9114).
    H3,
    /// DNS over QUIC (RFC 9250).
    Quic,
    /// Nobody in particular: from the root downwards (RFC 1034 section 5.3.3).
    Recursion,
}

/// An upstream server: where it is, how to speak to it and, where it is encrypted, who it must
/// prove to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpstreamUrl {
    /// How to speak to it.
    pub transport: Transport,
    /// Where it is.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// Name its certificate must carry; none means that of its host.
    pub server_name: Option<String>,
    /// Path of DNS over HTTPS; empty for others.
    pub path: String,
    /// Keys of which it must have one, where its authority does not matter.
    pub pins: Vec<Pin>,
}

/// SHA-256 of a certificate's public key (its SubjectPublicKeyInfo, as in RFC 7469), by which a server
/// is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; 32]);

impl Pin {
    const PREFIX: &str = "sha256/";

    fn read(text: &str) -> Option<Self> {
        let octets = BASE64.decode(text.strip_prefix(Self::PREFIX)?.as_bytes()).ok()?;
        octets.try_into().ok().map(Self)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, BASE64.encode(&self.0))
    }
}

/// Where an upstream is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// At an address.
    Address(IpAddr),
    /// At the addresses of a name, for which the bootstrap servers are asked.
    Name(String),
    /// Wherever the root's servers, and those they lead to, are.
    Root,
}

/// What is written for [`Transport::Recursion`].
const RECURSIVE: &str = "recursive";

/// Why a text is no upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamUrlError {
    /// No `scheme://` that we know.
    #[error(
        "`{0}` does not start with udp://, tcp://, tls://, https://, h3://, quic:// or sdns://; write for example udp://192.168.1.1 or tls://9.9.9.9#dns.quad9.net"
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
    /// A pin that is none, or stands where no certificate is checked.
    #[error(
        "`{0}` is not the hash of a server's key; write for example tls://192.168.1.2#sha256/ and the 44 characters that `openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` gives for its certificate"
    )]
    Pin(String),
    /// A path that is none, or stands where there are none.
    #[error("`{0}` is not a path for this server; write for example https://9.9.9.9/dns-query")]
    Path(String),
    /// A stamp that cannot be read or used.
    #[error(
        "the stamp {0}; write the server's URL instead, for example tls://9.9.9.9#dns.quad9.net"
    )]
    Stamp(&'static str),
}

impl Transport {
    const ALL: [Self; 6] = [Self::Udp, Self::Tcp, Self::Tls, Self::Https, Self::H3, Self::Quic];

    fn scheme(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::H3 => "h3",
            Self::Quic => "quic",
            Self::Recursion => RECURSIVE,
        }
    }

    pub(super) fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp | Self::Recursion => 53,
            Self::Tls | Self::Quic => 853,
            Self::Https | Self::H3 => 443,
        }
    }

    /// Whether what is said can be read by those on the way.
    pub fn is_encrypted(self) -> bool {
        !matches!(self, Self::Udp | Self::Tcp | Self::Recursion)
    }

    fn has_path(self) -> bool {
        matches!(self, Self::Https | Self::H3)
    }
}

impl UpstreamUrl {
    /// Where it is, if that is an address.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.host {
            Host::Address(ip) => Some(SocketAddr::new(*ip, self.port)),
            Host::Name(_) | Host::Root => None,
        }
    }

    /// What its certificate must be for.
    pub fn certificate_name(&self) -> String {
        match (&self.server_name, &self.host) {
            (Some(name), _) | (None, Host::Name(name)) => name.clone(),
            (None, Host::Address(ip)) => ip.to_string(),
            (None, Host::Root) => String::new(),
        }
    }

    /// The name by which it is known, if it is not only an address.
    pub fn name(&self) -> Option<&str> {
        match (&self.server_name, &self.host) {
            (Some(name), _) | (None, Host::Name(name)) => Some(name),
            (None, Host::Address(_) | Host::Root) => None,
        }
    }

    pub(super) fn new(
        transport: Transport,
        host: &str,
        server_name: Option<&str>,
        path: &str,
    ) -> Result<Self, UpstreamUrlError> {
        let address = || UpstreamUrlError::Address(host.to_owned());
        let (host, port) = host_and_port(host).ok_or_else(address)?;
        let port = port.unwrap_or_else(|| transport.default_port());
        // Plain servers are those that are asked for the others' addresses.
        if port == 0 || !transport.is_encrypted() && matches!(host, Host::Name(_)) {
            return Err(address());
        }
        if let Some(name) = server_name
            && (!transport.is_encrypted() || !is_host_name(name))
        {
            return Err(UpstreamUrlError::ServerName(name.to_owned()));
        }
        let visible = |path: &str| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let path = match (transport.has_path(), path) {
            (true, "") => PATH,
            (true, path) if path.starts_with('/') && visible(path) => path,
            (false, "") => "",
            _ => return Err(UpstreamUrlError::Path(path.to_owned())),
        };
        Ok(Self {
            transport,
            host,
            port,
            server_name: server_name.map(str::to_owned),
            path: path.to_owned(),
            pins: Vec::new(),
        })
    }
}

/// An address or a name, and a port if there is one.
fn host_and_port(text: &str) -> Option<(Host, Option<u16>)> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((Host::Address(address.ip()), Some(address.port())));
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if let Ok(ip) = bare.unwrap_or(text).parse::<IpAddr>() {
        return Some((Host::Address(ip), None));
    }
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok()?)),
        None => (text, None),
    };
    // No top-level name ends in a digit: such a text is an address with a slip.
    let is_name = is_host_name(name) && !name.ends_with(|last: char| last.is_ascii_digit());
    (is_name && name.contains('.')).then(|| (Host::Name(name.to_ascii_lowercase()), port))
}

impl FromStr for UpstreamUrl {
    type Err = UpstreamUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == RECURSIVE {
            return Ok(Self {
                transport: Transport::Recursion,
                host: Host::Root,
                port: Transport::Recursion.default_port(),
                server_name: None,
                path: String::new(),
                pins: Vec::new(),
            });
        }
        if let Some(stamp) = text.strip_prefix("sdns://") {
            return stamp::read(stamp);
        }
        let (transport, rest) = Transport::ALL
            .into_iter()
            .find_map(|transport| {
                let rest = text.strip_prefix(transport.scheme())?.strip_prefix("://")?;
                Some((transport, rest))
            })
            .ok_or_else(|| UpstreamUrlError::Scheme(text.to_owned()))?;
        let (rest, proof) = match rest.split_once('#') {
            Some((rest, proof)) => (rest, proof.split(',').collect()),
            None => (rest, Vec::new()),
        };
        let (pins, names): (Vec<&str>, Vec<&str>) =
            proof.into_iter().partition(|part| part.starts_with(Pin::PREFIX));
        if let [_, second, ..] = names[..] {
            return Err(UpstreamUrlError::ServerName(second.to_owned()));
        }
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut url = Self::new(transport, host, names.first().copied(), path)?;
        for text in pins {
            let pin = Pin::read(text).filter(|_| transport.is_encrypted());
            url.pins.push(pin.ok_or_else(|| UpstreamUrlError::Pin(text.to_owned()))?);
        }
        Ok(url)
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host == Host::Root {
            return f.write_str(RECURSIVE);
        }
        write!(f, "{}://", self.transport.scheme())?;
        match &self.host {
            Host::Address(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            Host::Address(IpAddr::V4(ip)) => write!(f, "{ip}")?,
            Host::Name(name) => f.write_str(name)?,
            Host::Root => {}
        }
        if self.port != self.transport.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)?;
        let name = self.server_name.iter().map(|name| name as &dyn fmt::Display);
        let pins = self.pins.iter().map(|pin| pin as &dyn fmt::Display);
        for (before, part) in once('#').chain(repeat(',')).zip(name.chain(pins)) {
            write!(f, "{before}{part}")?;
        }
        Ok(())
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
            "tls://dns.quad9.net",
            "https://9.9.9.9:8443/dns-query#dns.quad9.net",
            "https://dns.quad9.net/some/path?x",
            "h3://[2620:fe::fe]/dns-query#dns.quad9.net",
            "quic://dns.example.org:8853",
            "tls://192.0.2.1#sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "tls://192.0.2.1#dns.example.org,sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "recursive",
        ] {
            assert_eq!(url.parse::<UpstreamUrl>().unwrap().to_string(), url);
        }
    }

    #[test]
    fn default_ports_belong_to_the_transport() {
        assert_eq!("udp://1.2.3.4".parse::<UpstreamUrl>().unwrap().port, 53);
        assert_eq!("tls://1.2.3.4".parse::<UpstreamUrl>().unwrap().port, 853);
        assert_eq!("quic://1.2.3.4".parse::<UpstreamUrl>().unwrap().port, 853);
        assert_eq!("h3://dns.example.org".parse::<UpstreamUrl>().unwrap().port, 443);
        let local = "tls://::1".parse::<UpstreamUrl>().unwrap();
        assert_eq!(local.address().unwrap().to_string(), "[::1]:853");
        let https = "https://dns.example.org".parse::<UpstreamUrl>().unwrap();
        assert_eq!(https.to_string(), "https://dns.example.org/dns-query");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |url: &str| url.parse::<UpstreamUrl>().unwrap_err();
        assert!(matches!(error("9.9.9.9"), UpstreamUrlError::Scheme(_)));
        assert!(matches!(error("http://9.9.9.9"), UpstreamUrlError::Scheme(_)));
        assert!(matches!(error("udp://dns.quad9.net"), UpstreamUrlError::Address(_)));
        assert!(matches!(error("tls://9.9.9.256"), UpstreamUrlError::Address(_)));
        assert!(matches!(error("tls://9.9.9.9/x"), UpstreamUrlError::Path(_)));
        assert!(matches!(error("https://9.9.9.9/a b"), UpstreamUrlError::Path(_)));
        assert!(matches!(error("sdns://AQ"), UpstreamUrlError::Stamp(_)));
        assert!(matches!(error("udp://1.2.3.4:99999"), UpstreamUrlError::Address(_)));
        assert!(matches!(error("udp://1.2.3.4:0"), UpstreamUrlError::Address(_)));
        assert!(matches!(error("udp://1.2.3.4#name"), UpstreamUrlError::ServerName(_)));
        assert!(matches!(error("tls://1.2.3.4#sha256/AAAA"), UpstreamUrlError::Pin(_)));
        let pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(matches!(error(&format!("udp://1.2.3.4#{pin}")), UpstreamUrlError::Pin(_)));
        assert!(matches!(error("tls://1.2.3.4#a.b,c.d"), UpstreamUrlError::ServerName(_)));
        assert!(matches!(error("tls://1.2.3.4#"), UpstreamUrlError::ServerName(_)));
    }
}
