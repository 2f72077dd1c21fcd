//! From YAML to a [`Config`], or to the lines that say what is wrong with it.
//!
//! Reads on after a mistake, so that one look at the output is enough. Must never start from
//! anything but the defaults, or let a value through that the table of settings does not accept.

use std::io::Read;
use std::path::Path;

use super::document::{self, MAX_BYTES, Node, Value};
use super::error::{ConfigError, nearest, quoted};
use super::field::Field;
use super::form;
use super::items::{DEVICE_SETTINGS, PROFILE_SETTINGS};
use super::settings::{self, SHORT_FORM, settings};
use super::values::{Fault, print_time};
use super::{Config, Device, HOUSE, MAX_DEVICES, MAX_PROFILES, Profile};

/// Mistakes shown at once; each costs another pass over the text.
const MAX_SHOWN: usize = 10;

/// Mistakes kept to choose the first ones from; the others are only counted.
const MAX_KEPT: usize = 1_000;

impl Config {
    /// Reads a config from YAML. `file` names it in errors; relative paths in it are below that
    /// file's folder. Time and memory are bounded for any text.
    ///
    /// # Errors
    /// Everything wrong with the text, a line each with file, line and column.
    pub fn from_yaml(text: &str, file: &str) -> Result<Self, ConfigError> {
        from_text(text, file, folder_of(Path::new(file)))
    }

    /// Reads a config from a file of at most 1 MiB; see [`Config::from_yaml`].
    ///
    /// # Errors
    /// Also if the file cannot be read, is too large or not UTF-8.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let unreadable = |error: std::io::Error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "no such file; without one the defaults would run".to_owned()
                }
                std::io::ErrorKind::IsADirectory => {
                    "a folder, not a file; give the path of a file in it".to_owned()
                }
                std::io::ErrorKind::PermissionDenied => {
                    "may not be read by this user; see its owner and mode".to_owned()
                }
                _ => format!("cannot be read: {error}"),
            };
            ConfigError::new(&file, None, &why)
        };
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            // One byte more than allowed shows that there is more, whatever the size claims.
            .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        if bytes.len() > MAX_BYTES {
            return Err(ConfigError::new(&file, None, document::TOO_LARGE));
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let place = document::place_at(&bytes, error.valid_up_to());
            ConfigError::new(&file, Some(place), "not UTF-8 text; save the file as UTF-8")
        })?;
        from_text(text, &file, folder_of(path))
    }
}

/// Keys of the settings that `text`, a file that can be read, makes: `upstream.servers`, `level`.
pub fn keys_given(text: &str) -> Vec<String> {
    let Ok(Node { value: Value::Map(entries), .. }) = document::parse(text) else {
        return Vec::new();
    };
    let key = |node: &Node| match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let mut given = Vec::new();
    for (name, node) in entries {
        let Some(name) = key(&name) else { continue };
        match &node.value {
            Value::Null => {}
            Value::Map(entries) if !settings::names_in(&name).is_empty() => {
                let inside = entries.iter().filter_map(|(inner, _)| key(inner));
                given.extend(inside.map(|inner| format!("{name}.{inner}")));
            }
            _ if name == SHORT_FORM.0 => given.push(SHORT_FORM.1.to_owned()),
            _ => given.push(name),
        }
    }
    given
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or_else(|| Path::new(""))
}

fn from_text(text: &str, file: &str, folder: &Path) -> Result<Config, ConfigError> {
    let root = document::parse(text)
        .map_err(|refusal| ConfigError::new(file, refusal.place, &refusal.text))?;
    if let Some(mistake) = form::mistake(&root, text, file) {
        return Err(mistake);
    }
    let mut reader = Reader::new(folder);
    let config = reader.config(&root);
    reader.finish(Some(text), file).map(|()| config)
}

struct Mistake {
    node: usize,
    text: String,
}

pub(super) struct Reader<'a> {
    folder: &'a Path,
    mistakes: Vec<Mistake>,
    dropped: usize,
}

