//! Tokens: what programs send instead of a login.

use super::account::{Token, hash, secret};
use super::accounts::{Accounts, DAY, Refusal};
use crate::clock;
use crate::web::scope::Scope;

/// What each begins with, so that it is known where one is found.
const MARK: &str = "trk_";
/// Tokens kept.
const MOST: usize = 64;

impl Accounts {
    /// Name and scope of a token.
    pub(in crate::web) fn token(&self, secret: &str) -> Option<(String, Scope)> {
        let hash = hash(secret.strip_prefix(MARK)?);
        let account = self.kept.load();
        let token = account.tokens.iter().find(|token| token.hash == hash)?;
        Some((token.name.clone(), token.scope))
    }
}
