//! Puts a backup back: all of it, or nothing.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::unpack::unpack;
use super::{BackupError, CONFIG, DATA, Draft, Manifest, SETTINGS};
use crate::config::Config;
use crate::data::Folder;
use crate::history::copy::DATABASES;

/// Time for a look at all of a database.
const LOOK: Duration = Duration::from_secs(600);
/// Journals that belong to a database, by what their names end in.
const JOURNALS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Where a backup goes.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The settings file; none where the backup has none.
    pub settings: Option<&'a Path>,
    /// The data folder, which no server may be using.
    pub data: &'a Path,
    /// Whether what is there is put aside first.
    pub replace: bool,
}

/// What was put back.
#[derive(Debug)]
pub struct Restored {
    /// What was in the backup.
    pub manifest: Manifest,
    /// Where that is what was there before; none where nothing was.
    pub aside: Option<PathBuf>,
}

/// A file of the backup on its way.
struct Way {
    from: PathBuf,
    to: PathBuf,
    /// Where what is there is put.
    aside: PathBuf,
    mode: u32,
}

/// Puts the backup `file` back to `target`, if all of it is sound.
///
/// # Errors
/// It is not, or something is in the way, or cannot be written; then everything is as it was.
pub fn restore(file: &Path, target: &Target<'_>) -> Result<Restored, BackupError> {
    let was_there = target.data.exists();
    Folder::open(Some(target.data))
        .map_err(|error| BackupError::file(target.data, io::Error::other(error.to_string())))?;
    let restored = into_folder(file, target);
    if restored.is_err() && !was_there {
        let _ = fs::remove_dir(target.data);
    }
    restored
}

fn into_folder(file: &Path, target: &Target<'_>) -> Result<Restored, BackupError> {
    let draft = Draft::new(target.data.join("restore.draft"))?;
    let (manifest, modes) = unpack(file, &draft.0)?;
    check(file, &draft.0, &manifest, target)?;
    let now = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ");
    let aside = target.data.join(format!("before-restore-{now}"));
    let mut ways = Vec::new();
    for (piece, mode) in manifest.files.iter().zip(modes) {
        let (to, mode) = place(&piece.name, mode, target);
        let from = draft.0.join(&piece.name);
        ways.push(Way { from, to, aside: aside.join(&piece.name), mode });
    }
    let mut places = HashSet::new();
    if let Some(way) =
        ways.iter().find(|way| !places.insert(&way.to) || way.to.starts_with(&draft.0))
    {
        let why = format!("what would go to {} has no place of its own", way.to.display());
        return Err(BackupError::refused(file, why));
    }
    let mut old: Vec<(PathBuf, PathBuf)> =
        ways.iter().map(|way| (way.to.clone(), way.aside.clone())).collect();
    // A journal would be taken for the new file's.
    for (way, name) in ways.iter().filter_map(|way| Some((way, way.to.file_name()?))) {
        if DATABASES.iter().any(|database| name == database.name) {
            let beside = |path: &Path, end: &str| {
                path.with_file_name(format!("{}{end}", name.to_string_lossy()))
            };
            old.extend(JOURNALS.map(|end| (beside(&way.to, end), beside(&way.aside, end))));
        }
    }
    old.retain(|(path, _)| path.symlink_metadata().is_ok());
    if !old.is_empty() && !target.replace {
        return Err(BackupError::There(old.into_iter().map(|(path, _)| path).collect()));
    }
    let mut moved = Moved::default();
    for (path, aside) in &old {
        moved.go(path, aside)?;
    }
    for Way { from, to, mode, .. } in &ways {
        fs::set_permissions(from, Permissions::from_mode(*mode))
            .map_err(|error| BackupError::file(from, error))?;
        moved.go(from, to)?;
        give(to)?;
    }
    moved.done = true;
    Ok(Restored { manifest, aside: (!old.is_empty()).then_some(aside) })
}

/// Whether what was unpacked can be used.
fn check(
    file: &Path,
    draft: &Path,
    manifest: &Manifest,
    target: &Target<'_>,
) -> Result<(), BackupError> {
    let has = |name: &str| manifest.files.iter().any(|piece| piece.name == name);
    let has_config = manifest.files.iter().any(|piece| piece.name.starts_with(CONFIG));
    if has_config && !has(SETTINGS) {
        return Err(BackupError::refused(file, "it has files of settings, and no settings"));
    }
    match target.settings {
        Some(settings) if has_config => {
            let path = draft.join(SETTINGS);
            let text =
                fs::read_to_string(&path).map_err(|error| BackupError::file(&path, error))?;
            Config::from_yaml(&text, &settings.display().to_string())?;
        }
        None if has_config => {
            return Err(BackupError::refused(file, "nobody says where its settings go"));
        }
        _ => {}
    }
    for database in DATABASES {
        let name = format!("{DATA}{}", database.name);
        if has(&name) && database.check(&draft.join(&name), LOOK)?.is_none() {
            let why = format!("{name} takes too long to be looked at");
            return Err(BackupError::refused(file, why));
        }
    }
    Ok(())
}

/// Where a file of the backup goes, and with which mode. All names were looked at before.
fn place(name: &str, mode: u32, target: &Target<'_>) -> (PathBuf, u32) {
    match (name.strip_prefix(CONFIG), target.settings) {
        (Some(_), Some(settings)) if name == SETTINGS => {
            (settings.to_owned(), mode & 0o644 | 0o600)
        }
        (Some(below), Some(settings)) => {
            let folder = settings.parent().unwrap_or_else(|| Path::new(""));
            (folder.join(below), mode & 0o644 | 0o600)
        }
        _ => (target.data.join(name.strip_prefix(DATA).unwrap_or(name)), 0o600),
    }
}

/// What was moved so far, and the folders made for it; undone when dropped before it is done.
#[derive(Default)]
struct Moved {
    moved: Vec<(PathBuf, PathBuf)>,
    made: Vec<PathBuf>,
    done: bool,
}

impl Moved {
    fn go(&mut self, from: &Path, to: &Path) -> Result<(), BackupError> {
        let failed = |error| BackupError::file(to, error);
        let missing = to.ancestors().skip(1).take_while(|folder| {
            !folder.as_os_str().is_empty() && folder.symlink_metadata().is_err()
        });
        for folder in missing.collect::<Vec<_>>().into_iter().rev() {
            fs::create_dir(folder).map_err(failed)?;
            self.made.push(folder.to_owned());
        }
        move_to(from, to).map_err(failed)?;
        self.moved.push((from.to_owned(), to.to_owned()));
        Ok(())
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        if !self.done {
            for (from, to) in self.moved.iter().rev() {
                let _ = move_to(to, from);
            }
            for folder in self.made.iter().rev() {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Moves a file to where nothing is; from one disk to another, too.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mode = fs::metadata(from)?.permissions().mode();
            let mut copy = OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?;
            io::copy(&mut File::open(from)?, &mut copy)?;
            copy.sync_all()?;
            fs::remove_file(from)
        }
        moved => moved,
    }
}

/// Gives a file to who owns its folder: root may restore for the server's user.
fn give(path: &Path) -> Result<(), BackupError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let failed = |error| BackupError::file(path, error);
    let owner = fs::metadata(folder.unwrap_or_else(|| Path::new("."))).map_err(failed)?;
    let known = fs::metadata(path).map_err(failed)?;
    if (known.uid(), known.gid()) == (owner.uid(), owner.gid()) {
        return Ok(());
    }
    chown(path, Some(owner.uid()), Some(owner.gid())).map_err(failed)
}
