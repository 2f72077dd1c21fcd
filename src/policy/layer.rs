//! The owner's own rules of one scope: names and companies.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::config::Rules;
use crate::filter::{Origin, Overlay, Rule, Scope, Tier, Verdict, Whose};
use crate::trackers::Facts;
use crate::wire::{Name, NameError};

/// Rules that beat every list.
#[derive(Debug)]
pub struct Layer {
    names: Overlay,
    /// By number: whether it is refused.
    companies: HashMap<u32, bool, RandomState>,
    whose: Whose,
}

impl Layer {
    /// Of `rules`; companies that `facts` do not know are nobody's.
    ///
    /// # Errors
    /// The first text that is no name.
    pub fn new(rules: &Rules, whose: Whose, facts: &Facts) -> Result<Self, (String, NameError)> {
        let names = Overlay::new(&rules.block, &rules.allow)?;
        let mut companies = HashMap::default();
        for (texts, blocks) in [(&rules.block_companies, true), (&rules.allow_companies, false)] {
            for text in texts {
                companies.extend(facts.companies_of(text).map(|company| (company, blocks)));
            }
        }
        Ok(Self { names, companies, whose })
    }

    /// Without rules.
    pub fn none(whose: Whose) -> Self {
        Self { names: Overlay::default(), companies: HashMap::default(), whose }
    }

    /// Weighs what it says of `name`, whose tracker `verdict` knows; where it is off, only what it
    /// allows.
    #[inline]
    pub fn judge(&self, name: &Name, facts: &Facts, off: bool, verdict: &mut Verdict) {
        if !self.names.is_empty() {
            let rules = self.names.matches(name, self.whose);
            rules.filter(|rule| !off || !rule.tier.blocks()).for_each(|rule| verdict.weigh(rule));
        }
        if self.companies.is_empty() {
            return;
        }
        let Some(company) = facts.company_number(verdict.tracker) else { return };
        if let Some(&blocks) = self.companies.get(&company)
            && !(off && blocks)
        {
            let tier = if blocks { Tier::Block } else { Tier::Allow };
            verdict.weigh(Rule::plain(Origin::Company(company, self.whose), tier, Scope::Tree, 0));
        }
    }

    /// Every rule that speaks of `name`, to explain.
    pub fn matches(&self, name: &Name) -> impl Iterator<Item = Rule> {
        self.names.matches(name, self.whose)
    }
}
