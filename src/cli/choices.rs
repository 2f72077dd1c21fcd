//! `trackless rules` and `trackless companies`: what the owner has chosen while the server runs.

use std::io::{self, Write as _};
use std::path::Path;

use super::actions::{ChoiceAction, For};
use super::{Settings, ask, finish, tell};
use crate::control::{self, Order};
use crate::engine::{Change, Target};
use crate::history::read::Reader;
use crate::policy::{Choice, Choices, Chosen, Subject};

/// Names, or companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Names,
    Companies,
}

pub(super) fn run(of: Of, action: &ChoiceAction, settings: &Settings) -> Result<(), String> {
    let (text, whose, choice) = match action {
        ChoiceAction::List { json } => return list(of, *json, settings),
        ChoiceAction::Block { subject, whose } => (subject, whose, Choice::Block),
        ChoiceAction::Allow { subject, whose } => (subject, whose, Choice::Allow),
        ChoiceAction::Clear { subject, whose } => (subject, whose, Choice::Clear),
    };
    let subject = match of {
        Of::Names => Subject::Name(text.clone()),
        Of::Companies => Subject::Company(text.clone()),
    };
    let change = Change::Choose(target(whose), subject, choice);
    let said = tell(&Order::Change(change), settings)?;
    finish(writeln!(io::stdout(), "{said}"))
}

fn target(whose: &For) -> Target {
    match (&whose.device, &whose.profile) {
        (Some(device), _) => Target::Device(device.clone()),
        (None, Some(profile)) => Target::Profile(profile.clone()),
        (None, None) => Target::House,
    }
}

fn list(of: Of, json: bool, settings: &Settings) -> Result<(), String> {
    let mut out = io::stdout().lock();
    if json {
        let text = tell(&Order::Choices, settings)?;
        return finish(writeln!(out, "{text}"));
    }
    let choices: Choices = ask(&Order::Choices, settings)?;
    let house = std::iter::once(("house".to_owned(), &choices.house));
    let profiles = choices.profiles.iter().map(|(name, c)| (format!("profile {name}"), c));
    let devices = choices.devices.iter().map(|(key, said)| (key.clone(), &said.chosen));
    finish(house.chain(profiles).chain(devices).try_for_each(|(whose, chosen)| {
        let Chosen { block, allow, block_companies, allow_companies } = chosen;
        let (block, allow) = match of {
            Of::Names => (block, allow),
            Of::Companies => (block_companies, allow_companies),
        };
        block.iter().try_for_each(|text| writeln!(out, "{whose}: block {text}"))?;
        allow.iter().try_for_each(|text| writeln!(out, "{whose}: allow {text}"))
    }))
}

/// What was chosen while the server of `folder` runs, or ran.
pub(super) fn of_folder(folder: &Path) -> Choices {
    let asked = control::tell(folder, &Order::Choices).ok();
    let kept = || Reader::open(folder).ok()?.setting("choices").ok()?;
    let choices = asked.or_else(kept).and_then(|text| serde_json::from_str(&text).ok());
    choices.unwrap_or_default()
}
