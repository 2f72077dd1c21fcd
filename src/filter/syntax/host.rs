//! Host names as lists spell them: ASCII, international letters in UTF-8 or Latin-1.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::Reason;
use crate::wire::{Name, NameError};

/// Reads a host name; one with letters beyond ASCII becomes its ASCII form (UTS 46).
///
/// # Errors
/// It is none. An address is none, however it is written: nobody asks for it, and shown as a rule it
/// would say something else.
pub(super) fn read(text: &[u8], name: &mut Name) -> Result<(), Reason> {
    read_any(text, name)?;
    // Before the root's empty label stands the last octet of the top-level name.
    let ends_in_digit = name.wire().iter().nth_back(1).is_some_and(u8::is_ascii_digit);
    if ends_in_digit && name.to_string().parse::<Ipv4Addr>().is_ok() {
        return Err(Reason::Address);
    }
    Ok(())
}

fn read_any(text: &[u8], name: &mut Name) -> Result<(), Reason> {
    match name.read_text(text) {
        Err(NameError::Character(_)) if !text.is_ascii() => {
            // Bytes that are not UTF-8 are Latin-1 in the lists where they appear.
            let text = match std::str::from_utf8(text) {
                Ok(text) => text.into(),
                Err(_) => text.iter().map(|&octet| char::from(octet)).collect::<String>().into(),
            };
            ascii(text, name)
        }
        result => Ok(result?),
    }
}

/// The network that a text names instead of a host: an address, or one with the length of its
/// prefix. None for a host name.
///
/// # Errors
/// A network so large that answers without number lead into it.
pub(super) fn network(text: &[u8]) -> Result<Option<IpNet>, Reason> {
    // No top-level name ends in a digit; every address with dots does, and others have colons.
    let may_be =
        text.last().is_some_and(u8::is_ascii_digit) || memchr::memchr(b':', text).is_some();
    if !may_be {
        return Ok(None);
    }
    let Ok(text) = std::str::from_utf8(text) else { return Ok(None) };
    let network = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    match network {
        Ok(IpNet::V4(network)) if network.prefix_len() < 8 => Err(Reason::WideNetwork),
        Ok(IpNet::V6(network)) if network.prefix_len() < 16 => Err(Reason::WideNetwork),
        Ok(network) => Ok(Some(network.trunc())),
        Err(_) => Ok(None),
    }
}

fn ascii(text: std::borrow::Cow<'_, str>, name: &mut Name) -> Result<(), Reason> {
    let ascii = idna::domain_to_ascii(&text).map_err(|_| Reason::International)?;
    Ok(name.read_text(ascii.as_bytes())?)
}
