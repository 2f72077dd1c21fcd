//! Who really asks, where a load balancer stands before us and says so (PROXY protocol, version 2).
//!
//! Only those that the settings name are believed, and they must say it: nobody else can put on an
//! address that is not its own.

use std::net::IpAddr;

use ppp::v2::{Addresses, Command, Header};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Octets before the length of the rest is known, and where that length stands.
const START: usize = 16;
const LENGTH: std::ops::Range<usize> = 14..16;
/// Longest rest taken: addresses and some notes.
const LONGEST: usize = 1_024;

/// The client that the header at the start of `bytes` names, and what follows it; `proxy` itself where
/// it speaks for itself. None where there is no such header.
pub(super) fn split(bytes: &[u8], proxy: IpAddr) -> Option<(IpAddr, &[u8])> {
    let header = Header::try_from(bytes).ok()?;
    let client = match (header.command, header.addresses) {
        (Command::Local, _) => proxy,
        (Command::Proxy, Addresses::IPv4(addresses)) => addresses.source_address.into(),
        (Command::Proxy, Addresses::IPv6(addresses)) => addresses.source_address.into(),
        (Command::Proxy, _) => return None,
    };
    let length = bytes.get(LENGTH)?.try_into().ok().map(u16::from_be_bytes)?;
    Some((client, bytes.get(START + usize::from(length)..)?))
}

/// The client that the header at the start of `stream` names.
pub(super) async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    proxy: IpAddr,
) -> Option<IpAddr> {
    let mut header = vec![0; START];
    stream.read_exact(&mut header).await.ok()?;
    let length = header.get(LENGTH)?.try_into().ok().map(u16::from_be_bytes)?;
    if usize::from(length) > LONGEST {
        return None;
    }
    header.resize(START + usize::from(length), 0);
    stream.read_exact(&mut header[START..]).await.ok()?;
    split(&header, proxy).map(|(client, _)| client)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn header(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
        bytes.extend_from_slice(&[0x20 | command, family, 0, addresses.len() as u8]);
        bytes.extend_from_slice(addresses);
        bytes
    }

    #[test]
    fn the_client_is_the_one_that_is_named() {
        let v4 = header(1, 0x12, &[192, 168, 1, 2, 127, 0, 0, 1, 0x10, 0, 0, 53]);
        let whole = [v4.as_slice(), b"rest"].concat();
        assert_eq!(split(&whole, PROXY), Some(("192.168.1.2".parse().unwrap(), &b"rest"[..])));
        let mut v6 = [0; 36];
        (v6[0], v6[15]) = (0xfd, 7);
        let v6 = header(1, 0x22, &v6);
        assert_eq!(split(&v6, PROXY), Some(("fd00::7".parse().unwrap(), &b""[..])));
        assert_eq!(split(&header(0, 0, &[]), PROXY), Some((PROXY, &b""[..])));
    }

    #[test]
    fn nothing_else_is_taken() {
        let good = header(1, 0x12, &[192, 168, 1, 2, 127, 0, 0, 1, 0x10, 0, 0, 53]);
        for length in 0..good.len() {
            assert_eq!(split(&good[..length], PROXY), None, "{length}");
        }
        assert_eq!(split(b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01", PROXY), None);
        assert_eq!(split(&header(1, 0x31, &[0; 216]), PROXY), None, "a path is nobody's address");
        assert_eq!(split(&header(1, 0x12, &[1, 2, 3]), PROXY), None);
    }
}
