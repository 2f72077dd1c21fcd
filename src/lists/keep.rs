//! The last good copy of every list, in the data folder, and what is known of it.
//!
//! ```text
//! lists/NAME-HASH        the copy, as it was fetched
//! lists/NAME-HASH.json   when and how it was fetched, what came of the newest try
//! ```
//!
//! A copy is replaced only by one that has passed the gates; whatever happens in between, the old
//! one stays.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::READ;
use super::fetch::Validators;
use crate::config::List;

/// Characters of a list's name that its file has.
const SLUG: usize = 40;

/// What is known of a list's copy. Times are seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Copy {
    /// What the source said of it, to be asked whether it has changed.
    pub validators: Validators,
    /// When it was last known to be the newest; none if there never was one.
    pub checked: Option<u64>,
    /// When it was taken; 0 for never.
    pub taken: u64,
    /// Its size.
    pub bytes: u64,
    /// Of what it holds: another copy has another one.
    #[serde(default)]
    pub digest: u64,
    /// Rules in it, repeated ones included.
    pub rules: u64,
    /// When a newer one was last asked for.
    pub tried: u64,
    /// Failures in a row since then.
    pub failures: u32,
    /// Why the newest try gave nothing.
    pub refused: Option<String>,
    /// The same in a word.
    #[serde(default)]
    pub why: Option<String>,
    /// Whether one was had that is not fit to be taken, and none since is.
    #[serde(default)]
    pub unfit: bool,
}

/// Where copies are kept.
#[derive(Debug, Clone)]
pub struct Keep {
    folder: PathBuf,
}

impl Keep {
    /// In the data folder.
    pub fn new(data: &Path) -> Self {
        Self { folder: data.join("lists") }
    }

    /// Where the copy of `list` is, or would be.
    pub fn path(&self, list: &List) -> PathBuf {
        let source = source(list);
        let readable = |char: char| if char.is_ascii_alphanumeric() { char } else { '-' };
        let slug: String = list.name.chars().take(SLUG).map(readable).collect();
        let hash = XxHash3_64::oneshot(format!("{}\n{source}", list.name).as_bytes());
        self.folder.join(format!("{slug}-{hash:016x}"))
    }

    /// A path beside the copy, for the next one in the making. The folder is made.
    ///
    /// # Errors
    /// The folder cannot be made, or something in the way not be removed.
    pub fn draft(&self, list: &List) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        let path = self.path(list).with_extension(format!("new{}", std::process::id()));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(path),
        }
    }

    /// What is known of the copy of `list`; nothing where it is gone.
    pub fn look(&self, list: &List) -> Copy {
        let path = self.path(list);
        let known: Copy = fs::read(path.with_extension("json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        if known.taken > 0 && !path.is_file() {
            return Copy::default();
        }
        known
    }

    /// Writes down what is known, with `draft` as the new copy if there is one.
    ///
    /// # Errors
    /// What the file system says; what was known before then stays.
    pub fn put(&self, list: &List, copy: &Copy, draft: Option<&Path>) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let path = self.path(list);
        if let Some(draft) = draft {
            fs::rename(draft, &path)?;
        }
        let known = path.with_extension("json");
        let draft = known.with_extension(format!("json{}", std::process::id()));
        serde_json::to_writer(File::create(&draft)?, copy)?;
        fs::rename(draft, known)
    }
}

/// The digest of a file's content. About 0.1 ms a megabyte.
///
/// # Errors
/// The file cannot be read.
pub(super) fn digest(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut digest = 0;
    let mut piece = Vec::with_capacity(READ);
    while file.by_ref().take(READ as u64).read_to_end(&mut piece)? > 0 {
        digest = XxHash3_64::oneshot_with_seed(digest, &piece);
        piece.clear();
    }
    Ok(digest)
}

/// Where a list comes from, in words.
pub(super) fn source(list: &List) -> String {
    match (&list.file, url(list)) {
        (Some(file), _) => file.display().to_string(),
        (None, Some(url)) => url.to_owned(),
        (None, None) => "nowhere".to_owned(),
    }
}

/// Where to fetch a list that is no file.
pub(super) fn url(list: &List) -> Option<&str> {
    match (&list.file, &list.url) {
        (Some(_), _) => None,
        (None, Some(url)) => Some(url),
        (None, None) => crate::catalogue::url(&list.name),
    }
}

/// Seconds since 1970; 0 on a machine whose clock is before.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
