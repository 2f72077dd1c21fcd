//! For whom something holds: groups of clients there, profiles here.

use std::collections::BTreeSet;

use super::Imported;
use super::written::scalar;
use crate::catalogue;
use crate::config::{HOUSE, MAX_PROFILES};

/// Groups by number, for whom something holds.
pub(super) type Whom = BTreeSet<usize>;

/// The group of all who are in no other.
pub(super) const EVERYBODY: usize = 0;

/// Its name where it needs a profile.
const ITS_NAME: &str = "everybody";

/// What is said of clients for whom no list counts there.
pub(super) const UNFILTERED: &str = "the builtin facts hold for all here; press the button off for \
                                     it: `trackless button off --device`";

/// Clients who are held to the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Group {
    pub(super) name: String,
    /// Names of devices, and networks.
    pub(super) members: BTreeSet<String>,
    /// None for those of the house.
    pub(super) services: Option<Vec<String>>,
    /// None for what holds for the house.
    pub(super) safe_search: Option<&'static str>,
    pub(super) only_allowed: bool,
}

impl Group {
    /// Whether both hold their clients to the same.
    fn is_like(&self, other: &Self) -> bool {
        (&self.services, self.safe_search, self.only_allowed)
            == (&other.services, other.safe_search, other.only_allowed)
    }
}

impl Imported {
    /// Number of a new group; none where there are as many as there may be.
    pub(super) fn group(&mut self, group: Group) -> Option<usize> {
        // One is kept for everybody.
        if self.groups.len() >= MAX_PROFILES {
            self.left(&format!("group {}", group.name), "there are 200 profiles already");
            return None;
        }
        let is_taken = |name: &str| {
            [HOUSE, ITS_NAME].contains(&name) || self.groups.iter().any(|other| other.name == name)
        };
        let name = unique(&people_name(&group.name), is_taken);
        self.groups.push(Group { name, ..group });
        Some(self.groups.len() - 1)
    }

    /// Puts a device or a network into a group.
    pub(super) fn member(&mut self, group: usize, member: &str) -> Result<(), String> {
        self.accepts("profiles", &format!("- name: x\n  for: {}", scalar(member)))?;
        if let Some(group) = self.groups.get_mut(group) {
            group.members.insert(member.to_owned());
        }
        Ok(())
    }

    /// Names a device; gives its name here. What it cannot be known by is noted.
    pub(super) fn device(&mut self, name: &str, ids: &[String], tags: &[String]) -> Option<String> {
        let what = format!("device {name}");
        if self.devices.len() >= crate::config::MAX_DEVICES {
            self.left(&what, "there are 10,000 devices already");
            return None;
        }
        let mut known_by: Vec<String> = Vec::new();
        for id in ids {
            match self.accepts("devices", &format!("- name: x\n  known_by: {}", scalar(id))) {
                Ok(()) => known_by.push(id.clone()),
                Err(why) => self.left(&format!("{what}, known by {id}"), &why),
            }
        }
        if known_by.is_empty() {
            self.left(&what, "there is nothing left that it could be known by");
            return None;
        }
        let name = self.device_name(&people_name(name));
        let tags = tags.iter().map(|tag| people_name(tag)).collect();
        self.devices.push(Device { name: name.clone(), known_by, tags });
        self.took(&what);
        Some(name)
    }

    /// `name`, with a number behind it where another device has it.
    fn device_name(&mut self, name: &str) -> String {
        let number = self.device_names.entry(name.to_owned()).or_default();
        *number += 1;
        if *number == 1 {
            return name.to_owned();
        }
        let with = format!("{name} {number}");
        self.device_name(&with)
    }

    /// Those groups that are held to something else than everybody, with who they are for, everybody
    /// last where that needs a profile, too.
    pub(super) fn profiles(&self) -> Vec<(usize, Group)> {
        let of = |group: usize| self.lists.iter().map(move |list| list.whom.contains(&group));
        let Some(everybody) = self.groups.first() else { return Vec::new() };
        // For the house all lists count, and whatever is refused is on one.
        // Nor can it be said of somebody who is in a network of others'.
        let has_network = |group: &Group| group.members.iter().any(|member| member.contains('/'));
        let is_among = !everybody.members.is_empty() && self.groups.iter().skip(1).any(has_network);
        let needs_one = everybody.only_allowed || is_among || !of(EVERYBODY).all(|counts| counts);
        let others = self.groups.iter().enumerate().skip(1);
        let mut profiles: Vec<_> = others
            .filter(|(number, group)| {
                let differs = !group.is_like(everybody) || !of(*number).eq(of(EVERYBODY));
                differs && !group.members.is_empty()
            })
            .map(|(number, group)| (number, group.clone()))
            .collect();
        if needs_one {
            let mut members = everybody.members.clone();
            members.extend(["0.0.0.0/0", "::/0"].map(str::to_owned));
            let name = ITS_NAME.to_owned();
            profiles.push((EVERYBODY, Group { name, members, ..everybody.clone() }));
        }
        profiles
    }
}

/// A device that has a name.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) known_by: Vec<String>,
    pub(super) tags: Vec<String>,
}

/// A text as the name of a device or profile: 1 to 64 characters with a number behind, none of them
/// `#`.
pub(super) fn people_name(text: &str) -> String {
    let fit = |char: char| if char.is_control() || char == '#' { ' ' } else { char };
    let text: String = text.chars().map(fit).take(52).collect();
    let text = text.trim();
    if text.is_empty() { "unnamed".to_owned() } else { text.to_owned() }
}

/// `name`, with a number behind it where it is taken.
pub(super) fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let mut number = 2_u32;
    loop {
        let with = format!("{name} {number}");
        if !is_taken(&with) {
            return with;
        }
        number += 1;
    }
}

/// Services that are called otherwise there.
const ALIASES: [(&str, &str); 10] = [
    ("amazon", "amazon-shopping"),
    ("applestreaming", "apple-tv"),
    ("claude", "anthropic-claude"),
    ("electronicarts", "ea"),
    ("max", "hbo-max"),
    ("ok", "ok-ru"),
    ("origin", "ea"),
    ("rockstargames", "rockstar"),
    ("twitter", "x"),
    ("xboxlive", "xbox"),
];

/// Our word for a service.
pub(super) fn service(id: &str) -> Option<&'static str> {
    let bare = |id: &str| id.to_ascii_lowercase().replace(['_', '-', '.'], "");
    let wanted = bare(id);
    let alias = ALIASES.iter().find(|(theirs, _)| *theirs == wanted).map(|(_, ours)| *ours);
    let services = catalogue::services();
    let found = services.iter().find(|service| {
        alias.map_or_else(|| bare(&service.id) == wanted, |ours| service.id == ours)
    });
    found.map(|service| service.id.as_str())
}
