//! Tokens: what programs send instead of a login.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::{Token, hash, secret};
use super::accounts::{Accounts, Refusal};
use crate::clock;
use crate::web::problem::{Body, Problem};
use crate::web::scope::{Admin, Owner, Scope};
use crate::web::{Site, beside};

/// What each begins with, so that it is known where one is found.
const MARK: &str = "trk_";
/// Tokens kept.
const MOST: usize = 64;

impl Accounts {
    /// Name and scope of a token, and what is kept of it.
    pub(in crate::web) fn token(&self, secret: &str) -> Option<(String, Scope, String)> {
        let hash = hash(secret.strip_prefix(MARK)?);
        let account = self.kept.load();
        let token = account.tokens.iter().find(|token| token.hash == hash)?;
        Some((token.name.clone(), token.scope, hash))
    }

    /// Makes a token; gives its id and its secret.
    ///
    /// # Errors
    /// The name is bad, there are too many, or it cannot be kept.
    fn make_token(&self, name: &str, scope: Scope) -> Result<(String, String), Refusal> {
        let fits = (1..=64).contains(&name.chars().count()) && !name.contains(char::is_control);
        let secret = secret()?;
        let mut id = [0; 4];
        getrandom::fill(&mut id)?;
        let id = HEXLOWER.encode(&id);
        self.change(|account| {
            let is_there = account.tokens.iter().any(|token| token.name == name || token.id == id);
            if !fits || is_there || account.tokens.len() >= MOST {
                return Err(Refusal::TokenName(MOST));
            }
            let (made, used) = (clock::now().0.as_secs(), None);
            let (id, name, hash) = (id.clone(), name.to_owned(), hash(&secret));
            account.tokens.push(Token { id, name, scope, hash, made, used });
            Ok(())
        })?;
        Ok((id, format!("{MARK}{secret}")))
    }

    /// Ends a token.
    ///
    /// # Errors
    /// There is none of this id, or it cannot be kept that there is not.
    fn end_token(&self, id: &str) -> Result<(), Refusal> {
        self.change(|account| {
            let before = account.tokens.len();
            account.tokens.retain(|token| token.id != id);
            if account.tokens.len() == before { Err(Refusal::NoToken) } else { Ok(()) }
        })?;
        self.tell_ended();
        Ok(())
    }
}

/// A token as it is shown: without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Shown {
    id: String,
    name: String,
    scope: Scope,
    /// Seconds since 1970.
    made: u64,
    /// The day of its last use, in seconds since 1970.
    used: Option<u64>,
}

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tokens {
    items: Vec<Shown>,
    /// There is never a second page.
    next: Option<String>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewToken)]
pub(super) struct Wanted {
    name: String,
    scope: Scope,
}

/// A token that was made: the only time that it is told.
#[derive(Serialize, ToSchema)]
pub(super) struct Made {
    id: String,
    token: String,
}

/// The tokens there are
#[utoipa::path(get, path = "/tokens", tag = "login", responses((status = 200, body = Tokens)))]
pub(super) async fn list(_: Admin, State(site): State<Site>) -> Json<Tokens> {
    let account = site.accounts.kept.load();
    let shown = |Token { id, name, scope, hash: _, made, used }: &Token| {
        let (id, name) = (id.clone(), name.clone());
        Shown { id, name, scope: *scope, made: *made, used: *used }
    };
    Json(Tokens { items: account.tokens.iter().map(shown).collect(), next: None })
}

/// Make a token
#[utoipa::path(
    post, path = "/tokens", tag = "login", request_body = Wanted,
    responses((status = 201, body = Made), (status = 422, body = Problem))
)]
pub(super) async fn make(
    _: Owner,
    State(site): State<Site>,
    Body(Wanted { name, scope }): Body<Wanted>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let (id, token) = beside(move || site.accounts.make_token(&name, scope)).await??;
    Ok((StatusCode::CREATED, Json(Made { id, token })))
}

/// End a token
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "login", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem))
)]
pub(super) async fn end(
    _: Owner,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    beside(move || site.accounts.end_token(&id)).await??;
    Ok(StatusCode::NO_CONTENT)
}
