//! A rule as a list has it, before it is compiled.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;
use ipnet::IpNet;

use super::pattern::Pattern;
use super::terms::{Asker, Terms};
use super::verdict::{Answers, Origin, Rule, Scope, Tier};
use crate::wire::Name;

/// One rule of a list. Borrows from the reader's scratch space.
#[derive(Debug, Clone, Copy)]
pub struct ListRule<'a> {
    /// What it speaks of.
    pub subject: Subject<'a>,
    /// What it wants.
    pub tier: Tier,
    /// On which terms; none for the most.
    pub terms: Option<&'a Terms>,
    /// Not a rule itself: the same rule, in any list, does not hold.
    pub cancels: bool,
}

/// What a rule speaks of.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A name, and which names around it. The root's tree is everything.
    Name(&'a Name, Scope),
    /// Names that a pattern matches.
    Pattern(&'a Pattern),
    /// Answers that lead into a network.
    Network(IpNet),
}

impl<'a> ListRule<'a> {
    /// A rule without terms.
    pub fn of_name(name: &'a Name, scope: Scope, tier: Tier) -> Self {
        Self { subject: Subject::Name(name, scope), tier, terms: None, cancels: false }
    }

    /// Equal for rules that say the same; `cancels` does not count.
    pub fn key(&self) -> u64 {
        let mut hasher = FixedState::with_seed(0).build_hasher();
        match self.subject {
            Subject::Name(name, scope) => (0_u8, name.wire(), scope).hash(&mut hasher),
            Subject::Pattern(pattern) => (1_u8, pattern).hash(&mut hasher),
            Subject::Network(network) => (2_u8, network).hash(&mut hasher),
        }
        (self.tier, self.terms).hash(&mut hasher);
        hasher.finish()
    }

    /// How the rule weighs, as one of list number `list` that named `labels` labels.
    pub fn weight(&self, list: u8, labels: usize) -> Rule {
        let scope = match self.subject {
            Subject::Name(_, scope) => scope,
            Subject::Pattern(_) | Subject::Network(_) => Scope::Pattern,
        };
        Rule {
            answers: self.answers(),
            ..Rule::plain(Origin::List(list), self.tier, scope, labels)
        }
    }

    /// What the rule answers.
    pub(super) fn answers(&self) -> Answers {
        match self.terms.and_then(|terms| terms.reply.as_ref()) {
            None => Answers::Usual,
            Some(reply) if reply.refuses() => Answers::Refusal,
            Some(_) => Answers::Data,
        }
    }

    /// How many labels of `name` the rule names, if it matches. Slow: to explain, and as a model.
    pub fn matches(&self, name: &Name, asker: &Asker<'_>) -> Option<usize> {
        let labels = match self.subject {
            Subject::Name(listed, scope) => {
                let labels = listed.label_count();
                let within = name.suffix(labels) == listed.wire();
                (within && scope.covers(labels, name.label_count())).then_some(labels)?
            }
            Subject::Pattern(pattern) => {
                pattern.matches(name.to_string().as_bytes()).then_some(0)?
            }
            Subject::Network(_) => return None,
        };
        self.terms.is_none_or(|terms| terms.fit(name, asker)).then_some(labels)
    }
}
