//! All devices seen since the start, and what is known of them.

mod names;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use ipnet::IpNet;

use super::device::{Device, Leases};
use super::presence::Presence;
use super::{DeviceId, Key};
use crate::config::{self, KnownBy, Mac};

/// Addresses kept of one device.
const MOST_ADDRESSES: usize = 32;
/// Neighbours and leases kept.
pub(super) const MOST_NEIGHBOURS: usize = 65_536;

/// All devices seen since the start.
#[derive(Debug)]
pub struct Directory {
    key: Key,
    limit: usize,
    known: Mutex<Known>,
    generation: AtomicU32,
}

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Identity, DeviceId, RandomState>,
    devices: Vec<Device>,
    /// What the network says.
    cards: HashMap<IpAddr, Mac, RandomState>,
    leases: Leases,
    /// Names that devices, or the router, told us.
    told: HashMap<IpAddr, String, RandomState>,
    presence: Presence,
    /// What the owner says: networks with the longest prefixes first.
    networks: Vec<(IpNet, Box<str>)>,
    owned_cards: HashMap<Mac, Box<str>, RandomState>,
    own_names: HashMap<Box<str>, Box<str>, RandomState>,
    tags: HashMap<Box<str>, Vec<String>, RandomState>,
    /// Names given while the server runs, by key.
    given: HashMap<String, String, RandomState>,
}

/// By what a device is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// The name its owner gave it in the settings.
    Owner(Box<str>),
    Card(Mac),
    Address(IpAddr),
    /// The name it gives itself.
    Own(Box<str>),
}

impl Directory {
    /// A directory of at most `limit` devices.
    pub fn new(key: Key, limit: usize) -> Self {
        Self { key, limit, known: Mutex::default(), generation: AtomicU32::new(0) }
    }

    /// The most devices there will be numbers for, `other` included.
    pub fn capacity(&self) -> usize {
        self.limit + 1
    }

