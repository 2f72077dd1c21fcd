//! What holds for a device now.
//!
//! A profile is a mask over the lists of the one compiled table, and a few rules of the owner's: a
//! second profile costs nothing. What holds for a device is its profile, or the one that the
//! profile's schedule puts in its place at this time; the button takes from that what is about
//! trackers; the owner's rules for the one device come on top. It must never open a list. From here
//! a query goes to `filter` with its mask.

mod access;
mod button;
mod choices;
mod home;
mod layer;
mod profile;
pub mod schedule;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use foldhash::fast::RandomState;
use ipnet::IpNet;

use crate::clients::{Device, DeviceId, Directory};
use crate::config::{self, Config, HOUSE, Level, Member, Rules};
use crate::filter::{Asker, Verdict, VerdictKind, Whose};
use crate::trackers::Facts;
use crate::wire::{Name, NameError, Rtype};

pub use access::Access;
pub use button::{Button, LONGEST_PAUSE, Press, State};
pub use choices::{Choice, Choices, Chosen, MOST_CHOICES, OfDevice, Scope, Subject};
pub use home::Home;
pub use layer::Layer;
pub use profile::Profile;

/// A list that comes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builtin {
    /// Tracker facts of one level.
    Level(Level),
    /// Names by which browsers ask whether they may go around the network's DNS.
    Signals,
    /// Public encrypted resolvers and relays.
    Resolvers,
    /// Search engines, led to their safe names.
    SafeSearch,
    /// Places for films, led to their safe names.
    SafeFilms,
}

/// The lists that come along have the first numbers; subscribed ones follow.
pub const BUILTIN_LISTS: [Builtin; 7] = [
    Builtin::Level(Level::Relaxed),
    Builtin::Level(Level::Balanced),
    Builtin::Level(Level::Strict),
    Builtin::Signals,
    Builtin::Resolvers,
    Builtin::SafeSearch,
    Builtin::SafeFilms,
];

impl Builtin {
    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Level(Level::Relaxed) => "builtin relaxed",
            Self::Level(Level::Balanced) => "builtin balanced",
            Self::Level(Level::Strict) => "builtin strict",
            Self::Signals => "builtin bypass signals",
            Self::Resolvers => "builtin bypass resolvers",
            Self::SafeSearch => "builtin safe search",
            Self::SafeFilms => "builtin safe films",
        }
    }
}

/// Who is held to what, at this time. Made anew whenever something of it changes, without looking
/// at a list.
#[derive(Debug)]
pub struct Policy {
    /// Each profile, while the button is on and while it is off; the house's first.
    profiles: Vec<Profile>,
    /// Which profile holds now in the place of each.
    now: Vec<u16>,
    members: Members,
    house: Layer,
    /// Those of which the owner has said something; the first is nobody.
    owned: Vec<Owned>,
    owned_by_key: HashMap<String, u16, RandomState>,
    button: Button,
    /// By device, what holds for it: found at its first query.
    standings: Box<[AtomicU32]>,
    /// Clients with servers of their own.
    pools: Vec<IpNet>,
}

/// Profiles by whom they are for.
#[derive(Debug, Default)]
struct Members {
    devices: HashMap<String, u16, RandomState>,
    tags: Vec<(String, u16)>,
    /// Longest prefixes first.
    networks: Vec<(IpNet, u16)>,
}

/// A device of which the owner has said something.
#[derive(Debug)]
pub struct Owned {
    /// The name the owner gave it.
    name: String,
    tags: Vec<String>,
    layer: Layer,
}

/// What holds for a device now.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// Its profile.
    pub profile: &'a Profile,
    house: &'a Layer,
    owned: &'a Owned,
}

impl<'a> Held<'a> {
    /// Who asks, as rules see it.
    #[inline]
    pub fn asker(&self, address: IpAddr, qtype: Rtype) -> Asker<'a> {
        self.profile.asker(address, qtype, &self.owned.name, &self.owned.tags)
    }

    /// Weighs the owner's own rules for `name`, whose tracker `verdict` knows.
    #[inline]
    pub fn judge(&self, name: &Name, facts: &Facts, verdict: &mut Verdict) {
        for layer in self.layers() {
            layer.judge(name, facts, self.profile.off, verdict);
        }
        if self.profile.only_allowed && verdict.kind == VerdictKind::Pass {
            verdict.kind = VerdictKind::Block;
        }
    }

    /// The owner's own rules, from the house's to the device's.
    pub fn layers(&self) -> [&'a Layer; 3] {
        [self.house, &self.profile.layer, &self.owned.layer]
    }
}

