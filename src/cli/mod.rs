//! The command line: one file a command.

mod actions;
mod alerts;
mod backup;
mod button;
mod cache;
mod catalogue;
mod certificates;
mod check;
mod choices;
pub mod config;
mod devices;
mod doctor;
mod encrypted;
mod export;
mod first_login;
mod health;
mod household;
mod import;
mod install;
mod lists;
mod live;
mod password;
mod queries;
mod record;
mod report;
mod restore;
mod serve;
mod settings;
mod subscriptions;
mod top;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use actions::{ButtonAction, CacheAction, ChoiceAction, ConfigAction, DevicesAction, ListsAction};
use choices::Of;
use clap::{Parser, Subcommand};
use serde::de::DeserializeOwned;
use settings::Settings;

use crate::control::{self, Order};
use crate::data::Folder;
use crate::history::queries::read::Filter;

/// The do-not-track button for a whole network: refuses trackers, resolves everything else, and
/// counts who tried to follow whom.
#[derive(Debug, Parser)]
#[command(name = "trackless", version, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Answer DNS queries until stopped (SIGTERM), reading lists and settings again on SIGHUP
    Serve(Settings),
    /// Say what becomes of names, and why
    Check {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Show every rule that speaks of the name, with list and line, the winner first
        #[arg(long)]
        explain: bool,
        /// Ask as this client: an address, or the name of a device
        #[arg(long, value_name = "CLIENT", default_value = "0.0.0.0")]
        client: String,
        /// Ask for this type
        #[arg(long, value_name = "TYPE", default_value = "A")]
        r#type: String,
        /// Names to check; `-` reads them from standard input, one a line
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// The button: on, off, or off for a while; of the house or of one device
    Button {
        #[command(subcommand)]
        action: ButtonAction,
        #[command(flatten)]
        settings: Settings,
    },
    /// Watch what is going on: devices, companies, upstreams
    Top {
        #[command(flatten)]
        settings: Settings,
    },
    /// What is asked right now, with names; they are kept only while this runs
    Live {
        /// Only this device: its name, key or address
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// Show what was asked since the last look, and end
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// What was worth a word since the start: new companies, nights, lists, ways around
    Alerts {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Queries that were kept, the newest first; only with `stats: { level: full }`
    Queries {
        /// Only of this device: its name or key
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// Only for names that hold this; .NAME for a domain and all below it
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Only with this verdict: block, allow, pass or local
        #[arg(long, value_name = "VERDICT", value_parser = ["block", "allow", "pass", "local"])]
        verdict: Option<String>,
        /// Only for names of this company
        #[arg(long, value_name = "COMPANY")]
        company: Option<String>,
        /// Only of the last hours or days: 1h, 2d
        #[arg(long, value_name = "TIME", value_parser = button::span)]
        last: Option<Duration>,
        /// So many at most
        #[arg(long, value_name = "NUMBER", default_value_t = usize::MAX, hide_default_value = true)]
        most: usize,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Which trackers are seen together with which sites on one device, until Ctrl-C
    Record {
        /// The device: its name, key or address
        #[arg(long, value_name = "DEVICE")]
        device: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Who followed whom, some days in a page
    Report {
        /// Only this device: its name or key
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// So many days, today included
        #[arg(long, value_name = "DAYS", default_value_t = 7)]
        days: u64,
        /// A page for a browser
        #[arg(long)]
        html: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// All that is kept of counts, for other programs
    Export {
        /// By day, not by hour
        #[arg(long)]
        days: bool,
        /// How to write it
        #[arg(long, value_enum, default_value = "csv")]
        format: export::Format,
        #[command(flatten)]
        settings: Settings,
    },
    /// Forget what was counted and logged, in memory and on the disk, but not in backups
    Forget {
        /// Of this device: its name, key or address; without it, of all
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// Only the last hours or days: 1h, 2d
        #[arg(long, value_name = "TIME", value_parser = button::span)]
        last: Option<Duration>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Devices that have asked: their names and profiles
    Devices {
        #[command(subcommand)]
        action: DevicesAction,
        #[command(flatten)]
        settings: Settings,
    },
    /// Names that you refuse or allow, now and from now on
    Rules {
        #[command(subcommand)]
        action: ChoiceAction,
        #[command(flatten)]
        settings: Settings,
    },
    /// Companies that you refuse or allow as a whole
    Companies {
        #[command(subcommand)]
        action: ChoiceAction,
        #[command(flatten)]
        settings: Settings,
    },
    /// Look after lists
    Lists {
        #[command(subcommand)]
        action: ListsAction,
    },
    /// What the running server holds
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Set the dashboard's password anew, for who forgot it; all who are logged in with it are not
    /// any more
    Password {
        /// Of the viewer, who may look at everything and change nothing
        #[arg(long)]
        viewer: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Look whether all is well, and say what to do where it is not
    Doctor {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Write settings, counts and what was set since into one file, while the server runs or not
    Backup {
        /// The file; it must not be there yet
        file: PathBuf,
        /// With all that lets others in: the devices' key, logins, tokens, keys of certificates
        #[arg(long)]
        with_secrets: bool,
        /// With the log of queries
        #[arg(long)]
        with_queries: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Put a backup back, if all of it is sound; the server must be stopped
    Restore(restore::Wanted),
    /// Make this program a service of systemd
    Install(install::Install),
    /// Take away what `install` has put there; what is kept stays
    Uninstall(install::Uninstall),
    /// Take over the settings of Pi-hole, AdGuard Home or Blocky
    Import(import::Wanted),
    /// Whether the running server answers; for a container's or a supervisor's check
    Health(Settings),
    /// Look at settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let result = match Command::parse().action {
        Action::Serve(settings) => serve::run(settings),
        Action::Check { json, explain, client, r#type, names, settings } => {
            check::run(&check::Asked { json, explain, client, rtype: r#type }, &names, &settings)
        }
        Action::Lists { action } => match action {
            ListsAction::Compile(settings) => lists::compile(&settings),
            ListsAction::Status { json, settings } => lists::status(json, &settings),
            ListsAction::Show { name, settings } => lists::show(&name, &settings),
            ListsAction::Update { names, settings } => lists::update(&names, &settings),
            ListsAction::Catalogue => catalogue::lists(),
            ListsAction::Services => catalogue::services(),
        },
        Action::Button { action, settings } => button::run(&action, &settings),
        Action::Top { settings } => top::run(&settings),
        Action::Live { device, once, settings } => live::run(device.as_deref(), once, &settings),
        Action::Queries { device, name, verdict, company, last, most, json, settings } => {
            let filter = Filter { device, name, verdict, company, ..Filter::default() };
            queries::run(queries::Wanted { filter, last, most, json }, &settings)
        }
        Action::Record { device, settings } => record::run(&device, &settings),
        Action::Alerts { json, settings } => alerts::run(json, &settings),
        Action::Report { device, days, html, settings } => {
            report::run(device.as_deref(), days, html, &settings)
        }
        Action::Export { days, format, settings } => export::run(days, format, &settings),
        Action::Forget { device, last, settings } => button::forget(device, last, &settings),
        Action::Devices { action, settings } => devices::run(&action, &settings),
        Action::Rules { action, settings } => choices::run(Of::Names, &action, &settings),
        Action::Companies { action, settings } => choices::run(Of::Companies, &action, &settings),
        Action::Cache { action: CacheAction::Flush { name, settings } } => {
            cache::flush(&name, &settings)
        }
        Action::Config { action: ConfigAction::Set { key, value, settings } } => {
            config::set(key, Some(value), &settings)
        }
        Action::Config { action: ConfigAction::Unset { key, settings } } => {
            config::set(key, None, &settings)
        }
        Action::Import(wanted) => import::run(&wanted),
        Action::Health(settings) => health::run(&settings),
        Action::Password { viewer, settings } => password::run(viewer, &settings),
        Action::Doctor { json, settings } => return doctor::run(json, &settings),
        Action::Backup { file, with_secrets, with_queries, settings } => {
            backup::run(&file, with_secrets, with_queries, &settings)
        }
        Action::Restore(wanted) => restore::run(&wanted),
        Action::Install(wanted) => install::install(&wanted),
        Action::Uninstall(wanted) => install::uninstall(&wanted),
        Action::Config { action: ConfigAction::Check { file } } => return config::check(&file),
        Action::Config { action: ConfigAction::Show { config, data } } => {
            return config::show(config.as_deref(), data.as_deref());
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trackless: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives `order` to the running server, and returns what it says.
fn tell(order: &Order, settings: &Settings) -> Result<String, String> {
    let config = settings.read()?;
    let folder = Folder::existing(config.data.as_deref())
        .ok_or("no data folder: give the running server's by --data DIR or --config FILE")?;
    control::tell(folder.path(), order).map_err(|error| error.to_string())
}

/// Asks the running server for what it tells in JSON.
fn ask<T: DeserializeOwned>(order: &Order, settings: &Settings) -> Result<T, String> {
    let text = tell(order, settings)?;
    serde_json::from_str(&text).map_err(|error| format!("the server is another version: {error}"))
}

/// Whoever reads may have seen enough, as `head` does: that is no failure.
fn finish(result: io::Result<()>) -> Result<(), String> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| error.to_string()),
    }
}
