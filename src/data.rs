//! The data folder: everything the server keeps, and nothing outside it.
//!
//! It belongs to one server and is closed to other users. Without one the server still serves; it
//! only starts slower and gives devices new pseudonyms at each start.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt as _, PermissionsExt as _};
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
/// Files with what was asked for; like secrets, they are for no other user.
const WATCHED: [&str; 3] = ["cache.bin", "queries.db", "trackless.db"];

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
    /// Others may read what they must not.
    #[error("{}: others may read it, and that cannot be changed: {error}; run chmod 600 as its owner", path.display())]
    Open {
        /// The file.
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

    /// Closes what is its owner's alone to others, where a copy or a backup has opened it; gives
    /// those that were open.
    ///
    /// # Errors
    /// The first that cannot be closed.
    pub fn close(&self) -> Result<Vec<PathBuf>, FolderError> {
        let mut opened = Vec::new();
        for path in SECRETS.iter().chain(&WATCHED).map(|name| self.0.join(name)) {
            // Of a link it would be the file elsewhere that changes.
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            if found.is_file() && found.permissions().mode() & 0o077 != 0 {
                if let Err(error) = fs::set_permissions(&path, Permissions::from_mode(0o600)) {
                    return Err(FolderError::Open { path, error });
                }
                opened.push(path);
            }
        }
        Ok(opened)
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_others_could_read_is_closed_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let data = Folder::open(Some(folder.path())).unwrap();
        let mode =
            |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        for (name, mode) in [("ca.key", 0o640), ("device.key", 0o600), ("ca.pem", 0o644)] {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
        symlink("ca.pem", folder.path().join("acme.pem")).unwrap();
        assert_eq!(data.close().unwrap(), [folder.path().join("ca.key")]);
        assert_eq!(mode("ca.key") & 0o777, 0o600);
        assert_eq!(mode("ca.pem") & 0o777, 0o644, "it is for all, and no link leads to a change");
        assert_eq!(data.close().unwrap(), [""; 0].map(PathBuf::from));
    }
}
