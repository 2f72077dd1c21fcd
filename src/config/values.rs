//! Single values as a person writes them: counts, sizes, times, addresses, names, words.
//!
//! Each kind is read by one function and, where its [`Display`](std::fmt::Display) would not
//! read back, written by another. Must never know which setting a value belongs to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};

use super::error::{nearest, quoted};
use super::upstream_url::is_host_name;

/// Why a text is not the value that is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not look like one.
    Form,
    /// It looks like one, but is too small or too large.
    Range,
    /// It is nearly this word.
    Near(&'static str),
    /// It is off in a way of its own; the whole sentence, with what to write.
    Because(String),
}

const SIZES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// In milliseconds.
const TIMES: &[(&str, u64)] =
    &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

pub(super) fn count(text: &str, range: &RangeInclusive<usize>) -> Result<usize, Fault> {
    let number = measure(text, &[], 1)?;
    within(usize::try_from(number).map_err(|_| Fault::Range)?, range)
}

/// An address, or a network with the length of its prefix.
pub(super) fn network(text: &str) -> Result<IpNet, Fault> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    let network = address.or_else(|_| text.parse::<IpNet>()).map_err(|_| Fault::Form)?;
    Ok(network.trunc())
}

/// The prefix of a gateway to IPv4 (RFC 6052 section 2.2).
pub(super) fn gateway(text: &str) -> Result<Ipv6Net, Fault> {
    let prefix = text.parse::<Ipv6Net>().map_err(|_| Fault::Form)?;
    let known = [32, 40, 48, 56, 64, 96].contains(&prefix.prefix_len());
    if known { Ok(prefix.trunc()) } else { Err(Fault::Form) }
}

/// The words there are, as a person reads them.
pub(super) fn words<T>(words: &[(&'static str, T)]) -> String {
    let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The word for `value`.
pub(super) fn word_of<T: PartialEq>(words: &[(&'static str, T)], value: T) -> Vec<String> {
    words.iter().filter(|(_, known)| *known == value).map(|(word, _)| (*word).to_owned()).collect()
}

/// A number of bytes.
pub(super) fn size(text: &str, range: &RangeInclusive<u64>) -> Result<u64, Fault> {
    within(measure(text, SIZES, 1)?, range)
}

pub(super) fn print_size(bytes: u64) -> String {
    match SIZES[..3].iter().find(|(_, unit)| bytes != 0 && bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// A time in whole milliseconds; a plain number is seconds.
pub(super) fn time(text: &str, range: &RangeInclusive<Duration>) -> Result<Duration, Fault> {
    within(Duration::from_millis(measure(text, TIMES, 1_000)?), range)
}

/// A time in whole seconds, as DNS counts them.
pub(super) fn ttl(text: &str, range: &RangeInclusive<Duration>) -> Result<Duration, Fault> {
    let time = time(text, range)?;
    if time.subsec_nanos() != 0 {
        return Err(Fault::Because(format!(
            "{} has a part of a second; write whole seconds, as DNS counts them",
            quoted(text)
        )));
    }
    Ok(time)
}

pub(super) fn print_time(time: Duration) -> String {
    let millis = time.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    TIMES
        .iter()
        .find(|(_, unit)| millis.is_multiple_of(u128::from(*unit)))
        .map_or_else(String::new, |(name, unit)| format!("{}{name}", millis / u128::from(*unit)))
}

/// An address with or without a port. A port alone is refused: whether it means this machine or
/// the whole network is not ours to guess.
pub(super) fn address(text: &str, default_port: u16) -> Result<SocketAddr, Fault> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Ok(SocketAddr::new(IpAddr::V4(ip), default_port));
    }
    if let Some(ip) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return match ip.parse() {
            Ok(ip) => Ok(SocketAddr::new(IpAddr::V6(ip), default_port)),
            Err(_) => Err(Fault::Form),
        };
    }
    // Without brackets the last group of `::1:1053` could be meant as a port.
    if text.parse::<IpAddr>().is_ok() {
        return Err(Fault::Because(format!(
            "{} needs brackets and quotes; write \"[{text}]:{default_port}\"",
            quoted(text)
        )));
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(text) || text.strip_prefix(':').is_some_and(digits) {
        let port = text.trim_start_matches(':');
        return Err(Fault::Because(format!(
            "{} is a port without an address; write 127.0.0.1:{port} for this machine only or \
             0.0.0.0:{port} for the whole network",
            quoted(text)
        )));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if digits(port) && port.parse::<u16>().is_err() => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Err(match host.parse::<IpAddr>() {
                Ok(_) => {
                    Fault::Because(format!("{} is not a port; write 0 to 65535", quoted(port)))
                }
                Err(_) => Fault::Form,
            })
        }
        _ => Err(Fault::Form),
    }
}

/// A name of the household's own rules, `=` before it kept, a final dot dropped.
pub(super) fn rule(text: &str) -> Result<String, Fault> {
    let rule = text.strip_suffix('.').unwrap_or(text);
    let name = rule.strip_prefix('=').unwrap_or(rule);
    if let Some(parent) = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'))
        && !parent.is_empty()
    {
        return Err(Fault::Because(format!(
            "{}: a name covers its sub-domains; write it without what is before {}",
            quoted(text),
            quoted(parent)
        )));
    }
    if !name.is_ascii() {
        return Err(Fault::Because(format!(
            "{} is not in ASCII; write the form that starts with xn--",
            quoted(text)
        )));
    }
    let is_address = name.rsplit('.').next().is_some_and(|top| top.parse::<u64>().is_ok());
    // Underscores are no part of host names, but of many names that are asked for.
    if is_address || !is_host_name(&name.replace('_', "-")) {
        return Err(Fault::Form);
    }
    Ok(rule.to_owned())
}

/// The URL of a list.
pub(super) fn url(text: &str) -> Result<String, Fault> {
    let known = ["https://", "http://", "file:///"];
    let rest = known.iter().find_map(|scheme| text.strip_prefix(scheme));
    let bad = |char: char| char.is_control() || char.is_whitespace();
    match rest {
        Some(rest) if !rest.is_empty() && text.len() <= 2_000 && !text.contains(bad) => {
            Ok(text.to_owned())
        }
        _ => Err(Fault::Form),
    }
}

/// The name of a list.
pub(super) fn list_name(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err(Fault::Form);
    }
    if text.to_lowercase().starts_with("builtin") {
        return Err(Fault::Because(format!(
            "{} is kept for lists that come along; write a name that does not start with `builtin`",
            quoted(text)
        )));
    }
    Ok(text.to_owned())
}

/// One of a few words.
pub(super) fn word<T: Copy>(text: &str, words: &'static [(&'static str, T)]) -> Result<T, Fault> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let folded = text.to_ascii_lowercase();
    Err(nearest(&folded, words.iter().map(|(word, _)| *word)).map_or(Fault::Form, Fault::Near))
}

/// A whole number with one of `units` behind it; a plain number counts `plain`.
fn measure(text: &str, units: &[(&str, u64)], plain: u64) -> Result<u64, Fault> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        _ if number.is_empty() => return Err(Fault::Form),
        "" => plain,
        name => units
            .iter()
            .find(|(unit, _)| unit.eq_ignore_ascii_case(name))
            .map(|(_, unit)| *unit)
            .ok_or(Fault::Form)?,
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or(Fault::Range)
}

fn within<T: PartialOrd>(value: T, range: &RangeInclusive<T>) -> Result<T, Fault> {
    if range.contains(&value) { Ok(value) } else { Err(Fault::Range) }
}
