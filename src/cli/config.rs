//! `trackless config`: says what is wrong with a config, or what holds and where it comes from.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::{Settings, tell};
use crate::config::{Config, Since, keys_given};
use crate::control::{self, Order};
use crate::data::Folder;
use crate::engine::told::{Button, Stands};
use crate::history;
use crate::history::read::Reader;
use crate::policy::Chosen;

/// Checks `file`: `FILE: ok` on standard output, or its mistakes on standard error, a line each,
/// and exit code 1.
pub fn check(file: &Path) -> ExitCode {
    match Config::read(file) {
        Ok(_) => print(&format!("{}: ok\n", file.display())),
        Err(error) => fail(&error),
    }
}

/// Makes a setting of the running server, or leaves it to the file again.
pub(super) fn set(key: String, value: Option<String>, settings: &Settings) -> Result<(), String> {
    println!("{}", tell(&Order::Set(key, value), settings)?);
    Ok(())
}

/// Prints the config of `file`, or the defaults, with every setting written out, explained, and with
/// where it comes from; behind it, what was set while the server of the folder `data` runs or ran.
/// Mistakes are told as by [`check`].
pub fn show(file: Option<&Path>, data: Option<&Path>) -> ExitCode {
    let mut config = match file.map_or_else(|| Ok(Config::default()), Config::read) {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    let name = file.map(|file| file.display().to_string()).unwrap_or_default();
    let given = file.and_then(|file| fs::read_to_string(file).ok());
    let given = given.map(|text| keys_given(&text)).unwrap_or_default();
    // Nobody asks for the state of a server who only wants to see the defaults.
    let folder = data.or(config.data.as_deref()).and_then(|data| Folder::existing(Some(data)));
    let since = folder.as_ref().map(|folder| since_of(folder.path())).unwrap_or_default();
    config.set_all(&since);
    let origin = |key: &str| {
        let is_given = given.iter().any(|given| given == key);
        let of_file = if is_given { name.as_str() } else { "default" };
        Some(if since.contains_key(key) { "set since" } else { of_file })
    };
    config.alerts = config.alerts.without_secrets();
    let mut yaml = config.to_yaml_from(origin);
    if let Some(folder) = folder {
        yaml.push_str(&set_since(folder.path()));
    }
    print(&yaml)
}

/// Settings made while the server of the folder ran.
pub(super) fn since_of(folder: &Path) -> Since {
    let text = Reader::open(folder).ok().and_then(|kept| kept.setting(history::SETTINGS).ok()?);
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// What stands above the settings, as comments.
fn set_since(folder: &Path) -> String {
    let mut lines = Vec::new();
    let choices = super::choices::of_folder(folder);
    let stands = control::tell(folder, &Order::Button).ok();
    let stands = stands.and_then(|text| serde_json::from_str::<Vec<Stands>>(&text).ok());
    for Stands { device, button: Button { state, left, .. } } in stands.into_iter().flatten() {
        let left = left.map_or_else(String::new, |left| format!(", {left} s more"));
        lines
            .push(format!("button of {}: {state}{left}", device.as_deref().unwrap_or("the house")));
    }
    chosen("house", &choices.house, &mut lines);
    for (name, of) in &choices.profiles {
        chosen(&format!("profile {name}"), of, &mut lines);
    }
    for (key, said) in &choices.devices {
        lines.extend(said.name.iter().map(|name| format!("{key}: its name is {name}")));
        lines.extend(said.profile.iter().map(|name| format!("{key}: its profile is {name}")));
        chosen(key, &said.chosen, &mut lines);
    }
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("#   {line}\n")).collect();
    format!("\n# Set since, above all this [{}]:\n{lines}", folder.display())
}

fn chosen(whose: &str, chosen: &Chosen, lines: &mut Vec<String>) {
    let Chosen { block, allow, block_companies, allow_companies } = chosen;
    let all = [
        ("block", block),
        ("allow", allow),
        ("block company", block_companies),
        ("allow company", allow_companies),
    ];
    for (word, texts) in all {
        lines.extend(texts.iter().map(|text| format!("{whose}: {word} {text}")));
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    // A closed standard error leaves nobody to tell; the exit code still does.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::FAILURE
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
