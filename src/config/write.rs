//! From a [`Config`] to the YAML that makes it again, each setting with a comment.
//!
//! Must never leave a setting out: what is printed is all there is to set.

use super::Config;
use super::field::Field;
use super::settings::{SETTINGS, Setting};

impl Config {
    /// The config as YAML with every setting written out. [`Config::from_yaml`] makes an equal
    /// config of it, as long as times are whole milliseconds (those of DNS whole seconds) and
    /// paths are UTF-8.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        // A field borrows its place for writing, though here nothing is changed.
        let mut config = self.clone();
        let mut yaml = String::new();
        let mut section = "";
        for setting in SETTINGS {
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
            yaml.push_str(&format!("{indent}# {}: {}\n", setting.about, field.accepted()));
            match field {
                Field::Listed(lists, kind) => {
                    let mut example = super::List::named("");
                    for setting in kind.settings() {
                        let accepted = (setting.field)(&mut example).accepted();
                        yaml.push_str(&format!(
                            "#   {}: {}: {accepted}\n",
                            setting.key, setting.about
                        ));
                    }
                    let none = if lists.is_empty() { " []" } else { "" };
                    yaml.push_str(&format!("{}:{none}\n", kind.key()));
                    for list in lists {
                        for (index, setting) in kind.settings().iter().enumerate() {
                            let indent = if index == 0 { "  - " } else { "    " };
                            write_setting(&mut yaml, indent, setting, &(setting.field)(list));
                        }
                    }
                }
                field => write_setting(&mut yaml, indent, setting, &field),
            }
        }
        yaml
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
