//! What holds for a device now.
//!
//! A profile is a mask over the lists of the one compiled table: a second profile costs nothing.
//! There is one profile so far, everybody's. From here a query goes to `filter` with its mask.

mod access;
mod home;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::catalogue;
use crate::clients::DeviceId;
use crate::config::{Bypass, Config, Level, SafeSearch};
use crate::filter::Asker;
use crate::wire::Rtype;

pub use access::Access;
pub use home::Home;

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

    /// Whether it counts for those whom `config` speaks of.
    fn counts(self, config: &Config) -> bool {
        match self {
            Self::Level(level) => level <= config.level,
            Self::Signals => config.bypass >= Bypass::Signals,
            Self::Resolvers => config.bypass == Bypass::All,
            Self::SafeSearch => config.safe_search >= SafeSearch::Search,
            Self::SafeFilms => config.safe_search == SafeSearch::All,
        }
    }
}

/// What a profile holds its devices to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Lists that count: bit n is list n.
    pub lists: u64,
    /// Services refused as a whole: bit n is service n, of the first four words.
    pub services: [u64; 4],
}

impl Profile {
    /// Who asks, as rules see it: a device held to this profile.
    #[inline]
    pub fn asker(&self, address: IpAddr, qtype: Rtype) -> Asker<'_> {
        Asker { lists: self.lists, services: &self.services, qtype, address, name: "", tags: &[] }
    }
}

/// Which profile holds for whom.
#[derive(Debug, Clone)]
pub struct Policy {
    default: Profile,
    /// Clients with servers of their own.
    pools: Vec<IpNet>,
}

impl Policy {
    /// The policy that `config` describes: the builtin facts up to its level, and all its lists.
    pub fn new(config: &Config) -> Self {
        let builtin = (0..).zip(BUILTIN_LISTS).filter(|(_, list)| list.counts(config));
        let subscribed = BUILTIN_LISTS.len()..BUILTIN_LISTS.len() + config.lists.len();
        let lists =
            builtin.map(|(list, _)| list).chain(subscribed).fold(0, |mask, list| mask | 1 << list);
        let mut services = [0; 4];
        for number in config.services.iter().filter_map(|id| catalogue::service(id)) {
            services[usize::from(number) / 64] |= 1 << (number % 64);
        }
        let pools = config.upstream.clients.iter().map(|group| group.network).collect();
        Self { default: Profile { lists, services }, pools }
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

    /// What holds for `device`.
    #[inline]
    pub fn profile(&self, _device: DeviceId) -> &Profile {
        &self.default
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::List;

    #[test]
    fn a_level_includes_the_ones_before_it() {
        let list = List::named("own");
        for (level, lists, mask) in [
            (Level::Relaxed, vec![], 0b1_001),
            (Level::Balanced, vec![], 0b1_011),
            (Level::Strict, vec![], 0b1_111),
            (Level::Balanced, vec![list.clone(), list], 0b1_1000_1011),
        ] {
            let config = Config { level, lists, ..Config::default() };
            assert_eq!(Policy::new(&config).profile(DeviceId(1)).lists, mask);
        }
    }

    #[test]
    fn choices_are_lists_and_services() {
        let config = Config {
            services: vec!["tiktok".to_owned()],
            bypass: Bypass::All,
            safe_search: SafeSearch::Search,
            ..Config::default()
        };
        let policy = Policy::new(&config);
        let profile = policy.profile(DeviceId(1));
        assert_eq!(profile.lists, 0b011_1011);
        let number = usize::from(catalogue::service("tiktok").unwrap());
        assert_eq!(profile.services[number / 64], 1 << (number % 64));
    }
}
