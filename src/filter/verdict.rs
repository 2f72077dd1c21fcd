//! What the rules say of a name, and why.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

/// What becomes of a query, in the words used everywhere: metrics, command line, API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum VerdictKind {
    /// Refused.
    Block,
    /// Let through by a rule, against another or to be sure.
    Allow,
    /// No rule says anything.
    #[default]
    Pass,
    /// Answered from records of the house.
    Local,
}

impl VerdictKind {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 4] = [Self::Block, Self::Allow, Self::Pass, Self::Local];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Allow => "allow",
            Self::Pass => "pass",
            Self::Local => "local",
        }
    }
}

/// Which names a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The name alone.
    Name,
    /// The name and everything below it.
    Tree,
    /// Everything below the name, without it.
    Below,
    /// Whatever a pattern matches.
    Pattern,
}

impl Scope {
    /// Whether a rule of the name `labels` long speaks of a name of `of` labels that ends in it.
    pub(super) fn covers(self, labels: usize, of: usize) -> bool {
        match self {
            Self::Name => labels == of,
            Self::Tree | Self::Pattern => true,
            Self::Below => labels < of,
        }
    }
}

/// What a rule wants, and how strongly: later ones beat those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// Refuse.
    Block,
    /// Let pass.
    Allow,
    /// Refuse, whatever a list allows.
    ImportantBlock,
    /// Let pass, whatever a list refuses.
    ImportantAllow,
}

impl Tier {
    /// Whether it refuses.
    pub fn blocks(self) -> bool {
        matches!(self, Self::Block | Self::ImportantBlock)
    }

    /// The same strength, the other way.
    #[must_use]
    pub fn allowing(self) -> Self {
        match self {
            Self::Block | Self::Allow => Self::Allow,
            Self::ImportantBlock | Self::ImportantAllow => Self::ImportantAllow,
        }
    }
}

/// For whom a rule of the owner's is: later ones beat those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Everybody.
    House,
    /// Those whom a profile is for.
    Profile,
    /// One device.
    Device,
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The owner's own rules.
    User(Whose),
    /// A company that the owner has chosen, by its number.
    Company(u32, Whose),
    /// A service that the owner refuses as a whole, by its number.
    Service(u16),
    /// The list of this number.
    List(u8),
}

/// A rule that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Who says so.
    pub origin: Origin,
    /// What it wants.
    pub tier: Tier,
    /// For which names.
    pub scope: Scope,
    /// How many labels of the name, from the right, the rule names; 0 for a pattern.
    pub labels: u8,
    /// Its number among the rules with terms; none for a plain one.
    pub special: Option<u32>,
    /// What it answers.
    pub answers: Answers,
}

/// What a rule answers: later ones beat those before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Answers {
    /// The usual refusal.
    #[default]
    Usual,
    /// A refusal of its own.
    Refusal,
    /// Data of its own.
    Data,
}

impl Rule {
    /// A rule without terms.
    pub fn plain(origin: Origin, tier: Tier, scope: Scope, labels: usize) -> Self {
        Self { origin, tier, scope, labels: labels as u8, special: None, answers: Answers::Usual }
    }

    /// Greater wins, whatever the names: the owner's rules for the device, its profile, the house,
    /// important allows, important blocks and refused services, allows, blocks.
    pub fn strength(self) -> u8 {
        match self.origin {
            Origin::User(whose) | Origin::Company(_, whose) => 4 + whose as u8,
            Origin::Service(_) => Tier::ImportantBlock as u8,
            Origin::List(_) => self.tier as u8,
        }
    }

    /// Greater wins: the stronger rule; then the longer name, then allow over block, then a rule
    /// with a reply, then the list named first.
    pub fn precedence(self) -> (u8, u8, bool, Answers, Reverse<u8>) {
        let list = match self.origin {
            Origin::User(_) | Origin::Company(..) | Origin::Service(_) => 0,
            Origin::List(list) => list,
        };
        (self.strength(), self.labels, !self.tier.blocks(), self.answers, Reverse(list))
    }
}

/// What becomes of a name, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// What becomes of it.
    pub kind: VerdictKind,
    /// The rule that won; none where no rule matched.
    pub rule: Option<Rule>,
    /// The tracker whose name this is, 0 for none known. A tracker is counted whether or not it
    /// is refused.
    pub tracker: u32,
    /// Lists with a rule against the name: bit n is list n.
    pub against: u64,
    /// Whether a list that is to be noted has a rule against the name.
    pub noted: bool,
}

impl Verdict {
    /// Takes in one more rule that matched.
    #[inline]
    pub fn weigh(&mut self, rule: Rule) {
        if self.rule.is_none_or(|best| rule.precedence() > best.precedence()) {
            self.rule = Some(rule);
            self.kind = match rule.tier {
                Tier::Allow | Tier::ImportantAllow => VerdictKind::Allow,
                _ if rule.answers == Answers::Data => VerdictKind::Local,
                Tier::Block | Tier::ImportantBlock => VerdictKind::Block,
            };
        }
    }
}
