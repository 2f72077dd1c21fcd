//! Settings made while the server runs, one at a time, above those of the file.
//!
//! Must never let one name a file: whoever may set is not therefore one who may read files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Config;
use super::document::{self, Node, Value};
use super::error::{ConfigError, nearest, quoted};
use super::field::Field;
use super::read::Reader;
use super::settings::settings;

/// Values by key, as YAML.
pub type Since = BTreeMap<String, String>;

/// Made in the file alone: where everything else is must be known before, and whoever logs in must
/// not open what is closed against those who get in.
const OF_FILE: [&str; 3] = ["data", "hardening.landlock", "hardening.seccomp"];

/// A setting, as it is told to its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// Keys from the top, joined by dots.
    pub key: String,
    /// What it is for.
    pub about: String,
    /// What may be written.
    pub accepted: String,
    /// What holds, as YAML.
    pub value: String,
    /// What holds where nothing is set, as YAML.
    pub default: String,
}

impl Config {
    /// Sets `key` to what `yaml` says; nothing changes where that is wrong.
    ///
    /// # Errors
    /// There is no such setting, or the value is none for it, does not go with the others, or names
    /// a file that was not named before.
    pub fn set(&mut self, key: &str, yaml: &str) -> Result<(), ConfigError> {
        // Whatever does not fit with the others is this value's fault.
        *self = self.with(key, yaml, Self::compared)?;
        Ok(())
    }

