//! What commands that look after one thing can do with it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Settings, button};

#[derive(Debug, Subcommand)]
pub(super) enum ListsAction {
    /// Compile all lists now, so that the next start takes milliseconds
    Compile(Settings),
    /// Show every list: where it is from, how old it is, what is in it
    Status {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Show what came of one list, with the first lines that could not be read
    Show {
        /// The list
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Fetch lists now, whether or not it is time
    Update {
        /// Lists to fetch; without any, all that have a URL
        names: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Show the well-known lists that can be chosen by name
    Catalogue,
    /// Show the services that can be refused as a whole
    Services,
}

#[derive(Debug, Subcommand)]
pub(super) enum ButtonAction {
    /// Show where it stands
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Refuse trackers
    On {
        /// Only for this device: its name, key or address
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
    },
    /// Let trackers through
    Off {
        /// Only for this device: its name, key or address
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// Only for so long: 30s, 5m, 1h, tomorrow
        #[arg(long = "for", value_name = "TIME", value_parser = button::time)]
        time: Option<button::Time>,
    },
    /// Show what was changed of late, by which way
    History {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a device's own setting away: it is as the house is
    Follow {
        /// The device: its name, key or address
        device: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DevicesAction {
    /// Show all that have asked since the start
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show who is in the network and has asked nothing for an hour
    Silent {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a device a name
    Name {
        /// The device: its name, key or address
        device: String,
        /// The name; without it, the one before is taken back
        name: Option<String>,
    },
    /// Hold a device to a profile
    Profile {
        /// The device: its name, key or address
        device: String,
        /// The profile; without it, what the settings say
        profile: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ChoiceAction {
    /// Show what you have chosen
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Refuse it
    Block {
        /// A name with all below it, =NAME only itself; or a company
        subject: String,
        #[command(flatten)]
        whose: For,
    },
    /// Allow it
    Allow {
        /// A name with all below it, =NAME only itself; or a company
        subject: String,
        #[command(flatten)]
        whose: For,
    },
    /// Leave it to settings and lists
    Clear {
        /// What was chosen before
        subject: String,
        #[command(flatten)]
        whose: For,
    },
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct For {
    /// Only for this device: its name, key or address
    #[arg(long, value_name = "DEVICE")]
    pub(super) device: Option<String>,
    /// Only where this profile holds
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheAction {
    /// Let go of held answers for a name and all below it
    Flush {
        /// The name; * for everything
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigAction {
    /// Check a file and say what is wrong with it, where, and what to write instead
    Check {
        /// The file
        file: PathBuf,
    },
    /// Make a setting of the running server, above its file: it holds at once, and from now on
    Set {
        /// Keys from the top, joined by dots: `upstream.servers`
        key: String,
        /// The value, as YAML: `strict`, `[tls://9.9.9.9, udp://192.168.1.1]`
        value: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Leave a setting of the running server to its file again
    Unset {
        /// Keys from the top, joined by dots
        key: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print all settings, with defaults filled in, and where each comes from
    Show {
        /// The file; without it, the defaults
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The running server's folder, for what was set since
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}