/// Nothing is found out yet.
const UNKNOWN: u32 = u32::MAX;

impl Policy {
    /// The policy of `config` with `choices` above it, where the button stands as it does and the
    /// clock on the wall shows `time`; for at most `devices` devices. A choice that is no name is
    /// passed over.
    ///
    /// # Errors
    /// The first rule of the settings that is no name.
    pub fn new(
        config: &Config,
        choices: &Choices,
        button: &Button,
        facts: &Facts,
        time: (u8, u16),
        devices: usize,
    ) -> Result<Self, (String, NameError)> {
        let house = Layer::new(&choices.house.above(&config.rules), Whose::House, facts)?;
        let of_house = config::Profile {
            name: HOUSE.to_owned(),
            schedule: config.schedule.clone(),
            ..config::Profile::of_house(config)
        };
        let configured: Vec<&config::Profile> =
            std::iter::once(&of_house).chain(&config.profiles).collect();
        let mut profiles = Vec::with_capacity(2 * configured.len());
        for profile in &configured {
            let chosen = choices.profiles.get(&profile.name).cloned().unwrap_or_default();
            let layer = Layer::new(&chosen.above(&profile.rules), Whose::Profile, facts)?;
            let on = Profile::new(profile, config, Arc::new(layer));
            let off = on.switched_off();
            profiles.extend([on, off]);
        }
        let mut owned = vec![Owned::nobody()];
        let mut owned_by_key = HashMap::default();
        let said = choices.devices.iter().map(|(key, said)| (key.as_str(), Some(said)));
        let configured_devices = config.devices.iter().map(|device| (device.name.as_str(), None));
        for (key, said) in said.chain(configured_devices) {
            if owned.len() < usize::from(u16::MAX) && !owned_by_key.contains_key(key) {
                owned_by_key.insert(key.to_owned(), owned.len() as u16);
                let device = config.devices.iter().find(|device| device.name == key);
                owned.push(Owned::new(key, said, device, facts));
            }
        }
        Ok(Self {
            now: holding_now(&configured, time),
            members: Members::new(&configured, choices),
            profiles,
            house,
            owned,
            owned_by_key,
            button: button.clone(),
            standings: (0..devices).map(|_| AtomicU32::new(UNKNOWN)).collect(),
            pools: config.upstream.clients.iter().map(|group| group.network).collect(),
        })
    }

    /// Which servers are asked for the client at `address`: 0 for everybody's, else the place of its
    /// own. The first network that it is in counts.
    #[inline]
    pub fn pool(&self, address: IpAddr) -> u8 {
        if self.pools.is_empty() {
            return 0;
        }
        let address = address.to_canonical();
        let own = self.pools.iter().position(|network| network.contains(&address));
        own.map_or(0, |place| place as u8 + 1)
    }

