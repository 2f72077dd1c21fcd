//! What a server keeps, as one file, and back again.
//!
//! ```text
//! manifest.json            what is in it, with sizes and digests: first
//! config/trackless.yaml    the settings
//! config/…                 files that they name, of the same folder
//! data/trackless.db        the store, as of one moment
//! data/…                   what else was asked for: queries, secrets
//! ```
//!
//! A tar file, compressed by gzip, readable by its owner alone. Without being told so, nothing goes
//! into it that lets others in. A backup comes from anywhere: it is looked at as a whole, within
//! bounds, before anything is touched, and nothing of it ever leads to another place.

mod make;
mod restore;
mod unpack;

use std::fs::{self, DirBuilder};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;
use crate::data::{AUTHORITY, SECRETS};
use crate::history::StoreError;
use crate::history::copy::{DATABASES, Unsound};

pub use make::{Contents, Made, make};
pub use restore::{Restored, Target, restore};
pub use unpack::look;

/// The form of a backup that is written, and the last one that is read.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const SETTINGS: &str = "config/trackless.yaml";
/// What the names of files of the settings' folder, and of the data folder, begin with.
const CONFIG: &str = "config/";
const DATA: &str = "data/";
/// Files in a backup at most: a config cannot name as many.
const MOST_FILES: usize = 1_000;
/// Octets of all of them at most: several times what a store and all lists may have.
const MOST_BYTES: u64 = 64 << 30;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form it is in.
    pub format: u32,
    /// The version of Trackless that made it.
    pub version: String,
    /// When, in seconds since 1970.
    pub made: u64,
    /// Whether what lets others in is in it.
    pub secrets: bool,
    /// Its files, in their order.
    pub files: Vec<Piece>,
}

/// A file in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its name there.
    pub name: String,
    /// Octets.
    pub bytes: u64,
    /// SHA-256 of them, in hexadecimal.
    pub digest: String,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// It.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The settings cannot be used.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The store cannot be copied.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The store in the backup is of no use.
    #[error("{0}; nothing was touched")]
    Unsound(#[from] Unsound),
    /// It is no backup, or one that was damaged or made up.
    #[error("{}: {why}; nothing was touched", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Something would be written over.
    #[error(
        "there already: {}; --replace puts it aside first", .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    There(Vec<PathBuf>),
}

impl BackupError {
    fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    fn refused(path: &Path, why: impl Into<String>) -> Self {
        Self::Refused { path: path.to_owned(), why: why.into() }
    }
}

/// Whether a file of this name may be in a backup: one of the data folder that we know, or one below
/// the settings' folder.
fn is_allowed(name: &str) -> bool {
    if let Some(name) = name.strip_prefix(DATA) {
        let databases = DATABASES.iter().map(|database| database.name);
        return SECRETS.into_iter().chain([AUTHORITY]).chain(databases).any(|known| known == name);
    }
    let Some(name) = name.strip_prefix(CONFIG) else { return false };
    let is_plain = |char: char| !char.is_control() && char != '\\';
    // Written in its shortest form, it has no other meaning to anybody.
    let shortest: PathBuf = Path::new(name).components().collect();
    is_below(Path::new(name)) && name.chars().all(is_plain) && shortest.as_os_str() == name
}

/// Whether `path` leads to something below the folder it is relative to.
fn is_below(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// A folder for what is not done yet; gone with all that is in it when dropped.
struct Draft(PathBuf);

impl Draft {
    /// What a run that was killed has left there goes first.
    fn new(path: PathBuf) -> Result<Self, BackupError> {
        let make = || DirBuilder::new().mode(0o700).create(&path);
        let made = match make() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_dir_all(&path).and_then(|()| make())
            }
            made => made,
        };
        made.map_err(|error| BackupError::file(&path, error))?;
        Ok(Self(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Counts and digests what is read.
struct Digesting<R> {
    inner: R,
    bytes: u64,
    context: Context,
}

impl<R: Read> Digesting<R> {
    fn new(inner: R) -> Self {
        Self { inner, bytes: 0, context: Context::new(&SHA256) }
    }

    /// Octets that were read, and their digest.
    fn finish(self) -> (u64, String) {
        let digest = self.context.finish();
        (self.bytes, digest.as_ref().iter().map(|octet| format!("{octet:02x}")).collect())
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.context.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for name in [
            "config/trackless.yaml",
            "config/lists/ads.txt",
            "config/..ads",
            "data/trackless.db",
            "data/device.key",
        ] {
            assert!(is_allowed(name), "{name}");
        }
        for name in [
            "config/../x",
            "config/a/../../x",
            "config//etc/passwd",
            "config/",
            "config/.",
            "config/./x",
            "config/x/",
            "config/a//b",
            "config/a\\b",
            "config/a\nb",
            "/etc/passwd",
            "data/../x",
            "data/control.sock",
            "data/other",
            "data/lists/x",
            "manifest.json",
            "trackless.yaml",
            "",
        ] {
            assert!(!is_allowed(name), "{name}");
        }
    }
}
