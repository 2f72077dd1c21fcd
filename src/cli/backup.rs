//! `trackless backup`: what the server keeps, as one file.

use std::io::{self, Write as _};
use std::path::Path;

use super::{Settings, finish};
use crate::backup::{Contents, Made, make};
use crate::control::{self, Order};
use crate::data::Folder;

/// Writes it to `file`, with what lets others in, and with the log of queries, only where that is
/// wanted.
pub(super) fn run(
    file: &Path,
    secrets: bool,
    queries: bool,
    settings: &Settings,
) -> Result<(), String> {
    let config = settings.read()?;
    let folder = Folder::existing(config.data.as_deref());
    let data = folder.as_ref().map(Folder::path);
    let contents = Contents { settings: settings.file(), data, secrets, queries };
    if contents.settings.is_none() && data.is_none() {
        return Err("nothing to back up: give the server's --config FILE or --data DIR".to_owned());
    }
    if let Some(data) = data {
        // A server that runs knows more than it has written.
        let _ = control::tell(data, &Order::WriteDown);
    }
    let Made { manifest, left_out } = make(&contents, file).map_err(|error| error.to_string())?;
    let mut out = io::stdout().lock();
    let mut say = || {
        for piece in &manifest.files {
            writeln!(out, "{} ({} bytes)", piece.name, piece.bytes)?;
        }
        if contents.settings.is_none() {
            writeln!(out, "not in it: settings: no --config FILE was given")?;
        }
        for what in &left_out {
            writeln!(out, "not in it: {what}")?;
        }
        writeln!(out, "{}: {} files", file.display(), manifest.files.len())
    };
    finish(say())
}
