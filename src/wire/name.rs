//! A domain name as a key: lower-case wire form with the places of its labels.

use std::fmt;

use super::{HEADER, read_u16};

/// Longest name in wire form, root byte included (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;
/// Longest label (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;
/// Most labels a name of 255 octets can have, the root not counted.
const MAX_LABELS: usize = 127;
/// Characters of host names in lower case, 0 for all others.
const CANONICAL: [u8; 256] = {
    let mut canonical = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let char = octet as u8;
        if char.is_ascii_alphanumeric() || char == b'-' || char == b'_' {
            canonical[octet] = char.to_ascii_lowercase();
        }
        octet += 1;
    }
    canonical
};
/// Octets readable behind the name, so that labels can be read eight octets at a time.
const PADDING: usize = 8;

/// A domain name in canonical form (RFC 4034 section 6.2): uncompressed, lower-case, root byte
/// included, with the offset of each label.
///
/// A buffer meant to be reused: reading a name into it allocates nothing and costs one copy.
#[derive(Clone)]
pub struct Name {
    wire: [u8; MAX_NAME + PADDING],
    len: u8,
    labels: [u8; MAX_LABELS],
    count: u8,
}

/// Why a text is no domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// `a..b`, a leading dot, or nothing at all.
    #[error("a label is empty")]
    EmptyLabel,
    /// Over 63 octets between two dots.
    #[error("a label is longer than 63 octets")]
    LongLabel,
    /// Over 255 octets in wire form.
    #[error("the name is longer than 253 characters")]
    LongName,
    /// Not a letter, digit, hyphen or underscore.
    #[error("character {0:?} does not belong in a host name")]
    Character(char),
}

impl Default for Name {
    /// The root.
    fn default() -> Self {
        Self { wire: [0; MAX_NAME + PADDING], len: 1, labels: [0; MAX_LABELS], count: 0 }
    }
}

impl Name {
    /// Reads the name of a question, which starts right behind the header and may not be
    /// compressed. Returns the offset behind it, or none for a malformed name.
    pub(crate) fn read_question(&mut self, message: &[u8]) -> Option<usize> {
        let mut at = HEADER;
        let mut count = 0;
        loop {
            let len = usize::from(*message.get(at)?);
            if len == 0 {
                break;
            }
            // The offset check comes first: it keeps the label table in bounds.
            if len > MAX_LABEL || at - HEADER + len + 2 > MAX_NAME {
                return None;
            }
            self.labels[count] = (at - HEADER) as u8;
            count += 1;
            at += len + 1;
        }
        let len = at + 1 - HEADER;
        self.wire[..len].copy_from_slice(message.get(HEADER..at + 1)?);
        // Label lengths are below 64 and so below `A`: one pass over all octets is right.
        self.wire[..len].make_ascii_lowercase();
        self.len = len as u8;
        self.count = count as u8;
        Some(at + 1)
    }

    /// Reads the name at `at`, following pointers, which must go backwards. None for a malformed
    /// name.
    pub(crate) fn read_at(&mut self, message: &[u8], mut at: usize) -> Option<()> {
        let (mut len, mut count) = (0, 0);
        // Pointers only go backwards past this.
        let mut before = at;
        loop {
            let label = usize::from(*message.get(at)?);
            match label {
                0 => break,
                1..=MAX_LABEL => {
                    if len + label + 2 > MAX_NAME {
                        return None;
                    }
                    self.labels[count] = len as u8;
                    count += 1;
                    self.wire[len..=len + label].copy_from_slice(message.get(at..=at + label)?);
                    len += label + 1;
                    at += label + 1;
                }
                192.. => {
                    at = usize::from(read_u16(message, at)?) & 0x3fff;
                    if !(HEADER..before).contains(&at) {
                        return None;
                    }
                    before = at;
                }
                _ => return None,
            }
        }
        self.wire[len] = 0;
        self.wire[..len].make_ascii_lowercase();
        self.len = (len + 1) as u8;
        self.count = count as u8;
        Some(())
    }

