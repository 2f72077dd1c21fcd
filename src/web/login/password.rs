//! Passwords: as somebody types them, and what is kept of them.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

/// Memory of one hash in KiB: what OWASP names as the least for two rounds. A small computer takes a
/// fifth of a second for it, and has it to spare once; two at a time are never made.
const MEMORY: u32 = 19 * 1024;
const ROUNDS: u32 = 2;
/// Characters of a password.
pub(super) const LEAST: usize = 10;
/// Octets of a password.
const MOST: usize = 1_024;

/// A password as it is typed. It shows itself to nobody, and is overwritten when it goes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// What was typed.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether it is long enough, and not too long.
    pub(super) fn fits(&self) -> bool {
        self.0.chars().count() >= LEAST && self.0.len() <= MOST
    }

    /// What is kept of it. Takes memory and time, by intent.
    pub(super) fn hash(&self) -> Option<String> {
        let argon2 = argon2()?;
        argon2.hash_password(self.0.as_bytes()).ok().map(|hash| hash.to_string())
    }

    /// Whether `kept` is of this. Where nothing is kept it takes as long, and is not.
    pub(super) fn is(&self, kept: Option<&str>) -> bool {
        if self.0.len() > MOST {
            return false;
        }
        match kept.and_then(|kept| PasswordHash::new(kept).ok()) {
            Some(kept) => Argon2::default().verify_password(self.0.as_bytes(), &kept).is_ok(),
            None => {
                let mut nothing = [0; 32];
                let hashed = argon2()
                    .map(|it| it.hash_password_into(self.0.as_bytes(), &[0; 16], &mut nothing));
                // Of no use but for the time it takes.
                let _ = std::hint::black_box(hashed);
                false
            }
        }
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY, ROUNDS, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}
