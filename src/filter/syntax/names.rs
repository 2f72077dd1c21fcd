//! Name lists: one name a line, exactly; `*.name` and `.name` with everything below it.

use super::super::Scope;
use super::{Reason, words};
use crate::wire::Name;

pub(super) fn read_line(
    text: &[u8],
    name: &mut Name,
    rule: &mut impl FnMut(&Name, Scope),
) -> Result<(), Reason> {
    if words(text).nth(1).is_some() {
        return Err(Reason::ManyWords);
    }
    let tree = text.strip_prefix(b"*.").or_else(|| text.strip_prefix(b"."));
    name.read_text(tree.unwrap_or(text))?;
    rule(name, if tree.is_some() { Scope::Tree } else { Scope::Name });
    Ok(())
}
