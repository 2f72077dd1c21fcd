//! Names for devices that do not tell their addresses.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ring::hmac;
use zeroize::Zeroizing;

use crate::config::PSEUDONYM;

/// Octets of a key.
const KEY: usize = 32;
/// Octets of the hash that are shown: one in 4 billion pairs of devices is taken for one.
const SHOWN: usize = 4;

/// The key of this installation, made at its first start. Without it, a pseudonym cannot be led
/// back to an address by trying them all.
#[derive(Debug)]
pub struct Key(hmac::Key);

impl Key {
    /// A key for this process alone, where there is no folder to keep one.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn random() -> io::Result<Self> {
        let mut octets = Zeroizing::new([0; KEY]);
        getrandom::fill(&mut *octets).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self::from_octets(&octets))
    }

    /// The key kept at `path`, readable by its owner alone; made if it is not there.
    ///
    /// # Errors
    /// The file can be neither read nor made, or is no key.
    pub fn kept_at(path: &Path) -> io::Result<Self> {
        let mut octets = Zeroizing::new([0; KEY]);
        match File::open(path) {
            Ok(mut file) => file.read_exact(&mut *octets)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                getrandom::fill(&mut *octets)
                    .map_err(|error| io::Error::other(error.to_string()))?;
                // Under another name first: half a key after a power cut would be an error for
                // ever.
                let draft = path.with_extension("new");
                let _ = fs::remove_file(&draft);
                let mut file =
                    File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
                file.write_all(&*octets)?;
                file.sync_all()?;
                fs::rename(&draft, path)?;
            }
            Err(error) => return Err(error),
        }
        Ok(Self::from_octets(&octets))
    }

    fn from_octets(octets: &[u8; KEY]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, octets))
    }

    /// The name of the device with this address, its own or its card's: the same as long as the key
    /// is.
    pub(super) fn pseudonym(&self, address: &[u8]) -> String {
        let tag = hmac::sign(&self.0, address);
        let mut name = PSEUDONYM.to_owned();
        for octet in &tag.as_ref()[..SHOWN] {
            name.push_str(&format!("{octet:02x}"));
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_kept_key_names_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        let address = &[192, 0, 2, 1];
        let first = Key::kept_at(&path).unwrap().pseudonym(address);
        assert_eq!(Key::kept_at(&path).unwrap().pseudonym(address), first);
        assert_ne!(Key::random().unwrap().pseudonym(address), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").unwrap();
        assert!(Key::kept_at(&path).is_err());
    }
}
