//! What came over and what did not, a line each.

use std::fmt;

/// One thing of the other server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is.
    pub what: String,
    /// Why it did not come over, if it did not.
    pub left: Option<String>,
}

/// Longest part of a line, in characters.
const SHOWN: usize = 120;

impl fmt::Display for Note {
    /// `+ what`, or `- what: why`; one line of printable characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.left {
            None => write!(f, "+ {}", Shown(&self.what)),
            Some(why) => write!(f, "- {}: {}", Shown(&self.what), Shown(why)),
        }
    }
}

/// A text of somebody else's, fit for a terminal.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, char) in self.0.chars().enumerate() {
            if index == SHOWN {
                return f.write_str("…");
            }
            let safe = !char.is_control()
                && !matches!(char, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            fmt::Write::write_char(f, if safe { char } else { '\u{fffd}' })?;
        }
        Ok(())
    }
}
