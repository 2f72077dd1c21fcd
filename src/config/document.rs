//! A YAML text as a tree whose every node knows where it stands.
//!
//! The YAML library tells a place only along with an error. So nodes are numbered in the order of
//! reading, and the place of one is found by reading again and failing on purpose at its number:
//! one more pass for each mistake that is shown, nothing while all is well.
//!
//! Must never know a setting. Time and memory are bounded for any text.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::ConfigError;

/// Larger texts are refused, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;

pub(super) const TOO_LARGE: &str =
    "larger than 1 MiB; move names into files and subscribe to them under `lists`";

/// What a text may cost.
#[derive(Clone, Copy)]
struct Bounds {
    /// Bytes of the text.
    bytes: usize,
    /// Values in it, aliases written out; a bomb of aliases ends here.
    nodes: usize,
    /// Bytes in all scalars, aliases written out; so does a bomb of few but long ones.
    scalar_bytes: usize,
    /// The scanner's time for a token grows with the depth of `[` and `{` around it, and only their
    /// number is a sure bound of that depth.
    brackets: usize,
    too_large: &'static str,
    too_many: &'static str,
    too_deep: &'static str,
}

/// A config needs two brackets for each list at most.
const OWN: Bounds = Bounds {
    bytes: MAX_BYTES,
    nodes: 100_000,
    scalar_bytes: 4 * MAX_BYTES,
    brackets: 500,
    too_large: TOO_LARGE,
    too_many: "more than 100 000 values; move names into files and subscribe to them under `lists`",
    too_deep: "more than 500 `[` and `{` in the file; write lists with `- `, one entry a line",
};

/// Others' settings have rules with brackets of their own in them.
const FOREIGN: Bounds = Bounds {
    bytes: 8 * MAX_BYTES,
    nodes: 500_000,
    scalar_bytes: 16 * MAX_BYTES,
    brackets: 10_000,
    too_large: "larger than 8 MiB; move rules out of it into files",
    too_many: "more than 500 000 values; move rules out of it into files",
    too_deep: "more than 10 000 `[` and `{` where a value may begin",
};

/// Line and column of a character, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// What a text got wrong as YAML, and where.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) place: Option<Place>,
    pub(super) text: String,
}

/// A value, or a key of a map.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its number in the order of reading; [`locate`] turns it into a place.
    pub(super) id: usize,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As the library understood it, so `0x10` is `16` here.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// Reads the one document of a text; an empty one is [`Value::Null`].
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    parse_within(text, OWN)
}

/// The same of another program's settings, which may be larger. The error is one line, with line and
/// column of `file` where they are known.
pub(crate) fn parse_foreign(text: &str, file: &str) -> Result<Node, ConfigError> {
    let refused = |refusal: Refusal| ConfigError::new(file, refusal.place, &refusal.text);
    parse_within(text, FOREIGN).map_err(refused)
}

fn parse_within(text: &str, bounds: Bounds) -> Result<Node, Refusal> {
    refuse_costly(text, bounds)?;
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let Some(first) = documents.next() else {
        return Ok(Node { id: 0, value: Value::Null });
    };
    let mut walk = Walk::new(None, bounds);
    let root = walk.deserialize(first).map_err(|error| refusal(text, walk.refused, &error))?;
    if let Some(second) = documents.next() {
        let mut walk = Walk::new(Some(0), bounds);
        if let Err(error) = walk.deserialize(second) {
            let second = "a second YAML document starts here; write one, all its keys in the same \
                          column";
            return Err(refusal(text, walk.refused.and(Some(second)), &error));
        }
    }
    Ok(root)
}

/// Where node `id` of a text that [`parse`] has read stands.
pub(super) fn locate(text: &str, id: usize) -> Option<Place> {
    let first = serde_yaml::Deserializer::from_str(text).next()?;
    place_of(&Walk::new(Some(id), OWN).deserialize(first).err()?)
}

