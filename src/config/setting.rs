//! One setting: its key, what it is for, and the place it fills.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::field::Field;

/// A setting of a `T`: the config, or one of its lists, devices or profiles.
pub(super) struct Setting<T> {
    /// Keys from the top, joined by dots.
    pub(super) key: &'static str,
    /// A few words that do not repeat what is accepted.
    pub(super) about: &'static str,
    pub(super) field: for<'a> fn(&'a mut T) -> Field<'a>,
}

impl<T> Setting<T> {
    /// The key of the map this setting stands in; empty at the top.
    pub(super) fn section(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// The key within its section.
    pub(super) fn name(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, name)| name)
    }
}

pub(super) fn seconds(from: u64, to: u64) -> RangeInclusive<Duration> {
    Duration::from_secs(from)..=Duration::from_secs(to)
}

pub(super) fn millis(from: u64, to: u64) -> RangeInclusive<Duration> {
    Duration::from_millis(from)..=Duration::from_millis(to)
}
