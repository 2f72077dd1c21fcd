//! `trackless config`: says what is wrong with a config, or what holds and where it comes from.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::config::{Config, keys_given};
use crate::control::{self, Order, Stands};
use crate::data::Folder;
use crate::policy::Chosen;

/// Checks `file`: `FILE: ok` on standard output, or its mistakes on standard error, a line each,
/// and exit code 1.
pub fn check(file: &Path) -> ExitCode {
    match Config::read(file) {
        Ok(_) => print(&format!("{}: ok\n", file.display())),
        Err(error) => fail(&error),
    }
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
    let origin = |key: &str| {
        let is_given = given.iter().any(|given| given == key);
        Some(if is_given { name.as_str() } else { "default" })
    };
    config.alerts = config.alerts.without_secrets();
    let mut yaml = config.to_yaml_from(origin);
    // Nobody asks for the state of a server who only wants to see the defaults.
    let folder = data.or(config.data.as_deref()).and_then(|data| Folder::existing(Some(data)));
    if let Some(folder) = folder {
        yaml.push_str(&set_since(folder.path()));
    }
    print(&yaml)
}

/// What stands above the settings, as comments.
fn set_since(folder: &Path) -> String {
    let mut lines = Vec::new();
    let choices = super::choices::of_folder(folder);
    let stands = control::tell(folder, &Order::Button).ok();
    let stands = stands.and_then(|text| serde_json::from_str::<Vec<Stands>>(&text).ok());
    for Stands { device, state, left } in stands.into_iter().flatten() {
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
