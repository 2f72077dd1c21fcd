//! The data folder: whether it can be written to, who may read what is in it, and whether the store is
//! sound.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use super::Findings;
use crate::config::Config;
use crate::data::SECRETS;
use crate::history::StoreError;
use crate::history::copy::{DATABASES, Database, Unsound};

/// Time for a look at all of a file.
const LOOK: Duration = Duration::from_secs(10);
/// Less room than this is soon none, and this is none.
const LITTLE: u64 = 256 << 20;
const NONE: u64 = 16 << 20;

pub(super) fn look(config: &Config, folder: Option<&Path>, found: &mut Findings) {
    let Some(folder) = folder else {
        let text = match &config.data {
            Some(path) => format!("{} is not there", path.display()),
            None => "nobody says where it is".to_owned(),
        };
        let mend = "the server makes it if it may; set `data:` in the settings, or give --data DIR";
        found.warn("folder", text, mend);
        return;
    };
    let place = folder.display();
    let own = rustix::process::geteuid();
    let is_other =
        fs::metadata(folder).is_ok_and(|known| known.uid() != own.as_raw()) && !own.is_root();
    if is_other {
        let mend = "look as the server's user, or as root";
        found.warn("folder", format!("{place} is another user's"), mend);
        return;
    }
    if let Err(error) = try_write(folder) {
        let mend = "let the server's user own it, and mount it so that it can be written to";
        found.wrong("folder", format!("{place} cannot be written to: {error}"), mend);
    } else {
        found.ok("folder", format!("{place} can be written to"));
    }
    room(folder, found);
    readers(folder, found);
    for database in DATABASES {
        if folder.join(database.name).exists() {
            sound(database, folder, found);
        }
    }
}

/// A file's mode alone does not tell: the disk may be read-only, or the user another one.
fn try_write(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!("doctor.{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(path)
}

fn room(folder: &Path, found: &mut Findings) {
    let Ok(known) = rustix::fs::statvfs(folder) else { return };
    let free = known.f_bavail.saturating_mul(known.f_frsize);
    let text = format!("{} MiB are free on its disk", free >> 20);
    let mend = "make room, or give `history.size` and `history.queries_size` less";
    match free {
        0..NONE => found.wrong("disk", text, mend),
        NONE..LITTLE => found.warn("disk", text, mend),
        LITTLE.. => found.ok("disk", text),
    }
}

/// Who but its owner may read what is in the folder.
fn readers(folder: &Path, found: &mut Findings) {
    let Ok(known) = fs::metadata(folder) else { return };
    let owner = known.uid();
    let mut bad = Vec::new();
    if known.mode() & 0o077 != 0 {
        bad.push((folder.to_owned(), format!("`chmod 700 {}`", folder.display())));
    }
    let files = SECRETS.iter().copied().chain(DATABASES.iter().map(|database| database.name));
    for path in files.chain(["control.sock"]).map(|name| folder.join(name)) {
        let Ok(known) = fs::symlink_metadata(&path) else { continue };
        let name = path.display();
        if known.uid() != owner {
            bad.push((path.clone(), format!("`chown --reference={} {name}`", folder.display())));
        } else if known.mode() & 0o077 != 0 {
            bad.push((path.clone(), format!("`chmod 600 {name}`")));
        }
    }
    for (path, mend) in &bad {
        let text = format!("{} is open to others, or another user's", path.display());
        found.wrong("secrets", text, mend);
    }
    if bad.is_empty() {
        found.ok("secrets", "what is in the folder is its owner's alone");
    }
}

fn sound(database: Database, folder: &Path, found: &mut Findings) {
    let path = folder.join(database.name);
    let name = database.name;
    match database.check(&path, LOOK) {
        Ok(Some(version)) => found.ok("store", format!("{name} is sound, of version {version}")),
        Ok(None) => {
            let seconds = LOOK.as_secs();
            found.ok(
                "store",
                format!("{name}: nothing wrong in {seconds} s, and not all looked at"),
            );
        }
        Err(error @ Unsound::Damaged { .. }) => found.wrong(
            "store",
            error.to_string(),
            "`trackless restore` a backup, or move the file away while the server is stopped",
        ),
        Err(Unsound::Store(error @ StoreError::Newer { .. })) => {
            let text = error.to_string();
            let (text, mend) = text.split_once(": install").unwrap_or((&text, ""));
            found.wrong("store", text, format!("install{mend}"));
        }
        Err(Unsound::Store(error)) => {
            found.wrong("store", error.to_string(), "look as the server's user, or as root");
        }
    }
}
