//! Server stamps (`sdns://…`): a server's address, name and transport in one text, as lists of public
//! resolvers have them. The format is public, at dnscrypt.info/stamps-specifications.

use data_encoding::BASE64URL_NOPAD;

use super::upstream_url::{Transport, UpstreamUrl, UpstreamUrlError};

/// The server of a stamp; `text` is what stands behind `sdns://`.
///
/// # Errors
/// A stamp that is damaged, or of a protocol that is not spoken here. Hashes of certificates are passed
/// over: they change, and then nothing would be resolved; the server must prove its name anyway.
pub(super) fn read(text: &str) -> Result<UpstreamUrl, UpstreamUrlError> {
    let damaged = UpstreamUrlError::Stamp("is damaged");
    let bytes = BASE64URL_NOPAD
        .decode(text.trim_end_matches('=').as_bytes())
        .map_err(|_| damaged.clone())?;
    stamp(&bytes).ok_or(damaged)?
}

/// None where it ends too early or is no text.
fn stamp(bytes: &[u8]) -> Option<Result<UpstreamUrl, UpstreamUrlError>> {
    let (&protocol, rest) = bytes.split_first()?;
    // Properties (DNSSEC, no logs, no filter) are promises to people.
    let mut rest = rest.get(8..)?;
    let transport = match protocol {
        0 => Transport::Udp,
        1 => return Some(Err(UpstreamUrlError::Stamp("is of DNSCrypt, which is not spoken here"))),
        2 => Transport::Https,
        3 => Transport::Tls,
        4 => Transport::Quic,
        _ => return Some(Err(UpstreamUrlError::Stamp("is of a protocol not spoken here"))),
    };
    let address = text(&mut rest)?;
    if !transport.is_encrypted() {
        return Some(UpstreamUrl::new(transport, address, None, ""));
    }
    // Hashes: lengths with the top bit set, but for the last one.
    loop {
        let (&length, tail) = rest.split_first()?;
        rest = tail.get(usize::from(length & 0x7f)..)?;
        if length & 0x80 == 0 {
            break;
        }
    }
    let name = text(&mut rest)?;
    let path = if transport == Transport::Https { text(&mut rest)? } else { "" };
    let (host, port) = match name.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, Some(port)),
        _ => (name, None),
    };
    // An address may bear the port instead, or be nothing but one, or be left out.
    let url = match (address, port) {
        ("", _) => UpstreamUrl::new(transport, name, None, path),
        (address, Some(port)) if !has_port(address) => {
            UpstreamUrl::new(transport, &format!("{address}:{port}"), Some(host), path)
        }
        (address, _) if address.starts_with(':') => {
            UpstreamUrl::new(transport, &format!("{host}{address}"), None, path)
        }
        (address, _) => UpstreamUrl::new(transport, address, Some(host), path),
    };
    Some(url)
}

fn has_port(address: &str) -> bool {
    address.parse::<std::net::SocketAddr>().is_ok() || address.starts_with(':')
}

/// A text with its length before it.
fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (&length, tail) = rest.split_first()?;
    let (text, tail) = tail.split_at_checked(usize::from(length))?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(protocol: u8, parts: &[&[u8]]) -> String {
        let mut bytes = vec![protocol, 7, 0, 0, 0, 0, 0, 0, 0];
        for part in parts {
            bytes.push(part.len() as u8);
            bytes.extend_from_slice(part);
        }
        format!("sdns://{}", BASE64URL_NOPAD.encode(&bytes))
    }

    fn url(stamp: &str) -> String {
        stamp.parse::<UpstreamUrl>().map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn stamps_are_urls() {
        assert_eq!(url(&stamp(0, &[b"192.0.2.1:5300"])), "udp://192.0.2.1:5300");
        assert_eq!(
            url(&stamp(2, &[b"192.0.2.1", b"", b"dns.example.org", b"/dns-query"])),
            "https://192.0.2.1/dns-query#dns.example.org"
        );
        assert_eq!(
            url(&stamp(3, &[b"", b"", b"dns.example.org:8853"])),
            "tls://dns.example.org:8853"
        );
        assert_eq!(
            url(&stamp(4, &[b"[2001:db8::1]", b"0123", b"dns.example.org:784"])),
            "quic://[2001:db8::1]:784#dns.example.org"
        );
    }

    #[test]
    fn what_is_no_stamp_is_said() {
        assert!(url("sdns://!").contains("is damaged"));
        assert!(url(&stamp(2, &[b"192.0.2.1", b""])).contains("is damaged"));
        assert!(url(&stamp(1, &[b"192.0.2.1"])).contains("DNSCrypt"));
        assert!(url(&stamp(9, &[b"192.0.2.1"])).contains("protocol"));
    }
}
