//! Whom to ask, and how.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};

use super::UpstreamUrl;

/// Upstreams in order of preference, and the time they get.
#[derive(Debug, Clone, PartialEq)]
pub struct Upstream {
    /// Servers, at least one; the first healthy one is asked.
    pub servers: Vec<UpstreamUrl>,
    /// Which of them is asked.
    pub strategy: Strategy,
    /// Domains with servers of their own.
    pub domains: Vec<Domain>,
    /// Clients with servers of their own, for all names that no domain's servers know; at most 63.
    pub clients: Vec<ClientServers>,
    /// Where a server is `recursive`, addresses of the root's servers to begin with; those of the
    /// Internet where there are none.
    pub roots: Vec<IpAddr>,
    /// How answers are validated.
    pub dnssec: Dnssec,
    /// Prefix of a gateway to IPv4, for those who have IPv6 alone (RFC 6147); 32, 40, 48, 56, 64 or
    /// 96 bits long.
    pub dns64: Option<Ipv6Net>,
    /// Who is asked for the addresses of servers that are named; by their own addresses.
    pub bootstrap: Vec<UpstreamUrl>,
    /// File of certificates (PEM) that servers may be signed with, beside those browsers trust.
    pub ca: Option<PathBuf>,
    /// Time for one question over all servers and retries, 100 ms..=30 s.
    pub timeout: Duration,
}

/// Validation of answers (RFC 4035).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dnssec {
    /// Which answers.
    pub validate: Validate,
    /// File of the root's keys (DNSKEY records); those of the Internet without it.
    pub anchors: Option<PathBuf>,
    /// Domains whose signatures do not count, right or wrong (RFC 7646).
    pub unsigned: Vec<String>,
}

/// Whose answers are validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validate {
    /// Nobody's.
    Off,
    /// Those that come from the root downwards; upstreams are believed to do it themselves.
    #[default]
    Recursive,
    /// Upstreams', too; those of domains with servers of their own are the house's business.
    All,
}

/// A domain whose names other servers know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The domain; everything below it is in it.
    pub name: String,
    /// Its servers, at least one.
    pub servers: Vec<UpstreamUrl>,
}

/// Clients whose questions go to other servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientServers {
    /// The network they are in, or the one client's address.
    pub network: IpNet,
    /// Their servers, at least one.
    pub servers: Vec<UpstreamUrl>,
}

impl Upstream {
    /// Those for everything, then those of domains, then those of clients.
    pub fn all_servers(&self) -> impl Iterator<Item = &UpstreamUrl> {
        let of_domains = self.domains.iter().flat_map(|domain| &domain.servers);
        let of_clients = self.clients.iter().flat_map(|group| &group.servers);
        self.servers.iter().chain(of_domains).chain(of_clients)
    }
}

/// Which server is asked, of those that are well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The one that is named first.
    #[default]
    Strict,
    /// The one that answers fastest; now and then another one, to see.
    Fastest,
    /// The two that answer fastest, both: the first answer is taken.
    Race,
    /// Each in its turn.
    Balance,
}

impl Default for Upstream {
    fn default() -> Self {
        // Quad9 and Mullvad: foundations and companies that keep no client addresses, from two
        // operators so that one failing leaves the other. Addresses are here because a DNS server
        // has nobody else to ask for them.
        let servers: Vec<UpstreamUrl> = [
            "tls://9.9.9.9#dns.quad9.net",
            "tls://149.112.112.112#dns.quad9.net",
            "tls://[2620:fe::fe]#dns.quad9.net",
            "tls://194.242.2.2#dns.mullvad.net",
        ]
        .iter()
        .map(|url| url.parse().expect("builtin upstream URLs are valid"))
        .collect();
        Self {
            bootstrap: servers.clone(),
            servers,
            strategy: Strategy::default(),
            domains: Vec::new(),
            clients: Vec::new(),
            roots: Vec::new(),
            dns64: None,
            dnssec: Dnssec::default(),
            ca: None,
            timeout: Duration::from_secs(3),
        }
    }
}
