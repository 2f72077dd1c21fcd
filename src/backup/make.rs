//! Makes a backup.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::{
    BackupError, CONFIG, DATA, Digesting, Draft, FORMAT, MANIFEST, Manifest, Piece, SETTINGS,
    is_allowed, is_below,
};
use crate::clock;
use crate::config::{Config, Since, since_without_secrets, without_secrets};
use crate::data::{AUTHORITY, SECRETS};
use crate::history::SETTINGS as SINCE;
use crate::history::copy::{QUERIES, STORE, set_in};
use crate::history::read::Reader;

/// What is to be in a backup.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    /// The settings file.
    pub settings: Option<&'a Path>,
    /// The data folder.
    pub data: Option<&'a Path>,
    /// Whether what lets others in is to be in it.
    pub secrets: bool,
    /// Whether the log of queries is.
    pub queries: bool,
}

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// What is in it.
    pub manifest: Manifest,
    /// What is not, and why: a line each.
    pub left_out: Vec<String>,
}

/// A file that goes into it.
struct Part {
    name: String,
    source: Source,
    mode: u32,
}

enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Source {
    fn open(&self) -> Result<Box<dyn Read + '_>, BackupError> {
        Ok(match self {
            Self::File(path) => {
                Box::new(File::open(path).map_err(|error| BackupError::file(path, error))?)
            }
            Self::Bytes(bytes) => Box::new(bytes.as_slice()),
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Bytes(_) => Path::new(MANIFEST),
        }
    }
}

/// Writes a backup to `to`, which must not be there yet. The server may run and write meanwhile.
///
/// # Errors
/// Something cannot be read or written; then there is no such file.
pub fn make(contents: &Contents<'_>, to: &Path) -> Result<Made, BackupError> {
    if to.symlink_metadata().is_ok() {
        let there =
            io::Error::new(io::ErrorKind::AlreadyExists, "there already; give another name");
        return Err(BackupError::file(to, there));
    }
    let mut gathered =
        Gathered { secrets: contents.secrets, parts: Vec::new(), left_out: Vec::new() };
    if let Some(settings) = contents.settings {
        gathered.settings(settings)?;
    }
    // Copies of databases stay until they are in the backup.
    let _draft = match contents.data {
        Some(data) => Some(gathered.data(data, contents.queries)?),
        None => None,
    };
    let Gathered { secrets, parts, left_out } = gathered;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made: clock::now().0.as_secs(),
        secrets,
        files: parts.iter().map(piece).collect::<Result<_, _>>()?,
    };
    let mut draft = to.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let written = write(&manifest, &parts, &draft)
        .and_then(|()| fs::rename(&draft, to).map_err(|error| BackupError::file(to, error)));
    if let Err(error) = written {
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    Ok(Made { manifest, left_out })
}

struct Gathered {
    secrets: bool,
    parts: Vec<Part>,
    left_out: Vec<String>,
}

impl Gathered {
    fn add(&mut self, name: String, source: Source, mode: u32) {
        self.parts.push(Part { name, source, mode });
    }

    /// The settings, and the files they name that are of the same folder.
    fn settings(&mut self, file: &Path) -> Result<(), BackupError> {
        let unreadable = |error| BackupError::file(file, error);
        let config = Config::read(file)?;
        let text = fs::read_to_string(file).map_err(unreadable)?;
        let name = file.display().to_string();
        let text = if self.secrets {
            text
        } else {
            let (clean, keys) = without_secrets(&text, &name)?;
            self.left_out.extend(keys.iter().map(|key| format!("{key} of the settings: a secret")));
            clean
        };
        let mode = fs::metadata(file).map_err(unreadable)?.permissions().mode();
        self.add(SETTINGS.to_owned(), Source::Bytes(text.into_bytes()), mode & 0o644);
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let listed = config.lists.iter().chain(&config.databases);
        let mut named: Vec<_> = listed.filter_map(|list| list.file.clone()).collect();
        named.extend(config.local.hosts.iter().cloned());
        named.extend(config.upstream.ca.iter().chain(&config.encrypted.certificate).cloned());
        match &config.encrypted.key {
            Some(key) if self.secrets => named.push(key.clone()),
            Some(key) => self.left_out.push(format!("{}: a secret", key.display())),
            None => {}
        }
        named.sort();
        named.dedup();
        for path in named {
            self.beside(folder, path);
        }
        Ok(())
    }

