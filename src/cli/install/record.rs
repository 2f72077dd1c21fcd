//! What was put where, and the record of it: what is there no more than it says is taken away again.
//!
//! The record lies where only root writes: whoever could write to it could have root remove files.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

pub(in crate::cli) const BINARY: &str = "/usr/local/bin/trackless";
pub(in crate::cli) const UNIT: &str = "/etc/systemd/system/trackless.service";
pub(in crate::cli) const SETTINGS: &str = "/etc/trackless/trackless.yaml";
pub(in crate::cli) const DROP_IN: &str = "/etc/systemd/resolved.conf.d/trackless.conf";
pub(in crate::cli) const RESOLV: &str = "/etc/resolv.conf";
const RECORD: &str = "/usr/local/lib/trackless/installed.json";
/// All that is ever put anywhere: no record may name anything else.
const OURS: [&str; 6] = [BINARY, UNIT, SETTINGS, DROP_IN, RESOLV, RECORD];

/// A tree of files: the machine's own, or one that is to become a machine's.
#[derive(Debug)]
pub(in crate::cli) struct Tree(pub(in crate::cli) PathBuf);

/// Something that was put there, by its path from the tree's root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Put {
    /// A folder that was not there.
    Folder { path: PathBuf },
    /// A file, and the digest of what was written to it.
    File { path: PathBuf, digest: String },
    /// A link that led elsewhere before.
    Link { path: PathBuf, to: PathBuf, before: PathBuf },
}

impl Put {
    pub(in crate::cli) fn path(&self) -> &Path {
        match self {
            Self::Folder { path } | Self::File { path, .. } | Self::Link { path, .. } => path,
        }
    }
}

/// How it stands with a file that is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Stands {
    /// It is not there, or is what was put there before.
    ToWrite,
    /// It is there, with just that in it.
    Written,
    /// It is somebody else's, or was changed since.
    Foreign,
}

/// The record of a tree.
#[derive(Debug)]
pub(in crate::cli) struct Record {
    tree: Tree,
    pub(in crate::cli) put: Vec<Put>,
}

fn digest_of(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

impl Tree {
    /// Where `path`, which begins at the root, is.
    pub(in crate::cli) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }
}

