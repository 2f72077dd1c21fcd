//! Finding hosts through our own upstream servers, in their order, and nothing else: no hosts file,
//! no search domains, no system resolver.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::Name;
use reqwest::dns::{Addrs, Resolve, Resolving};
use tokio::time::timeout;

use super::FetchError;
use crate::config::{self, Transport, UpstreamUrl};
use crate::upstream::{Trust, connection};

/// Answers held a server: there are few lists, and each is asked for once a day.
const CACHED: u64 = 32;

/// The upstream servers.
pub(super) struct Resolver {
    servers: Arc<[TokioResolver]>,
    /// Time for each of them.
    time: Duration,
}

impl Resolver {
    pub(super) fn new(upstream: &config::Upstream) -> Result<Self, FetchError> {
        let setup = |error: &dyn std::fmt::Display| FetchError::Setup(error.to_string());
        let trust = Trust::read(upstream.ca.as_deref()).map_err(|error| setup(&error))?;
        let addresses: Vec<_> = upstream
            .servers
            .iter()
            .chain(&upstream.bootstrap)
            .filter_map(|url| Some((url, url.address()?.ip())))
            .collect();
        let time = upstream.timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
        // A resolver each: hickory's own fail-over ends when its first server times out (read in
        // hickory-resolver 0.26.3).
        let servers = addresses.iter().map(|(url, ip)| server(url, *ip, &trust, time));
        let servers = servers.collect::<Result<_, _>>().map_err(|error| setup(&error))?;
        Ok(Self { servers, time })
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let (servers, time) = (Arc::clone(&self.servers), self.time);
        Box::pin(async move { Ok(lookup(&servers, time, name.as_str()).await?) })
    }
}

/// An address of `host`, found as a fetcher finds it.
///
/// # Errors
/// No upstream server gives one.
pub async fn address(upstream: &config::Upstream, host: &str) -> Result<IpAddr, FetchError> {
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(address);
    }
    let Resolver { servers, time } = Resolver::new(upstream)?;
    let found = lookup(&servers, time, host).await?.next();
    let why = "there is none".to_owned();
    let none = FetchError::Name { host: host.to_owned(), why, certain: true };
    found.map(|found| found.ip()).ok_or(none)
}

async fn lookup(
    servers: &[TokioResolver],
    time: Duration,
    host: &str,
) -> Result<Addrs, FetchError> {
    let unknown = |why: String, certain| FetchError::Name { host: host.to_owned(), why, certain };
    let mut name = Name::from_ascii(host).map_err(|error| unknown(error.to_string(), true))?;
    name.set_fqdn(true);
    let mut last = unknown("there is no upstream server to ask".to_owned(), true);
    for server in servers {
        match timeout(time, server.lookup_ip(name.clone())).await {
            Ok(Ok(found)) => {
                let addresses: Vec<_> =
                    found.iter().map(|address| SocketAddr::new(address, 0)).collect();
                return Ok(Box::new(addresses.into_iter()));
            }
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none))))
                if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
            {
                let why = "the upstream server says there is none; is the URL spelt right?";
                return Err(unknown(why.to_owned(), true));
            }
            Ok(Err(error)) => last = unknown(error.to_string(), false),
            Err(_) => last = unknown("the upstream servers do not answer".to_owned(), false),
        }
    }
    Err(last)
}

fn server(
    url: &UpstreamUrl,
    ip: IpAddr,
    trust: &Trust,
    time: Duration,
) -> Result<TokioResolver, NetError> {
    let datagrams = (url.transport == Transport::Udp).then(|| connection(url, true));
    let connections = datagrams.into_iter().chain([connection(url, false)]).collect();
    let server = NameServerConfig::new(ip, true, connections);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder = builder.with_tls_config(trust.tls(&url.pins)?.config);
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = time;
    // A connection may turn out to be closed only when it is used again.
    options.attempts = 1;
    options.cache_size = CACHED;
    builder.build()
}