    /// The same with `key` as `yaml` says; `compare` looks whether it goes with the others.
    fn with(
        &self,
        key: &str,
        yaml: &str,
        compare: fn(&mut Self, &mut Reader<'_>, &Node),
    ) -> Result<Self, ConfigError> {
        let refuse = |text: &str| Err(ConfigError::new(key, None, text));
        let Some(setting) =
            settings().find(|setting| setting.key == key && !OF_FILE.contains(&key))
        else {
            let near = nearest(key, settings().map(|setting| setting.key));
            let near =
                near.map_or_else(String::new, |near| format!("; did you mean {}?", quoted(near)));
            return refuse(&format!("no setting that can be made while the server runs{near}"));
        };
        let root = document::parse(yaml)
            .map_err(|refusal| ConfigError::new(key, refusal.place, &refusal.text))?;
        let mut new = self.clone();
        let mut reader = Reader::new(Path::new(""));
        reader.set(key, &root, (setting.field)(&mut new));
        compare(&mut new, &mut reader, &root);
        reader.finish(Some(yaml), key)?;
        let known = self.files();
        if let Some(path) = new.files().into_iter().find(|path| !known.contains(path)) {
            return refuse(&format!(
                "{} is a file: files are named in the settings file only; give a URL, or write it there",
                path.display()
            ));
        }
        Ok(new)
    }

    /// Looks whether all settings go with each other, and what profiles leave to the house; mistakes
    /// are at `node`.
    pub(super) fn compared(&mut self, reader: &mut Reader<'_>, node: &Node) {
        let given: Vec<_> = settings().map(|setting| (setting.key.to_owned(), node)).collect();
        reader.compare(self, &given);
    }

    /// Sets all of `since`. What is wrong is left out and returned.
    pub fn set_all(&mut self, since: &Since) -> Vec<ConfigError> {
        let place = |key: &str| settings().position(|setting| setting.key == key);
        let mut given: Vec<_> = since.iter().collect();
        given.sort_by_key(|(key, _)| place(key));
        // Together, as one may need another that comes later: a list goes, and with it its name from
        // a profile.
        let mut together = self.clone();
        let mut mistakes = Vec::new();
        given.retain(|(key, yaml)| match together.with(key, yaml, |_, _, _| {}) {
            Ok(new) => {
                together = new;
                true
            }
            Err(mistake) => {
                mistakes.push(mistake);
                false
            }
        });
        let mut reader = Reader::new(Path::new(""));
        together.compared(&mut reader, &Node { id: 0, value: Value::Null });
        if reader.finish(None, "").is_ok() {
            *self = together;
        } else {
            let alone = given.into_iter().filter_map(|(key, yaml)| self.set(key, yaml).err());
            mistakes.extend(alone);
        }
        mistakes
    }

    /// All settings, as they are told to their owner.
    pub fn told(&self) -> Vec<Told> {
        let (mut example, default) = (self.clone(), Self::default());
        let told =
            self.values().zip(default.values()).map(|((setting, value), (_, default))| Told {
                key: setting.key.to_owned(),
                about: setting.about.to_owned(),
                accepted: (setting.field)(&mut example).accepted(),
                value,
                default,
            });
        told.collect()
    }

    /// All files that are to be read, those of URLs included.
    pub fn files(&self) -> Vec<PathBuf> {
        let of_url = |url: &str| {
            let url = Url::parse(url).ok().filter(|url| url.scheme() == "file")?;
            url.to_file_path().ok()
        };
        let mut config = self.clone();
        let mut files = Vec::new();
        for setting in settings() {
            match (setting.field)(&mut config) {
                Field::File(file) => files.extend(file.clone()),
                Field::Files(named) => files.extend(named.iter().cloned()),
                Field::Listed(lists, _) => {
                    files.extend(lists.iter().filter_map(|list| list.file.clone()));
                    files.extend(lists.iter().filter_map(|list| of_url(list.url.as_deref()?)));
                }
                _ => {}
            }
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: &mut Config, key: &str, yaml: &str) -> String {
        let before = config.clone();
        let error = config.set(key, yaml).unwrap_err().to_string();
        assert_eq!(*config, before);
        error
    }

    #[test]
    fn what_is_told_can_be_set() {
        let file = "lists: [{ name: mine, file: /ads.txt }]\nprofiles: [{ name: kids, for: \"#kid\", \
                    lists: mine }]\nlocal: { records: [nas A 192.0.2.1] }\ndevices: [{ name: tv, \
                    known_by: 192.0.2.7 }]\nupstream: { servers: [udp://192.0.2.1, tls://9.9.9.9#q] }";
        let config = Config::from_yaml(file, "trackless.yaml").unwrap();
        let mut other = config.clone();
        let mut set = 0;
        for Told { key, value, .. } in config.told() {
            if !OF_FILE.contains(&key.as_str()) && !value.is_empty() {
                other.set(&key, &value).unwrap();
                set += 1;
            }
        }
        assert_eq!(other, config);
        assert!(set > 50, "{set}");
    }

    #[test]
    fn what_a_profile_leaves_to_the_house_follows_it() {
        let file = "lists: [oisd-small, { name: b, url: https://b.example }]\nlevel: strict\n\
                    profiles: [{ name: kids, services: tiktok }, { name: tv, lists: b, level: strict }]";
        let config = Config::from_yaml(file, "trackless.yaml").unwrap();
        let since = |pairs: &[(&str, &str)]| -> Since {
            pairs.iter().map(|(key, yaml)| ((*key).to_owned(), (*yaml).to_owned())).collect()
        };
        let mut new = config.clone();
        assert_eq!(new.set_all(&since(&[("level", "relaxed"), ("lists", "[b: 1]")])).len(), 1);
        assert_eq!(new.profiles[0].level, crate::config::Level::Relaxed);
        assert_eq!(new.profiles[1].level, crate::config::Level::Strict);
        assert_eq!(new.profiles[0].lists, ["oisd-small", "b"]);
        // Neither would do alone: the file's profile names the list.
        let text = "[{ name: kids, services: tiktok }, { name: tv, lists: [] }]";
        let both = since(&[("lists", "[oisd-small]"), ("profiles", text)]);
        let mut new = config.clone();
        assert_eq!(new.set_all(&both), []);
        assert_eq!((new.profiles[0].lists.len(), new.profiles[1].lists.len()), (1, 0));
        let mut new = config;
        let said = new.set_all(&since(&[("lists", "[oisd-small]"), ("level", "much")]));
        assert_eq!(said.len(), 2, "{said:?}");
        // What is told leaves it to the house, too.
        let told = new.told().into_iter().find(|told| told.key == "profiles").unwrap();
        assert!(told.value.matches("level:").count() == 1, "{}", told.value);
    }

    #[test]
    fn what_is_wrong_changes_nothing_and_says_what() {
        let mut config = Config::default();
        config.set("level", "strict").unwrap();
        config.set("services", "[tiktok]").unwrap();
        assert_eq!(config.services, ["tiktok"]);
        let said = refused(&mut config, "level", "sttrict");
        assert!(said.contains("did you mean `strict`"), "{said}");
        assert!(refused(&mut config, "levl", "strict").contains("did you mean `level`?"));
        for (key, yaml) in [("data", "/tmp"), ("hardening.landlock", "false")] {
            assert!(refused(&mut config, key, yaml).contains("no setting"));
        }
        for (key, yaml) in [
            ("local.hosts", "/etc/shadow"),
            ("lists", "[{ name: mine, file: /etc/shadow }]"),
            ("lists", "[{ name: mine, url: file:///etc/shadow }]"),
            ("encrypted.certificate", "/etc/shadow"),
        ] {
            let said = refused(&mut config, key, yaml);
            assert!(said.contains("/etc/shadow is a file"), "{said}");
        }
        let said = refused(&mut config, "schedule", "[mon 20:00-07:00 nigt]");
        assert!(said.contains("there is no profile `nigt`"), "{said}");
        let said = refused(&mut config, "upstream.servers", "- udp://192.0.2.1\n- ftp://x");
        assert!(said.starts_with("upstream.servers:2:3: "), "{said}");
        let since = [("level", "relaxed"), ("listen", "nonsense")];
        let since = since.map(|(key, yaml)| (key.to_owned(), yaml.to_owned())).into();
        assert_eq!(config.set_all(&since).len(), 1);
        assert_eq!(config.level, crate::config::Level::Relaxed);
    }
}
