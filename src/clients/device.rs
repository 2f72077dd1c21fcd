//! What is known of a device.

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::DeviceId;
use crate::config::Mac;

/// What is known of a device.
#[derive(Debug, Clone)]
pub struct Device {
    /// By what it is known over restarts: the name its owner gave it in the settings, the one it
    /// gives itself, or a pseudonym.
    pub key: String,
    /// Addresses it asked from, the latest last.
    pub addresses: Vec<IpAddr>,
    /// Its card's address, where the network tells.
    pub card: Option<Mac>,
    /// The name it told a DHCP server, or tells by itself.
    pub lease: Option<String>,
    /// The name its owner gave it.
    pub name: Option<String>,
    /// What its owner said of it.
    pub tags: Vec<String>,
    /// It is to be forgotten: nothing of all this is known any more, and nothing will be of this
    /// number.
    pub forgotten: bool,
    /// It was taken for another one, which this is, until more was known.
    pub merged: Option<DeviceId>,
}

impl Device {
    /// As it is shown: the name its owner gave it, else its key.
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.key)
    }
}

/// Names that devices told a DHCP server, by address and by card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leases {
    /// By address.
    pub addresses: HashMap<IpAddr, String, RandomState>,
    /// By network card.
    pub cards: HashMap<Mac, String, RandomState>,
}
