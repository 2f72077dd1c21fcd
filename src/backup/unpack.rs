//! Reads a backup: as a whole, within bounds, and believing nothing of it.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::{Archive, Entries, EntryType};

use super::{
    BackupError, Digesting, FORMAT, MANIFEST, MOST_BYTES, MOST_FILES, Manifest, Piece, SETTINGS,
    is_allowed,
};

/// Octets of a manifest, and of the settings, at most.
const MOST_TEXT: u64 = 1 << 20;
/// Octets of an archive beside its files: a header and a filled block each.
const OVERHEAD: u64 = 2 * 512 * (MOST_FILES as u64 + 4);
/// Octets that must stay free on the disk.
const ROOM: u64 = 16 << 20;

type Unpacked = GzDecoder<File>;

/// What is in the backup `file`, as it says, and its settings, if there are any.
///
/// # Errors
/// It is no backup of ours, or a newer version's.
pub fn look(file: &Path) -> Result<(Manifest, Option<String>), BackupError> {
    let mut archive = open(file)?;
    let mut entries = entries(&mut archive, file)?;
    let manifest = manifest(&mut entries, file)?;
    let Some(piece) = manifest.files.first().filter(|piece| piece.name == SETTINGS) else {
        return Ok((manifest, None));
    };
    let mut settings = Vec::new();
    next(&mut entries, piece, file, |reader| reader.read_to_end(&mut settings).map(drop))?;
    let text = String::from_utf8(settings)
        .map_err(|_| BackupError::refused(file, "its settings are no text"))?;
    Ok((manifest, Some(text)))
}

/// Unpacks the backup `file` into the empty folder `to`; returns what is in it, with the mode each
/// file had. All of it is as the manifest says.
///
/// # Errors
/// It is not, or there is no room for it.
pub(super) fn unpack(file: &Path, to: &Path) -> Result<(Manifest, Vec<u32>), BackupError> {
    let mut archive = open(file)?;
    let mut entries = entries(&mut archive, file)?;
    let manifest = manifest(&mut entries, file)?;
    let wanted: u64 = manifest.files.iter().map(|piece| piece.bytes).sum();
    let disk = rustix::fs::statvfs(to).map_err(|error| BackupError::file(to, error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if wanted.saturating_add(ROOM) > free {
        let why = format!("it needs {} MiB, and {} MiB are free", wanted >> 20, free >> 20);
        return Err(BackupError::refused(file, why));
    }
    let mut modes = Vec::new();
    for piece in &manifest.files {
        let path = to.join(&piece.name);
        let failed = |error| BackupError::file(&path, error);
        let folder = path.parent().unwrap_or(to);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let mut out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let mode = next(&mut entries, piece, file, |reader| io::copy(reader, &mut out).map(drop))?;
        out.sync_all().map_err(failed)?;
        modes.push(mode);
    }
    let more = || BackupError::refused(file, "there is more in it than its manifest says");
    if entries.next().is_some() {
        return Err(more());
    }
    // Behind the end is filling, and the checksum of all, which is only looked at once it is read.
    let mut rest = archive.into_inner().take(MOST_TEXT);
    let filling = io::copy(&mut rest, &mut io::sink()).map_err(|error| damaged(file, &error))?;
    if filling == MOST_TEXT { Err(more()) } else { Ok((manifest, modes)) }
}

fn open(file: &Path) -> Result<Archive<io::Take<Unpacked>>, BackupError> {
    let opened = File::open(file).map_err(|error| BackupError::file(file, error))?;
    let known = opened.metadata().map_err(|error| BackupError::file(file, error))?;
    if !known.is_file() {
        return Err(BackupError::refused(file, "it is not a file"));
    }
    // However well it is packed, no more than this comes of it.
    Ok(Archive::new(GzDecoder::new(opened).take(MOST_BYTES + OVERHEAD)))
}

/// The entries as they are: what only says something of the next one is none of ours.
fn entries<'a, R: Read>(
    archive: &'a mut Archive<R>,
    file: &Path,
) -> Result<Entries<'a, R>, BackupError> {
    let entries = archive.entries().map_err(|error| damaged(file, &error))?;
    Ok(entries.raw(true))
}

