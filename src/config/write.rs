//! From a [`Config`] to the YAML that makes it again, each setting with a comment.
//!
//! Must never leave a setting out: what is printed is all there is to set, but for what a profile
//! leaves to the house.

use super::field::{
    ACTION, ALERT_KIND, BYPASS, FORMAT, Field, LEVEL, LOG, SAFE_SEARCH, STATS_LEVEL, STRATEGY,
    SWITCH, VALIDATE,
};
use super::form::{FORM, KEY};
use super::items::{DEVICE_SETTINGS, PROFILE_SETTINGS};
use super::served;
use super::setting::Setting;
use super::settings::settings;
use super::values::{self, word_of};
use super::{Config, Profile};

impl Config {
    /// The config as YAML with every setting written out. [`Config::from_yaml`] makes an equal
    /// config of it, as long as times are whole milliseconds (those of DNS whole seconds) and
    /// paths are UTF-8.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        self.to_yaml_from(|_| None)
    }

    /// The same, and where each setting comes from, as `origin` says of its key.
    #[must_use]
    pub fn to_yaml_from<'a>(&self, origin: impl Fn(&str) -> Option<&'a str>) -> String {
        // A field borrows its place for writing, though here nothing is changed.
        let mut config = self.clone();
        let mut yaml = format!("# form of this file: {FORM}\n{KEY}: {FORM}\n");
        let mut section = "";
        for setting in settings() {
            if setting.section() != section {
                section = setting.section();
                if !section.is_empty() {
                    yaml.push_str(&format!("\n{section}:\n"));
                }
            }
            if section.is_empty() && !yaml.is_empty() {
                yaml.push('\n');
            }
            let indent = if section.is_empty() { "" } else { "  " };
            let field = (setting.field)(&mut config);
            let from = origin(setting.key).map_or_else(String::new, |from| format!(" [{from}]"));
            yaml.push_str(&format!("{indent}# {}: {}{from}\n", setting.about, field.accepted()));
            match &field {
                Field::Listed(_, kind) => {
                    explain(&mut yaml, super::List::named(""), kind.settings());
                }
                Field::Devices(_) => explain(&mut yaml, super::Device::default(), DEVICE_SETTINGS),
                Field::Profiles(_, example) => {
                    explain(&mut yaml, (**example).clone(), PROFILE_SETTINGS);
                }
                _ => {}
            }
            write_field(&mut yaml, indent, setting, field);
        }
        yaml
    }

    /// The value of every setting by its key, as YAML.
    pub(super) fn values(&self) -> impl Iterator<Item = (&'static Setting<Self>, String)> {
        let mut config = self.clone();
        settings().map(move |setting| {
            let mut yaml = String::new();
            write_field(&mut yaml, "", setting, (setting.field)(&mut config));
            let value = yaml.strip_prefix(setting.name()).unwrap_or(&yaml);
            let lines = value.strip_prefix(':').unwrap_or(value).lines();
            let lines: Vec<_> =
                lines.map(|line| line.strip_prefix("  ").unwrap_or_else(|| line.trim())).collect();
            (setting, lines.join("\n").trim().to_owned())
        })
    }
}

/// What the settings of an item are for, as comments.
fn explain<T>(yaml: &mut String, mut example: T, settings: &[Setting<T>]) {
    for setting in settings {
        let accepted = (setting.field)(&mut example).accepted();
        yaml.push_str(&format!("#   {}: {}: {accepted}\n", setting.key, setting.about));
    }
}

fn write_field(yaml: &mut String, indent: &str, setting: &Setting<Config>, field: Field<'_>) {
    match field {
        Field::Listed(lists, kind) => {
            write_items(yaml, kind.key(), lists, kind.settings(), |_, _| true);
        }
        Field::Devices(devices) => {
            write_items(yaml, "devices", devices, DEVICE_SETTINGS, |_, _| true);
        }
        Field::Profiles(profiles, _) => {
            write_items(yaml, "profiles", profiles, PROFILE_SETTINGS, Profile::is_own);
        }
        field => write_setting(yaml, indent, setting, &field),
    }
}

/// Writes what `is_own` to each item: what it does not set itself may change without it.
fn write_items<T>(
    yaml: &mut String,
    key: &str,
    items: &mut [T],
    settings: &[Setting<T>],
    is_own: fn(&T, &str) -> bool,
) {
    yaml.push_str(&format!("{key}:{}\n", if items.is_empty() { " []" } else { "" }));
    for item in items {
        let own: Vec<_> = settings.iter().filter(|setting| is_own(item, setting.key)).collect();
        for (index, setting) in own.into_iter().enumerate() {
            let indent = if index == 0 { "  - " } else { "    " };
            write_setting(yaml, indent, setting, &(setting.field)(item));
        }
    }
}