    /// What holds for `device`, which asks from `address`. Costs a load; at its first query, and
    /// at the first after a change, a lock.
    #[inline]
    pub fn held(&self, device: DeviceId, address: IpAddr, directory: &Directory) -> Held<'_> {
        let known = self.standings.get(device.0 as usize).map(|known| known.load(Relaxed));
        let standing = match known {
            Some(known) if known != UNKNOWN => known,
            _ => self.place(device, address, directory),
        };
        let (profile, owned) = ((standing & 0xffff) as usize, (standing >> 16) as usize);
        Held { profile: &self.profiles[profile], house: &self.house, owned: &self.owned[owned] }
    }

    /// More is known of `device` than when it was looked at.
    pub fn forget(&self, device: DeviceId) {
        if let Some(known) = self.standings.get(device.0 as usize) {
            known.store(UNKNOWN, Relaxed);
        }
    }

    #[cold]
    fn place(&self, device: DeviceId, address: IpAddr, directory: &Directory) -> u32 {
        let address = address.to_canonical();
        let known = directory.device(device);
        let key = known.as_ref().map_or("", |known| known.key.as_str());
        let profile = self.profile_of(known.as_ref(), address);
        let now = self.now[usize::from(profile)];
        let owned = self.owned_by_key.get(key).copied().unwrap_or(0);
        let off = self.button.is_off(key);
        let standing = (u32::from(owned) << 16) | (2 * u32::from(now)) | u32::from(off);
        if known.is_some()
            && let Some(place) = self.standings.get(device.0 as usize)
        {
            place.store(standing, Relaxed);
        }
        standing
    }

    /// The profile that is for a device, whatever the time.
    fn profile_of(&self, device: Option<&Device>, address: IpAddr) -> u16 {
        let members = &self.members;
        let by_name = device.and_then(|device| {
            let by_key = members.devices.get(&device.key);
            by_key.or_else(|| members.devices.get(device.name.as_deref()?))
        });
        if let Some(profile) = by_name {
            return *profile;
        }
        let has_tag = |tag: &String| device.is_some_and(|device| device.tags.contains(tag));
        if let Some((_, profile)) = members.tags.iter().find(|(tag, _)| has_tag(tag)) {
            return *profile;
        }
        let is_in = |network: &IpNet| {
            let known = device.map_or(&[][..], |device| &device.addresses);
            network.contains(&address) || known.iter().any(|address| network.contains(address))
        };
        let by_network = members.networks.iter().find(|(network, _)| is_in(network));
        by_network.map_or(0, |(_, profile)| *profile)
    }

    /// Name of the profile that holds for `device` now.
    pub fn profile_name(&self, device: &Device) -> &str {
        let address = device.addresses.last().copied();
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let now = self.now[usize::from(self.profile_of(Some(device), address))];
        &self.profiles[2 * usize::from(now)].name
    }

    /// Where the button stands.
    pub fn button(&self) -> &Button {
        &self.button
    }

    /// Whether another profile holds for somebody at `time` than does now.
    pub fn is_of_another_time(&self, config: &Config, time: (u8, u16)) -> bool {
        let schedules =
            std::iter::once(&config.schedule).chain(config.profiles.iter().map(|p| &p.schedule));
        schedules.zip((0_u16..).zip(&self.now)).any(|(slots, (own, now))| {
            let named = schedule::chosen(slots, time);
            let holds = &*self.profiles[2 * usize::from(*now)].name;
            named.map_or(own != *now, |name| name != holds)
        })
    }
}

/// By profile, which holds at `time`.
fn holding_now(profiles: &[&config::Profile], time: (u8, u16)) -> Vec<u16> {
    let number = |name: &str| profiles.iter().position(|profile| profile.name == name);
    let held = |(own, profile): (usize, &&config::Profile)| {
        let other = schedule::chosen(&profile.schedule, time).and_then(number);
        other.unwrap_or(own) as u16
    };
    profiles.iter().enumerate().map(held).collect()
}

impl Members {
    fn new(profiles: &[&config::Profile], choices: &Choices) -> Self {
        let mut members = Self::default();
        let all = (0_u16..).zip(profiles);
        for (number, member) in
            all.flat_map(|(n, profile)| profile.members.iter().map(move |m| (n, m)))
        {
            match member {
                Member::Device(name) => {
                    members.devices.entry(name.clone()).or_insert(number);
                }
                Member::Tag(tag) => members.tags.push((tag.clone(), number)),
                Member::Network(network) => members.networks.push((*network, number)),
            }
        }
        members.networks.sort_by_key(|(network, _)| u8::MAX - network.prefix_len());
        for (key, said) in &choices.devices {
            let number = |name: &String| profiles.iter().position(|profile| profile.name == *name);
            if let Some(number) = said.profile.as_ref().and_then(number) {
                members.devices.insert(key.clone(), number as u16);
            }
        }
        members
    }
}

impl Owned {
    fn nobody() -> Self {
        Self { name: String::new(), tags: Vec::new(), layer: Layer::none(Whose::Device) }
    }

    fn new(
        key: &str,
        said: Option<&OfDevice>,
        device: Option<&config::Device>,
        facts: &Facts,
    ) -> Self {
        let rules = said.map(|said| said.chosen.above(&Rules::default())).unwrap_or_default();
        let layer = Layer::new(&rules, Whose::Device, facts);
        let name = said.and_then(|said| said.name.clone());
        Self {
            name: name.or_else(|| device.map(|_| key.to_owned())).unwrap_or_default(),
            tags: device.map(|device| device.tags.clone()).unwrap_or_default(),
            layer: layer.unwrap_or_else(|_| Layer::none(Whose::Device)),
        }
    }
}

#[cfg(test)]
mod tests;
