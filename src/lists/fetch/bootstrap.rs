//! Resolves the hosts of lists through the upstreams of the settings, which have addresses.

use std::net::SocketAddr;
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::FetchError;
use crate::config::{Transport, Upstream, UpstreamUrl};

/// Names held; lists come from a handful of hosts.
const HELD: u64 = 64;

/// A stub resolver beside the system's.
#[derive(Clone)]
pub(super) struct Bootstrap {
    resolver: Arc<TokioResolver>,
}

impl Bootstrap {
    pub(super) fn new(upstream: &Upstream) -> Result<Self, FetchError> {
        let servers = upstream.servers.iter().map(server).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let mut options = ResolverOpts::default();
        options.timeout = upstream.timeout;
        options.cache_size = HELD;
        options.num_concurrent_reqs = 1;
        options.use_hosts_file = ResolveHosts::Never;
        let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map_err(|error| FetchError::Client(error.to_string()))?;
        Ok(Self { resolver: Arc::new(resolver) })
    }
}

fn server(url: &UpstreamUrl) -> NameServerConfig {
    let ip = url.address.ip();
    let protocols = match url.transport {
        Transport::Udp => vec![ProtocolConfig::Udp, ProtocolConfig::Tcp],
        Transport::Tcp => vec![ProtocolConfig::Tcp],
        Transport::Tls => {
            let name = url.server_name.clone().unwrap_or_else(|| ip.to_string());
            vec![ProtocolConfig::Tls { server_name: name.into() }]
        }
    };
    let connections = protocols.into_iter().map(|protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = url.address.port();
        connection
    });
    NameServerConfig::new(ip, true, connections.collect())
}

impl Resolve for Bootstrap {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        Box::pin(async move {
            // The final dot keeps search domains out.
            let host = format!("{}.", name.as_str().trim_end_matches('.'));
            let found = resolver.lookup_ip(host).await?;
            let addresses: Vec<SocketAddr> =
                found.iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
