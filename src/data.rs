//! The data folder: everything the server keeps, and nothing outside it.
//!
//! It belongs to one server and is closed to other users. Without one the server still serves; it
//! only starts slower and gives devices new pseudonyms at each start.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The key of the devices' pseudonyms.
pub const DEVICE_KEY: &str = "device.key";
/// Logins.
pub const ACCOUNT: &str = "account.json";
/// The certificate of the house's authority, which is no secret.
pub const AUTHORITY: &str = "ca.pem";
/// Its key.
pub const AUTHORITY_KEY: &str = "ca.key";
/// The certificate that a public authority has given, and its key.
pub const CERTIFICATE: &str = "acme.pem";
/// Our account with that authority.
pub const ACME_ACCOUNT: &str = "acme-account.json";
/// Files that let others in.
pub const SECRETS: [&str; 5] = [DEVICE_KEY, ACCOUNT, AUTHORITY_KEY, CERTIFICATE, ACME_ACCOUNT];

/// A data folder that is there.
#[derive(Debug)]
pub struct Folder(PathBuf);

/// Why there is no data folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Nobody said where it is, and the system does not either.
    #[error("no data folder: set `data:` in the config, or give --data DIR")]
    Unknown,
    /// It cannot be made.
    #[error("cannot use the data folder {}: {error}; choose another one with --data DIR", path.display())]
    Unusable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Folder {
    /// The folder at `path`, or where the system keeps state; made if it is not there.
    ///
    /// # Errors
    /// It cannot be made, or the place is not known.
    pub fn open(path: Option<&Path>) -> Result<Self, FolderError> {
        let path = place(path).ok_or(FolderError::Unknown)?;
        match DirBuilder::new().recursive(true).mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(FolderError::Unusable { path, error }),
        }
    }

    /// The folder if it is there; none is made.
    pub fn existing(path: Option<&Path>) -> Option<Self> {
        let path = place(path)?;
        fs::metadata(&path).is_ok_and(|entry| entry.is_dir()).then_some(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Writes a file that its owner alone may read: as a whole, or not at all.
///
/// # Errors
/// It cannot be written; what was there before still is.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

/// Where the folder is, or would be: as given, else what systemd hands to a service, else the user's
/// folder for state (XDG Base Directory Specification).
pub fn place(path: Option<&Path>) -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    path.map(Path::to_owned)
        .or_else(|| variable("STATE_DIRECTORY"))
        .or_else(|| Some(variable("XDG_STATE_HOME")?.join("trackless")))
        .or_else(|| Some(variable("HOME")?.join(".local/state/trackless")))
}
