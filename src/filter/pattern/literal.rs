//! Texts that an expression cannot do without.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Most texts for one expression; more say too little.
const MOST: usize = 32;
/// Longest text that is put together.
const LONGEST: usize = 32;
/// Most characters of a class that are tried one by one.
const CLASS: usize = 4;

/// What is known of a part of an expression.
struct Part {
    /// All texts it matches, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Texts of which each match holds at least one.
    needed: Option<Vec<Vec<u8>>>,
}

/// Texts of which each match holds at least one; none where that says nothing.
pub(super) fn required(expression: &Hir) -> Option<Vec<Vec<u8>>> {
    let part = part(expression);
    better(part.exact, part.needed)
}

/// How much a text tells: its length, less for what many names have.
pub(super) fn worth(text: &[u8]) -> usize {
    let common: [&[u8]; 8] = [b".com", b".net", b".org", b"www.", b"com.", b".co", b"com", b"www"];
    let says = common.iter().find(|common| **common == text).map_or(text.len(), |_| 1);
    says.min(LONGEST)
}

fn worth_of(texts: &[Vec<u8>]) -> usize {
    let least = texts.iter().map(|text| worth(text)).min().unwrap_or(0);
    // Twice as many texts are worth one character less.
    (4 * least).saturating_sub(texts.len().ilog2() as usize)
}

fn better(one: Option<Vec<Vec<u8>>>, other: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let one = one.filter(|texts| texts.iter().all(|text| !text.is_empty()));
    match (one, other) {
        (Some(one), Some(other)) if worth_of(&other) > worth_of(&one) => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

fn part(expression: &Hir) -> Part {
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => exactly(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => match members(class) {
            Some(members) => exactly(members.into_iter().map(|octet| vec![octet]).collect()),
            None => nothing(),
        },
        HirKind::Capture(capture) => part(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = part(&repetition.sub);
            match (repetition.min, repetition.max) {
                (1, Some(1)) => sub,
                (0, Some(1)) => match sub.exact {
                    Some(mut texts) if texts.len() < MOST => {
                        texts.push(Vec::new());
                        exactly(texts)
                    }
                    _ => nothing(),
                },
                (0, _) => nothing(),
                _ => Part { exact: None, needed: better(sub.exact, sub.needed) },
            }
        }
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(branches) => alternation(branches),
    }
}

fn exactly(texts: Vec<Vec<u8>>) -> Part {
    Part { exact: Some(texts), needed: None }
}

fn nothing() -> Part {
    Part { exact: None, needed: None }
}

/// The lower-case characters of a class; names have no others.
fn members(class: &Class) -> Option<Vec<u8>> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Unicode(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    };
    let mut members = Vec::new();
    for (start, end) in ranges {
        for char in start..=end.min(start + 26) {
            let octet = u8::try_from(char).ok()?.to_ascii_lowercase();
            if !members.contains(&octet) {
                members.push(octet);
            }
            if members.len() > CLASS {
                return None;
            }
        }
        if end > start + 26 {
            return None;
        }
    }
    (!members.is_empty()).then_some(members)
}

fn concat(parts: &[Hir]) -> Part {
    let mut run = vec![Vec::new()];
    let mut needed = None;
    let mut whole = true;
    for sub in parts.iter().map(part) {
        if let Some(texts) = &sub.exact
            && let Some(longer) = product(&run, texts)
        {
            run = longer;
            continue;
        }
        needed = better(Some(run), needed);
        needed = better(sub.exact.clone(), better(sub.needed, needed));
        run = match sub.exact {
            Some(texts) => texts,
            None => vec![Vec::new()],
        };
        whole = false;
    }
    if whole {
        return exactly(run);
    }
    Part { exact: None, needed: better(Some(run), needed) }
}

/// Each of these followed by each of those; none where that is too many or too long.
fn product(these: &[Vec<u8>], those: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if these.len() * those.len() > MOST {
        return None;
    }
    let texts: Vec<Vec<u8>> =
        these.iter().flat_map(|a| those.iter().map(move |b| [a.as_slice(), b].concat())).collect();
    texts.iter().all(|text| text.len() <= LONGEST).then_some(texts)
}

fn alternation(branches: &[Hir]) -> Part {
    let parts: Vec<Part> = branches.iter().map(part).collect();
    let exact = parts
        .iter()
        .map(|part| part.exact.clone())
        .collect::<Option<Vec<_>>>()
        .map(|texts| texts.concat())
        .filter(|texts| texts.len() <= MOST);
    let needed = parts
        .into_iter()
        .map(|part| better(part.exact, part.needed))
        .collect::<Option<Vec<_>>>()
        .map(|texts| texts.concat())
        .filter(|texts| texts.len() <= MOST);
    Part { exact, needed }
}
