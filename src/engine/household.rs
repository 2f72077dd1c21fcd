//! Changes made while the server runs: the button, rules, companies, names of devices. There is one
//! way to make them, whoever asks: it takes effect at the next query, then it is kept.

mod turns;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use tracing::{info, warn};

use super::change::{Change, ChangeError, Made, Target, Way};
use super::{Base, Engine, Snapshot, SnapshotError};
use crate::clock::Moment;
use crate::config::{HOUSE, Since};
use crate::history::{self, Store, StoreError};
use crate::policy::{Button, Choice, Choices, MOST_CHOICES, Press, Scope, Subject};
use crate::wire::Name;

/// Names of what is kept.
const BUTTON: &str = "button";
const CHOICES: &str = "choices";
const SETTINGS: &str = history::SETTINGS;

/// What was set while the server runs, and before.
#[derive(Debug)]
pub(super) struct Household {
    state: Mutex<State>,
    changed: Condvar,
    store: Mutex<Option<Store>>,
}

#[derive(Debug)]
struct State {
    choices: Choices,
    button: Button,
    /// Settings made since, above those of the file.
    since: Since,
    /// Presses since the start, by scope, state and way.
    presses: BTreeMap<(&'static str, &'static str, Way), u64>,
}

impl Household {
    /// What `store` has kept.
    pub(super) fn new(store: Option<Store>) -> Self {
        let read = |name| {
            let kept = store.as_ref().and_then(|store| store.setting(name).transpose());
            kept.transpose().unwrap_or_else(|error| {
                warn!("{error}; what was set before is not known");
                None
            })
        };
        let button: Button =
            read(BUTTON).and_then(|text| parsed(BUTTON, &text)).unwrap_or_default();
        let choices = read(CHOICES).and_then(|text| parsed(CHOICES, &text)).unwrap_or_default();
        let button = button.restored(Moment::now());
        let since = read(SETTINGS).and_then(|text| parsed(SETTINGS, &text)).unwrap_or_default();
        let state = State { choices, button, since, presses: BTreeMap::new() };
        Self { state: Mutex::new(state), changed: Condvar::new(), store: Mutex::new(store) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A snapshot of `base` and all that was set.
    pub(super) fn snapshot(
        &self,
        base: Arc<Base>,
        devices: usize,
    ) -> Result<Snapshot, SnapshotError> {
        let state = self.state();
        Snapshot::new(base, &state.choices, &state.button, devices)
    }

    /// The key of the device that was given this name while a server ran.
    pub(super) fn key_of(&self, name: &str) -> Option<String> {
        let state = self.state();
        let mut devices = state.choices.devices.iter();
        devices.find(|(_, said)| said.name.as_deref() == Some(name)).map(|(key, _)| key.clone())
    }

    /// Does something with the store; nothing where there is none.
    pub(super) fn with_store<T: Default>(
        &self,
        then: impl FnOnce(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.as_mut().map_or_else(|| Ok(T::default()), then)
    }

    /// Writes down what holds now.
    fn keep(&self, way: Way, made: Made) -> Result<(), StoreError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(store) = store.as_mut() else { return Ok(()) };
        let all = {
            let state = self.state();
            [
                (BUTTON, serde_json::to_string(&state.button)),
                (CHOICES, serde_json::to_string(&state.choices)),
                (SETTINGS, serde_json::to_string(&state.since)),
            ]
        };
        let settings: Vec<(&str, String)> =
            all.into_iter().filter_map(|(name, text)| Some((name, text.ok()?))).collect();
        let at = crate::clock::now().0.as_secs();
        let Made { scope, what, given, text } = made;
        let (way, what) = (way.as_str().to_owned(), what.to_owned());
        store.set(&settings, Some(&history::Change { at, way, scope, what, given, text }))
    }
}

fn parsed<T: for<'a> Deserialize<'a>>(name: &str, text: &str) -> Option<T> {
    serde_json::from_str(text)
        .inspect_err(|error| warn!("the store's {name}: {error}; begun anew"))
        .ok()
}

impl Engine {
    /// Makes a change, and says what came of it. It acts on the next query; then it is kept.
    ///
    /// # Errors
    /// What is wrong with it; then nothing has changed, but for [`ChangeError::NotKept`].
    pub fn change(&self, change: &Change, way: Way) -> Result<String, ChangeError> {
        let made = {
            let mut state = self.household.state();
            let made = self.apply(&mut state, change, way)?;
            self.renew(&state)?;
            made
        };
        let Made { scope, text, .. } = &made;
        self.household.changed.notify_all();
        // What is chosen of names may tell where somebody goes: that is for no log.
        if matches!(change, Change::Press(..) | Change::PauseUntilTomorrow(_)) {
            info!("{text}, for {scope}, by {}", way.as_str());
        }
        let said = format!("{text}, for {scope}");
        self.household.keep(way, made).map_err(ChangeError::NotKept)?;
        Ok(said)
    }

    fn apply(&self, state: &mut State, change: &Change, way: Way) -> Result<Made, ChangeError> {
        if state.choices.count() >= MOST_CHOICES {
            return Err(ChangeError::Most);
        }
        match change {
            Change::Press(device, press) => self.press(state, device.as_deref(), *press, way),
            Change::PauseUntilTomorrow(device) => {
                let now = Timestamp::now();
                let tomorrow = self.snapshot().clock.tomorrow(now);
                let time = tomorrow.map_or(0, |then| then.as_second() - now.as_second());
                let press = Press::Pause(Duration::from_secs(u64::try_from(time).unwrap_or(0)));
                self.press(state, device.as_deref(), press, way)
            }
            Change::Choose(target, subject, choice) => {
                let (scope, shown) = self.scope(target)?;
                let (subject, text) = self.subject(subject)?;
                state.choices.choose(&scope, &subject, *choice);
                let (what, word) = match choice {
                    Choice::Block => ("refused", "refused"),
                    Choice::Allow => ("allowed", "allowed"),
                    Choice::Clear => ("cleared", "as settings and lists say"),
                };
                let (Subject::Name(given) | Subject::Company(given)) = &subject;
                Ok(Made::new(&shown, what, given, format!("{text} is {word}")))
            }
            Change::Name(device, name) => {
                let key = self.key(device)?;
                let fits = |name: &String| {
                    (1..=64).contains(&name.chars().count())
                        && !name.contains(|char: char| char == '#' || char.is_control())
                        && self.devices.find(name).is_none_or(|other| other.key == key)
                };
                if name.as_ref().is_some_and(|name| !fits(name)) {
                    return Err(ChangeError::DeviceName);
                }
                state.choices.device(&key).name.clone_from(name);
                state.choices.tidy();
                self.tell_directory(state);
                let what = if name.is_some() { "named" } else { "unnamed" };
                let name = name.as_deref().unwrap_or(&key);
                Ok(Made::new(&key, what, name, format!("its name is {name}")))
            }
            Change::Hold(device, profile) => {
                let key = self.key(device)?;
                profile.as_ref().map_or(Ok(()), |name| self.must_be_profile(name))?;
                state.choices.device(&key).profile.clone_from(profile);
                state.choices.tidy();
                let (what, given) =
                    profile.as_ref().map_or(("not_held", ""), |name| ("held", name));
                let said = profile.as_deref().unwrap_or("what the settings say");
                Ok(Made::new(&key, what, given, format!("its profile is {said}")))
            }
        }
    }

    fn press(
        &self,
        state: &mut State,
        device: Option<&str>,
        press: Press,
        way: Way,
    ) -> Result<Made, ChangeError> {
        let key = device.map(|device| self.key(device)).transpose()?;
        state.button.press(key.as_deref(), press, Moment::now());
        let (word, what, seconds) = match press {
            Press::On => ("on", "button_on", None),
            Press::Off => ("off", "button_off", None),
            Press::Pause(time) => ("paused", "button_paused", Some(time.as_secs())),
            Press::Follow => ("follow", "button_follow", None),
        };
        let text = match (press, seconds) {
            (_, Some(seconds)) => format!("the button is off for {seconds} s"),
            (Press::Follow, _) => "the button is as for the house".to_owned(),
            _ => format!("the button is {word}"),
        };
        let given = seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
        let scope = if key.is_some() { "device" } else { HOUSE };
        *state.presses.entry((scope, word, way)).or_default() += 1;
        Ok(Made::new(key.as_deref().unwrap_or(HOUSE), what, &given, text))
    }

    /// The key of the device that `text` means.
    pub(super) fn key(&self, text: &str) -> Result<String, ChangeError> {
        let of_settings =
            || self.snapshot().config.devices.iter().any(|device| device.name == text);
        match self.devices.find(text) {
            Some(device) => Ok(device.key),
            None if of_settings() => Ok(text.to_owned()),
            None => Err(ChangeError::Device(text.to_owned())),
        }
    }

    fn must_be_profile(&self, name: &str) -> Result<(), ChangeError> {
        let snapshot = self.snapshot();
        let mut names = vec![HOUSE];
        names.extend(snapshot.config.profiles.iter().map(|profile| profile.name.as_str()));
        if names.contains(&name) {
            return Ok(());
        }
        Err(ChangeError::Profile(name.to_owned(), names.join(", ")))
    }

    fn scope(&self, target: &Target) -> Result<(Scope, String), ChangeError> {
        Ok(match target {
            Target::House => (Scope::House, HOUSE.to_owned()),
            Target::Profile(name) => {
                self.must_be_profile(name)?;
                (Scope::Profile(name.clone()), format!("profile {name}"))
            }
            Target::Device(text) => {
                let key = self.key(text)?;
                (Scope::Device(key.clone()), key)
            }
        })
    }

    /// What is chosen, as it is written: names in lower case, companies as they are known.
    fn subject(&self, subject: &Subject) -> Result<(Subject, String), ChangeError> {
        match subject {
            Subject::Name(text) => {
                let host = text.strip_prefix('=').unwrap_or(text);
                let name: Name =
                    host.parse().map_err(|error| ChangeError::Name(text.clone(), error))?;
                let mark = if host.len() < text.len() { "=" } else { "" };
                let text = format!("{mark}{name}");
                Ok((Subject::Name(text.clone()), text))
            }
            Subject::Company(text) => {
                let snapshot = self.snapshot();
                let facts = &snapshot.rules.facts;
                if facts.companies_of(text).next().is_none() {
                    let near = facts
                        .companies()
                        .find(|company| company.name.to_lowercase().contains(&text.to_lowercase()));
                    let near = near
                        .map_or_else(String::new, |near| format!("; did you mean {}?", near.name));
                    return Err(ChangeError::Company(text.clone(), near));
                }
                // Known by itself, or only as the owner of others.
                let names = facts.companies().flat_map(|company| {
                    std::iter::once(&company.name).chain(company.owner.as_ref())
                });
                let mut names = names.filter(|name| name.eq_ignore_ascii_case(text));
                let own = names.next().unwrap_or(text);
                Ok((Subject::Company(own.to_owned()), format!("company {own}")))
            }
        }
    }

    fn tell_directory(&self, state: &State) {
        let said = state.choices.devices.iter();
        let names = said.filter_map(|(key, said)| Some((key.as_str(), said.name.as_deref()?)));
        self.devices.owner_says(&self.snapshot().config.devices, names);
    }

    /// Decides by `state` from the next query on. Looks at no list.
    fn renew(&self, state: &State) -> Result<(), SnapshotError> {
        let base = Arc::clone(self.snapshot().base());
        let devices = self.devices.capacity();
        let new = Snapshot::new(base, &state.choices, &state.button, devices)?;
        self.snapshot.store(Arc::new(new));
        Ok(())
    }

    /// Decides by `base`, and all that was set while the server runs, from the next query on. What
    /// was chosen for a profile that is `renamed`, from one name to another, goes along.
    ///
    /// # Errors
    /// A rule of the settings that is no name; then nothing changes.
    pub fn replace(
        &self,
        mut base: Base,
        renamed: Option<(&str, &str)>,
    ) -> Result<(), SnapshotError> {
        base.number_companies(&self.companies);
        let mut state = self.household.state();
        let devices = self.devices.capacity();
        let mut choices = state.choices.clone();
        if let Some((from, to)) = renamed {
            choices.rename_profile(from, to);
        }
        let new = Snapshot::new(Arc::new(base), &choices, &state.button, devices)?;
        state.choices = choices;
        let names = new.list_names();
        self.with_list_hits(|hits, totals| hits.rename(names, totals));
        self.query_log.begin(new.config.stats.level);
        let old = self.snapshot.swap(Arc::new(new));
        // Queries in line hold what was before.
        self.query_log.wake();
        self.tell_directory(&state);
        drop(state);
        if old.config.upstream.clients != self.snapshot().config.upstream.clients {
            // Their pools are known by place, and the place may be another one's now.
            self.cache.flush(|_| true);
        }
        Ok(())
    }

    /// Takes in what was kept of devices' names and of alerts, at the start.
    pub(super) fn begin(&self) {
        self.query_log.begin(self.snapshot().config.stats.level);
        self.tell_directory(&self.household.state());
        self.recall_alerts();
    }

    /// All choices made while the server runs, now and before.
    pub fn choices(&self) -> Choices {
        self.household.state().choices.clone()
    }

    /// Settings made while the server runs, now and before.
    pub fn since(&self) -> Since {
        self.household.state().since.clone()
    }

    /// Keeps `since`, of which `key` is new or gone. What holds is not changed by it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn keep_since(&self, since: Since, key: &str, way: Way) -> Result<(), StoreError> {
        self.household.state().since = since;
        self.household.keep(way, Made::new(HOUSE, "setting", key, format!("setting {key}")))
    }

    /// Where the button stands.
    pub fn button(&self) -> Button {
        self.household.state().button.clone()
    }

    /// Presses since the start, by scope, state and way.
    pub fn presses(&self) -> Vec<((&'static str, &'static str, &'static str), u64)> {
        let state = self.household.state();
        let presses = state.presses.iter();
        presses
            .map(|((scope, state, way), count)| ((*scope, *state, way.as_str()), *count))
            .collect()
    }

    /// The latest changes, the latest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn latest_changes(&self, most: usize) -> Result<Vec<history::Change>, StoreError> {
        let store = self.household.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.as_ref().map_or_else(|| Ok(Vec::new()), |store| store.changes(most))
    }
}
