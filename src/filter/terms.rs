//! What a rule may depend on beside the name, and what it may answer instead of refusing.
//!
//! Most rules have none of this and stay bits in the table. The few that do are kept whole, each
//! different set of terms once.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::wire::{Name, Rtype};

/// Who asks, as far as rules may depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Lists that count for it: bit n is list n.
    pub lists: u64,
    /// Services refused to it: bit n is service n, of the first four words.
    pub services: &'a [u64; 4],
    /// Lists that are only to be noted, with those that count: see [`super::Verdict::noted`].
    pub noted: u64,
    /// Type asked for.
    pub qtype: Rtype,
    /// Its address.
    pub address: IpAddr,
    /// Name its owner gave it; empty for none.
    pub name: &'a str,
    /// Tags its owner gave it.
    pub tags: &'a [String],
}

impl Asker<'static> {
    /// Nobody in particular, who asks for an address and is held to `lists`.
    pub fn any(lists: u64) -> Self {
        Self {
            lists,
            services: &[0; 4],
            noted: 0,
            qtype: Rtype(1),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            name: "",
            tags: &[],
        }
    }
}

impl Asker<'_> {
    /// Whether the service of this number, at least 1, is refused to it.
    #[inline]
    pub fn refuses_service(&self, service: u16) -> bool {
        let word = self.services.get(usize::from(service) / 64).copied().unwrap_or(0);
        word & (1 << (service % 64)) != 0
    }
}

/// Conditions of a rule, and its reply. All that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// Types of query.
    #[serde(default, skip_serializing_if = "Choice::is_any")]
    pub types: Choice<u16>,
    /// Clients by name, address or network.
    #[serde(default, skip_serializing_if = "Choice::is_any")]
    pub clients: Choice<ClientTerm>,
    /// Tags of clients.
    #[serde(default, skip_serializing_if = "Choice::is_any")]
    pub tags: Choice<String>,
    /// Names the rule does not speak of, each with everything below it; canonical text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// What to answer instead of refusing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
}

/// One of these, if any are given, and none of those.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Choice<T> {
    /// At least one of them; empty for any.
    pub of: Vec<T>,
    /// None of them.
    pub not: Vec<T>,
}

/// A client as rules name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ClientTerm {
    /// By address or network.
    Network(IpNet),
    /// By the name its owner gave it, whatever the case of its letters.
    Name(String),
}

/// A reply that a rule brings along.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reply {
    /// A code without data.
    Rcode(u16),
    /// There is such a name, but nothing of the type asked for.
    NoData,
    /// None at all.
    Drop,
    /// This record, to queries of its type.
    Record(ReplyRecord),
    /// Whatever this other name has; canonical text.
    Cname(String),
}

/// A record of a [`Reply`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplyRecord {
    /// Its type.
    pub rtype: u16,
    /// Its data in wire form, names uncompressed.
    pub data: Vec<u8>,
}

impl Terms {
    /// Whether nothing is asked for: such terms need not be kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a rule with these terms speaks of `name` asked for by `asker`.
    pub fn fit(&self, name: &Name, asker: &Asker<'_>) -> bool {
        let is_type = |rtype: &u16| *rtype == asker.qtype.0;
        let is_client = |term: &ClientTerm| match term {
            ClientTerm::Network(network) => network.contains(&asker.address),
            ClientTerm::Name(name) => {
                !asker.name.is_empty() && name.eq_ignore_ascii_case(asker.name)
            }
        };
        let has_tag = |tag: &String| asker.tags.contains(tag);
        self.types.fits(is_type)
            && self.clients.fits(is_client)
            && self.tags.fits(has_tag)
            && !self.except.iter().any(|except| name.is_within(except))
    }
}

impl Reply {
    /// Whether it keeps the client from what it asked for, as a refusal does.
    pub fn refuses(&self) -> bool {
        match self {
            Self::Rcode(rcode) => *rcode != 0,
            Self::NoData | Self::Drop => true,
            Self::Record(_) | Self::Cname(_) => false,
        }
    }
}

impl<T> Choice<T> {
    /// Whether everything is right.
    pub fn is_any(&self) -> bool {
        self.of.is_empty() && self.not.is_empty()
    }

    fn fits(&self, is: impl Fn(&T) -> bool) -> bool {
        (self.of.is_empty() || self.of.iter().any(&is)) && !self.not.iter().any(&is)
    }

    /// With one more, among those it must not be if `not`.
    pub(super) fn push(&mut self, not: bool, value: T) {
        if not { self.not.push(value) } else { self.of.push(value) }
    }
}

impl<T: Ord> Choice<T> {
    /// In an order of its own, so that equal choices are equal; none where there is no choice.
    pub(super) fn sorted(mut self) -> Option<Self> {
        for side in [&mut self.of, &mut self.not] {
            side.sort_unstable();
            side.dedup();
        }
        (!self.is_any()).then_some(self)
    }
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self { of: Vec::new(), not: Vec::new() }
    }
}
