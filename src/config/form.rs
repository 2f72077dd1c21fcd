//! The form of a settings file: `version: 1` says which one it is in, and may be left out.
//!
//! A file for a newer Trackless is refused as a whole, in one line: its keys would only be unknown.

use super::document::{self, Node, Value};
use super::error::ConfigError;

/// The key.
pub(super) const KEY: &str = "version";
/// The form that is written, and the last one that is read.
pub(super) const FORM: u64 = 1;

/// What is wrong with the form that `text`, of which `root` was read, says it is in.
pub(super) fn mistake(root: &Node, text: &str, file: &str) -> Option<ConfigError> {
    let Value::Map(entries) = &root.value else { return None };
    let is_key = |node: &Node| matches!(&node.value, Value::Text(name) if name == KEY);
    let (_, node) = entries.iter().find(|(key, _)| is_key(key))?;
    let form = match &node.value {
        Value::Null => return None,
        Value::Number(number) => number.parse().ok(),
        _ => None,
    };
    let what = match form {
        Some(FORM) => return None,
        Some(newer) if newer > FORM => format!(
            "{KEY}: made for a newer version ({newer}), this one reads up to {FORM}: install the \
             newer Trackless, or write the settings anew"
        ),
        _ => format!("{KEY}: this is no form of settings; write {FORM}"),
    };
    Some(ConfigError::new(file, document::locate(text, node.id), &what))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn said(text: &str) -> String {
        Config::from_yaml(text, "x.yaml").map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn a_newer_form_is_refused_in_one_line_and_ours_need_not_be_said() {
        assert_eq!(
            Config::from_yaml("version: 1\nlevel: strict", "x.yaml").unwrap().level.as_str(),
            "strict"
        );
        assert_eq!(said("version:"), "");
        let newer = said("level: of tomorrow\nversion: 2\nnew_key: 1");
        assert!(newer.starts_with(
            "x.yaml:2:10: version: made for a newer version (2), this one reads up to 1"
        ));
        assert_eq!(newer.lines().count(), 1);
        for wrong in ["0", "-1", "one", "[1]", "1.5"] {
            assert!(said(&format!("version: {wrong}")).contains("no form of settings; write 1"));
        }
        assert!(Config::default().to_yaml().contains("\nversion: 1\n"));
    }
}
