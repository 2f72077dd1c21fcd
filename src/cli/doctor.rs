//! `trackless doctor`: whether all is well, and what to do where it is not.
//!
//! It looks and changes nothing. What a running server knows is asked of it, everything else is looked
//! at from outside; only the upstreams of the settings are ever asked anything.

mod folder;
mod lists;
mod machine;
mod ports;
mod upstreams;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::config::since_of;
use super::{Settings, finish};
use crate::config::Config;
use crate::control::{self, Order};
use crate::data::Folder;
use crate::engine::told::{Figures, Trouble};

pub(super) use ports::{Holder, Protocol, holder};

/// How it stands with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It works, or may work, and could be better.
    Warning,
    /// It does not work.
    Wrong,
}

/// What came of one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    state: State,
    /// What was looked at: a word.
    check: &'static str,
    text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// All that was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, text: impl Into<String>) {
        self.0.push(Finding { state: State::Ok, check, text: text.into(), mend: None });
    }

    fn warn(&mut self, check: &'static str, text: impl Into<String>, mend: impl Into<String>) {
        let (text, mend) = (text.into(), Some(mend.into()));
        self.0.push(Finding { state: State::Warning, check, text, mend });
    }

    fn wrong(&mut self, check: &'static str, text: impl Into<String>, mend: impl Into<String>) {
        let (text, mend) = (text.into(), Some(mend.into()));
        self.0.push(Finding { state: State::Wrong, check, text, mend });
    }
}

/// The running server, as it tells of itself.
struct Running {
    figures: Figures,
    troubles: Vec<Trouble>,
}

/// Says how it stands with everything, a line each; exit code 1 where something is wrong.
pub(super) fn run(json: bool, settings: &Settings) -> ExitCode {
    let mut found = Findings::default();
    machine::clock(&mut found);
    if let Some(config) = read(settings, &mut found) {
        look(&config, &mut found);
    }
    let is_wrong = found.0.iter().any(|finding| finding.state == State::Wrong);
    let mut out = io::stdout().lock();
    let written = found.0.iter().try_for_each(|finding| {
        if json {
            serde_json::to_writer(&mut out, finding)?;
            return writeln!(out);
        }
        let Finding { state, check, text, mend } = finding;
        let state = match state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Wrong => "wrong",
        };
        let mend = mend.as_ref().map_or_else(String::new, |mend| format!(" – {mend}"));
        writeln!(out, "{state}: {check}: {text}{mend}")
    });
    if finish(written).is_err() || is_wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The settings; none where they cannot be read.
fn read(settings: &Settings, found: &mut Findings) -> Option<Config> {
    let config = match settings.read() {
        Ok(config) => config,
        Err(mistakes) => {
            for mistake in mistakes.lines() {
                let mend = "correct it; `trackless config check FILE` looks again";
                found.wrong("settings", mistake, mend);
            }
            return None;
        }
    };
    let folder = Folder::existing(config.data.as_deref());
    let since = folder.map(|folder| since_of(folder.path())).unwrap_or_default();
    let mistakes = settings.read_with(&since).map(|(_, mistakes)| mistakes).unwrap_or_default();
    for mistake in &mistakes {
        let mend = "it was set while the server ran: set it anew, or `trackless config unset KEY`";
        found.warn("settings", format!("left out: {mistake}").replace('\n', "; "), mend);
    }
    if mistakes.is_empty() {
        found.ok("settings", "they can be read");
    }
    Some(config)
}

fn look(config: &Config, found: &mut Findings) {
    let folder = Folder::existing(config.data.as_deref());
    let folder = folder.as_ref().map(Folder::path);
    let running = folder.and_then(|folder| running(folder, found));
    let holder = ports::look(config, running.is_some(), found);
    machine::buffers(found);
    machine::open_files(config, holder, found);
    folder::look(config, folder, found);
    lists::look(config, folder, found);
    let told = running.as_ref().map(|running| running.figures.upstreams.as_slice());
    upstreams::look(&config.upstream, told.unwrap_or_default(), found);
    if let Some(running) = &running {
        household(running, found);
    }
}

/// What the server of the folder tells; none where there is none, or it does not tell.
fn running(folder: &Path, found: &mut Findings) -> Option<Running> {
    let ask = |order| control::tell(folder, &order).map_err(|error| error.to_string());
    match control::is_running(folder) {
        Ok(true) => {}
        Ok(false) => {
            let text = format!("none runs with the data folder {}", folder.display());
            found.warn("server", text, "start it: `trackless serve`, `systemctl start trackless`");
            return None;
        }
        Err(error) => {
            let text = format!("{}: {error}", folder.join("control.sock").display());
            found.warn("server", text, "look as the server's user, or as root");
            return None;
        }
    }
    let told = ask(Order::Figures).and_then(|figures| Ok((figures, ask(Order::Troubles)?)));
    let read = told.and_then(|(figures, troubles)| {
        let read = |error: serde_json::Error| error.to_string();
        let figures = serde_json::from_str(&figures).map_err(read)?;
        Ok(Running { figures, troubles: serde_json::from_str(&troubles).map_err(read)? })
    });
    match read {
        Ok(running) => {
            let hours = running.figures.uptime / 3_600.0;
            found.ok("server", format!("it has been running for {hours:.1} h"));
            Some(running)
        }
        Err(error) => {
            let mend = "start it again, in this version";
            found.warn("server", format!("it runs, but does not tell: {error}"), mend);
            None
        }
    }
}

/// What only the running server knows: whether counts can be kept, and who goes around it.
fn household(running: &Running, found: &mut Findings) {
    let mut of_kind = |check: &'static str, kinds: &[&str], fine: &str| {
        let mut count = 0;
        for Trouble { kind, text, mend, .. } in &running.troubles {
            if kinds.contains(&kind.as_str()) {
                found.warn(check, text, mend);
                count += 1;
            }
        }
        if count == 0 {
            found.ok(check, fine);
        }
    };
    of_kind("history", &["history"], "counts are kept");
    of_kind(
        "devices",
        &["hidden", "around", "silent"],
        "no device is seen to go around this server",
    );
}