impl<'a> Reader<'a> {
    /// Relative paths are below `folder`.
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder, mistakes: Vec::new(), dropped: 0 }
    }

    /// The mistakes made in `text`, which `file` is the name of; without it, they have no places.
    ///
    /// # Errors
    /// There are some.
    pub(super) fn finish(self, text: Option<&str>, file: &str) -> Result<(), ConfigError> {
        let Self { mut mistakes, dropped, .. } = self;
        if mistakes.is_empty() {
            return Ok(());
        }
        mistakes.sort_by_key(|mistake| mistake.node);
        let more = dropped + mistakes.len().saturating_sub(MAX_SHOWN);
        let mut error = ConfigError::default();
        for mistake in mistakes.iter().take(MAX_SHOWN) {
            let place = text.and_then(|text| document::locate(text, mistake.node));
            error.push(file, place, &mistake.text);
        }
        if more > 0 {
            error.push(file, None, &format!("{more} more mistakes"));
        }
        Err(error)
    }

    fn config(&mut self, root: &Node) -> Config {
        let mut config = Config::default();
        let mut given = Vec::new();
        for (key, node) in self.entries(root, "", &settings::top_keys()) {
            let names = settings::names_in(key);
            if key == form::KEY {
                // Looked at before.
            } else if names.is_empty() {
                given.push((key.to_owned(), node));
            } else if key == SHORT_FORM.0 && !matches!(node.value, Value::Map(_)) {
                given.push((SHORT_FORM.1.to_owned(), node));
            } else {
                let entries = self.entries(node, key, &names);
                given.extend(entries.iter().map(|(name, node)| (format!("{key}.{name}"), *node)));
            }
        }
        for setting in settings() {
            if let Some((key, node)) = given.iter().find(|(key, _)| *key == setting.key) {
                self.set(key, node, (setting.field)(&mut config));
            }
        }
        self.compare(&mut config, &given);
        config
    }

    /// What no single value can be checked for.
    pub(super) fn compare(&mut self, config: &mut Config, given: &[(String, &Node)]) {
        let house = Profile::of_house(config);
        config.profiles.iter_mut().for_each(|profile| profile.follow(&house));
        let node =
            |wanted: &str| given.iter().find(|(key, _)| *key == wanted).map(|(_, node)| *node);
        let tcp = &mut config.tcp;
        if tcp.connections_per_client > tcp.connections {
            match node("tcp.connections_per_client") {
                Some(node) => self.mistake(
                    node,
                    format!(
                        "tcp.connections_per_client: `{}` is more than tcp.connections; write 1 to \
                         {}",
                        tcp.connections_per_client, tcp.connections
                    ),
                ),
                // Whoever lowers the one need not know of the other.
                None => tcp.connections_per_client = tcp.connections,
            }
        }
        self.compare_profiles(config, &node);
        if config.cache.min_ttl > config.cache.max_ttl
            && let Some(node) = node("cache.min_ttl")
        {
            self.mistake(
                node,
                format!(
                    "cache.min_ttl: `{}` is more than cache.max_ttl; write at most {}",
                    print_time(config.cache.min_ttl),
                    print_time(config.cache.max_ttl)
                ),
            );
        }
    }

    /// Profiles may name lists and each other, where there are such.
    fn compare_profiles<'n>(&mut self, config: &Config, node: &impl Fn(&str) -> Option<&'n Node>) {
        let mut unknown = |key: &str, path: String, what: &str, name: &str, known: &[&str]| {
            if known.contains(&name) {
                return;
            }
            let Some(node) = node(key) else { return };
            let (name, known) = (quoted(name), known.join(", "));
            self.mistake(node, format!("{path}: there is no {what} {name}; write one of: {known}"));
        };
        let lists: Vec<_> = config.lists.iter().map(|list| list.name.as_str()).collect();
        let mut names = vec![HOUSE];
        names.extend(config.profiles.iter().map(|profile| profile.name.as_str()));
        for (index, profile) in config.profiles.iter().enumerate() {
            for list in &profile.lists {
                let path = format!("profiles[{index}].lists");
                unknown("profiles", path, "list", list, &lists);
            }
            for slot in &profile.schedule {
                let path = format!("profiles[{index}].schedule");
                unknown("profiles", path, "profile", &slot.profile, &names);
            }
        }
        for slot in &config.schedule {
            unknown("schedule", "schedule".to_owned(), "profile", &slot.profile, &names);
        }
    }

    /// The known keys of a map with their values, each once; keys without a value are left out,
    /// as if they were not there.
    pub(super) fn entries<'n, 'k>(
        &mut self,
        map: &'n Node,
        path: &str,
        known: &[&'k str],
    ) -> Vec<(&'k str, &'n Node)> {
        let entries = match &map.value {
            Value::Map(entries) => entries,
            Value::Null => return Vec::new(),
            other => {
                let found = found(other);
                self.mistake(
                    map,
                    format!("{}{found} is not a map; write `key: value` lines", prefix(path)),
                );
                return Vec::new();
            }
        };
        let mut seen = Vec::new();
        let mut given = Vec::new();
        for (key, value) in entries {
            let name = match &key.value {
                Value::Text(text) | Value::Number(text) => text.as_str(),
                other => {
                    let found = found(other);
                    self.mistake(
                        key,
                        format!(
                            "{}{found} is not a key; accepted here: {}",
                            prefix(path),
                            known.join(", ")
                        ),
                    );
                    continue;
                }
            };
            let Some(name) = known.iter().find(|known| **known == name) else {
                self.unknown_key(key, name, path, known);
                continue;
            };
            if seen.contains(name) {
                let text = format!("key {} is there twice; delete one of them", join(path, name));
                self.mistake(key, text);
                continue;
            }
            seen.push(*name);
            if !matches!(value.value, Value::Null) {
                given.push((*name, value));
            }
        }
        given
    }

    fn unknown_key(&mut self, key: &Node, name: &str, path: &str, known: &[&str]) {
        let near = nearest(name, known.iter().copied()).map(|near| join(path, near));
        let moved = || {
            let setting = settings().find(|setting| setting.name() == name)?;
            Some(format!("`{}`", setting.key))
        };
        let meant = match near.or_else(moved) {
            Some(near) => format!("did you mean {near}? Accepted"),
            None => "accepted".to_owned(),
        };
        let accepted = known.join(", ");
        self.mistake(key, format!("unknown key {}; {meant} here: {accepted}", join(path, name)));
    }

    pub(super) fn set(&mut self, path: &str, node: &Node, mut field: Field<'_>) {
        field.clear();
        match (&node.value, field) {
            (_, Field::Listed(lists, kind)) => *lists = self.listed(node, kind),
            (_, Field::Devices(devices)) => {
                let what = ("devices", "a device", MAX_DEVICES);
                let like = Device::default();
                let settings = DEVICE_SETTINGS;
                *devices = self.maps(node, what, settings, &like, |device| &device.name, |_, _| {});
            }
            (_, Field::Profiles(profiles, like)) => {
                let what = ("profiles", "a profile", MAX_PROFILES);
                let sets = |profile: &mut Profile, given: &[&'static str]| {
                    profile.sets(|key| given.contains(&key));
                };
                let settings = PROFILE_SETTINGS;
                *profiles = self.maps(node, what, settings, &like, |profile| &profile.name, sets);
            }
            (Value::List(items), mut field) if field.is_many() => {
                if items.is_empty() && field.needs_one() {
                    let (noun, accepted) = (field.noun(), field.accepted());
                    self.mistake(node, format!("{path}: {noun} is needed; write {accepted}"));
                }
                for item in items {
                    self.take(path, item, &mut field);
                }
            }
            (_, mut field) => self.take(path, node, &mut field),
        }
    }

    fn take(&mut self, path: &str, node: &Node, field: &mut Field<'_>) {
        let result = match &node.value {
            Value::Text(text) => field.take(text, self.folder),
            Value::Number(_) | Value::Bool(_) if field.is_text() => Err(Fault::Because(format!(
                "{} is not text to YAML; write it in quotes",
                found(&node.value)
            ))),
            Value::Number(text) => field.take(text, self.folder),
            Value::Bool(value) => field.take(&value.to_string(), self.folder),
            Value::Null | Value::List(_) | Value::Map(_) => Err(Fault::Form),
        };
        let Err(fault) = result else { return };
        let found = found(&node.value);
        let (noun, accepted) = (field.noun(), field.accepted());
        let text = match fault {
            Fault::Form => format!("{path}: {found} is not {noun}; write {accepted}"),
            Fault::Range => format!("{path}: {found} is out of range; write {accepted}"),
            Fault::Near(word) => {
                format!("{path}: {found} is not {noun}; did you mean `{word}`? Write {accepted}")
            }
            Fault::Because(why) => format!("{path}: {why}"),
        };
        self.mistake(node, text);
    }

    pub(super) fn mistake(&mut self, node: &Node, text: String) {
        if self.mistakes.len() < MAX_KEPT {
            self.mistakes.push(Mistake { node: node.id, text });
        } else {
            self.dropped += 1;
        }
    }
}

pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(text) | Value::Text(text) => quoted(text),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
    }
}

fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { quoted(name) } else { quoted(&format!("{path}.{name}")) }
}
