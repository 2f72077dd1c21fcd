//! Servers that are asked, in others' notations; times in Go's.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::config::UpstreamUrl;

/// Why a name cannot stand for a server without encryption.
const NAMED: &str = "a server without encryption is written by its address here";

/// `address`, or `address#port` as dnsmasq has it, perhaps with an interface behind `@`.
pub(super) fn dnsmasq(text: &str) -> Result<String, String> {
    let text = text.split_once('@').map_or(text, |(text, _)| text).trim();
    let (host, port) = text.split_once('#').unwrap_or((text, "53"));
    let port: u16 = port.parse().map_err(|_| format!("{port} is no port"))?;
    let address: IpAddr = host.parse().map_err(|_| NAMED.to_owned())?;
    ours("udp://", &SocketAddr::new(address, port).to_string())
}

/// As AdGuard Home has it: `8.8.8.8`, `8.8.8.8:53`, or a URL.
pub(super) fn adguard(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some(("sdns", _)) => ours("", text),
        Some(("https" | "h3" | "tls" | "quic" | "tcp" | "udp", rest)) => {
            let scheme = &text[..text.len() - rest.len()];
            ours(scheme, rest.trim_end_matches('/'))
        }
        Some((scheme, _)) => Err(format!("{scheme}:// is not spoken here")),
        None => ours("udp://", &bracketed(text)),
    }
}

/// As Blocky has it: `net:host:port/path#name`.
pub(super) fn blocky(text: &str) -> Result<String, String> {
    let schemes = [
        ("tcp+udp:", "udp://"),
        ("udp:", "udp://"),
        ("tcp-tls:", "tls://"),
        ("tcp:", "tcp://"),
        ("https:", "https://"),
        ("quic:", "quic://"),
    ];
    let found = schemes.iter().find_map(|(theirs, scheme)| {
        Some((*scheme, text.strip_prefix(theirs)?.trim_start_matches("//")))
    });
    let (scheme, rest) = found.unwrap_or(("udp://", text));
    let (rest, name) = rest.split_once('#').map_or((rest, None), |(rest, name)| (rest, Some(name)));
    let name = name.map_or_else(String::new, |name| format!("#{name}"));
    ours(scheme, &(bracketed(rest) + &name))
}

/// An IPv6 address alone in brackets, anything else as it is.
fn bracketed(text: &str) -> String {
    if text.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{text}]") } else { text.to_owned() }
}

fn ours(scheme: &str, rest: &str) -> Result<String, String> {
    let url = format!("{scheme}{rest}").parse::<UpstreamUrl>();
    url.map(|url| url.to_string()).map_err(|error| {
        let named = matches!(scheme, "udp://" | "tcp://") && rest.contains(char::is_alphabetic);
        if named { NAMED.to_owned() } else { error.to_string() }
    })
}

/// The zones in which names of a network's addresses are; at most 256.
pub(super) fn reverse_zones(network: IpNet) -> Vec<String> {
    let step = match network {
        IpNet::V4(_) => 8,
        IpNet::V6(_) => 4,
    };
    let whole = network.prefix_len().div_ceil(step).max(1) * step;
    let Ok(parts) = network.trunc().subnets(whole) else { return Vec::new() };
    let zone = |part: IpNet| {
        let labels: Vec<String> = match part.network() {
            IpAddr::V4(address) => address.octets().map(|octet| octet.to_string()).to_vec(),
            IpAddr::V6(address) => {
                let nibbles =
                    address.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
                nibbles.map(|nibble| format!("{nibble:x}")).collect()
            }
        };
        let top = if step == 8 { "in-addr.arpa" } else { "ip6.arpa" };
        let known = labels.iter().take(usize::from(whole / step)).rev();
        known.fold(String::new(), |zone, label| zone + label + ".") + top
    };
    parts.map(zone).collect()
}

