//! Lines of a list, however long, in bounded memory.

use std::io::{self, BufRead};

/// Longest line that is read, in octets; the rest of a longer one is passed over. A name has 253.
const MAX_LINE: usize = 4096;
/// Octets searched for a line's end at once.
const STEP: usize = 64 * 1024;
/// Characters of a bad line that are shown.
const SHOWN: usize = 80;

/// Reads up to the next line feed into `line`, which stays empty only at the end of the source.
/// False where the line was too long and its rest was passed over.
pub(super) fn read(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut whole = true;
    loop {
        let buffer = match source.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let step = &buffer[..buffer.len().min(STEP)];
        let end = memchr::memchr(b'\n', step);
        let taken = end.map_or(step.len(), |end| end + 1);
        let room = MAX_LINE - line.len();
        line.extend_from_slice(&buffer[..taken.min(room)]);
        whole &= taken <= room;
        source.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(whole);
        }
    }
}

/// The line without byte-order mark and surrounding space.
pub(super) fn content(line: &[u8], first: bool) -> &[u8] {
    let line = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    line.trim_ascii()
}

/// The line without a comment from `#` on.
pub(super) fn without_comment(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'#', text).unwrap_or(text.len());
    let text = text[..end].trim_ascii_end();
    // Comments of other formats appear in plain lists too, at the start of a line.
    if text.starts_with(b"!") || text.starts_with(b";") { b"" } else { text }
}

/// The beginning of a line for people, without anything that a terminal would obey.
pub(super) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN)]);
    let mut shown: String = text.chars().take(SHOWN).filter(|char| !char.is_control()).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
