//! Literal text and stars.

use super::PatternError;

/// A glob, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Glob {
    start: Start,
    /// Whether the last piece ends the name.
    ends: bool,
    /// What stands between the stars; the last one may be empty.
    pieces: Vec<Box<[u8]>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Anywhere,
    Label,
    Name,
}

/// Lower case, without stars that say nothing.
pub(super) fn canonical(text: &str) -> Result<String, PatternError> {
    let text = text.to_ascii_lowercase();
    let (start, rest) = split_start(&text);
    let (middle, end) = match rest.strip_suffix('|') {
        Some(middle) => (middle, "|"),
        None => (rest, ""),
    };
    let known = |char: char| char.is_ascii_alphanumeric() || "-_.*".contains(char);
    if let Some(char) = middle.chars().find(|char| !known(*char)) {
        return Err(PatternError::Character(char));
    }
    // A star at an end takes the anchor's meaning away.
    let (start, middle) = match middle.trim_start_matches('*') {
        trimmed if trimmed.len() < middle.len() => ("", trimmed),
        _ => (start, middle),
    };
    let (middle, end) = match middle.trim_end_matches('*') {
        trimmed if trimmed.len() < middle.len() => (trimmed, ""),
        _ => (middle, end),
    };
    if middle.is_empty() {
        return Err(PatternError::Everything);
    }
    let anchored_dot = (!start.is_empty() && middle.starts_with('.'))
        || (!end.is_empty() && middle.ends_with('.'));
    if anchored_dot || middle.contains("..") {
        return Err(PatternError::Nothing);
    }
    let mut canonical = start.to_owned();
    let mut star = false;
    for char in middle.chars() {
        if char != '*' || !star {
            canonical.push(char);
        }
        star = char == '*';
    }
    Ok(canonical + end)
}

fn split_start(text: &str) -> (&str, &str) {
    let anchor = match text.as_bytes() {
        [b'|', b'|', ..] => 2,
        [b'|', ..] => 1,
        _ => 0,
    };
    text.split_at(anchor)
}

impl Glob {
    /// From a canonical text.
    pub(super) fn new(text: &str) -> Self {
        let (start, rest) = split_start(text);
        let (middle, ends) = match rest.strip_suffix('|') {
            Some(middle) => (middle, true),
            None => (rest, false),
        };
        let start = match start {
            "||" => Start::Label,
            "|" => Start::Name,
            _ => Start::Anywhere,
        };
        let pieces = middle.split('*').map(|piece| piece.as_bytes().into()).collect();
        Self { start, ends, pieces }
    }

    /// The piece that tells most.
    pub(super) fn literal(&self) -> Vec<u8> {
        let best = self.pieces.iter().max_by_key(|piece| super::literal::worth(piece));
        best.map_or_else(Vec::new, |piece| piece.to_vec())
    }

    /// Whether it matches. Each piece is taken where it first fits: what is left for the others
    /// is then the most there can be.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return false };
        let Some((last, between)) = rest.split_last() else { return self.single(first, name) };
        let Some(mut at) = self.first_end(first, name) else { return false };
        for piece in between {
            match memchr::memmem::find(&name[at..], piece) {
                Some(found) => at += found + piece.len(),
                None => return false,
            }
        }
        let left = &name[at..];
        if self.ends { left.ends_with(last) } else { memchr::memmem::find(left, last).is_some() }
    }

    /// Without a star.
    fn single(&self, piece: &[u8], name: &[u8]) -> bool {
        if !self.ends {
            return self.first_end(piece, name).is_some();
        }
        let Some(start) = name.len().checked_sub(piece.len()) else { return false };
        name.ends_with(piece)
            && match self.start {
                Start::Anywhere => true,
                Start::Name => start == 0,
                Start::Label => start == 0 || name[start - 1] == b'.',
            }
    }

    /// Where the first piece ends, as early as it can.
    fn first_end(&self, piece: &[u8], name: &[u8]) -> Option<usize> {
        match self.start {
            Start::Anywhere => Some(memchr::memmem::find(name, piece)? + piece.len()),
            Start::Name => name.starts_with(piece).then_some(piece.len()),
            Start::Label => {
                let starts = (0..name.len()).filter(|&at| at == 0 || name[at - 1] == b'.');
                let mut fits = starts.filter(|&at| name[at..].starts_with(piece));
                Some(fits.next()? + piece.len())
            }
        }
    }
}
