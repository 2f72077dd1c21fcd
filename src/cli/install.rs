//! `trackless install` and `trackless uninstall`: this program as a service of systemd, and as if it
//! never had been.
//!
//! Each step is said before it is done. Nothing that others have put there is written over.

mod record;

use std::io::{self, BufRead as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use clap::Args;

use super::doctor::{Holder, Protocol, holder};
use record::{BINARY, DROP_IN, RESOLV, Record, SETTINGS, Stands, Tree, UNIT};

/// The unit, as packages have it: their program is elsewhere, and so are their pages.
const PACKAGED: &str = include_str!("../../deploy/systemd/trackless.service");
const STUB: &str = "systemd/resolve/stub-resolv.conf";
const DROP_IN_TEXT: &str = "# Port 53 is Trackless's.\n[Resolve]\nDNSStubListener=no\n";
const SERVICE: &str = "trackless.service";
/// Where the service keeps its state: the folder that it sees, and where that really is.
const STATE: [&str; 2] = ["/var/lib/trackless", "/var/lib/private/trackless"];

/// How it is installed.
#[derive(Debug, Clone, Args)]
pub(super) struct Install {
    /// Do it all, and ask nothing
    #[arg(long)]
    yes: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Into this tree, not into the machine that runs
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// How it is taken away.
#[derive(Debug, Clone, Args)]
pub(super) struct Uninstall {
    /// Remove settings that were changed, and all that is kept, too
    #[arg(long)]
    purge: bool,
    /// From this tree, not from the machine that runs
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

pub(super) fn install(wanted: &Install) -> Result<(), String> {
    let is_machine = wanted.root.is_none();
    if !wanted.dry_run {
        must_be_root(is_machine, "install")?;
    }
    let mut record = open(wanted.root.as_deref())?;
    let program = env::current_exe().and_then(fs::read);
    let program = program.map_err(|error| format!("this program cannot be read: {error}"))?;
    let (unit, settings) = (unit(), settings());
    let stub = stub(record.tree());
    let held = is_machine.then(|| holder(any(53), Protocol::Udp)).flatten();
    let is_resolved = held.as_ref().is_some_and(Holder::is_resolved) || stub.is_some();

    let mut files = vec![(BINARY, program.as_slice(), 0o755), (UNIT, unit.as_bytes(), 0o644)];
    // Settings are their owner's from then on.
    if record.tree().at(SETTINGS).symlink_metadata().is_err() {
        files.push((SETTINGS, settings.as_bytes(), 0o644));
    }
    let frees = is_resolved && consent(wanted)?;
    if frees {
        files.push((DROP_IN, DROP_IN_TEXT.as_bytes(), 0o644));
    }
    files.retain(|(path, bytes, _)| record.stands(path, bytes) != Stands::Written);
    if let Some((path, ..)) =
        files.iter().find(|(path, bytes, _)| record.stands(path, bytes) == Stands::Foreign)
    {
        return Err(format!(
            "{path} is there and was not put there by `install`, or was changed since: move it away"
        ));
    }
    for (path, bytes, mode) in files {
        say(&format!("write {path}"))?;
        if !wanted.dry_run {
            record.write(path, bytes, mode).map_err(|error| format!("{path}: {error}"))?;
        }
    }
    if let Some(link) = stub.filter(|_| frees) {
        let to = link.with_file_name("resolv.conf");
        say(&format!("lead {RESOLV} to {}", to.display()))?;
        if !wanted.dry_run {
            record.link(RESOLV, &to).map_err(|error| format!("{RESOLV}: {error}"))?;
        }
    }
    if !is_machine {
        return Ok(());
    }
    let mut orders: Vec<&[&str]> = Vec::new();
    if frees {
        orders.push(&["restart", "systemd-resolved.service"]);
    }
    orders.extend([["daemon-reload"].as_slice(), &["enable", SERVICE]]);
    match held.filter(|held| !held.is_ours() && !frees) {
        None => orders.push(&["restart", SERVICE]),
        Some(held) => say(&format!(
            "leave it stopped: port 53 is held by {} – {}; then `systemctl start {SERVICE}`",
            held.who(),
            held.mend(53)
        ))?,
    }
    orders.into_iter().try_for_each(|order| systemctl(order, wanted.dry_run))?;
    say("the link that sets the dashboard's password is in `journalctl -u trackless`")
}

pub(super) fn uninstall(wanted: &Uninstall) -> Result<(), String> {
    let is_machine = wanted.root.is_none();
    must_be_root(is_machine, "uninstall")?;
    let record = open(wanted.root.as_deref())?;
    if record.put.is_empty() {
        return Err("nothing was put here by `trackless install`".to_owned());
    }
    let frees = record.put.iter().any(|put| put.path() == Path::new(DROP_IN));
    let state = STATE.map(|path| record.tree().at(path));
    // What is not there to be stopped needs no stop.
    let mut failed =
        is_machine.then(|| systemctl(&["disable", "--now", SERVICE], false)).and_then(Result::err);
    let mut words = Ok(());
    let taken = record.take_away(wanted.purge, |what, path| {
        let said = say(&format!("{what} {}", path.display()));
        words = std::mem::replace(&mut words, Ok(())).and(said);
    });
    taken.map_err(|error| error.to_string())?;
    words?;
    for path in state {
        let Ok(known) = path.symlink_metadata() else { continue };
        if !wanted.purge {
            say(&format!("keep {} (--purge removes it)", path.display()))?;
            break;
        }
        say(&format!("remove {}", path.display()))?;
        let gone = if known.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if is_machine {
        failed = systemctl(&["daemon-reload"], false).err().or(failed);
        if frees {
            failed = systemctl(&["restart", "systemd-resolved.service"], false).err().or(failed);
        }
    }
    failed.map_or(Ok(()), Err)
}

fn open(root: Option<&Path>) -> Result<Record, String> {
    let root = root.unwrap_or_else(|| Path::new("/"));
    if !root.is_dir() {
        return Err(format!("{}: no such folder; --root takes one that is there", root.display()));
    }
    Record::of(Tree(root.to_owned()))
}

fn must_be_root(is_machine: bool, what: &str) -> Result<(), String> {
    if is_machine && !rustix::process::geteuid().is_root() {
        return Err(format!("this takes root: sudo trackless {what}"));
    }
    Ok(())
}

/// The unit for the program where it is put.
fn unit() -> String {
    let lines = PACKAGED.lines().filter(|line| !line.starts_with("Documentation="));
    lines.map(|line| line.replace("/usr/bin/trackless", BINARY) + "\n").collect()
}

/// The first settings: for the whole house, and the dashboard for this machine until its owner opens
/// it.
fn settings() -> String {
    let has_v6 = UdpSocket::bind("[::1]:0").is_ok();
    let v6 = if has_v6 { ", \"[::]:53\"" } else { "" };
    format!(
        "# `trackless config show` prints all settings there are, `trackless config check FILE` looks at these.\n\
         version: 1\nlisten: [0.0.0.0:53{v6}]\nweb: 127.0.0.1:8053    # 0.0.0.0:8053 for the whole house\n\
         data: {}\n",
        STATE[0]
    )
}

/// Where the machine's resolv.conf leads, if that is to systemd-resolved's port 53.
fn stub(tree: &Tree) -> Option<PathBuf> {
    fs::read_link(tree.at(RESOLV)).ok().filter(|link| link.ends_with(STUB))
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
}

/// Whether systemd-resolved is to let go of port 53.
fn consent(wanted: &Install) -> Result<bool, String> {
    let question = format!(
        "systemd-resolved holds port 53. Have it let go, by {DROP_IN}, and this machine ask the network's \
         own servers?"
    );
    if wanted.yes || wanted.dry_run {
        say(&question).map(|()| true)
    } else {
        let mut out = io::stdout().lock();
        let asked = write!(out, "{question} [y/N] ").and_then(|()| out.flush());
        asked.map_err(|error| error.to_string())?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|error| error.to_string())?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

fn say(what: &str) -> Result<(), String> {
    super::finish(writeln!(io::stdout(), "{what}"))
}

fn systemctl(order: &[&str], dry_run: bool) -> Result<(), String> {
    let words = format!("systemctl {}", order.join(" "));
    say(&format!("run {words}"))?;
    if dry_run {
        return Ok(());
    }
    match Command::new("systemctl").args(order).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("{words} has failed: `journalctl -u {SERVICE}` says why")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            say("there is no systemctl here: start the service by other means")
        }
        Err(error) => Err(format!("{words}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_first_settings_can_be_read_and_the_unit_starts_what_is_put_there() {
        let config = Config::from_yaml(&settings(), "x.yaml").unwrap();
        assert_eq!(config.data.unwrap(), Path::new(STATE[0]));
        assert!(config.listen.contains(&any(53)));
        assert!(unit().contains(&format!("\nExecStart={BINARY} serve --config {SETTINGS}\n")));
        assert!(unit().contains("\nDynamicUser=yes\n") && !unit().contains("/usr/share/doc"));
    }
}
