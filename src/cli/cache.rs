//! `trackless cache`: the running server's held answers; and keeping them over a restart.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

use tracing::{info, warn};

use super::Settings;
use crate::clock;
use crate::control::Order;
use crate::data::write_private;
use crate::engine::Engine;

const FILE: &str = "cache.bin";

/// Has the running server let go of the answers for `name` and all below it; `*` is everything.
pub(super) fn flush(name: &str, settings: &Settings) -> Result<(), String> {
    let said =
        super::tell(&Order::Flush { name: (name != "*").then(|| name.to_owned()) }, settings)?;
    super::finish(writeln!(io::stdout(), "{said}"))
}

/// Takes in what was kept, and removes it: it belongs to one start. Nothing is kept where that is
/// not wanted any more.
pub(super) fn load(engine: &Engine, folder: &Path) {
    let path = folder.join(FILE);
    let snapshot = engine.snapshot();
    let bytes = fs::read(&path);
    let _ = fs::remove_file(&path);
    let Ok(bytes) = bytes else { return };
    if !snapshot.config.cache.keep {
        return;
    }
    let now = engine.seconds(Instant::now());
    match engine.cache.load(&bytes, now, clock::now().0.as_secs(), snapshot.bounds) {
        Ok(count) => info!("{count} answers kept from before"),
        Err(error) => warn!("{}: {error}; answers are asked for anew", path.display()),
    }
}

/// Keeps what is held, where that is wanted.
pub(super) fn save(engine: &Engine, folder: &Path) {
    if !engine.snapshot().config.cache.keep {
        return;
    }
    let bytes = engine.cache.save(engine.seconds(Instant::now()), clock::now().0.as_secs());
    let path = folder.join(FILE);
    if let Err(error) = write_private(&path, &bytes) {
        warn!("{}: {error}; held answers are not kept", path.display());
    }
}