    /// Reads a host name as people and lists write it: letters, digits, hyphens and underscores,
    /// dots between labels, with or without a final dot.
    ///
    /// # Errors
    /// Says what is wrong; the buffer then holds no meaningful name.
    pub fn read_text(&mut self, text: &[u8]) -> Result<(), NameError> {
        let text = text.strip_suffix(b".").unwrap_or(text);
        if text.len() > MAX_NAME - 2 {
            return Err(NameError::LongName);
        }
        let (mut start, mut count) = (0, 0);
        for (at, &octet) in text.iter().enumerate() {
            if octet == b'.' {
                count = self.close_label(start, at, count)?;
                start = at + 1;
            } else {
                let canonical = CANONICAL[usize::from(octet)];
                if canonical == 0 {
                    return Err(NameError::Character(first_char(&text[at..])));
                }
                self.wire[at + 1] = canonical;
            }
        }
        count = self.close_label(start, text.len(), count)?;
        self.wire[text.len() + 1] = 0;
        self.len = (text.len() + 2) as u8;
        self.count = count as u8;
        Ok(())
    }

    fn close_label(&mut self, start: usize, end: usize, count: usize) -> Result<usize, NameError> {
        match end - start {
            0 => return Err(NameError::EmptyLabel),
            1..=MAX_LABEL => {}
            _ => return Err(NameError::LongLabel),
        }
        self.wire[start] = (end - start) as u8;
        self.labels[count] = start as u8;
        Ok(count + 1)
    }

    /// The canonical wire form, root byte included.
    pub fn wire(&self) -> &[u8] {
        &self.wire[..usize::from(self.len)]
    }

    /// Labels without the root: 0 for the root itself, at most 127.
    pub fn label_count(&self) -> usize {
        usize::from(self.count)
    }

    /// Wire form of the last `labels` labels and the root; the whole name where there are fewer.
    pub fn suffix(&self, labels: usize) -> &[u8] {
        let first = self.label_count().saturating_sub(labels);
        let start = match self.labels[..self.label_count()].get(first) {
            Some(&start) if labels > 0 => usize::from(start),
            _ => usize::from(self.len) - 1,
        };
        &self.wire()[start..]
    }

    /// Whether it is `parent`, written as people do, or below it. Never, where that is no name.
    pub fn is_within(&self, parent: &str) -> bool {
        parent.parse().is_ok_and(|parent: Self| self.suffix(parent.label_count()) == parent.wire())
    }

    /// The name that `wire` is, if that is one in canonical form.
    pub(crate) fn of_canonical(wire: &[u8]) -> Option<Self> {
        let mut at = 0;
        while let &length @ 1..=63 = wire.get(at)? {
            at += 1 + usize::from(length);
        }
        let whole = wire[at] == 0 && at + 1 == wire.len() && wire.len() <= MAX_NAME;
        let lower = !wire.iter().any(u8::is_ascii_uppercase);
        (whole && lower).then(|| Self::of_suffix(wire))
    }

    /// The name of a [`suffix`](Self::suffix).
    pub(crate) fn of_suffix(wire: &[u8]) -> Self {
        let mut name = Self::default();
        name.wire[..wire.len()].copy_from_slice(wire);
        name.len = wire.len() as u8;
        let mut at = 0;
        while let Some(&len) = wire.get(at)
            && len > 0
        {
            name.labels[usize::from(name.count)] = at as u8;
            name.count += 1;
            at += 1 + usize::from(len);
        }
        name
    }

    /// The octets of the name with dots between labels and none at the end, whatever the octets
    /// are: what patterns are matched against.
    pub(crate) fn write_plain<'a>(&self, out: &'a mut [u8; MAX_NAME]) -> &'a [u8] {
        let len = usize::from(self.len);
        out[..len].copy_from_slice(self.wire());
        for &start in &self.labels[..self.label_count()] {
            out[usize::from(start)] = b'.';
        }
        out.get(1..len - 1).unwrap_or(&[])
    }

    /// Labels from the right to the left, each as `(its octets with the length octet, readable
    /// octets behind the start)`, the form [`crate::filter`] hashes eight octets at a time.
    pub(crate) fn labels_from_right(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut end = usize::from(self.len) - 1;
        self.labels[..self.label_count()].iter().rev().map(move |&start| {
            let start = usize::from(start);
            let len = end - start;
            end = start;
            (len, &self.wire[start..])
        })
    }
}