impl Record {
    /// The record of `tree`; an empty one where there is none.
    ///
    /// # Errors
    /// It cannot be read, or names what we never put anywhere.
    pub(in crate::cli) fn of(tree: Tree) -> Result<Self, String> {
        let path = tree.at(RECORD);
        let put: Vec<Put> = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| format!("{}: {error}", path.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let is_ours = |put: &Put| match put {
            Put::Folder { path } => OURS
                .iter()
                .any(|ours| Path::new(ours).ancestors().skip(1).any(|folder| folder == path)),
            Put::File { path, .. } | Put::Link { path, .. } => {
                OURS.iter().any(|ours| Path::new(ours) == path)
            }
        };
        match put.iter().find(|put| !is_ours(put)) {
            Some(other) => {
                let other = other.path().display();
                Err(format!("{}: {other} was never put there by us", path.display()))
            }
            None => Ok(Self { tree, put }),
        }
    }

    pub(in crate::cli) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// How it stands with the file at `path`, into which `bytes` are to be written.
    pub(in crate::cli) fn stands(&self, path: &str, bytes: &[u8]) -> Stands {
        match fs::read(self.tree.at(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Stands::ToWrite,
            Ok(there) if there == bytes => Stands::Written,
            Ok(there) if self.put_there(path) == Some(digest_of(&there).as_str()) => {
                Stands::ToWrite
            }
            _ => Stands::Foreign,
        }
    }

    /// Digest of what was written to the file at `path`.
    fn put_there(&self, path: &str) -> Option<&str> {
        self.put.iter().find_map(|put| match put {
            Put::File { path: known, digest } if known == Path::new(path) => Some(digest.as_str()),
            _ => None,
        })
    }

    /// Writes a file, with the folders above it, and remembers.
    pub(in crate::cli) fn write(&mut self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.folders(path)?;
        let place = self.tree.at(path);
        // Beside first: a program that runs cannot be written to, and nothing is ever half there.
        let draft = place.with_extension("new");
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&draft, &place)?;
        self.put.retain(|put| put.path() != Path::new(path));
        self.put.push(Put::File { path: path.into(), digest: digest_of(bytes) });
        self.keep()
    }

    /// Has the link at `path` lead to `to`, and remembers where it led.
    pub(in crate::cli) fn link(&mut self, path: &str, to: &Path) -> io::Result<()> {
        let place = self.tree.at(path);
        let before = fs::read_link(&place)?;
        relink(&place, to)?;
        self.put.push(Put::Link { path: path.into(), to: to.to_owned(), before });
        self.keep()
    }

    fn folders(&mut self, path: &str) -> io::Result<()> {
        let mut missing: Vec<_> = Path::new(path).ancestors().skip(1).collect();
        missing.retain(|folder| !self.tree.at(folder).exists());
        for folder in missing.into_iter().rev() {
            fs::create_dir(self.tree.at(folder))?;
            fs::set_permissions(self.tree.at(folder), Permissions::from_mode(0o755))?;
            self.put.push(Put::Folder { path: folder.to_owned() });
        }
        Ok(())
    }

    /// Writes the record down, after each step: whatever happens then, what was done can be undone.
    pub(in crate::cli) fn keep(&mut self) -> io::Result<()> {
        self.folders(RECORD)?;
        let place = self.tree.at(RECORD);
        let draft = place.with_extension("new");
        fs::write(&draft, serde_json::to_vec_pretty(&self.put)?)?;
        fs::set_permissions(&draft, Permissions::from_mode(0o644))?;
        fs::rename(draft, place)
    }

    /// Takes away what was put there, the last first. What was changed since stays, and so does what
    /// others have put into our folders; `say` is told of each. With `purge` what was changed goes, too.
    pub(in crate::cli) fn take_away(
        self,
        purge: bool,
        mut say: impl FnMut(&str, &Path),
    ) -> io::Result<()> {
        let (folders, others): (Vec<_>, Vec<_>) =
            self.put.iter().partition(|put| matches!(put, Put::Folder { .. }));
        for put in others.into_iter().rev() {
            let path = self.tree.at(put.path());
            match put {
                Put::File { digest, .. } => match fs::read(&path) {
                    Ok(there) if purge || digest_of(&there) == *digest => {
                        say("remove", put.path());
                        fs::remove_file(&path)?;
                    }
                    Ok(_) => say("keep what was changed since (--purge removes it):", put.path()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                },
                Put::Link { to, before, .. } => {
                    if fs::read_link(&path).is_ok_and(|there| there == *to) {
                        say("lead to where it led before:", put.path());
                        relink(&path, before)?;
                    }
                }
                Put::Folder { .. } => {}
            }
        }
        fs::remove_file(self.tree.at(RECORD))?;
        let mut folders: Vec<_> = folders.into_iter().map(Put::path).collect();
        folders.sort_by_key(|folder| usize::MAX - folder.components().count());
        for folder in folders {
            // Whatever is still in it is not ours.
            if fs::remove_dir(self.tree.at(folder)).is_ok() {
                say("remove the folder", folder);
            }
        }
        Ok(())
    }
}

/// Has the link at `place` lead to `to`: at no moment is there none.
fn relink(place: &Path, to: &Path) -> io::Result<()> {
    let draft = place.with_extension("new");
    let _ = fs::remove_file(&draft);
    symlink(to, &draft)?;
    fs::rename(draft, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_nothing_but_ours() {
        let folder = tempfile::tempdir().unwrap();
        let tree = || Tree(folder.path().to_owned());
        let mut record = Record::of(tree()).unwrap();
        record.write(UNIT, b"unit", 0o644).unwrap();
        assert_eq!(Record::of(tree()).unwrap().put, record.put);
        for wrong in ["/etc/passwd", "/etc/systemd/system/../../passwd", "etc/resolv.conf"] {
            let put = [Put::File { path: wrong.into(), digest: String::new() }];
            fs::write(tree().at(RECORD), serde_json::to_vec(&put).unwrap()).unwrap();
            assert!(
                Record::of(tree()).unwrap_err().contains("was never put there by us"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn only_what_is_as_it_was_put_is_written_over_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let tree = || Tree(folder.path().to_owned());
        let mut record = Record::of(tree()).unwrap();
        assert_eq!(record.stands(UNIT, b"one"), Stands::ToWrite);
        record.write(UNIT, b"one", 0o644).unwrap();
        assert_eq!(record.stands(UNIT, b"one"), Stands::Written);
        assert_eq!(record.stands(UNIT, b"two"), Stands::ToWrite, "a newer version's");
        fs::write(tree().at(UNIT), "by its owner").unwrap();
        assert_eq!(record.stands(UNIT, b"two"), Stands::Foreign);
        record.take_away(false, |_, _| {}).unwrap();
        assert_eq!(fs::read(tree().at(UNIT)).unwrap(), b"by its owner");
        assert!(!tree().at(RECORD).parent().unwrap().exists());
    }
}
