//! `trackless password`: sets the dashboard's password anew.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::{Settings, finish, tell};
use crate::control::Order;
use crate::web::{Password, Who};

/// Asks for the password, twice at a terminal, and has the running server set it.
pub(super) fn run(viewer: bool, settings: &Settings) -> Result<(), String> {
    let who = if viewer { Who::Viewer } else { Who::Owner };
    let asked = if io::stdin().is_terminal() { typed(who) } else { read() };
    let password = asked.map_err(|error| format!("no password was read: {error}"))?;
    let said = tell(&Order::Password(who, Password::new(password)), settings)?;
    finish(writeln!(io::stdout(), "{said}"))
}

fn typed(who: Who) -> io::Result<String> {
    let first = rpassword::prompt_password(format!("New password of the {}: ", who.as_str()))?;
    let second = rpassword::prompt_password("Once more: ")?;
    if first == second {
        Ok(first)
    } else {
        Err(io::Error::other("they differ; nothing has changed"))
    }
}

fn read() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