fn first_char(bytes: &[u8]) -> char {
    let head = &bytes[..bytes.len().min(4)];
    String::from_utf8_lossy(head).chars().next().unwrap_or('\u{fffd}')
}

/// A wire-form suffix as people write it, without the final dot; octets that are no host name
/// characters as `\DDD` (RFC 4343 section 2.1).
pub(crate) fn write_text(wire: &[u8], f: &mut impl fmt::Write) -> fmt::Result {
    let mut rest = wire;
    let mut first = true;
    while let Some((&len, tail)) = rest.split_first() {
        let (label, tail) = tail.split_at(usize::from(len).min(tail.len()));
        if label.is_empty() {
            break;
        }
        if !first {
            f.write_char('.')?;
        }
        first = false;
        for &octet in label {
            match octet {
                b'.' | b'\\' => write!(f, "\\{}", char::from(octet))?,
                0x21..=0x7e => f.write_char(char::from(octet))?,
                _ => write!(f, "\\{octet:03}")?,
            }
        }
        rest = tail;
    }
    if first { f.write_char('.') } else { Ok(()) }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(self.wire(), f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl std::str::FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut name = Self::default();
        name.read_text(text.as_bytes())?;
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn text_becomes_lower_case_wire() {
        assert_eq!(name("Ads.Example.").wire(), b"\x03ads\x07example\0");
        assert_eq!(name("_dmarc.x-1").wire(), b"\x06_dmarc\x03x-1\0");
    }

    #[test]
    fn what_is_no_name_is_said() {
        let error = |text: &str| text.parse::<Name>().unwrap_err();
        assert_eq!(error(""), NameError::EmptyLabel);
        assert_eq!(error("."), NameError::EmptyLabel);
        assert_eq!(error("a..b"), NameError::EmptyLabel);
        assert_eq!(error(".a"), NameError::EmptyLabel);
        assert_eq!(error(&"a".repeat(64)), NameError::LongLabel);
        assert_eq!(error(&"a.".repeat(128)), NameError::LongName);
        assert_eq!(error("a b"), NameError::Character(' '));
        assert_eq!(error("bücher.example"), NameError::Character('ü'));
    }

    #[test]
    fn the_longest_name_fits() {
        let text = "a.".repeat(126) + "a";
        let longest = name(&text);
        assert_eq!((longest.wire().len(), longest.label_count()), (255, 127));
        let mut message = vec![0; HEADER];
        message.extend_from_slice(longest.wire());
        let mut read = Name::default();
        assert_eq!(read.read_question(&message), Some(HEADER + 255));
        assert_eq!(read.to_string(), text);
    }

    #[test]
    fn suffixes_count_from_the_right() {
        let name = name("a.bc.def");
        assert_eq!(name.suffix(0), b"\0");
        assert_eq!(name.suffix(1), b"\x03def\0");
        assert_eq!(name.suffix(2), b"\x02bc\x03def\0");
        assert_eq!(name.suffix(9), name.wire());
    }

    proptest! {
        #[test]
        fn any_question_is_read_or_rejected(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut message = vec![0; HEADER];
            message.extend_from_slice(&octets);
            let mut name = Name::default();
            if let Some(end) = name.read_question(&message) {
                prop_assert!(message[HEADER..end].eq_ignore_ascii_case(name.wire()));
                let rebuilt: Vec<u8> = (0..name.label_count())
                    .map(|kept| name.suffix(name.label_count() - kept))
                    .flat_map(|suffix| suffix[..usize::from(suffix[0]) + 1].to_vec())
                    .chain([0])
                    .collect();
                prop_assert_eq!(rebuilt, name.wire().to_vec());
            }
        }

        #[test]
        fn text_round_trips(text in "[a-z0-9_-]{1,20}(\\.[a-z0-9_-]{1,20}){0,9}") {
            prop_assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
    }
}
