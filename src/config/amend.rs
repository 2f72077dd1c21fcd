//! Changes to one of many: a profile, a list that is subscribed to.
//!
//! What is said comes as a map in YAML with the keys of the settings file. The outcome are settings
//! to make, as if somebody had written all of them anew; what was not said is in them as it was.

use std::path::Path;

use super::document::{self, Node, Value};
use super::error::{ConfigError, quoted};
use super::field::Field;
use super::household::FOLLOWED;
use super::items::PROFILE_SETTINGS;
use super::listed::Kind;
use super::people::NAME_TEXT;
use super::read::Reader;
use super::settings::settings;
use super::{Config, HOUSE, Profile};

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// Says something of a profile, which is made where there is none of this name: what is null is
    /// left to the house from then on, what is not there stays.
    Profile {
        /// Its name.
        name: String,
        /// Its name from then on; schedules that name it follow.
        renamed: Option<String>,
        /// What is said of it, as YAML.
        says: String,
    },
    /// Takes a profile away.
    NoProfile(String),
    /// Subscribes to a list.
    Subscribe(String),
    /// Ends a subscription.
    Unsubscribe(String),
}

/// Keys that a profile has, and what they are for the house.
const OF_HOUSE: [(&str, &str); 10] = [
    ("level", "level"),
    ("services", "services"),
    ("bypass", "bypass"),
    ("safe_search", "safe_search"),
    ("block", "rules.block"),
    ("allow", "rules.allow"),
    ("block_companies", "rules.block_companies"),
    ("allow_companies", "rules.allow_companies"),
    ("answer", "block.answer"),
    ("schedule", "schedule"),
];

impl Config {
    /// The settings to make for `amendment`: keys, and values as YAML.
    ///
    /// # Errors
    /// What is wrong with it, without a place: whoever fills in a form has no lines.
    pub fn amend(&self, amendment: &Amendment) -> Result<Vec<(String, String)>, ConfigError> {
        let mut new = self.clone();
        let keys = match amendment {
            Amendment::Profile { name, renamed, says } => {
                let mut keys = match renamed {
                    Some(to) => new.rename_profile(name, to)?,
                    None => Vec::new(),
                };
                keys.extend(match renamed.as_ref().unwrap_or(name) {
                    name if name == HOUSE => new.say_of_house(says)?,
                    name => new.say_of_profile(name, says)?,
                });
                keys
            }
            Amendment::NoProfile(name) => new.drop_profile(name)?,
            Amendment::Subscribe(yaml) => new.subscribe(yaml)?,
            Amendment::Unsubscribe(name) => new.unsubscribe(name)?,
        };
        let values = new.values().filter(|(setting, _)| keys.contains(&setting.key));
        Ok(values.map(|(setting, value)| (setting.key.to_owned(), value)).collect())
    }

