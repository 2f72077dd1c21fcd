//! The tables of settings of what there may be several of: lists, databases, devices, profiles.

use super::field::Field;
use super::people::{COMPANIES, LISTS, NAME_TEXT, SERVICES, TAGS};
use super::setting::{Setting, seconds};
use super::{Device, List, Profile};

const NAME: Setting<List> = Setting {
    key: "name",
    about: "shown wherever it is mentioned; must be given, once",
    field: |list| Field::ListName(&mut list.name),
};
const FILE: Setting<List> =
    Setting { key: "file", about: "what to read", field: |list| Field::File(&mut list.file) };
const URL: Setting<List> = Setting {
    key: "url",
    about: "where to fetch it; without file and url, it is one of the catalogue",
    field: |list| Field::Url(&mut list.url),
};
const UPDATE: Setting<List> = Setting {
    key: "update",
    about: "how often to fetch it",
    field: |list| Field::Ttl(&mut list.update, seconds(600, 90 * 86_400)),
};

/// Settings of one tracker database.
pub(super) const DATABASE_SETTINGS: &[Setting<List>] = &[NAME, FILE, URL, UPDATE];

/// Settings of one list.
pub(super) const LIST_SETTINGS: &[Setting<List>] = &[
    NAME,
    FILE,
    URL,
    Setting {
        key: "format",
        about: "how to read it; auto looks at the content",
        field: |list| Field::Format(&mut list.format),
    },
    Setting {
        key: "action",
        about: "what its names get",
        field: |list| Field::Action(&mut list.action),
    },
    Setting {
        key: "subdomains",
        about: "whether a plain name also covers its sub-domains",
        field: |list| Field::Switch(&mut list.subdomains),
    },
    Setting {
        key: "answers",
        about: "whether its rules may answer with data of their own",
        field: |list| Field::Switch(&mut list.answers),
    },
    UPDATE,
    Setting {
        key: "force",
        about: "whether to take it even if it looks broken",
        field: |list| Field::Switch(&mut list.force),
    },
];

/// Settings of one device.
pub(super) const DEVICE_SETTINGS: &[Setting<Device>] = &[
    Setting {
        key: "name",
        about: "must be given, once",
        field: |device| Field::OneText(&mut device.name, &NAME_TEXT),
    },
    Setting {
        key: "known_by",
        about: "its card's address, its addresses, the name it gives itself",
        field: |device| Field::KnownBy(&mut device.known_by),
    },
    Setting {
        key: "tags",
        about: "words by which profiles and lists choose it",
        field: |device| Field::Texts(&mut device.tags, &TAGS),
    },
];

/// Settings of one profile.
pub(super) const PROFILE_SETTINGS: &[Setting<Profile>] = &[
    Setting {
        key: "name",
        about: "must be given, once",
        field: |profile| Field::OneText(&mut profile.name, &NAME_TEXT),
    },
    Setting {
        key: "for",
        about: "whom it is for: devices, tags, networks",
        field: |profile| Field::Members(&mut profile.members),
    },
    Setting {
        key: "level",
        about: "how strongly to protect",
        field: |profile| Field::Level(&mut profile.level),
    },
    Setting {
        key: "lists",
        about: "which of the lists count; without it, all",
        field: |profile| Field::Texts(&mut profile.lists, &LISTS),
    },
    Setting {
        key: "services",
        about: "services refused as a whole",
        field: |profile| Field::Texts(&mut profile.services, &SERVICES),
    },
    Setting {
        key: "bypass",
        about: "which ways around this server are refused",
        field: |profile| Field::Bypass(&mut profile.bypass),
    },
    Setting {
        key: "safe_search",
        about: "which engines answer as for children",
        field: |profile| Field::SafeSearch(&mut profile.safe_search),
    },
    Setting {
        key: "block",
        about: "names that are refused",
        field: |profile| Field::Rules(&mut profile.rules.block),
    },
    Setting {
        key: "allow",
        about: "names that are not",
        field: |profile| Field::Rules(&mut profile.rules.allow),
    },
    Setting {
        key: "block_companies",
        about: "companies whose names are all refused",
        field: |profile| Field::Texts(&mut profile.rules.block_companies, &COMPANIES),
    },
    Setting {
        key: "allow_companies",
        about: "companies whose names are not refused",
        field: |profile| Field::Texts(&mut profile.rules.allow_companies, &COMPANIES),
    },
    Setting {
        key: "only_allowed",
        about: "whether everything is refused that no rule allows",
        field: |profile| Field::Switch(&mut profile.only_allowed),
    },
    Setting {
        key: "answer",
        about: "what a refused query gets",
        field: |profile| Field::Answer(&mut profile.answer),
    },
    Setting {
        key: "schedule",
        about: "when other profiles hold instead",
        field: |profile| Field::Slots(&mut profile.schedule),
    },
];
