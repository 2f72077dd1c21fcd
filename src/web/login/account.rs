//! What is kept of logins: one small file that its owner alone may read.
//!
//! Passwords are there as slow hashes, secrets of sessions and tokens as fast ones (they are random
//! and long); what makes the codes is there as it is. No address is.

use std::fs;
use std::io;
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Who;
use super::totp::Totp;
use crate::data::write_private;
use crate::web::scope::Scope;

/// What is kept.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Account {
    /// Hash of the owner's password.
    pub(super) owner: Option<String>,
    /// Hash of the viewer's password.
    pub(super) viewer: Option<String>,
    pub(super) totp: Option<Totp>,
    pub(super) sessions: Vec<Session>,
    pub(super) tokens: Vec<Token>,
}

/// A browser that is logged in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) hash: String,
    pub(super) who: Who,
    /// When it was last prolonged, in seconds since 1970.
    pub(super) seen: u64,
}

/// A program that may do something.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) scope: Scope,
    pub(super) hash: String,
    /// In seconds since 1970.
    pub(super) made: u64,
    /// The same; the day it was last used.
    pub(super) used: Option<u64>,
}

impl Account {
    /// What is kept in `file`; nothing where there is none.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub(super) fn read(file: &Path) -> io::Result<Self> {
        match fs::read(file) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Keeps it in `file`.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        write_private(file, &serde_json::to_vec(self)?)
    }

    pub(super) fn password(&self, who: Who) -> Option<&str> {
        match who {
            Who::Owner => self.owner.as_deref(),
            Who::Viewer => self.viewer.as_deref(),
        }
    }
}

/// A secret of 256 random bits.
///
/// # Errors
/// The system gives no random numbers.
pub(super) fn secret() -> Result<String, getrandom::Error> {
    let mut octets = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *octets)?;
    Ok(BASE64URL_NOPAD.encode(&*octets))
}

/// What is kept of a secret, and compared.
pub(super) fn hash(secret: &str) -> String {
    BASE64URL_NOPAD.encode(digest(&SHA256, secret.as_bytes()).as_ref())
}