fn write_setting<T>(yaml: &mut String, indent: &str, setting: &Setting<T>, field: &Field<'_>) {
    let (name, values) = (setting.name(), field.print());
    match (field.is_many(), values.as_slice()) {
        (true, []) => yaml.push_str(&format!("{indent}{name}: []\n")),
        (true, values) => {
            yaml.push_str(&format!("{indent}{name}:\n"));
            for value in values {
                yaml.push_str(&format!("{indent}  - {value}\n"));
            }
        }
        (false, [value, ..]) => yaml.push_str(&format!("{indent}{name}: {value}\n")),
        // A key without a value is as good as none.
        (false, []) => yaml.push_str(&format!("{indent}{name}:\n")),
    }
}

impl Field<'_> {
    /// The values as YAML scalars: one, or any number where there may be many. A setting that is
    /// not made has none. Lists, which are maps, are written by their own settings.
    fn print(&self) -> Vec<String> {
        match self {
            Self::Count(slot, _) => vec![slot.to_string()],
            Self::CountOrAuto(slot, _) if **slot == 0 => vec!["auto".to_owned()],
            Self::CountOrAuto(slot, _) => vec![slot.to_string()],
            Self::Size(slot, _) => vec![values::print_size(**slot)],
            Self::Time(slot, _) | Self::Ttl(slot, _) => vec![values::print_time(**slot)],
            Self::Switch(slot) => word_of(SWITCH, **slot),
            Self::Level(slot) => word_of(LEVEL, **slot),
            Self::Strategy(slot) => word_of(STRATEGY, **slot),
            Self::Domains(slot) => slot
                .iter()
                .map(|item| yaml_text(&served::print(&item.name, &item.servers)))
                .collect(),
            Self::Clients(slot) => slot
                .iter()
                .map(|item| yaml_text(&served::print(&item.network, &item.servers)))
                .collect(),
            Self::Bypass(slot) => word_of(BYPASS, **slot),
            Self::Log(slot) => word_of(LOG, **slot),
            Self::StatsLevel(slot) => word_of(STATS_LEVEL, **slot),
            Self::Validate(slot) => word_of(VALIDATE, **slot),
            Self::SafeSearch(slot) => word_of(SAFE_SEARCH, **slot),
            Self::Format(slot) => word_of(FORMAT, **slot),
            Self::Action(slot) => word_of(ACTION, **slot),
            Self::AddressOrOff(slot) => match slot {
                Some(address) => vec![yaml_text(&address.to_string())],
                None => vec!["off".to_owned()],
            },
            Self::PrefixOrOff(slot) => {
                vec![slot.map_or_else(|| "off".to_owned(), |prefix| yaml_text(&prefix.to_string()))]
            }
            Self::Secret(slot, _) => slot.iter().map(|url| yaml_text(url.text())).collect(),
            Self::AlertKinds(slot) => {
                slot.iter().flat_map(|kind| word_of(ALERT_KIND, *kind)).collect()
            }
            Self::Url(slot) => slot.iter().map(|url| yaml_text(url)).collect(),
            Self::Folder(slot) | Self::File(slot) => {
                slot.iter().map(|path| yaml_text(&path.to_string_lossy())).collect()
            }
            Self::ListName(slot) => vec![yaml_text(slot)],
            Self::Addresses(slot) | Self::Doors(slot, _) => {
                slot.iter().map(|item| yaml_text(&item.to_string())).collect()
            }
            Self::Servers(slot, _) => {
                slot.iter().map(|item| yaml_text(&item.to_string())).collect()
            }
            Self::Hosts(slot) => slot.iter().map(|item| yaml_text(&item.to_string())).collect(),
            Self::Networks(slot) | Self::AnyNetworks(slot) => {
                slot.iter().map(|item| yaml_text(&item.to_string())).collect()
            }
            Self::Rules(slot) | Self::Texts(slot, _) => {
                slot.iter().map(|item| yaml_text(item)).collect()
            }
            Self::OneText(slot, _) if slot.is_empty() => Vec::new(),
            Self::OneText(slot, _) => vec![yaml_text(slot)],
            Self::Files(slot) => {
                slot.iter().map(|path| yaml_text(&path.to_string_lossy())).collect()
            }
            Self::Answer(slot) => vec![yaml_text(&slot.to_string())],
            Self::KnownBy(slot) => slot.iter().map(|item| yaml_text(&item.to_string())).collect(),
            Self::Members(slot) => slot.iter().map(|item| yaml_text(&item.to_string())).collect(),
            Self::Slots(slot) => slot.iter().map(|item| yaml_text(&item.to_string())).collect(),
            Self::Listed(..) | Self::Devices(_) | Self::Profiles(..) => Vec::new(),
        }
    }
}

/// A double-quoted scalar; escapes whatever a YAML reader could fold, refuse or take for syntax.
pub(crate) fn yaml_text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            ' '..='~' => quoted.push(char),
            _ if char.is_alphanumeric() => quoted.push(char),
            _ => quoted.push_str(&format!("\\U{:08x}", u32::from(char))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_so_that_yaml_reads_it_back() {
        for text in ["my list", "\"", "\\", "é", "\u{85}\u{2028}\t\n", "# no: comment", "👪"] {
            let read: String = serde_yaml::from_str(&yaml_text(text)).unwrap();
            assert_eq!(read, text, "{}", yaml_text(text));
        }
    }
}
