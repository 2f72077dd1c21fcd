//! Host names as lists spell them: ASCII, international letters in UTF-8 or Latin-1.

use super::Reason;
use crate::wire::{Name, NameError};

/// Reads a host name; one with letters beyond ASCII becomes its ASCII form (UTS 46).
pub(super) fn read(text: &[u8], name: &mut Name) -> Result<(), Reason> {
    match name.read_text(text) {
        Err(NameError::Character(_)) if !text.is_ascii() => {
            // Bytes that are not UTF-8 are Latin-1 in the lists where they appear.
            let text = match std::str::from_utf8(text) {
                Ok(text) => text.into(),
                Err(_) => text.iter().map(|&octet| char::from(octet)).collect::<String>().into(),
            };
            ascii(text, name)
        }
        result => Ok(result?),
    }
}

fn ascii(text: std::borrow::Cow<'_, str>, name: &mut Name) -> Result<(), Reason> {
    let ascii = idna::domain_to_ascii(&text).map_err(|_| Reason::International)?;
    Ok(name.read_text(ascii.as_bytes())?)
}
