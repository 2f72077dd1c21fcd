//! `trackless restore`: puts a backup back.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::finish;
use crate::backup::{Restored, Target, look, restore};
use crate::config::Config;
use crate::control;
use crate::data::{self, DEVICE_KEY};

/// From where, and where to.
#[derive(Debug, Clone, Args)]
pub(super) struct Wanted {
    /// The backup
    file: PathBuf,
    /// Where the settings go; files they name go beside
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder; without it, the one of the settings
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Put aside what is there, into `before-restore-DATE` in the data folder
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(wanted: &Wanted) -> Result<(), String> {
    let (_, settings) = look(&wanted.file).map_err(|error| error.to_string())?;
    let target = match (&settings, &wanted.config) {
        (Some(_), None) => {
            return Err("the backup has settings: say where they go by --config FILE".to_owned());
        }
        (Some(_), config) => config.as_deref(),
        (None, _) => None,
    };
    let of_settings = match (&settings, target) {
        (Some(text), Some(path)) => {
            let read = Config::from_yaml(text, &path.display().to_string());
            read.map_err(|error| error.to_string())?.data
        }
        _ => None,
    };
    let data = data::place(wanted.data.as_deref().or(of_settings.as_deref()))
        .ok_or("no data folder: say which one by --data DIR")?;
    refuse_running(&data)?;
    let target = Target { settings: target, data: &data, replace: wanted.replace };
    let Restored { manifest, aside } =
        restore(&wanted.file, &target).map_err(|error| error.to_string())?;
    let made = i64::try_from(manifest.made).ok().and_then(|at| Timestamp::from_second(at).ok());
    let mut out = io::stdout().lock();
    let mut say = || {
        let (count, version) = (manifest.files.len(), &manifest.version);
        let made = made.unwrap_or_default();
        writeln!(out, "{count} files of {made}, made by version {version}, are back")?;
        if let Some(aside) = &aside {
            let aside = aside.display();
            writeln!(out, "what was there before is in {aside}: remove it once all is well")?;
        }
        if !manifest.secrets {
            writeln!(
                out,
                "there were no secrets in it: tokens of the settings are to be set anew"
            )?;
        }
        if !data.join(DEVICE_KEY).exists() {
            writeln!(out, "without the key of before, devices get new names")?;
        }
        Ok(())
    };
    finish(say())
}

/// A server would go on with files that are no longer there.
fn refuse_running(folder: &Path) -> Result<(), String> {
    let place = folder.display();
    match control::is_running(folder) {
        Ok(false) => Ok(()),
        Ok(true) => Err(format!("a server runs with the data folder {place}: stop it first")),
        Err(error) => Err(format!(
            "{place}: {error}; whether a server runs there cannot be known: be its user"
        )),
    }
}
