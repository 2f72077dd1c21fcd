//! The command line: one file a command.

mod check;
pub mod config;
mod lists;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, UpstreamUrl};

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
        /// Names to check; `-` reads them from standard input, one a line
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Look after lists
    Lists {
        #[command(subcommand)]
        action: ListsAction,
    },
    /// Look at settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
}

#[derive(Debug, Subcommand)]
enum ListsAction {
    /// Compile all lists now, so that the next start takes milliseconds
    Compile(Settings),
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Check a file and say what is wrong with it, where, and what to write instead
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print all settings, with defaults filled in
    Show {
        /// The file; without it, the defaults
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Where settings come from. What is given here beats the file.
#[derive(Debug, Clone, Args)]
struct Settings {
    /// Settings file; without it, the defaults hold
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address to answer DNS on over UDP and TCP; may be given several times
    #[arg(long, value_name = "ADDR", num_args = 1..)]
    listen: Vec<SocketAddr>,
    /// Upstream to ask, in order of preference: udp://127.0.0.1:5300, tls://9.9.9.9#dns.quad9.net
    #[arg(long, value_name = "URL", num_args = 1..)]
    upstream: Vec<UpstreamUrl>,
    /// Address of the HTTP server for metrics and health
    #[arg(long, value_name = "ADDR")]
    web: Option<SocketAddr>,
    /// Folder for state, the compiled table and the control socket
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Settings {
    /// The settings as they are now: the file is read anew each time.
    fn read(&self) -> Result<Config, String> {
        let mut config = match &self.config {
            Some(file) => Config::read(file).map_err(|error| error.to_string())?,
            None => Config::default(),
        };
        if !self.listen.is_empty() {
            config.listen.clone_from(&self.listen);
        }
        if !self.upstream.is_empty() {
            config.upstream.servers.clone_from(&self.upstream);
        }
        if let Some(web) = self.web {
            config.web = Some(web);
        }
        if let Some(data) = &self.data {
            config.data = Some(data.clone());
        }
        Ok(config)
    }
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let result = match Command::parse().action {
        Action::Serve(settings) => serve::run(settings),
        Action::Check { json, names, settings } => check::run(json, &names, &settings),
        Action::Lists { action: ListsAction::Compile(settings) } => lists::compile(&settings),
        Action::Config { action: ConfigAction::Check { file } } => return config::check(&file),
        Action::Config { action: ConfigAction::Show { config } } => {
            return config::show(config.as_deref());
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
