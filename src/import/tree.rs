//! YAML, TOML and JSON as one kind of tree, and looking into it without trusting its shape.

use serde_json::{Map, Value};

use super::ImportError;
use crate::config::{ForeignNode, ForeignValue, parse_foreign};

static NOTHING: Value = Value::Null;

/// The one document of a YAML text.
pub(super) fn yaml(bytes: &[u8], part: &str) -> Result<Value, ImportError> {
    let root = parse_foreign(text_of(bytes, part)?, part).map_err(ImportError::Text)?;
    Ok(value(root))
}

pub(super) fn toml(bytes: &[u8], part: &str) -> Result<Value, ImportError> {
    // Its error shows the line and what is wrong in it, over several lines.
    let broken = |error: toml::de::Error| {
        let why = error.to_string();
        let lines: Vec<_> = why.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        ImportError::broken(part, &lines.join(" "))
    };
    toml::from_str(text_of(bytes, part)?).map_err(broken)
}

pub(super) fn json(bytes: &[u8], part: &str) -> Result<Value, ImportError> {
    serde_json::from_slice(bytes).map_err(|error| ImportError::broken(part, &error))
}

fn text_of<'a>(bytes: &'a [u8], part: &str) -> Result<&'a str, ImportError> {
    std::str::from_utf8(bytes)
        .map_err(|error| ImportError::broken(part, &format!("not UTF-8 text: {error}")))
}

fn value(node: ForeignNode) -> Value {
    match node.value {
        ForeignValue::Null => Value::Null,
        ForeignValue::Bool(value) => Value::Bool(value),
        ForeignValue::Number(text) | ForeignValue::Text(text) => Value::String(text),
        ForeignValue::List(items) => Value::Array(items.into_iter().map(value).collect()),
        ForeignValue::Map(entries) => {
            let entry = |(key, node)| Some((text(&value(key))?, value(node)));
            Value::Object(entries.into_iter().filter_map(entry).collect::<Map<_, _>>())
        }
    }
}

/// What stands at `path`, keys with dots between; null where there is nothing.
pub(super) fn at<'a>(tree: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(tree, |tree, key| tree.get(key).unwrap_or(&NOTHING))
}

/// A scalar as text; none for nothing, and for what is no scalar.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// All scalars of a list, or the one that stands in the place of a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    items(value).iter().filter_map(text).collect()
}

/// Values of a list, or the one that stands in the place of a list.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// Keys and values of a map.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// A switch, also one written as 0 or 1; none where there is none.
pub(super) fn switch(value: &Value) -> Option<bool> {
    match text(value)?.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Whether a switch is there, and on.
pub(super) fn on(tree: &Value, path: &str) -> bool {
    switch(at(tree, path)) == Some(true)
}

/// A whole number.
pub(super) fn number(value: &Value) -> Option<i64> {
    text(value)?.parse().ok()
}
