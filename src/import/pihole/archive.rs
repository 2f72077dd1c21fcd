//! The parts of an archive that are known, unpacked within bounds.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::bufread::{DeflateDecoder, GzDecoder};
use rawzip::{CompressionMethod, ZipArchive};

use crate::import::ImportError;

/// Parts by name, without the folders they come from.
pub(super) type Parts = BTreeMap<String, Vec<u8>>;

/// Most bytes of one part, unpacked.
const MOST_OF_PART: u64 = 16 << 20;
/// Most bytes of all that is unpacked.
const MOST_OF_ALL: u64 = 64 << 20;
/// Most entries that are looked at.
const MOST_ENTRIES: usize = 10_000;

const WANTED: [&str; 16] = [
    "pihole.toml",
    "gravity.db",
    "adlist.json",
    "adlist_by_group.json",
    "blacklist.exact.json",
    "blacklist.regex.json",
    "whitelist.exact.json",
    "whitelist.regex.json",
    "domainlist_by_group.json",
    "group.json",
    "client.json",
    "client_by_group.json",
    "custom.list",
    "setupVars.conf",
    "pihole-FTL.conf",
    "dhcp.leases",
];

/// What `bytes` has of what is wanted, by what they begin with.
pub(super) fn open(bytes: &[u8]) -> Result<Parts, ImportError> {
    if bytes.starts_with(b"PK") {
        zip(bytes)
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        tar(bytes)
    } else {
        Err(ImportError::NotTeleporter)
    }
}

fn zip(bytes: &[u8]) -> Result<Parts, ImportError> {
    let broken = |error: rawzip::Error| ImportError::broken("the .zip", &error);
    let archive = ZipArchive::from_slice(bytes).map_err(broken)?;
    let mut parts = Parts::new();
    let mut left = MOST_OF_ALL;
    let mut entries = archive.entries();
    for number in 0.. {
        let Some(entry) = entries.next_entry().map_err(broken)? else { break };
        if number == MOST_ENTRIES {
            return Err(ImportError::TooLarge("the .zip".to_owned()));
        }
        let path = entry.file_path();
        let Some(name) = wanted(&String::from_utf8_lossy(path.as_bytes())) else { continue };
        let local = archive.get_entry(entry.wayfinder()).map_err(broken)?;
        let part = match entry.compression_method() {
            CompressionMethod::STORE => {
                unpack(local.verifying_reader(local.data()), &name, &mut left)?
            }
            CompressionMethod::DEFLATE => {
                let inflated = DeflateDecoder::new(local.data());
                unpack(local.verifying_reader(inflated), &name, &mut left)?
            }
            _ => return Err(ImportError::broken(&name, &"packed in a way that is not known")),
        };
        parts.insert(name, part);
    }
    Ok(parts)
}

fn tar(bytes: &[u8]) -> Result<Parts, ImportError> {
    let broken = |error: std::io::Error| ImportError::broken("the .tar.gz", &error);
    // What is skipped is unpacked, too.
    let unpacked = GzDecoder::new(bytes).take(MOST_OF_ALL);
    let mut archive = tar::Archive::new(unpacked);
    let mut parts = Parts::new();
    let mut left = MOST_OF_ALL;
    for (number, entry) in archive.entries().map_err(broken)?.enumerate() {
        let entry = entry.map_err(broken)?;
        if number == MOST_ENTRIES {
            return Err(ImportError::TooLarge("the .tar.gz".to_owned()));
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some(name) = wanted(&name) {
            let part = unpack(entry, &name, &mut left)?;
            parts.insert(name, part);
        }
    }
    Ok(parts)
}

/// The whole of a part; `left` is what all may still have.
fn unpack(source: impl Read, name: &str, left: &mut u64) -> Result<Vec<u8>, ImportError> {
    let most = MOST_OF_PART.min(*left);
    let mut part = Vec::new();
    let read = source.take(most + 1).read_to_end(&mut part);
    read.map_err(|error| ImportError::broken(name, &error))?;
    let size = part.len() as u64;
    if size > most {
        return Err(ImportError::TooLarge(name.to_owned()));
    }
    *left -= size;
    Ok(part)
}

/// The name of a part that is wanted, without its folder.
fn wanted(path: &str) -> Option<String> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = path.strip_prefix("etc/").unwrap_or(path);
    let path = path.strip_prefix("pihole/").unwrap_or(path);
    let of_dnsmasq = path
        .strip_prefix("dnsmasq.d/")
        .is_some_and(|name| name.ends_with(".conf") && !name.contains('/'));
    (of_dnsmasq || WANTED.contains(&path)).then(|| path.to_owned())
}
