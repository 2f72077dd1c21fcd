//! The table of settings: each key, what it is for, and the place it fills.
//!
//! Reading, error lines and the written file all walk this table; a setting that is not here
//! does not exist. The ranges are those of the fields' documentation in [`super`].

mod answering;
mod counting;
mod refusing;
mod web;

use std::iter;

use super::Config;
use super::form;
use super::setting::Setting;

/// The section that may also be written as the servers alone, and the key they have.
pub(super) const SHORT_FORM: (&str, &str) = ("upstream", "upstream.servers");

/// Settings of the config, in the order they are written; those of a section stand together.
pub(super) fn settings() -> impl Iterator<Item = &'static Setting<Config>> {
    let others = [refusing::SETTINGS, web::SETTINGS, counting::SETTINGS];
    answering::SETTINGS.iter().chain(others.into_iter().flatten())
}

/// What may stand at the top: keys, and names of sections; the form that all of it is in, first.
pub(super) fn top_keys() -> Vec<&'static str> {
    let key = |setting: &Setting<Config>| match setting.section() {
        "" => setting.key,
        section => section,
    };
    let mut keys: Vec<_> = iter::once(form::KEY).chain(settings().map(key)).collect();
    keys.dedup();
    keys
}

/// What may stand in a section; empty if `section` is a key, not a section.
pub(super) fn names_in(section: &str) -> Vec<&'static str> {
    let inside = settings().filter(|setting| setting.section() == section);
    inside.map(Setting::name).collect()
}
