//! Tells where the dashboard is, and who sees the log how to set its first password.

use std::net::{IpAddr, SocketAddr, TcpListener};

use tracing::{info, warn};

use crate::web::Accounts;

/// Addresses of this machine that are told.
const SHOWN: usize = 3;

pub(super) fn tell(listener: &TcpListener, accounts: &Accounts) {
    let Ok(address) = listener.local_addr() else { return };
    info!("dashboard, metrics and health on http://{address}/");
    let Some(code) = accounts.code() else { return };
    // No secret any more once it was used, and another one at the next start. It must be seen at
    // every usual level.
    for address in reachable(address) {
        warn!("the dashboard has no password; set one at http://{address}/#/setup?code={code}");
    }
}

/// Where a browser finds what listens on `address`.
fn reachable(address: SocketAddr) -> Vec<SocketAddr> {
    if !address.ip().is_unspecified() {
        return vec![address];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let of_links = interfaces.iter().filter(|interface| !interface.is_link_local());
    let mut found: Vec<IpAddr> = of_links
        .map(if_addrs::Interface::ip)
        .filter(|ip| ip.is_ipv4() || address.is_ipv6())
        .collect();
    found.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    found.truncate(SHOWN);
    found.into_iter().map(|ip| SocketAddr::new(ip, address.port())).collect()
}
