//! What the rules say of a name, and why.

use std::cmp::Reverse;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The name alone.
    Name,
    /// The name and everything below it.
    Tree,
}

/// What a rule wants, and how strongly. In this order they are kept in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Refuse.
    Block,
    /// Let pass; beats `Block`.
    Allow,
    /// Refuse, whatever is allowed by a list.
    ImportantBlock,
}

/// What a list, or the tracker facts, say of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listed {
    /// A rule of list number `list`, below 64.
    Rule {
        /// The list.
        list: u8,
        /// What it wants.
        tier: Tier,
        /// For which names.
        scope: Scope,
    },
    /// The name and everything below it belong to this tracker, at least 1.
    Tracker(u32),
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The owner's own rules.
    User,
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
    /// How many labels of the name, from the right, the rule names.
    pub labels: u8,
}

impl Rule {
    /// Greater wins: the owner's rules, important blocks, allows, blocks; then the longer name,
    /// then allow over block, then the list named first.
    fn precedence(self) -> (u8, u8, bool, Reverse<u8>) {
        let (rank, list) = match self.origin {
            Origin::User => (3, 0),
            Origin::List(list) => {
                let rank = match self.tier {
                    Tier::Block => 0,
                    Tier::Allow => 1,
                    Tier::ImportantBlock => 2,
                };
                (rank, list)
            }
        };
        (rank, self.labels, self.tier == Tier::Allow, Reverse(list))
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
}

impl Verdict {
    /// Takes in one more rule that matched.
    pub(super) fn weigh(&mut self, rule: Rule) {
        if self.rule.is_none_or(|best| rule.precedence() > best.precedence()) {
            self.rule = Some(rule);
            self.kind = match rule.tier {
                Tier::Block | Tier::ImportantBlock => VerdictKind::Block,
                Tier::Allow => VerdictKind::Allow,
            };
        }
    }
}