fn damaged(file: &Path, error: &io::Error) -> BackupError {
    BackupError::refused(file, format!("it is no backup of Trackless, or damaged: {error}"))
}

fn manifest<R: Read>(entries: &mut Entries<'_, R>, file: &Path) -> Result<Manifest, BackupError> {
    let refuse = |why: &str| Err(BackupError::refused(file, why));
    let mut text = Vec::new();
    let entry =
        entries.next().ok_or_else(|| BackupError::refused(file, "there is nothing in it"))?;
    let entry = entry.map_err(|error| damaged(file, &error))?;
    let is_one = entry.header().path_bytes().as_ref() == MANIFEST.as_bytes()
        && entry.header().entry_type() == EntryType::Regular;
    if !is_one {
        return refuse("it is no backup of Trackless: it does not begin with a manifest");
    }
    entry.take(MOST_TEXT).read_to_end(&mut text).map_err(|error| damaged(file, &error))?;
    // What a newer version says is its own business, but for the number.
    #[derive(serde::Deserialize)]
    struct Form {
        format: u32,
    }
    let no_manifest = |error: serde_json::Error| {
        BackupError::refused(file, format!("its manifest cannot be read: {error}"))
    };
    let Form { format } = serde_json::from_slice(&text).map_err(no_manifest)?;
    if format > FORMAT {
        return refuse(&format!(
            "made by a newer version ({format}), this one reads up to {FORMAT}: install the newer \
             Trackless"
        ));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(no_manifest)?;
    if manifest.files.len() > MOST_FILES {
        return refuse("it has too many files");
    }
    let mut names = HashSet::new();
    for Piece { name, .. } in &manifest.files {
        if !is_allowed(name) || !names.insert(name) {
            return refuse(&format!("`{}` has no place in a backup", name.escape_debug()));
        }
    }
    let bytes = manifest.files.iter().try_fold(0_u64, |sum, piece| sum.checked_add(piece.bytes));
    if bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
        return refuse(&format!("it would take more than {} GiB", MOST_BYTES >> 30));
    }
    let settings = manifest.files.iter().find(|piece| piece.name == SETTINGS);
    if settings.is_some_and(|piece| piece.bytes > MOST_TEXT) {
        return refuse("its settings are larger than 1 MiB");
    }
    Ok(manifest)
}

/// Has `take` read the next entry, which must be what `piece` says; returns its mode.
fn next<R: Read>(
    entries: &mut Entries<'_, R>,
    piece: &Piece,
    file: &Path,
    take: impl FnOnce(&mut dyn Read) -> io::Result<()>,
) -> Result<u32, BackupError> {
    let refuse = |why: &str| BackupError::refused(file, format!("`{}` {why}", piece.name));
    let entry = entries.next().ok_or_else(|| refuse("is missing"))?;
    let entry = entry.map_err(|error| damaged(file, &error))?;
    let header = entry.header();
    if header.path_bytes().as_ref() != piece.name.as_bytes() {
        return Err(refuse("is not where the manifest says"));
    }
    if header.entry_type() != EntryType::Regular {
        return Err(refuse("is no file, but a link or something else"));
    }
    if header.entry_size().ok() != Some(piece.bytes) {
        return Err(refuse("is not as large as the manifest says"));
    }
    let mode = header.mode().map_err(|error| damaged(file, &error))?;
    let mut reader = Digesting::new(entry);
    take(&mut reader).map_err(|error| damaged(file, &error))?;
    if reader.finish() != (piece.bytes, piece.digest.clone()) {
        return Err(refuse("is not what the manifest says: it was damaged or changed"));
    }
    Ok(mode)
}
