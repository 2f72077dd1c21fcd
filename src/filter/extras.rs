//! The few rules that are more than a name: those with terms, patterns, networks. Kept behind the
//! names in the table's file, in memory while it is open.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::io;

use foldhash::fast::RandomState;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::pattern::{Pattern, Patterns};
use super::rule::{ListRule, Subject};
use super::terms::{Asker, Reply, Terms};
use super::verdict::{Answers, Origin, Rule, Scope, Tier, Verdict};
use crate::wire::Name;

/// Longest name in text form.
const MAX_TEXT: usize = 255;

/// A rule that does not fit into the masks of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Special {
    list: u8,
    tier: Tier,
    scope: Scope,
    terms: Option<u32>,
    answers: Answers,
}

/// As they are written down.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    terms: Vec<Terms>,
    specials: Vec<Special>,
    /// Specials of one name; a name keeps the number of its group.
    groups: Vec<Vec<u32>>,
    /// Specials of the root's tree: they speak of every name.
    everywhere: Vec<u32>,
    patterns: Vec<Pattern>,
    /// Specials of each pattern.
    of_pattern: Vec<Vec<u32>>,
    networks: Vec<(IpNet, u32)>,
}

/// Rules beside the names, ready to judge by.
#[derive(Debug, Default)]
pub(super) struct Extras {
    written: Written,
    patterns: Patterns,
    /// Specials of each network, by the length of its prefix: of those there are few.
    networks: BTreeMap<u8, HashMap<IpNet, Vec<u32>, RandomState>>,
}

impl Extras {
    /// From what [`Collector::write`] wrote; nothing is made of nothing.
    pub(super) fn read(bytes: &[u8]) -> io::Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut written: Written = serde_json::from_slice(bytes)?;
        let patterns = Patterns::new(std::mem::take(&mut written.patterns))
            .map_err(|error| io::Error::other(error.to_string()))?;
        let mut networks = BTreeMap::<u8, HashMap<IpNet, Vec<u32>, _>>::new();
        for (network, special) in std::mem::take(&mut written.networks) {
            let of_length = networks.entry(network.prefix_len()).or_default();
            of_length.entry(network).or_default().push(special);
        }
        Ok(Self { written, patterns, networks })
    }

    /// Whether there is nothing but names and groups to look at.
    #[inline]
    pub(super) fn only_names(&self) -> bool {
        self.written.everywhere.is_empty() && self.patterns.is_empty()
    }

    /// Weighs the specials of a group, numbered from 1, at a name of `labels`.
    pub(super) fn weigh_group(
        &self,
        group: u32,
        labels: usize,
        name: &Name,
        asker: &Asker<'_>,
        verdict: &mut Verdict,
    ) {
        for &special in self.group(group) {
            self.weigh(special, labels, name, asker, verdict);
        }
    }

    fn group(&self, group: u32) -> &[u32] {
        let index = (group as usize).checked_sub(1);
        index.and_then(|index| self.written.groups.get(index)).map_or(&[], Vec::as_slice)
    }

    /// Weighs what speaks of every name, and all patterns that match.
    pub(super) fn weigh_rest(&self, name: &Name, asker: &Asker<'_>, verdict: &mut Verdict) {
        for &special in &self.written.everywhere {
            self.weigh(special, 0, name, asker, verdict);
        }
        self.each_pattern(name, |_, specials| {
            for &special in specials {
                self.weigh(special, 0, name, asker, verdict);
            }
        });
    }

    fn each_pattern(&self, name: &Name, mut each: impl FnMut(u32, &[u32])) {
        if self.patterns.is_empty() {
            return;
        }
        let mut text = [0; MAX_TEXT];
        let text = name.write_plain(&mut text);
        self.patterns.each_match(text, |pattern| {
            if let Some(specials) = self.written.of_pattern.get(pattern as usize) {
                each(pattern, specials);
            }
        });
    }

    fn weigh(
        &self,
        number: u32,
        labels: usize,
        name: &Name,
        asker: &Asker<'_>,
        verdict: &mut Verdict,
    ) {
        let Some(special) = self.written.specials.get(number as usize) else { return };
        let listed = asker.lists & (1 << special.list) != 0;
        if !listed || !special.scope.covers(labels, name.label_count()) {
            return;
        }
        if !self.terms(special).is_none_or(|terms| terms.fit(name, asker)) {
            return;
        }
        if special.tier.blocks() && special.answers != Answers::Data {
            verdict.against |= 1 << special.list;
        }
        verdict.weigh(Rule {
            special: Some(number),
            answers: special.answers,
            ..Rule::plain(Origin::List(special.list), special.tier, special.scope, labels)
        });
    }

    fn terms(&self, special: &Special) -> Option<&Terms> {
        self.written.terms.get(special.terms? as usize)
    }

    /// The terms of the rule that won.
    pub(super) fn terms_of(&self, rule: Rule) -> Option<&Terms> {
        self.terms(self.written.specials.get(rule.special? as usize)?)
    }

    /// The pattern of the rule that won.
    pub(super) fn pattern_of(&self, rule: Rule, name: &Name) -> Option<&Pattern> {
        let mut found = None;
        self.each_pattern(name, |pattern, specials| {
            if rule.special.is_some_and(|special| specials.contains(&special)) {
                found = Some(pattern);
            }
        });
        self.patterns.pattern(found?)
    }

    /// Replies of all rules that won with `rule`: of the same list, at the same place. `group` is
    /// the group of the rule's name.
    pub(super) fn replies(
        &self,
        rule: Rule,
        group: u32,
        name: &Name,
        asker: &Asker<'_>,
    ) -> Vec<&Reply> {
        let mut replies = Vec::new();
        let mut take = |specials: &[u32]| {
            for &number in specials {
                let Some(special) = self.written.specials.get(number as usize) else { continue };
                let equal = Origin::List(special.list) == rule.origin
                    && special.tier == rule.tier
                    && special.answers == rule.answers
                    && special.scope.covers(usize::from(rule.labels), name.label_count());
                if let Some(terms) = self.terms(special)
                    && let Some(reply) = &terms.reply
                    && equal
                    && terms.fit(name, asker)
                {
                    replies.push(reply);
                }
            }
        };
        match rule.scope {
            Scope::Pattern => self.each_pattern(name, |_, specials| take(specials)),
            _ if rule.labels == 0 => take(&self.written.everywhere),
            _ => take(self.group(group)),
        }
        replies
    }

    /// Whether there are rules on where answers lead.
    #[inline]
    pub(super) fn has_networks(&self) -> bool {
        !self.networks.is_empty()
    }

    /// Weighs the rules on answers that lead to `address`, which `name` was asked for.
    pub(super) fn weigh_address(
        &self,
        address: std::net::IpAddr,
        name: &Name,
        asker: &Asker<'_>,
        verdict: &mut Verdict,
    ) {
        for (&length, networks) in &self.networks {
            let Ok(network) = IpNet::new(address, length) else { continue };
            for &special in networks.get(&network.trunc()).into_iter().flatten() {
                self.weigh(special, 0, name, asker, verdict);
            }
        }
    }
}

