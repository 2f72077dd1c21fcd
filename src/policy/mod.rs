//! What holds for a device now.
//!
//! A profile is a mask over the lists of the one compiled table: a second profile costs nothing.
//! There is one profile so far, everybody's. From here a query goes to `filter` with its mask.

use std::net::IpAddr;

use crate::clients::DeviceId;
use crate::config::{Config, Level};
use crate::filter::Asker;
use crate::wire::Rtype;

/// Lists 0, 1 and 2 are the builtin facts of the three levels; subscribed ones follow.
pub const BUILTIN_LISTS: [Level; 3] = [Level::Relaxed, Level::Balanced, Level::Strict];

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
}

impl Policy {
    /// The policy that `config` describes: the builtin facts up to its level, and all its lists.
    pub fn new(config: &Config) -> Self {
        let builtin = BUILTIN_LISTS.iter().filter(|&&level| level <= config.level).count();
        let subscribed = BUILTIN_LISTS.len()..BUILTIN_LISTS.len() + config.lists.len();
        let lists = (0..builtin).chain(subscribed).fold(0, |mask, list| mask | 1 << list);
        Self { default: Profile { lists, services: [0; 4] } }
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
    use crate::config::{Action, List};

    #[test]
    fn a_level_includes_the_ones_before_it() {
        let list = List {
            name: "own".to_owned(),
            file: "own.txt".into(),
            format: None,
            action: Action::Block,
            subdomains: false,
        };
        for (level, lists, mask) in [
            (Level::Relaxed, vec![], 0b001),
            (Level::Balanced, vec![], 0b011),
            (Level::Strict, vec![], 0b111),
            (Level::Balanced, vec![list.clone(), list], 0b11_011),
        ] {
            let config = Config { level, lists, ..Config::default() };
            assert_eq!(Policy::new(&config).profile(DeviceId(1)).lists, mask);
        }
    }
}
