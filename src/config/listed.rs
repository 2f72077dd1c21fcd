//! Settings that are many maps: lists, tracker databases, devices, profiles.

use super::document::{Node, Value};
use super::error::{nearest, quoted};
use super::field::Field;
use super::items::{DATABASE_SETTINGS, LIST_SETTINGS};
use super::read::{Reader, found};
use super::setting::Setting;
use super::{List, MAX_DATABASES, MAX_LISTS};
use crate::catalogue;

/// What is subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Lists,
    Databases,
}

impl Kind {
    pub(super) fn settings(self) -> &'static [Setting<List>] {
        match self {
            Self::Lists => LIST_SETTINGS,
            Self::Databases => DATABASE_SETTINGS,
        }
    }

    /// The setting's key, and what many of them are called.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Lists => "lists",
            Self::Databases => "databases",
        }
    }

    /// What one of them is called.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Lists => "a list to subscribe to",
            Self::Databases => "a tracker database",
        }
    }

    fn most(self) -> usize {
        match self {
            Self::Lists => MAX_LISTS,
            Self::Databases => MAX_DATABASES,
        }
    }

    /// Names of the catalogue.
    fn names(self) -> Vec<&'static str> {
        match self {
            Self::Lists => catalogue::lists().iter().map(|entry| entry.name.as_str()).collect(),
            Self::Databases => {
                catalogue::databases().iter().map(|entry| entry.name.as_str()).collect()
            }
        }
    }
}

impl Reader<'_> {
    pub(super) fn listed(&mut self, node: &Node, kind: Kind) -> Vec<List> {
        let mut lists: Vec<List> = Vec::new();
        let accepted = Field::Listed(&mut lists, kind).accepted();
        let (key, noun) = (kind.key(), kind.noun());
        let Value::List(items) = &node.value else {
            let found = found(&node.value);
            self.mistake(node, format!("{key}: {found} is not a list; write {accepted} lines"));
            return lists;
        };
        for (index, item) in items.iter().enumerate() {
            let path = format!("{key}[{index}]");
            let most = kind.most();
            if index == most {
                let count = items.len();
                self.mistake(item, format!("{key}: {count} {key}; write at most {most}"));
                break;
            }
            let list = match &item.value {
                Value::Map(_) => self.one(item, &path, kind, &lists),
                // The name alone, of one in the catalogue.
                Value::Text(_) => {
                    let mut list = List::named("");
                    self.set(&path, item, Field::ListName(&mut list.name));
                    self.must_be_new(&list, &path, &lists, item);
                    self.must_be_known(&list, &path, kind, item);
                    list
                }
                other => {
                    let found = found(other);
                    self.mistake(item, format!("{path}: {found} is not {noun}; write {accepted}"));
                    continue;
                }
            };
            lists.push(list);
        }
        lists
    }

    /// Reads the settings of one map into `value`; its name must be there.
    fn map<'n, T>(
        &mut self,
        item: &'n Node,
        path: &str,
        settings: &[Setting<T>],
        value: &mut T,
    ) -> Vec<(&'static str, &'n Node)> {
        let names: Vec<_> = settings.iter().map(|setting| setting.key).collect();
        let given = self.entries(item, path, &names);
        for setting in settings {
            let field = (setting.field)(value);
            match given.iter().find(|(key, _)| *key == setting.key) {
                Some((key, node)) => self.set(&format!("{path}.{key}"), node, field),
                None if setting.key == "name" => self.mistake(
                    item,
                    format!("{path}.{}: missing; write {}", setting.key, field.accepted()),
                ),
                None => {}
            }
        }
        given
    }

    /// The devices, or what else has a name and is not in a catalogue.
    pub(super) fn maps<T: Clone>(
        &mut self,
        node: &Node,
        (key, noun, most): (&str, &str, usize),
        settings: &[Setting<T>],
        like: &T,
        name: fn(&T) -> &str,
        sets: fn(&mut T, &[&'static str]),
    ) -> Vec<T> {
        let mut values: Vec<T> = Vec::new();
        let Value::List(items) = &node.value else {
            let found = found(&node.value);
            self.mistake(
                node,
                format!("{key}: {found} is not a list; write `- {{ name: … }}` lines"),
            );
            return values;
        };
        for (index, item) in items.iter().enumerate() {
            let path = format!("{key}[{index}]");
            if index == most {
                let count = items.len();
                self.mistake(item, format!("{key}: {count} {key}; write at most {most}"));
                break;
            }
            if !matches!(item.value, Value::Map(_)) {
                let found = found(&item.value);
                let text = format!("{path}: {found} is not {noun}; write `{{ name: … }}`");
                self.mistake(item, text);
                continue;
            }
            let mut value = like.clone();
            let given = self.map(item, &path, settings, &mut value);
            sets(&mut value, &given.iter().map(|(key, _)| *key).collect::<Vec<_>>());
            let new = name(&value);
            if !new.is_empty() && values.iter().any(|other| name(other) == new) {
                let place = given.iter().find(|(key, _)| *key == "name").map_or(item, |(_, at)| at);
                let text = format!("{path}.name: {} is there twice; write a new one", quoted(new));
                self.mistake(place, text);
            }
            values.push(value);
        }
        values
    }

    /// One list of these, none of which may have the name of another.
    pub(super) fn one(&mut self, item: &Node, path: &str, kind: Kind, others: &[List]) -> List {
        let mut list = List::named("");
        let given = self.map(item, path, kind.settings(), &mut list);
        let node = |wanted: &str| {
            given.iter().find(|(key, _)| *key == wanted).map_or(item, |(_, node)| *node)
        };
        let says_where = given.iter().any(|(key, _)| ["file", "url"].contains(key));
        self.must_be_new(&list, path, others, node("name"));
        match (&list.file, &list.url) {
            (Some(_), Some(_)) => self.mistake(
                node("url"),
                format!("{path}.url: there is a file, too; delete one of them"),
            ),
            (None, None) if !says_where => self.must_be_known(&list, path, kind, node("name")),
            _ => {}
        }
        list
    }

    /// No two may have one name.
    fn must_be_new(&mut self, list: &List, path: &str, others: &[List], node: &Node) {
        if !list.name.is_empty() && others.iter().any(|other| other.name == list.name) {
            let name = quoted(&list.name);
            self.mistake(
                node,
                format!("{path}.name: {name} is another list's name; write a new one"),
            );
        }
    }

    /// What has neither file nor URL must be in the catalogue.
    fn must_be_known(&mut self, list: &List, path: &str, kind: Kind, node: &Node) {
        let names = kind.names();
        if list.name.is_empty() || names.contains(&list.name.as_str()) {
            return;
        }
        let near = nearest(&list.name, names);
        let meant =
            near.map_or_else(|| "write".to_owned(), |near| format!("did you mean {near}? Write"));
        let name = quoted(&list.name);
        let key = kind.key();
        self.mistake(
            node,
            format!(
                "{path}: no {name} among the {key} of the catalogue; {meant} a name that \
                 `trackless lists catalogue` shows, or a file or url"
            ),
        );
    }
}