/// The place of byte `offset`.
pub(super) fn place_at(text: &[u8], offset: usize) -> Place {
    let before = String::from_utf8_lossy(&text[..offset.min(text.len())]);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

fn refuse_costly(text: &str, bounds: Bounds) -> Result<(), Refusal> {
    if text.len() > bounds.bytes {
        return Err(Refusal { place: None, text: bounds.too_large.to_owned() });
    }
    let refuse = |offset: usize, why: &str| {
        Err(Refusal { place: Some(place_at(text.as_bytes(), offset)), text: why.to_owned() })
    };
    // The library names no line for these.
    let unprintable = |char: char| {
        (char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{85}'))
            || matches!(char, '\u{fffe}' | '\u{ffff}')
    };
    if let Some(offset) = text.find(unprintable) {
        return refuse(offset, "a control character; save the file as plain text");
    }
    if let Some((offset, _)) = text.char_indices().skip(1).find(|(_, char)| *char == '\u{feff}') {
        return refuse(offset, "a byte order mark inside the text; delete it");
    }
    // Behind a letter or most signs it is part of a word.
    let begins = |offset: usize| {
        text[..offset]
            .chars()
            .next_back()
            .is_none_or(|before| before.is_whitespace() || "-?:,[]{}'\"!".contains(before))
    };
    let mut brackets = text.match_indices(['[', '{']).filter(|(offset, _)| begins(*offset));
    if let Some((offset, _)) = brackets.nth(bounds.brackets) {
        return refuse(offset, bounds.too_deep);
    }
    // Each tag is compared with all %TAG directives, and each of them with the others.
    let directive = if text.starts_with('%') { Some(0) } else { text.find("\n%").map(|at| at + 1) };
    match directive {
        Some(offset) => refuse(offset, "a line that starts with `%`; YAML directives have no use"),
        None => Ok(()),
    }
}

fn place_of(error: &serde_yaml::Error) -> Option<Place> {
    let location = error.location()?;
    Some(Place { line: location.line(), column: location.column() })
}

fn refusal(text: &str, refused: Option<&str>, error: &serde_yaml::Error) -> Refusal {
    let place = place_of(error);
    if let Some(why) = refused {
        return Refusal { place, text: why.to_owned() };
    }
    let mut said = error.to_string();
    if let Some(Place { line, column }) = place {
        said = said.replacen(&format!(" at line {line} column {column}"), "", 1);
    }
    let at_tab = || {
        let Place { line, column } = place?;
        let found = text.lines().nth(line - 1)?.chars().nth(column - 1)?;
        (found == '\t').then_some("a tab cannot indent; use spaces")
    };
    let advice = at_tab().or_else(|| {
        ADVICE.iter().find(|(problem, _)| said.contains(problem)).map(|(_, advice)| *advice)
    });
    Refusal {
        place,
        text: match advice {
            Some(advice) => format!("not YAML: {advice} ({said})"),
            None => format!("not YAML: {said}"),
        },
    }
}

/// What to do about the library's words.
const ADVICE: &[(&str, &str)] = &[
    ("expected ',' or ']'", "a `[` before this is not closed"),
    ("expected ',' or '}'", "a `{` before this is not closed"),
    ("quoted scalar", "a quote is not closed, or what follows a `\\` in it has no meaning"),
    ("cannot start any token", "put text that starts with @, ` or % in quotes"),
    (
        "mapping values are not allowed",
        "write one `key: value` a line, in the column of its neighbours, and text with `: ` in quotes",
    ),
    ("expected node content", "a value is missing, or needs quotes, like \"[::1]:1053\""),
    ("expected ':'", "write `key: value`"),
    ("sequence entries are not allowed", "start a list on a line of its own"),
    ("expected <document start>", "start all keys of a block in the same column"),
    ("expected key", "start all keys of a block in the same column"),
    ("expected '-' indicator", "start all entries of a list with `- ` in the same column"),
    ("recursion limit", "values are nested too deeply"),
    ("repetition limit", "aliases (`*name`) repeat too much; write the values out"),
    ("unknown anchor", "put text that starts with * in quotes"),
];

/// One pass over a document, up to the node where it shall stop.
struct Walk {
    bounds: Bounds,
    nodes: usize,
    scalar_bytes: usize,
    stop_at: Option<usize>,
    /// Why we, not the library, ended the pass.
    refused: Option<&'static str>,
}

impl Walk {
    fn new(stop_at: Option<usize>, bounds: Bounds) -> Self {
        Self { bounds, nodes: 0, scalar_bytes: 0, stop_at, refused: None }
    }

    fn enter<E: de::Error>(&mut self) -> Result<usize, E> {
        let id = self.nodes;
        self.nodes += 1;
        if self.stop_at == Some(id) {
            return Err(self.refuse("the place that was looked for"));
        }
        if id >= self.bounds.nodes {
            return Err(self.refuse(self.bounds.too_many));
        }
        Ok(id)
    }

    fn refuse<E: de::Error>(&mut self, why: &'static str) -> E {
        self.refused = Some(why);
        E::custom(why)
    }

    fn node<E: de::Error>(&mut self, value: Value) -> Result<Node, E> {
        Ok(Node { id: self.enter()?, value })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk {
    type Value = Node;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Walk {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        self.node(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        self.node(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        self.node(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        self.node(Value::Number(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        self.node(Value::Number(value.to_string()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Node, E> {
        self.node(Value::Number(value.to_string()))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Node, E> {
        self.node(Value::Number(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        self.node(Value::Number(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        self.scalar_bytes += value.len();
        if self.scalar_bytes > self.bounds.scalar_bytes {
            return Err(self.refuse("aliases (`*name`) repeat too much; write the values out"));
        }
        self.node(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let id = self.enter()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(&mut *self)? {
            items.push(item);
        }
        Ok(Node { id, value: Value::List(items) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let id = self.enter()?;
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(&mut *self)? {
            entries.push((key, access.next_value_seed(&mut *self)?));
        }
        Ok(Node { id, value: Value::Map(entries) })
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        Err(self
            .refuse("a YAML tag (`!name`) has no use here; put text that starts with ! in quotes"))
    }
}
