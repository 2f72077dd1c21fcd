//! Adblock-style rules, as far as they concern names.
//!
//! | rule | speaks of |
//! |---|---|
//! | `\|\|name^` | the name and everything below it |
//! | `\|name^` | the name alone |
//! | `name` | the name alone, as in a hosts file |
//! | `name^`, `\|\|na*me^`, `na*` | names that the pattern matches |
//! | `/regex/` | names that the expression matches |
//! | `192.0.2.1`, `\|\|192.0.2.0/24^` | answers that lead to such addresses |
//!
//! `@@` before lets pass; modifiers behind `$` are read by [`super::modifiers`]. Lines of hosts
//! files may stand between them.

use ipnet::IpNet;

use super::super::pattern::Pattern;
use super::super::{ListRule, Scope, Subject, Tier};
use super::modifiers::{self, Modifiers};
use super::{Reason, host, hosts};
use crate::wire::Name;

/// What a line about the look of a page has between domains and selector.
const COSMETIC: [&[u8]; 8] = [b"##", b"#@#", b"#?#", b"#@?#", b"#$#", b"#@$#", b"#%#", b"$$"];

pub(super) fn read_line(
    text: &[u8],
    name: &mut Name,
    rule: &mut impl FnMut(ListRule<'_>),
) -> Result<(), Reason> {
    // The commonest line by far, without any detour.
    if let Some(host) = text.strip_prefix(b"||").and_then(|rest| rest.strip_suffix(b"^"))
        && !host.last().is_some_and(u8::is_ascii_digit)
        && name.read_text(host).is_ok()
    {
        rule(ListRule::of_name(name, Scope::Tree, Tier::Block));
        return Ok(());
    }
    if is_comment(text) {
        return Ok(());
    }
    if !text.starts_with(b"/") && is_cosmetic(text) {
        return Err(Reason::Cosmetic);
    }
    if hosts::has_address(text) && text.contains(&b' ') | text.contains(&b'\t') {
        return hosts::read_line(text, name, rule);
    }
    // In expressions and modifiers ` #` is no comment.
    let plain = !text.contains(&b'/') && !text.contains(&b'$');
    let comment = text.windows(2).position(|two| two == b" #").filter(|_| plain);
    let text = String::from_utf8_lossy(text[..comment.unwrap_or(text.len())].trim_ascii());
    let (allow, text) = match text.strip_prefix("@@") {
        Some(text) => (true, text),
        None => (false, &*text),
    };
    let (body, modifier_text) = split_modifiers(text);
    let modifiers = modifier_text
        .map_or_else(|| Ok(Modifiers::default()), |text| modifiers::read(text, allow))?;
    let tier = match (allow, modifiers.important) {
        (false, false) => Tier::Block,
        (true, false) => Tier::Allow,
        (false, true) => Tier::ImportantBlock,
        (true, true) => Tier::ImportantAllow,
    };
    let pattern;
    let subject = match subject(body, modifier_text.is_some(), !modifiers.terms.is_empty(), name)? {
        Found::Name(scope) => Subject::Name(name, scope),
        Found::Pattern(found) => {
            pattern = found;
            Subject::Pattern(&pattern)
        }
        Found::Network(network) => Subject::Network(network),
    };
    let terms = (!modifiers.terms.is_empty()).then_some(&modifiers.terms);
    rule(ListRule { subject, tier, terms, cancels: modifiers.cancels });
    Ok(())
}

fn is_comment(text: &[u8]) -> bool {
    match text {
        [] | [b'!', ..] | [b'[' | b';', ..] => true,
        [b'#'] => true,
        [b'#', next, ..] => !matches!(next, b'#' | b'@' | b'?' | b'$' | b'%'),
        _ => false,
    }
}

fn is_cosmetic(text: &[u8]) -> bool {
    COSMETIC.iter().any(|mark| text.windows(mark.len()).any(|window| window == *mark))
}

/// The rule and what stands behind its `$`.
fn split_modifiers(text: &str) -> (&str, Option<&str>) {
    if let Some(rest) = text.strip_prefix('/') {
        // In an expression `$` is the end of the name: modifiers begin behind its last slash.
        return match rest.rfind("/$") {
            Some(at) if !rest.ends_with('/') => (&text[..at + 2], Some(&rest[at + 2..])),
            _ => (text, None),
        };
    }
    text.split_once('$').map_or((text, None), |(body, modifiers)| (body, Some(modifiers)))
}

enum Found {
    /// In the scratch name.
    Name(Scope),
    Pattern(Pattern),
    Network(IpNet),
}

/// What a rule speaks of: `modified` if there is a `$`, `limited` if terms are behind it.
fn subject(body: &str, modified: bool, limited: bool, name: &mut Name) -> Result<Found, Reason> {
    if let Some(regex) = body.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'))
        && !regex.is_empty()
    {
        return Ok(Found::Pattern(Pattern::regex(regex, false)?));
    }
    if matches!(body, "" | "*" | "||" | "||*" | "||*^" | "|*" | "*^" | "^") {
        // Everything, as its terms say; without terms it is a slip.
        if !limited {
            return Err(Reason::Nothing);
        }
        *name = Name::default();
        return Ok(Found::Name(Scope::Tree));
    }
    let (start, rest) = match (body.strip_prefix("||"), body.strip_prefix('|')) {
        (Some(rest), _) => ("||", rest),
        (None, Some(rest)) => ("|", rest),
        (None, None) => ("", body),
    };
    let rest = without_scheme(rest);
    let middle = rest.trim_end_matches(['^', '|']);
    let ends = middle.len() < rest.len();
    if middle.is_empty() {
        return Err(Reason::Nothing);
    }
    if let Some(network) = host::network(middle.as_bytes())? {
        return Ok(Found::Network(network));
    }
    if middle.contains(['/', ':', '?', '=', '&', '^', '|']) {
        return Err(Reason::Path);
    }
    // A star in front takes an anchor's meaning away.
    let starred = middle.starts_with('*');
    let (start, middle) =
        if starred { ("", middle.trim_start_matches('*')) } else { (start, middle) };
    let (listed, scope) = match (start, ends) {
        ("||", true) => (middle, Scope::Tree),
        ("|", true) => (middle, Scope::Name),
        ("", true) => match middle.strip_prefix('.') {
            Some(listed) => (listed, Scope::Below),
            None => return glob(start, middle, ends),
        },
        // A bare name is one of a hosts file; with modifiers it is a rule, and matches within names.
        ("", false) if !modified && !starred && !middle.starts_with('.') => (middle, Scope::Name),
        _ => return glob(start, middle, ends),
    };
    if listed.contains('*') {
        return glob(start, middle, ends);
    }
    host::read(listed.as_bytes(), name)?;
    Ok(Found::Name(scope))
}

fn without_scheme(text: &str) -> &str {
    ["https://", "http://", "*://", "://"]
        .into_iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text)
}

fn glob(start: &str, middle: &str, ends: bool) -> Result<Found, Reason> {
    let end = if ends { "|" } else { "" };
    Ok(Found::Pattern(Pattern::glob(&format!("{start}{middle}{end}"))?))
}
