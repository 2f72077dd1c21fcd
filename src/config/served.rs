//! Servers, and what they are for, as text.

use std::fmt::Display;

use super::error::quoted;
use super::values::{self, Fault};
use super::{ClientServers, Domain, UpstreamUrl, UpstreamUrlError};
use crate::cache::MOST_POOLS;

/// Longest text of a server, in octets: two names and some pins.
const LONGEST: usize = 1_024;

/// A server; `named` where it may be known by name alone.
pub(super) fn server(text: &str, named: bool) -> Result<UpstreamUrl, Fault> {
    // The error repeats what it found; nobody wants to read a novel there.
    if text.len() > LONGEST {
        return Err(Fault::Form);
    }
    let url: UpstreamUrl =
        text.parse().map_err(|error: UpstreamUrlError| Fault::Because(error.to_string()))?;
    if !named && url.address().is_none() {
        let why = format!(
            "{} has no address, and who tells addresses must have one; write for example tls://9.9.9.9#dns.quad9.net",
            quoted(text)
        );
        return Err(Fault::Because(why));
    }
    Ok(url)
}

/// A domain and its servers, with spaces between.
pub(super) fn domain(text: &str) -> Result<Domain, Fault> {
    let (name, servers) = split(text)?;
    let name = values::rule(name)?;
    if name.starts_with('=') {
        return Err(Fault::Form);
    }
    Ok(Domain { name, servers })
}

/// A client's address or network and its servers, with spaces between, behind those there are.
pub(super) fn client(text: &str, clients: &mut Vec<ClientServers>) -> Result<(), Fault> {
    if clients.len() >= MOST_POOLS {
        return Err(Fault::Because(format!(
            "at most {MOST_POOLS} clients can have servers of their own"
        )));
    }
    let (network, servers) = split(text)?;
    clients.push(ClientServers { network: values::network(network)?, servers });
    Ok(())
}

fn split(text: &str) -> Result<(&str, Vec<UpstreamUrl>), Fault> {
    let mut words = text.split_whitespace();
    let first = words.next().ok_or(Fault::Form)?;
    let servers: Vec<_> = words.map(|word| server(word, true)).collect::<Result<_, _>>()?;
    if servers.is_empty() { Err(Fault::Form) } else { Ok((first, servers)) }
}

pub(super) fn print(what: &dyn Display, servers: &[UpstreamUrl]) -> String {
    let servers = servers.iter().map(|server| format!(" {server}"));
    what.to_string() + &servers.collect::<String>()
}
