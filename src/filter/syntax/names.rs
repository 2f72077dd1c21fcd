//! Name lists: one name a line, exactly; `*.name` and `.name` with everything below it; a `*`
//! elsewhere for any characters; an address or a network for answers that lead there.

use super::super::pattern::Pattern;
use super::super::{ListRule, Scope, Subject};
use super::{BLOCK, Reason, host, line, words};
use crate::wire::Name;

pub(super) fn read_line(
    text: &[u8],
    name: &mut Name,
    rule: &mut impl FnMut(ListRule<'_>),
) -> Result<(), Reason> {
    let text = line::without_comment(text);
    if text.is_empty() {
        return Ok(());
    }
    if words(text).nth(1).is_some() {
        return Err(Reason::ManyWords);
    }
    read_name(text, name, rule)
}

/// A name, with or without a star.
pub(super) fn read_name(
    text: &[u8],
    name: &mut Name,
    rule: &mut impl FnMut(ListRule<'_>),
) -> Result<(), Reason> {
    if let Some(network) = host::network(text)? {
        let subject = Subject::Network(network);
        rule(ListRule { subject, tier: BLOCK, terms: None, cancels: false });
        return Ok(());
    }
    let mut text = text;
    while text.starts_with(b"**") {
        text = &text[1..];
    }
    let tree = text.strip_prefix(b"*.").or_else(|| text.strip_prefix(b"."));
    let listed = tree.unwrap_or(text);
    if listed.len() > 1 && listed.contains(&b'*') && !listed.contains(&b'|') {
        let text = String::from_utf8_lossy(text.strip_suffix(b".").unwrap_or(text));
        let pattern = Pattern::glob(&format!("|{text}|"))?;
        let subject = Subject::Pattern(&pattern);
        rule(ListRule { subject, tier: BLOCK, terms: None, cancels: false });
        return Ok(());
    }
    host::read(listed, name)?;
    let scope = if tree.is_some() { Scope::Tree } else { Scope::Name };
    rule(ListRule::of_name(name, scope, BLOCK));
    Ok(())
}
