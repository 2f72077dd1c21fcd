//! The owner's own rules: few, changed at any time, never compiled.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Origin, Rule, Scope, Tier, Whose};
use crate::wire::{Name, NameError};

/// Rules that beat every list, by canonical wire name.
#[derive(Debug, Default)]
pub struct Overlay {
    rules: HashMap<Box<[u8]>, (Tier, Scope), RandomState>,
}

impl Overlay {
    /// From names as the owner writes them: each covers its sub-domains too, `=name` only itself.
    /// The same name in both is allowed.
    ///
    /// # Errors
    /// The first text that is no name.
    pub fn new(
        block: &[impl AsRef<str>],
        allow: &[impl AsRef<str>],
    ) -> Result<Self, (String, NameError)> {
        let blocks = block.iter().map(|text| (text.as_ref(), Tier::Block));
        let allows = allow.iter().map(|text| (text.as_ref(), Tier::Allow));
        let mut overlay = Self::default();
        for (text, tier) in blocks.chain(allows) {
            let (host, scope) = match text.strip_prefix('=') {
                Some(host) => (host, Scope::Name),
                None => (text, Scope::Tree),
            };
            let name: Name = host.parse().map_err(|error| (text.to_owned(), error))?;
            overlay.rules.insert(name.wire().into(), (tier, scope));
        }
        Ok(overlay)
    }

    /// Whether there is no rule.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Every rule that matches `name`, as one of `whose`. Costs a hash look-up a label.
    pub fn matches(&self, name: &Name, whose: Whose) -> impl Iterator<Item = Rule> {
        let count = name.label_count();
        (1..=count).filter_map(move |labels| {
            let &(tier, scope) = self.rules.get(name.suffix(labels))?;
            let rule = Rule::plain(Origin::User(whose), tier, scope, labels);
            scope.covers(labels, count).then_some(rule)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Verdict, VerdictKind};

    fn kind(overlay: &Overlay, name: &str) -> VerdictKind {
        let mut verdict = Verdict::default();
        let name = name.parse().unwrap();
        overlay.matches(&name, Whose::House).for_each(|rule| verdict.weigh(rule));
        verdict.kind
    }

    #[test]
    fn the_longest_rule_wins() {
        let overlay = Overlay::new(
            &["example", "=exact.test", "both.test"],
            &["good.example", "=also.bad.good.example", "both.test"],
        )
        .unwrap();
        for (name, expected) in [
            ("example", VerdictKind::Block),
            ("ads.example", VerdictKind::Block),
            ("good.example", VerdictKind::Allow),
            ("x.good.example", VerdictKind::Allow),
            ("exact.test", VerdictKind::Block),
            ("x.exact.test", VerdictKind::Pass),
            ("both.test", VerdictKind::Allow),
            ("other", VerdictKind::Pass),
        ] {
            assert_eq!(kind(&overlay, name), expected, "{name}");
        }
    }

    #[test]
    fn a_bad_rule_is_named() {
        assert_eq!(
            Overlay::new(&["a b"], &[""; 0]).unwrap_err(),
            ("a b".to_owned(), NameError::Character(' '))
        );
    }
}