/// Collects rules beside the names while a table is compiled: everything equal is kept once.
#[derive(Default)]
pub(super) struct Collector {
    terms: Interned<Terms>,
    specials: Interned<Special>,
    groups: Interned<Vec<u32>>,
    everywhere: Vec<u32>,
    patterns: Interned<Pattern>,
    of_pattern: Vec<Vec<u32>>,
    networks: Interned<(IpNet, u32)>,
}

impl Collector {
    /// Takes in a rule that no mask can hold. A rule of a name gets a number, to be kept with it
    /// by [`Self::group_with`]; for others, nothing is left to do.
    pub(super) fn take(&mut self, list: u8, rule: &ListRule<'_>) -> Option<u32> {
        let Rule { scope, answers, .. } = rule.weight(list, 0);
        let terms = rule.terms.map(|terms| self.terms.number(terms));
        let special =
            self.specials.number(&Special { list, tier: rule.tier, scope, terms, answers });
        match rule.subject {
            Subject::Name(name, _) if name.label_count() > 0 => return Some(special),
            Subject::Name(..) => add(&mut self.everywhere, special),
            Subject::Pattern(pattern) => {
                let index = self.patterns.number(pattern) as usize;
                self.of_pattern.resize_with(self.patterns.all.len(), Vec::new);
                add(&mut self.of_pattern[index], special);
            }
            Subject::Network(network) => drop(self.networks.number(&(network, special))),
        }
        None
    }

    /// The number of the group that `group` becomes with `special`; 0 is the empty group.
    pub(super) fn group_with(&mut self, group: u32, special: u32) -> u32 {
        let mut members = match group.checked_sub(1) {
            Some(index) => self.groups.all[index as usize].clone(),
            None => Vec::new(),
        };
        add(&mut members, special);
        self.groups.number(&members) + 1
    }

    /// As bytes for [`Extras::read`].
    pub(super) fn write(self) -> io::Result<Vec<u8>> {
        if self.specials.all.is_empty() {
            return Ok(Vec::new());
        }
        let written = Written {
            terms: self.terms.all,
            specials: self.specials.all,
            groups: self.groups.all,
            everywhere: self.everywhere,
            patterns: self.patterns.all,
            of_pattern: self.of_pattern,
            networks: self.networks.all,
        };
        Ok(serde_json::to_vec(&written)?)
    }
}

fn add(members: &mut Vec<u32>, special: u32) {
    if let Err(at) = members.binary_search(&special) {
        members.insert(at, special);
    }
}

/// Things by number, each once.
struct Interned<T> {
    all: Vec<T>,
    numbers: HashMap<T, u32, RandomState>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: HashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Interned<T> {
    fn number(&mut self, thing: &T) -> u32 {
        if let Some(&number) = self.numbers.get(thing) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(thing.clone());
        self.numbers.insert(thing.clone(), number);
        number
    }
}