    /// Changes whenever an address may have become another device's.
    #[inline]
    pub(super) fn generation(&self) -> u32 {
        self.generation.load(Relaxed)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the device at `address`, or of the one that calls itself `own`. Takes a lock:
    /// workers keep what they learnt.
    pub(super) fn number(&self, address: IpAddr, own: Option<&str>) -> DeviceId {
        let mut known = self.known();
        let identity = match own {
            Some(name) => match known.own_names.get(name) {
                Some(owner) => Identity::Owner(owner.clone()),
                None => Identity::Own(name.into()),
            },
            None => known.identity(address),
        };
        let Some(device) = self.place(&mut known, identity) else { return DeviceId::OTHER };
        let entry = &mut known.devices[device.0 as usize - 1];
        if !entry.addresses.contains(&address) {
            if entry.addresses.len() == MOST_ADDRESSES {
                entry.addresses.remove(0);
            }
            entry.addresses.push(address);
        }
        known.describe(device);
        device
    }

    fn place(&self, known: &mut Known, identity: Identity) -> Option<DeviceId> {
        if let Some(&device) = known.numbers.get(&identity) {
            return Some(device);
        }
        if known.devices.len() >= self.limit {
            return None;
        }
        let key = match &identity {
            Identity::Owner(name) | Identity::Own(name) => name.to_string(),
            Identity::Card(card) => self.key.pseudonym(&card.0),
            Identity::Address(IpAddr::V4(address)) => self.key.pseudonym(&address.octets()),
            Identity::Address(IpAddr::V6(address)) => self.key.pseudonym(&address.octets()),
        };
        let card = match &identity {
            Identity::Card(card) => Some(*card),
            _ => None,
        };
        known.devices.push(Device {
            key,
            card,
            addresses: Vec::new(),
            lease: None,
            name: None,
            tags: Vec::new(),
            forgotten: false,
            merged: None,
        });
        let device = DeviceId(known.devices.len() as u32);
        known.numbers.insert(identity, device);
        Some(device)
    }

    /// What is known of `device`; none of those that are not counted by themselves.
    pub fn device(&self, device: DeviceId) -> Option<Device> {
        self.known().devices.get((device.0 as usize).checked_sub(1)?).cloned()
    }

    /// What is known of all devices, by their numbers from 1.
    pub fn devices(&self) -> Vec<Device> {
        self.known().devices.clone()
    }

    /// The device that `text` means: its key, the name its owner gave it, or an address of it.
    pub fn find(&self, text: &str) -> Option<Device> {
        let known = self.known();
        let address = text.parse::<IpAddr>().ok();
        let is_meant = |device: &&Device| {
            device.merged.is_none()
                && !device.forgotten
                && (device.key == text
                    || device.name.as_deref() == Some(text)
                    || address.is_some_and(|address| device.addresses.contains(&address)))
        };
        known.devices.iter().rev().find(is_meant).cloned()
    }

    /// Names of all devices by their numbers; the first is `other`. What turned out to be another
    /// device has that one's, and what is forgotten none.
    pub fn names(&self) -> Vec<String> {
        let known = self.known();
        let shown = |device: &Device| {
            let same = device.merged.and_then(|same| known.devices.get(same.0 as usize - 1));
            same.unwrap_or(device).shown().to_owned()
        };
        std::iter::once("other".to_owned()).chain(known.devices.iter().map(shown)).collect()
    }

    /// Keys of all devices by their numbers; the first is `other`. What turned out to be another
    /// device has that one's, and what is forgotten none.
    pub fn keys(&self) -> Vec<Option<String>> {
        let known = self.known();
        let key = |device: &Device| {
            let same = device.merged.and_then(|same| known.devices.get(same.0 as usize - 1));
            let device = same.unwrap_or(device);
            (!device.forgotten).then(|| device.key.clone())
        };
        std::iter::once(Some("other".to_owned())).chain(known.devices.iter().map(key)).collect()
    }

    /// Numbers of the device of this key: those, too, that turned out to be it.
    pub fn numbers(&self, key: &str) -> Vec<DeviceId> {
        let keys = self.keys();
        let numbers = (0..).map(DeviceId).zip(keys).skip(1);
        numbers.filter(|(_, of)| of.as_deref() == Some(key)).map(|(number, _)| number).collect()
    }

    /// Forgets the devices of this key, or all: what was counted under their numbers is nobody's. Who
    /// asks again has a new one. Returns the numbers.
    pub fn forget(&self, key: Option<&str>) -> Vec<DeviceId> {
        let mut known = self.known();
        let Known { devices, numbers, .. } = &mut *known;
        let is_meant = |device: &Device| key.is_none_or(|key| device.key == key);
        let meant: Vec<bool> = devices
            .iter()
            .map(|device| {
                let same = device.merged.and_then(|same| devices.get(same.0 as usize - 1));
                is_meant(same.unwrap_or(device))
            })
            .collect();
        let gone = (1..).map(DeviceId).zip(&meant).filter(|(_, meant)| **meant);
        let gone = gone.map(|(device, _)| device).collect();
        numbers.retain(|_, device| !meant[device.0 as usize - 1]);
        for (device, _) in devices.iter_mut().zip(meant).filter(|(_, meant)| *meant) {
            *device = Device {
                key: String::new(),
                addresses: Vec::new(),
                card: None,
                lease: None,
                name: None,
                tags: Vec::new(),
                forgotten: true,
                merged: None,
            };
        }
        self.generation.fetch_add(1, Relaxed);
        gone
    }

    /// Takes in what the owner says: devices of the settings, and names given by key since.
    pub fn owner_says<'a>(
        &self,
        devices: &[config::Device],
        given: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        let mut known = self.known();
        known.networks.clear();
        known.owned_cards.clear();
        known.own_names.clear();
        known.tags.clear();
        for device in devices {
            let name: Box<str> = device.name.as_str().into();
            if let Some(own) = config::own_name(&device.name) {
                known.own_names.insert(own.into(), name.clone());
            }
            for by in &device.known_by {
                match by {
                    KnownBy::Mac(card) => drop(known.owned_cards.insert(*card, name.clone())),
                    KnownBy::Network(network) => known.networks.push((*network, name.clone())),
                    KnownBy::Id(id) => {
                        drop(known.own_names.insert(id.as_str().into(), name.clone()))
                    }
                }
            }
            known.tags.insert(name, device.tags.clone());
        }
        known.networks.sort_by_key(|(network, _)| u8::MAX - network.prefix_len());
        known.given = given.map(|(key, name)| (key.to_owned(), name.to_owned())).collect();
        self.look_again(&mut known);
    }

    /// Takes in which addresses are of which cards. Who is silent for a while is still who it was.
    pub(super) fn network_says(&self, cards: impl Iterator<Item = (IpAddr, Mac)>, now: u64) {
        let mut known = self.known();
        let mut matters = false;
        for (address, card) in cards {
            known.presence.is_up(card, now);
            let before = known.cards.get(&address).copied();
            if before != Some(card) && (before.is_some() || known.cards.len() < MOST_NEIGHBOURS) {
                known.cards.insert(address, card);
                // Whoever has not asked yet is placed when it asks.
                let asked = known.numbers.contains_key(&Identity::Address(address));
                matters |= asked || before.is_some();
            }
        }
        if matters {
            self.look_again(&mut known);
        }
    }

