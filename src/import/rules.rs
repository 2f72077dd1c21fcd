//! Rules of the owner's, one by one, in the notation of Adblock-style lists.

use std::fmt::Write as _;

use crate::filter::Tier;
use crate::filter::syntax::{self, Format};

/// The rules that a line of `format` comes to, and blocks and allows by the strength that `tier` gives
/// to what is a plain refusal there. None for comments.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn rewritten(line: &str, format: Format, tier: Tier) -> Result<Vec<String>, String> {
    // More lines would be more rules than the one that is looked at.
    if line.contains(['\n', '\r']) {
        return Err("more than one line".to_owned());
    }
    let mut rules = Vec::new();
    let outcome = syntax::read(line.as_bytes(), Some(format), |_, rule| {
        let mut rule = *rule;
        if rule.tier == Tier::Block {
            rule.tier = tier;
        }
        let mut text = String::new();
        let _ = write!(text, "{rule}");
        rules.push(text);
    });
    // Reading from memory never fails.
    let outcome = outcome.map_err(|error| error.to_string())?;
    if let Some(skipped) = outcome.first_skipped.first() {
        return Err(skipped.reason.to_string());
    }
    if rules.iter().any(|rule| !is_one_rule(rule)) {
        return Err("an inverted expression has no form in a list of both kinds".to_owned());
    }
    Ok(rules)
}

/// Whether `text` is read back as the one rule it was written from.
fn is_one_rule(text: &str) -> bool {
    let mut back = 0;
    let outcome = syntax::read(text.as_bytes(), Some(Format::Adblock), |_, _| back += 1);
    back == 1 && outcome.is_ok_and(|outcome| outcome.first_skipped.is_empty())
}

/// The domain that Pi-hole's "add as wildcard" makes an expression of.
pub(super) fn wildcard(expression: &str) -> Option<String> {
    let rest = expression.strip_prefix("(\\.|^)").or_else(|| expression.strip_prefix("(^|\\.)"))?;
    let name = rest.strip_suffix('$')?.replace("\\.", ".").replace("\\-", "-");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // A dot that is not escaped stands for any character.
    let dots = rest.matches('.').count() == rest.matches("\\.").count();
    (dots && !name.is_empty() && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_rewritten() {
        let allow = Tier::ImportantAllow;
        for (line, format, tier, rule) in [
            ("ads.example", Format::Names, Tier::ImportantBlock, "|ads.example^$important"),
            ("good.example", Format::Names, allow, "@@|good.example^$important"),
            ("^ads[0-9]+\\.", Format::Regex, Tier::Block, "/^ads[0-9]+\\./"),
            ("^x;querytype=AAAA", Format::Regex, Tier::Block, "/^x/$dnstype=AAAA"),
            ("ok\\.", Format::Regex, allow, "@@/ok\\./$important"),
            ("||x.example^", Format::Adblock, allow, "@@||x.example^$important"),
            (
                "address=/x.test/192.0.2.1",
                Format::Dnsmasq,
                Tier::Block,
                "||x.test^$dnsrewrite=192.0.2.1",
            ),
        ] {
            assert_eq!(rewritten(line, format, tier), Ok(vec![rule.to_owned()]), "{line}");
        }
        assert!(rewritten("^x;invert", Format::Regex, Tier::Block).is_err());
        assert!(rewritten("(?=x)", Format::Regex, Tier::Block).is_err());
        assert!(rewritten("a\nb", Format::Names, Tier::Block).is_err());
        assert_eq!(rewritten("# x", Format::Names, Tier::Block), Ok(Vec::new()));
    }

    #[test]
    fn wildcards_are_seen() {
        assert_eq!(wildcard("(\\.|^)ads\\.example$").as_deref(), Some("ads.example"));
        assert_eq!(wildcard("(^|\\.)a-b\\.example$").as_deref(), Some("a-b.example"));
        for text in
            ["(\\.|^)ads.example$", "^ads\\.example$", "(\\.|^)(a|b)\\.example$", "(\\.|^)$"]
        {
            assert_eq!(wildcard(text), None, "{text}");
        }
    }
}