    fn say_of_house(&mut self, yaml: &str) -> Result<Vec<&'static str>, ConfigError> {
        let map = parsed(HOUSE, yaml)?;
        let mut reader = Reader::new(Path::new(""));
        let mut keys = Vec::new();
        for (name, node) in reader.entries(&map, "", &OF_HOUSE.map(|(name, _)| name)) {
            let key = OF_HOUSE.into_iter().find(|(of, _)| *of == name).map(|(_, key)| key);
            let setting = settings().find(|setting| Some(setting.key) == key);
            if let Some(setting) = setting {
                reader.set(name, node, (setting.field)(self));
                keys.push(setting.key);
            }
        }
        self.compared(&mut reader, &map);
        reader.finish(None, HOUSE)?;
        Ok(keys)
    }

    fn say_of_profile(&mut self, name: &str, yaml: &str) -> Result<Vec<&'static str>, ConfigError> {
        let map = parsed(name, yaml)?;
        let mut reader = Reader::new(Path::new(""));
        let found = self.profiles.iter().position(|profile| profile.name == name);
        let mut profile = match found {
            Some(place) => self.profiles[place].clone(),
            None => Profile::of_house(self),
        };
        let node = Node { id: 0, value: Value::Text(name.to_owned()) };
        reader.set("name", &node, Field::OneText(&mut profile.name, &NAME_TEXT));
        let others = PROFILE_SETTINGS.iter().filter(|setting| setting.key != "name");
        let names: Vec<_> = others.clone().map(|setting| setting.key).collect();
        let given = reader.entries(&map, "", &names);
        let is_given = |key: &str| given.iter().any(|(given, _)| *given == key);
        let left: Vec<_> = FOLLOWED.into_iter().filter(|key| is_null(&map, key)).collect();
        let before = profile.own.clone();
        profile.sets(|key| is_given(key) || before.contains(&key) && !left.contains(&key));
        for setting in others {
            if let Some((key, node)) = given.iter().find(|(key, _)| *key == setting.key) {
                reader.set(key, node, (setting.field)(&mut profile));
            }
        }
        match found {
            Some(place) => self.profiles[place] = profile,
            None => self.profiles.push(profile),
        }
        self.compared(&mut reader, &map);
        reader.finish(None, name)?;
        Ok(vec!["profiles"])
    }

    fn rename_profile(&mut self, from: &str, to: &str) -> Result<Vec<&'static str>, ConfigError> {
        let wrong = |text: &str| Err(ConfigError::new(from, None, text));
        if from == HOUSE {
            return wrong("the profile of the house keeps its name");
        }
        if to == HOUSE || self.profiles.iter().any(|profile| profile.name == to) {
            return wrong(&format!("{} is another profile's name; write a new one", quoted(to)));
        }
        let Some(profile) = self.profiles.iter_mut().find(|profile| profile.name == from) else {
            return wrong("there is no such profile");
        };
        to.clone_into(&mut profile.name);
        let of_house = self.schedule.iter().any(|slot| slot.profile == from);
        let others = self.profiles.iter_mut().map(|profile| &mut profile.schedule);
        let slots = others.chain([&mut self.schedule]).flatten();
        slots.filter(|slot| slot.profile == from).for_each(|slot| to.clone_into(&mut slot.profile));
        Ok(if of_house { vec!["schedule"] } else { Vec::new() })
    }

    fn drop_profile(&mut self, name: &str) -> Result<Vec<&'static str>, ConfigError> {
        let before = self.profiles.len();
        self.profiles.retain(|profile| profile.name != name);
        if self.profiles.len() == before {
            return Err(ConfigError::new(name, None, "there is no such profile"));
        }
        let of_house = [(HOUSE, &self.schedule)];
        let others = self.profiles.iter().map(|profile| (profile.name.as_str(), &profile.schedule));
        let mut schedules = of_house.into_iter().chain(others);
        if let Some((of, _)) =
            schedules.find(|(_, schedule)| schedule.iter().any(|slot| slot.profile == name))
        {
            let text = format!("the schedule of {} names it; take it out there first", quoted(of));
            return Err(ConfigError::new(name, None, &text));
        }
        Ok(vec!["profiles"])
    }

    fn subscribe(&mut self, yaml: &str) -> Result<Vec<&'static str>, ConfigError> {
        let map = parsed("lists", yaml)?;
        let mut reader = Reader::new(Path::new(""));
        let list = reader.one(&map, "list", Kind::Lists, &self.lists);
        reader.finish(None, "lists")?;
        self.lists.push(list);
        Ok(vec!["lists"])
    }

    fn unsubscribe(&mut self, name: &str) -> Result<Vec<&'static str>, ConfigError> {
        let before = self.lists.len();
        self.lists.retain(|list| list.name != name);
        if self.lists.len() == before {
            return Err(ConfigError::new(name, None, "there is no list of this name"));
        }
        // Nothing else can be meant for profiles that chose it.
        let mut keys = vec!["lists"];
        for profile in &mut self.profiles {
            if profile.is_own("lists") && profile.lists.iter().any(|list| list == name) {
                profile.lists.retain(|list| list != name);
                keys = vec!["lists", "profiles"];
            }
        }
        Ok(keys)
    }
}

fn parsed(what: &str, yaml: &str) -> Result<Node, ConfigError> {
    document::parse(yaml).map_err(|refusal| ConfigError::new(what, None, &refusal.text))
}