    /// Takes in the names that devices told a DHCP server.
    pub(super) fn leases_say(&self, leases: Leases) {
        let mut known = self.known();
        if known.leases != leases {
            known.leases = leases;
            self.look_again(&mut known);
        }
    }

    /// The device has asked, at `now` seconds since the machine has started.
    pub fn has_asked(&self, device: DeviceId, now: u64) {
        let mut known = self.known();
        let card = known.devices.get(device.0 as usize - 1).and_then(|device| device.card);
        if let Some(card) = card {
            known.presence.has_asked(card, now);
        }
    }

    /// Cards that are in the network, for long enough, and have asked nothing for an hour; not the
    /// one of the `gateway`.
    pub fn silent(&self, gateway: Option<IpAddr>, now: u64) -> Vec<Mac> {
        let known = self.known();
        let router = gateway.and_then(|gateway| known.cards.get(&gateway));
        known.presence.silent(router.copied(), now)
    }

    /// The key of the device that has this card, whether it has asked or not.
    pub fn key_of(&self, card: Mac) -> String {
        let owner = self.known().owned_cards.get(&card).map(ToString::to_string);
        owner.unwrap_or_else(|| self.key.pseudonym(&card.0))
    }

    /// How the device of this key is shown: by the name its owner gave it, else by the key.
    pub fn shown(&self, key: &str) -> String {
        self.known().given.get(key).map_or(key, String::as_str).to_owned()
    }

    /// Devices there are, each once.
    pub fn count(&self) -> usize {
        self.known()
            .devices
            .iter()
            .filter(|device| device.merged.is_none() && !device.forgotten)
            .count()
    }

    /// Finds out for every address whose it is, now that more is known. What was counted for an
    /// address alone is from here on the device's that it turned out to be.
    fn look_again(&self, known: &mut Known) {
        for at in 0..known.devices.len() {
            let device = DeviceId(at as u32 + 1);
            known.describe(device);
            let alone = match known.devices[at].addresses.as_slice() {
                [address] => *address,
                _ => continue,
            };
            let by_address = known.numbers.get(&Identity::Address(alone)) == Some(&device);
            let identity = known.identity(alone);
            if !by_address || matches!(identity, Identity::Address(_)) {
                continue;
            }
            match known.numbers.get(&identity) {
                Some(&same) => {
                    known.devices[at].merged = Some(same);
                    let addresses = &mut known.devices[same.0 as usize - 1].addresses;
                    if !addresses.contains(&alone) {
                        addresses.push(alone);
                    }
                }
                // Nobody was known by it: the number goes on, under another key.
                None => {
                    known.numbers.remove(&Identity::Address(alone));
                    let entry = &mut known.devices[at];
                    match &identity {
                        Identity::Card(card) => entry.key = self.key.pseudonym(&card.0),
                        Identity::Owner(name) => entry.key = name.to_string(),
                        _ => {}
                    }
                    known.numbers.insert(identity, device);
                    known.describe(device);
                }
            }
        }
        self.generation.fetch_add(1, Relaxed);
    }
}

impl Known {
    fn identity(&self, address: IpAddr) -> Identity {
        let network = self.networks.iter().find(|(network, _)| network.contains(&address));
        if let Some((_, owner)) = network {
            return Identity::Owner(owner.clone());
        }
        match self.cards.get(&address) {
            Some(card) => match self.owned_cards.get(card) {
                Some(owner) => Identity::Owner(owner.clone()),
                None => Identity::Card(*card),
            },
            None => Identity::Address(address),
        }
    }

    /// Fills in what owner and network say of `device`.
    fn describe(&mut self, device: DeviceId) {
        let entry = &mut self.devices[device.0 as usize - 1];
        if entry.forgotten {
            return;
        }
        let card = entry.addresses.iter().rev().find_map(|address| self.cards.get(address));
        entry.card = card.copied().or(entry.card);
        let by_card = entry.card.and_then(|card| self.leases.cards.get(&card));
        let mut by_address = entry.addresses.iter().rev();
        let by_address = || {
            by_address.find_map(|address| {
                let told = self.told.get(address).filter(|name| !name.is_empty());
                self.leases.addresses.get(address).or(told)
            })
        };
        entry.lease = by_card.or_else(by_address).cloned();
        entry.name = self.given.get(&entry.key).cloned();
        entry.tags = self.tags.get(entry.key.as_str()).cloned().unwrap_or_default();
    }
}