    fn beside(&mut self, folder: &Path, path: PathBuf) {
        let below = path.strip_prefix(folder).ok().filter(|below| is_below(below));
        let name = below.and_then(|below| Some(format!("{CONFIG}{}", below.to_str()?)));
        let Some(name) = name.filter(|name| is_allowed(name) && header(name).is_ok()) else {
            self.left_out.push(format!("{}: not beside the settings", path.display()));
            return;
        };
        match fs::metadata(&path) {
            Ok(known) if known.is_file() => {
                let mode = known.permissions().mode() & 0o644;
                self.add(name, Source::File(path), mode);
            }
            Ok(_) => self.left_out.push(format!("{}: not a file", path.display())),
            Err(error) => self.left_out.push(format!("{}: {error}", path.display())),
        }
    }

    /// Copies of the databases, and secrets where they are wanted.
    fn data(&mut self, data: &Path, queries: bool) -> Result<Draft, BackupError> {
        let draft = Draft::new(data.join("backup.draft"))?;
        for database in [STORE].into_iter().chain(queries.then_some(QUERIES)) {
            if !data.join(database.name).exists() {
                self.left_out.push(format!("{}: there is none", database.name));
                continue;
            }
            let copy = draft.0.join(database.name);
            database.copy(data, &copy)?;
            if database == STORE && !self.secrets {
                clean_since(&draft.0, &copy)?;
            }
            self.add(format!("{DATA}{}", database.name), Source::File(copy), 0o600);
        }
        if self.secrets {
            for name in SECRETS.into_iter().chain([AUTHORITY]) {
                let path = data.join(name);
                if path.is_file() {
                    self.add(format!("{DATA}{name}"), Source::File(path), 0o600);
                }
            }
        } else {
            self.left_out.push(
                "the key of the devices' names: restored elsewhere, what is known of devices stays \
                 under the old names, and new queries get new ones"
                    .to_owned(),
            );
            self.left_out.push("logins, tokens, keys of certificates".to_owned());
        }
        Ok(draft)
    }
}

/// Takes secrets out of what was set while the server ran, in a copy of the store.
fn clean_since(folder: &Path, copy: &Path) -> Result<(), BackupError> {
    let Some(text) = Reader::open(folder)?.setting(SINCE)? else { return Ok(()) };
    let since: Since = serde_json::from_str(&text).unwrap_or_default();
    let clean = since_without_secrets(&since)?;
    let text = serde_json::to_string(&clean).unwrap_or_else(|_| "{}".to_owned());
    Ok(set_in(copy, SINCE, &text)?)
}

fn piece(part: &Part) -> Result<Piece, BackupError> {
    let mut reader = Digesting::new(part.source.open()?);
    io::copy(&mut reader, &mut io::sink())
        .map_err(|error| BackupError::file(part.source.path(), error))?;
    let (bytes, digest) = reader.finish();
    Ok(Piece { name: part.name.clone(), bytes, digest })
}

fn header(name: &str) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_entry_type(EntryType::Regular);
    Ok(header)
}

fn write(manifest: &Manifest, parts: &[Part], to: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::file(to, error);
    // What a run that was killed has left.
    let _ = fs::remove_file(to);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let packed = GzEncoder::new(file.map_err(failed)?, Compression::default());
    let mut archive = Builder::new(packed);
    let mut append = |name: &str, bytes: u64, mode: u32, reader: &mut dyn Read| {
        let mut header = header(name)?;
        header.set_size(bytes);
        header.set_mode(mode);
        header.set_mtime(manifest.made);
        header.set_cksum();
        archive.append(&header, reader)
    };
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| failed(error.into()))?;
    append(MANIFEST, text.len() as u64, 0o600, &mut text.as_slice()).map_err(failed)?;
    for (part, piece) in parts.iter().zip(&manifest.files) {
        let mut reader = Digesting::new(part.source.open()?.take(piece.bytes));
        append(&piece.name, piece.bytes, part.mode, &mut reader).map_err(failed)?;
        if reader.finish() != (piece.bytes, piece.digest.clone()) {
            let changed = io::Error::other("it has changed meanwhile; try again");
            return Err(BackupError::file(part.source.path(), changed));
        }
    }
    let file = archive.into_inner().and_then(GzEncoder::finish).map_err(failed)?;
    file.sync_all().map_err(failed)
}