/// A time as Go writes it, `1h30m`, or a plain number of minutes, in our words; none for what is no
/// time, or is below zero.
pub(super) fn go_time(text: &str) -> Option<String> {
    let mut millis = 0_u64;
    let mut rest = text;
    if rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("{}s", rest.parse::<u64>().ok()?.checked_mul(60)?));
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match rest.get(..letters)? {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        rest = rest.get(letters..)?;
        millis = millis.checked_add(number.checked_mul(unit)?)?;
    }
    Some(if millis.is_multiple_of(1_000) {
        format!("{}s", millis / 1_000)
    } else {
        format!("{millis}ms")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_understood() {
        for (text, ours) in [
            ("8.8.8.8", "udp://8.8.8.8"),
            ("127.0.0.1#5335", "udp://127.0.0.1:5335"),
            ("2620:fe::fe#53", "udp://[2620:fe::fe]"),
            ("192.168.1.1@eth0", "udp://192.168.1.1"),
        ] {
            assert_eq!(dnsmasq(text).as_deref(), Ok(ours), "{text}");
        }
        assert!(dnsmasq("dns.example").is_err() && dnsmasq("1.1.1.1#x").is_err());
        for (text, ours) in [
            ("9.9.9.10", "udp://9.9.9.10"),
            ("9.9.9.10:5353", "udp://9.9.9.10:5353"),
            ("2620:fe::10", "udp://[2620:fe::10]"),
            ("tls://dns.quad9.net", "tls://dns.quad9.net"),
            ("https://dns10.quad9.net/dns-query", "https://dns10.quad9.net/dns-query"),
            ("https://dns10.quad9.net:443/dns-query", "https://dns10.quad9.net/dns-query"),
            ("quic://dns.adguard.example", "quic://dns.adguard.example"),
            ("tcp://1.1.1.1", "tcp://1.1.1.1"),
        ] {
            assert_eq!(adguard(text).as_deref(), Ok(ours), "{text}");
        }
        assert!(adguard("udp://dns.example").unwrap_err().contains("address"));
        assert!(adguard("ftp://x").is_err());
        for (text, ours) in [
            ("46.182.19.48", "udp://46.182.19.48"),
            ("tcp+udp:1.1.1.1:54", "udp://1.1.1.1:54"),
            ("tcp-tls:fdns1.dismail.de:853", "tls://fdns1.dismail.de"),
            ("tcp-tls:9.9.9.9#dns.quad9.net", "tls://9.9.9.9#dns.quad9.net"),
            ("https://dns.example.org/dns-query", "https://dns.example.org/dns-query"),
            ("tcp+udp:[2001:db8::1]:53", "udp://[2001:db8::1]"),
        ] {
            assert_eq!(blocky(text).as_deref(), Ok(ours), "{text}");
        }
    }

    #[test]
    fn networks_have_reverse_zones() {
        let zones = |text: &str| reverse_zones(text.parse().unwrap());
        assert_eq!(zones("192.168.1.0/24"), ["1.168.192.in-addr.arpa"]);
        assert_eq!(zones("10.0.0.0/8"), ["10.in-addr.arpa"]);
        assert_eq!(zones("192.168.2.0/23"), ["2.168.192.in-addr.arpa", "3.168.192.in-addr.arpa"]);
        assert_eq!(zones("192.168.1.7/32"), ["7.1.168.192.in-addr.arpa"]);
        assert_eq!(zones("fd00::/8"), ["d.f.ip6.arpa"]);
        assert_eq!(zones("0.0.0.0/1").len(), 128);
        assert_eq!(zones("::/0").len(), 16);
    }

    #[test]
    fn times_of_go_are_understood() {
        for (text, ours) in [
            ("10s", Some("10s")),
            ("1h30m", Some("5400s")),
            ("250ms", Some("250ms")),
            ("5", Some("300s")),
            ("-1s", None),
            ("5x", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(go_time(text).as_deref(), ours, "{text}");
        }
    }
}
