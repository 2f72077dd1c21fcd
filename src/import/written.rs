//! The settings as the files they are written to.

use std::fmt::Write as _;

use super::groups::Whom;
use super::imported::{From, Source};
use super::{ImportError, Imported, Note};
use crate::config::{Config, yaml_text};

/// What came of another server's settings.
#[derive(Debug)]
pub struct Written {
    /// The settings file, which our own reader has taken.
    pub yaml: String,
    /// Lists that must stand beside it: name and content of each file.
    pub files: Vec<(String, String)>,
    /// What came over, and what did not.
    pub notes: Vec<Note>,
}

impl Imported {
    /// The files, for the settings that were read from `file`.
    ///
    /// # Errors
    /// What came of it is not accepted by our own reader.
    pub fn write(mut self, file: &str) -> Result<Written, ImportError> {
        // In quotes no name can end the line.
        let (product, file) = (self.product.name(), yaml_text(file));
        let mut yaml = format!("# From {product} ({file}), by `trackless import`.\n");
        for (domain, servers) in std::mem::take(&mut self.domains) {
            self.push("upstream.domains", &format!("{domain} {}", servers.join(" ")));
        }
        let mut section = "";
        for (key, values) in &self.settings {
            let (in_section, name) = key.split_once('.').unwrap_or(("", key));
            if in_section != section && !in_section.is_empty() {
                let _ = writeln!(yaml, "{in_section}:");
            }
            section = in_section;
            put(&mut yaml, if section.is_empty() { "" } else { "  " }, name, values);
        }
        let mut files: Vec<(String, String)> = Vec::new();
        head(&mut yaml, "lists", self.lists.is_empty());
        for list in &self.lists {
            write_list(&mut yaml, list, &mut files);
        }
        head(&mut yaml, "devices", self.devices.is_empty());
        for device in &self.devices {
            put(&mut yaml, "  - ", "name", std::slice::from_ref(&device.name));
            put(&mut yaml, "    ", "known_by", &device.known_by);
            put(&mut yaml, "    ", "tags", &device.tags);
        }
        let profiles = self.profiles();
        head(&mut yaml, "profiles", profiles.is_empty());
        for (number, group) in &profiles {
            put(&mut yaml, "  - ", "name", std::slice::from_ref(&group.name));
            let members: Vec<_> = group.members.iter().cloned().collect();
            put(&mut yaml, "    ", "for", &members);
            if let Some(lists) = self.lists_of(*number) {
                some(&mut yaml, "lists", &lists);
            }
            if let Some(services) = &group.services {
                some(&mut yaml, "services", services);
            }
            if let Some(word) = group.safe_search {
                put(&mut yaml, "    ", "safe_search", &[word.to_owned()]);
            }
            if group.only_allowed {
                yaml.push_str("    only_allowed: true\n");
            }
        }
        Config::from_yaml(&yaml, "trackless.yaml").map_err(ImportError::NotAccepted)?;
        Ok(Written { yaml, files, notes: self.notes })
    }

    /// Names of the lists that count for a group; none for all.
    fn lists_of(&self, group: usize) -> Option<Vec<String>> {
        let counts = |whom: &Whom| whom.contains(&group);
        if self.lists.iter().all(|list| counts(&list.whom)) {
            return None;
        }
        let lists = self.lists.iter().filter(|list| counts(&list.whom));
        Some(lists.map(|list| list.name.clone()).collect())
    }
}

fn write_list(yaml: &mut String, list: &Source, files: &mut Vec<(String, String)>) {
    if list.from == From::Catalogue && list.update.is_none() {
        let _ = writeln!(yaml, "  - {}", scalar(&list.name));
        return;
    }
    put(yaml, "  - ", "name", std::slice::from_ref(&list.name));
    match &list.from {
        From::Catalogue => {}
        From::Url(url) => put(yaml, "    ", "url", std::slice::from_ref(url)),
        From::File(path) => put(yaml, "    ", "file", std::slice::from_ref(path)),
        From::Own(rules) => {
            let name = file_name(&list.name, files);
            put(yaml, "    ", "file", std::slice::from_ref(&name));
            put(yaml, "    ", "format", &["adblock".to_owned()]);
            // The owner's rules count even where they refuse what must always resolve.
            yaml.push_str("    force: true\n");
            let mut text = rules.join("\n");
            text.push('\n');
            files.push((name, text));
        }
    }
    if let Some(time) = &list.update {
        put(yaml, "    ", "update", std::slice::from_ref(time));
    }
    if list.allow {
        put(yaml, "    ", "action", &["allow".to_owned()]);
    }
}

/// Of a list's name, and unlike the others.
fn file_name(list: &str, files: &[(String, String)]) -> String {
    let plain =
        |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' };
    let stem: String = list.chars().map(plain).collect();
    let is_taken = |name: &str| files.iter().any(|(other, _)| *other == format!("{name}.txt"));
    let stem = super::groups::unique(stem.trim_matches('-'), is_taken);
    format!("{}.txt", stem.replace(' ', "-"))
}

fn head(yaml: &mut String, key: &str, is_empty: bool) {
    if !is_empty {
        let _ = writeln!(yaml, "{key}:");
    }
}

/// A setting with its value or values; nothing where there are none.
fn put(yaml: &mut String, indent: &str, key: &str, values: &[String]) {
    match values {
        [] => {}
        [value] => {
            let _ = writeln!(yaml, "{indent}{key}: {}", scalar(value));
        }
        values => {
            let _ = writeln!(yaml, "{indent}{key}:");
            let indent = indent.replace('-', " ");
            for value in values {
                let _ = writeln!(yaml, "{indent}  - {}", scalar(value));
            }
        }
    }
}

/// A setting of a profile that is said even where there are no values.
fn some(yaml: &mut String, key: &str, values: &[String]) {
    if values.is_empty() {
        let _ = writeln!(yaml, "    {key}: []");
    } else {
        put(yaml, "    ", key, values);
    }
}

/// A text as a YAML scalar: as it is where nobody could take it for anything else, else in quotes.
pub(super) fn scalar(text: &str) -> String {
    let letter = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let plain = |char: char| char.is_ascii_alphanumeric() || "._/-:#?=&%+".contains(char);
    let word = ["true", "false", "null"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let unit = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let time = unit.len() < text.len() && ["d", "h", "m", "s", "ms"].contains(&unit);
    if time || letter && !word && text.chars().all(plain) && !text.ends_with(':') {
        return text.to_owned();
    }
    yaml_text(text)
}
