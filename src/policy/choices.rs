//! Choices made while the server runs: rules, companies, names of devices. They stand above the
//! settings file, which is their floor, and are kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::Rules;

/// Most entries of any kind.
pub const MOST_CHOICES: usize = 100_000;

/// For whom a choice is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everybody.
    House,
    /// Whoever the profile of this name holds for.
    Profile(String),
    /// The device of this key.
    Device(String),
}

/// What becomes of a name or a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It is refused.
    Block,
    /// It is not.
    Allow,
    /// What the settings and lists say.
    Clear,
}

/// What a choice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A name with everything below it; only the name, with `=` before it.
    Name(String),
    /// A company with all its names, and those of companies it owns.
    Company(String),
}

/// Names and companies that somebody has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// Names refused.
    pub block: BTreeSet<String>,
    /// Names not refused.
    pub allow: BTreeSet<String>,
    /// Companies refused.
    pub block_companies: BTreeSet<String>,
    /// Companies not refused.
    pub allow_companies: BTreeSet<String>,
}

/// What was said of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfDevice {
    /// Its name.
    pub name: Option<String>,
    /// Its profile.
    pub profile: Option<String>,
    /// Names and companies.
    #[serde(flatten)]
    pub chosen: Chosen,
}

/// All choices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// For everybody.
    pub house: Chosen,
    /// By name of profile.
    pub profiles: BTreeMap<String, Chosen>,
    /// By key of device.
    pub devices: BTreeMap<String, OfDevice>,
}

impl Choices {
    /// Makes a choice.
    pub fn choose(&mut self, scope: &Scope, subject: &Subject, choice: Choice) {
        let chosen = match scope {
            Scope::House => &mut self.house,
            Scope::Profile(name) => self.profiles.entry(name.clone()).or_default(),
            Scope::Device(key) => &mut self.devices.entry(key.clone()).or_default().chosen,
        };
        let (block, allow, text) = match subject {
            Subject::Name(name) => (&mut chosen.block, &mut chosen.allow, name),
            Subject::Company(name) => {
                (&mut chosen.block_companies, &mut chosen.allow_companies, name)
            }
        };
        block.remove(text);
        allow.remove(text);
        match choice {
            Choice::Block => drop(block.insert(text.clone())),
            Choice::Allow => drop(allow.insert(text.clone())),
            Choice::Clear => {}
        }
        self.tidy();
    }

    /// Gives the device of this key a name, or takes it back; and a profile.
    pub fn device(&mut self, key: &str) -> &mut OfDevice {
        self.devices.entry(key.to_owned()).or_default()
    }

    /// Has all that was chosen for the profile `from`, and whoever is held to it, under `to`.
    pub fn rename_profile(&mut self, from: &str, to: &str) {
        // Of a profile of that name which is gone.
        self.profiles.remove(to);
        if let Some(chosen) = self.profiles.remove(from) {
            self.profiles.insert(to.to_owned(), chosen);
        }
        let held = self.devices.values_mut().filter_map(|said| said.profile.as_mut());
        held.filter(|profile| *profile == from).for_each(|profile| to.clone_into(profile));
    }

    /// Lets go of entries that say nothing.
    pub fn tidy(&mut self) {
        self.profiles.retain(|_, chosen| *chosen != Chosen::default());
        self.devices.retain(|_, said| *said != OfDevice::default());
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        let of_devices = self.devices.values().map(|said| &said.chosen);
        let all = std::iter::once(&self.house).chain(self.profiles.values()).chain(of_devices);
        self.devices.len() + all.map(Chosen::count).sum::<usize>()
    }
}

impl Chosen {
    fn count(&self) -> usize {
        let Self { block, allow, block_companies, allow_companies } = self;
        block.len() + allow.len() + block_companies.len() + allow_companies.len()
    }

    /// With `floor`, the settings', where nothing was chosen otherwise since.
    pub fn above(&self, floor: &Rules) -> Rules {
        let merged = |own: &BTreeSet<String>, other: &BTreeSet<String>, floor: &[String]| {
            let kept = floor.iter().filter(|text| !other.contains(*text) && !own.contains(*text));
            own.iter().chain(kept).cloned().collect()
        };
        Rules {
            block: merged(&self.block, &self.allow, &floor.block),
            allow: merged(&self.allow, &self.block, &floor.allow),
            block_companies: merged(
                &self.block_companies,
                &self.allow_companies,
                &floor.block_companies,
            ),
            allow_companies: merged(
                &self.allow_companies,
                &self.block_companies,
                &floor.allow_companies,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_replaces_the_one_before_and_stands_above_the_floor() {
        let mut choices = Choices::default();
        let name = Subject::Name("ads.example".to_owned());
        choices.choose(&Scope::House, &name, Choice::Block);
        choices.choose(&Scope::House, &name, Choice::Allow);
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let floor = Rules { block: texts(&["ads.example", "x.example"]), ..Rules::default() };
        let rules = choices.house.above(&floor);
        assert_eq!((rules.block, rules.allow), (texts(&["x.example"]), texts(&["ads.example"])));
        choices.choose(&Scope::House, &name, Choice::Clear);
        assert_eq!(choices.house.above(&floor), floor);
        choices.choose(&Scope::Device("tv".to_owned()), &name, Choice::Block);
        assert_eq!(choices.count(), 2);
        choices.choose(&Scope::Device("tv".to_owned()), &name, Choice::Clear);
        assert_eq!(choices, Choices::default());
    }

    #[test]
    fn a_profiles_choices_and_devices_go_along_with_its_name() {
        let mut choices = Choices::default();
        let name = |name: &str| Subject::Name(name.to_owned());
        let profile = |name: &str| Scope::Profile(name.to_owned());
        choices.choose(&profile("kids"), &name("ads.example"), Choice::Block);
        choices.choose(&profile("teens"), &name("of-one-that-is-gone.example"), Choice::Block);
        for (key, profile) in [("tv", "kids"), ("phone", "adults")] {
            choices.device(key).profile = Some(profile.to_owned());
        }
        choices.rename_profile("kids", "teens");
        let mut expected = Choices::default();
        expected.choose(&profile("teens"), &name("ads.example"), Choice::Block);
        for (key, profile) in [("tv", "teens"), ("phone", "adults")] {
            expected.device(key).profile = Some(profile.to_owned());
        }
        assert_eq!(choices, expected);
    }
}
