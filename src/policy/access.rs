//! Who may ask at all: never the whole Internet.
//!
//! A server that answers everybody is found within hours and used to flood others with its answers.
//! So only private networks may ask, and those this machine is itself in: with IPv6, the devices of
//! a house have public addresses.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use ipnet::IpNet;

use crate::config;

/// How long it is believed which networks this machine is in: providers change them overnight.
const BELIEVED: Duration = Duration::from_secs(10);
/// Shortest prefix of a network that a machine is in. A longer arm is a provider's.
const WIDEST_V4: u8 = 16;
const WIDEST_V6: u8 = 48;

/// Which addresses may ask.
#[derive(Debug)]
pub struct Access {
    networks: Vec<IpNet>,
    proxies: Vec<IpNet>,
    /// Networks of this machine; none where they do not count.
    on_link: Option<OnLink>,
}

#[derive(Debug)]
struct OnLink {
    networks: ArcSwap<Vec<IpNet>>,
    /// When they were looked at.
    looked: Mutex<Instant>,
}

impl Access {
    /// As `config` says.
    pub fn new(config: &config::Access) -> Self {
        let on_link = config.on_link.then(|| OnLink {
            networks: ArcSwap::from_pointee(on_link()),
            looked: Mutex::new(Instant::now()),
        });
        Self { networks: config.networks.clone(), proxies: config.proxies.clone(), on_link }
    }

    /// Whether who asks from `address` says for whom, and is believed.
    #[inline]
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        !self.proxies.is_empty() && {
            let address = address.to_canonical();
            self.proxies.iter().any(|network| network.contains(&address))
        }
    }

    /// Whether `address` may ask. About 10 ns for those of the settings.
    #[inline]
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let among = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        among(&self.networks)
            || self.on_link.as_ref().is_some_and(|on_link| {
                among(&on_link.networks.load())
                    || on_link.look_again() && among(&on_link.networks.load())
            })
    }
}

impl OnLink {
    /// Looks at this machine's networks, if that is long ago; says whether it did.
    #[cold]
    fn look_again(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.elapsed() > BELIEVED;
        if due {
            *looked = Instant::now();
            self.networks.store(Arc::new(on_link()));
        }
        due
    }
}

/// The networks this machine is in.
fn on_link() -> Vec<IpNet> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .into_iter()
        .filter_map(|interface| match interface.addr {
            if_addrs::IfAddr::V4(v4) => network(v4.ip.into(), v4.netmask.into(), WIDEST_V4),
            if_addrs::IfAddr::V6(v6) => network(v6.ip.into(), v6.netmask.into(), WIDEST_V6),
        })
        .collect()
}

fn network(address: IpAddr, mask: IpAddr, widest: u8) -> Option<IpNet> {
    let network = IpNet::with_netmask(address, mask).ok()?;
    (network.prefix_len() >= widest).then(|| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_and_this_machine_may_ask_and_others_may_not() {
        let access = Access::new(&config::Config::default().access);
        for text in [
            "127.0.0.1",
            "192.168.7.9",
            "10.255.0.1",
            "172.16.0.1",
            "fd12::1",
            "fe80::1",
            "::1",
            "::ffff:192.168.1.1",
            "100.100.1.1",
        ] {
            assert!(access.admits(text.parse().unwrap()), "{text}");
        }
        for text in ["8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8"] {
            assert!(!access.admits(text.parse().unwrap()), "{text}");
        }
        for interface in if_addrs::get_if_addrs().unwrap() {
            assert!(access.admits(interface.ip()), "{interface:?}");
        }
    }

    #[test]
    fn a_network_of_a_provider_is_not_ours() {
        let net = |mask: &str| network("203.0.113.5".parse().unwrap(), mask.parse().unwrap(), 16);
        assert_eq!(net("255.255.255.0"), Some("203.0.113.0/24".parse().unwrap()));
        assert_eq!(net("255.0.0.0"), None);
    }
}
