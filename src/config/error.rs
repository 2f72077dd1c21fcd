//! What is wrong with a file, in lines a person can act on.
//!
//! Whatever a file contains, a mistake stays one printable line of bounded length: found text is
//! escaped and cut. Nothing here may know what a setting means.

use super::document::Place;

/// Why a file is no [`Config`](super::Config): one line a mistake, in the order of the file, such
/// as ``trackless.yaml:7:1: unknown key `lisen`; did you mean `listen`? …``. A file with very
/// many mistakes shows the first ones and the number of the others.
#[derive(Debug, Default, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines.join("\n"))]
pub struct ConfigError {
    lines: Vec<String>,
}

impl ConfigError {
    /// A mistake of the whole file, or at `place` in it.
    pub(super) fn new(file: &str, place: Option<Place>, text: &str) -> Self {
        let mut error = Self::default();
        error.push(file, place, text);
        error
    }

    pub(super) fn push(&mut self, file: &str, place: Option<Place>, text: &str) {
        let line = match place {
            Some(Place { line, column }) => format!("{file}:{line}:{column}: {text}"),
            None => format!("{file}: {text}"),
        };
        self.lines.push(one_line(&line));
    }
}

/// `text` as it may stand in a line: found text in backticks, cut where nobody reads on.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        None if text.is_empty() => "empty text".to_owned(),
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Words that could be meant by `text`: the nearest one, if any is near.
pub(super) fn nearest<'a>(text: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance costs time and memory of both lengths multiplied; no word is this long.
    if text.len() > 64 {
        return None;
    }
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(text, word), word))
        .filter(|(distance, word)| distance * 3 <= word.len().max(text.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        // The two separators are no control characters, but some terminals break lines at them.
        if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') {
            line.extend(char.escape_default());
        } else {
            line.push(char);
        }
    }
    line
}
