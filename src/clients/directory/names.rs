//! Names of devices: whose they are, who has none, and what devices tell.

use std::net::IpAddr;

use super::{Directory, MOST_NEIGHBOURS};
use crate::clients::DeviceId;
use crate::config;
use crate::wire::is_home;

impl Directory {
    /// Addresses of the house whose devices have no name, at most `most`.
    pub(in crate::clients) fn nameless(&self, most: usize) -> Vec<IpAddr> {
        let known = self.known();
        let devices = known.devices.iter().filter(|device| {
            let is_one = device.merged.is_none() && !device.forgotten;
            is_one && device.name.is_none() && device.lease.is_none()
        });
        let addresses = devices.filter_map(|device| device.addresses.last().copied());
        let asked = |address: &IpAddr| !address.is_loopback() && is_home(*address);
        addresses.filter(|at| asked(at) && !known.told.contains_key(at)).take(most).collect()
    }

    /// Takes in names that devices, or the router, told us; empty where nobody did.
    pub(in crate::clients) fn devices_say(&self, names: impl Iterator<Item = (IpAddr, String)>) {
        let mut known = self.known();
        for (address, name) in names {
            if known.told.len() < MOST_NEIGHBOURS {
                known.told.insert(address, name);
            }
        }
        for at in 1..=known.devices.len() {
            known.describe(DeviceId(at as u32));
        }
    }

    /// Addresses of the devices whose name, or the name they told a DHCP server, is `meant`.
    pub fn addresses_of(&self, meant: impl Fn(&str) -> bool) -> Vec<IpAddr> {
        let known = self.known();
        let mut found = Vec::new();
        for device in &known.devices {
            if meant(device.shown()) || device.lease.as_deref().is_some_and(&meant) {
                found.extend(&device.addresses);
            }
        }
        let leases = known.leases.addresses.iter().filter(|(_, name)| meant(name));
        found.extend(leases.map(|(address, _)| *address));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The name of the device at `address`, if it has one that is not made up.
    pub fn name_of(&self, address: IpAddr) -> Option<String> {
        let known = self.known();
        let device = known.devices.iter().find(|device| device.addresses.contains(&address));
        let own = device.and_then(|device| {
            let key = Some(&device.key).filter(|key| !key.starts_with(config::PSEUDONYM));
            device.name.clone().or_else(|| key.cloned()).or_else(|| device.lease.clone())
        });
        own.or_else(|| known.leases.addresses.get(&address).cloned())
    }
}