fn is_null(map: &Node, key: &str) -> bool {
    let Value::Map(entries) = &map.value else { return false };
    entries.iter().any(|(name, node)| {
        matches!(&name.value, Value::Text(text) if text == key) && matches!(node.value, Value::Null)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Level, SafeSearch, Since};

    const FILE: &str = "level: balanced\nlists: [oisd-small, { name: b, url: https://b.example }]\n\
        profiles:\n  - { name: kids, for: \"#kid\", level: strict, lists: b, block: x.example, \
        answer: refused, schedule: sun-thu 20:00-07:00 night }\n  - { name: night, only_allowed: true }";

    fn amended(config: &Config, amendment: Amendment) -> Result<Config, String> {
        let made = config.amend(&amendment).map_err(|error| error.to_string())?;
        let mut new = config.clone();
        let since: Since = made.into_iter().collect();
        assert_eq!(new.set_all(&since), []);
        Ok(new)
    }

    fn says(name: &str, yaml: &str) -> Amendment {
        Amendment::Profile { name: name.to_owned(), renamed: None, says: yaml.to_owned() }
    }

    fn renamed(name: &str, to: &str) -> Amendment {
        let (name, renamed) = (name.to_owned(), Some(to.to_owned()));
        Amendment::Profile { name, renamed, says: r#"{"level":"relaxed"}"#.to_owned() }
    }

    #[test]
    fn what_names_a_profile_follows_it() {
        let file = format!("{FILE}\nschedule: daily 22:00-06:00 night");
        let config = Config::from_yaml(&file, "t.yaml").unwrap();
        let new = amended(&config, renamed("night", "asleep")).unwrap();
        let mut expected = config.clone();
        expected.profiles[1].name = "asleep".to_owned();
        (expected.profiles[1].level, expected.profiles[1].own) = (Level::Relaxed, vec!["level"]);
        expected.profiles[0].schedule[0].profile = "asleep".to_owned();
        expected.schedule[0].profile = "asleep".to_owned();
        assert_eq!(new, expected);
        for (name, to, why) in [
            ("night", "kids", "`kids` is another profile's name"),
            ("night", HOUSE, "`house` is another profile's name"),
            ("night", "a#b", "`a#b` is not a name"),
            (HOUSE, "home", "keeps its name"),
            ("nobody", "x", "there is no such profile"),
        ] {
            let said = amended(&config, renamed(name, to)).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn what_is_not_said_of_a_profile_stays() {
        let config = Config::from_yaml(FILE, "t.yaml").unwrap();
        let new = amended(&config, says("kids", r#"{"safe_search":"all","level":null}"#)).unwrap();
        let mut expected = config.clone();
        let kids = &mut expected.profiles[0];
        (kids.safe_search, kids.level) = (SafeSearch::All, Level::Balanced);
        kids.own = vec!["lists", "safe_search", "answer"];
        assert_eq!(new, expected);
        let new = amended(&new, says("guests", r#"{"for":["10.0.0.0/8"],"level":"relaxed"}"#));
        let new = new.unwrap();
        assert_eq!(new.profiles[2].name, "guests");
        assert_eq!((&new.profiles[2].own, new.profiles[2].lists.len()), (&vec!["level"], 2));
        assert_eq!(new.profiles[..2], expected.profiles[..]);
        let house = r#"{"services":["tiktok"],"schedule":["daily 22:00-06:00 night"]}"#;
        let new = amended(&new, says(HOUSE, house)).unwrap();
        assert_eq!((new.services.len(), new.schedule.len()), (1, 1));
        assert_eq!(new.profiles[2].services, ["tiktok"], "as the house");
        let said = amended(&new, Amendment::NoProfile("night".to_owned())).unwrap_err();
        assert!(said.contains("the schedule of `house` names it"), "{said}");
        let new = amended(&new, Amendment::NoProfile("guests".to_owned())).unwrap();
        assert_eq!(new.profiles.len(), 2);
    }

    #[test]
    fn lists_come_and_go_with_their_names_in_profiles() {
        let config = Config::from_yaml(FILE, "t.yaml").unwrap();
        let list = r#"{"name":"c","url":"https://c.example/","action":"allow"}"#;
        let new = amended(&config, Amendment::Subscribe(list.to_owned())).unwrap();
        assert_eq!(new.lists.len(), 3);
        assert_eq!((new.profiles[0].lists.len(), new.profiles[1].lists.len()), (1, 3));
        let new = amended(&new, Amendment::Unsubscribe("b".to_owned())).unwrap();
        assert_eq!((new.lists.len(), new.profiles[0].lists.len()), (2, 0));
        for (list, why) in [
            (r#"{"name":"b"}"#, "another list's name"),
            (r#"{"name":"oisd-smal"}"#, "did you mean oisd-small"),
            (r#"{"url":"https://c.example/"}"#, "list.name: missing"),
            (r#"{"name":"d","url":"ftp://d.example/"}"#, "is not a URL"),
        ] {
            let said = amended(&config, Amendment::Subscribe(list.to_owned())).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_a_place() {
        let config = Config::from_yaml(FILE, "t.yaml").unwrap();
        for (name, yaml, said) in [
            (
                "kids",
                r#"{"level":"sttrict"}"#,
                "kids: level: `sttrict` is not a level; did you mean",
            ),
            (
                "kids",
                r#"{"schedule":["mon 1:00-2:00 nigt"]}"#,
                "kids: profiles[0].schedule: there is no",
            ),
            ("kids", r#"{"services":["tiktk"]}"#, "kids: services: `tiktk` is no service"),
            ("a#b", "{}", "a#b: name: `a#b` is not a name"),
            (HOUSE, r#"{"for":["x"]}"#, "house: unknown key `for`"),
            (HOUSE, r#"{"schedule":["x"]}"#, "house: schedule: `x` is not"),
        ] {
            let error = amended(&config, says(name, yaml)).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
        let error = amended(&config, Amendment::NoProfile("x".to_owned())).unwrap_err();
        assert_eq!(error, "x: there is no such profile");
        assert!(amended(&config, Amendment::Unsubscribe("x".to_owned())).is_err());
    }
}
