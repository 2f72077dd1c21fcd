//! Which format a list has, by its first lines.

use super::{Format, hosts, line, words};

/// Tells the format by how many of the first lines speak for each; none where no line carries
/// anything.
pub(super) fn detect(sample: &[u8]) -> Option<Format> {
    let mut votes = [0_u32; Format::ALL.len()];
    let mut rules = 0;
    let lines = sample.split(|&octet| octet == b'\n').enumerate();
    for (index, text) in lines {
        let text = line::content(text, index == 0);
        if let Some(format) = of_line(text) {
            votes[format as usize] += 1;
            rules += 1;
        }
    }
    if rules == 0 {
        return None;
    }
    // One rule of browsers makes a list one for browsers: the others' lines may stand there, too.
    // Zones and configurations have a form of their own that nothing else has.
    let of = |format: Format| votes[format as usize];
    for format in [Format::Dnsmasq, Format::Unbound, Format::Rpz] {
        if 2 * of(format) > rules {
            return Some(format);
        }
    }
    if of(Format::Adblock) > 0 {
        return Some(Format::Adblock);
    }
    let (format, _) = Format::ALL.into_iter().rev().max_by_key(|(format, _)| of(*format))?;
    Some(format)
}

/// What one line speaks for; none for a comment.
fn of_line(text: &[u8]) -> Option<Format> {
    let starts = |marks: &[&[u8]]| marks.iter().any(|mark| text.starts_with(mark));
    if text.is_empty() || starts(&[b"!", b"# ", b"[Adblock"]) || text == b"#" {
        return None;
    }
    if starts(&[b"address=/", b"server=/", b"local=/", b"address = /"]) {
        return Some(Format::Dnsmasq);
    }
    if starts(&[b"local-zone:", b"local-data:", b"server:", b"local-data-ptr:"]) {
        return Some(Format::Unbound);
    }
    if starts(&[b";", b"$TTL", b"$ORIGIN"]) || is_record(text) {
        return Some(Format::Rpz);
    }
    if starts(&[b"||", b"@@", b"|", b"##"]) || text.ends_with(b"^") || is_slashed(text) {
        return Some(Format::Adblock);
    }
    let modifier = [b"^$".as_slice(), b"$important", b"$dns", b"$client=", b"$denyallow", b"$ctag"];
    let has = |mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    if modifier.iter().any(|mark| has(mark)) || has(b"##") {
        return Some(Format::Adblock);
    }
    if text.starts_with(b"#") {
        return None;
    }
    if hosts::has_address(text) {
        // An address alone is a rule on where answers lead.
        let named = words(text).nth(1).is_some_and(|word| !word.starts_with(b"#"));
        return Some(if named { Format::Hosts } else { Format::Names });
    }
    let expression = |octet: &u8| b"^$\\()[]{}+?|".contains(octet);
    if text.iter().any(expression) {
        return Some(Format::Regex);
    }
    Some(Format::Names)
}

/// `/expression/`, perhaps with modifiers.
fn is_slashed(text: &[u8]) -> bool {
    text.len() > 2
        && text.starts_with(b"/")
        && (text.ends_with(b"/") || text.windows(2).any(|two| two == b"/$"))
}

/// Whether it is a record of a zone file: owner, perhaps TTL and class, type, data.
fn is_record(text: &[u8]) -> bool {
    let rtype = |word: &[u8]| {
        [b"CNAME".as_slice(), b"SOA", b"NS", b"A", b"AAAA", b"TXT"]
            .iter()
            .any(|rtype| rtype.eq_ignore_ascii_case(word))
    };
    words(text).take(4).any(rtype) && words(text).count() > 2
}
