//! What holds for those whom a profile is for, ready to be asked.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::layer::Layer;
use super::{BUILTIN_LISTS, Builtin};
use crate::catalogue;
use crate::config::{self, BlockAnswer, Bypass, Config, SafeSearch};
use crate::filter::Asker;
use crate::wire::{Rcode, Refusal, Rtype};

/// What a profile holds its devices to, while their button is on or while it is off.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: Arc<str>,
    /// Lists that count: bit n is list n.
    pub lists: u64,
    /// Lists of public resolvers and relays, which are noted even where they do not count.
    pub noted: u64,
    /// Services refused as a whole: bit n is service n, of the first four words.
    pub services: [u64; 4],
    /// Whether everything is refused that no rule allows.
    pub only_allowed: bool,
    /// Whether the button is off: nothing is refused as a tracker.
    pub off: bool,
    /// The owner's own rules for it.
    pub layer: Arc<Layer>,
    /// The reply to refused queries.
    pub refusal: Arc<Refusal>,
}

impl Profile {
    /// As `profile` of `config` says, while the button is on.
    pub(super) fn new(profile: &config::Profile, config: &Config, layer: Arc<Layer>) -> Self {
        let builtin = (0..).zip(BUILTIN_LISTS);
        let builtin = builtin.filter(|(_, list)| list.counts(profile)).map(|(list, _)| list);
        let subscribed = (BUILTIN_LISTS.len()..).zip(&config.lists);
        let subscribed = subscribed
            .filter(|(_, list)| profile.lists.contains(&list.name))
            .map(|(number, _)| number);
        let lists = builtin.chain(subscribed).fold(0, |mask, list: usize| mask | 1 << list);
        let mut services = [0; 4];
        for number in profile.services.iter().filter_map(|id| catalogue::service(id)) {
            services[usize::from(number) / 64] |= 1 << (number % 64);
        }
        Self {
            name: profile.name.as_str().into(),
            lists,
            noted: mask(|list| list == Builtin::Resolvers),
            services,
            only_allowed: profile.only_allowed,
            off: false,
            layer,
            refusal: Arc::new(refusal(profile.answer, config.block.ttl)),
        }
    }

    /// The same while the button is off. What keeps children from something, and devices with us,
    /// is not about trackers and stays.
    pub(super) fn switched_off(&self) -> Self {
        let stays = mask(|list| !matches!(list, Builtin::Level(_)));
        Self { off: true, lists: self.lists & stays, ..self.clone() }
    }

    /// Who asks, as rules see it: a device held to this profile, of this name and these tags.
    #[inline]
    pub fn asker<'a>(
        &'a self,
        address: IpAddr,
        qtype: Rtype,
        name: &'a str,
        tags: &'a [String],
    ) -> Asker<'a> {
        Asker {
            lists: self.lists,
            noted: self.noted,
            services: &self.services,
            qtype,
            address,
            name,
            tags,
        }
    }
}

fn refusal(answer: BlockAnswer, ttl: Duration) -> Refusal {
    let usual = Refusal::new(ttl);
    match answer {
        BlockAnswer::NxDomain => usual,
        BlockAnswer::NoData => usual.with_code(Rcode::NOERROR),
        BlockAnswer::Refused => usual.with_code(Rcode::REFUSED),
        BlockAnswer::Addresses(v4, v6) => usual.with_addresses(v4, v6),
    }
}

/// The builtin lists that `counts` chooses.
fn mask(counts: impl Fn(Builtin) -> bool) -> u64 {
    let chosen = (0..).zip(BUILTIN_LISTS).filter(|(_, list)| counts(*list));
    chosen.fold(0, |mask, (list, _): (u32, _)| mask | 1 << list)
}

impl Builtin {
    /// Whether it counts for those whom `profile` is for.
    fn counts(self, profile: &config::Profile) -> bool {
        match self {
            Self::Level(level) => level <= profile.level,
            Self::Signals => profile.bypass >= Bypass::Signals,
            Self::Resolvers => profile.bypass == Bypass::All,
            Self::SafeSearch => profile.safe_search >= SafeSearch::Search,
            Self::SafeFilms => profile.safe_search == SafeSearch::All,
        }
    }
}
