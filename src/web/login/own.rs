//! What the owner sets of logins: passwords, codes, and that others are out.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::{Accounts, Refusal, hashed, must_accept, new_totp, set_password};
use super::{Password, Who, in_turn};
use crate::web::problem::{Body, Problem};
use crate::web::scope::{Caller, Owner, Proof, Source};
use crate::web::{Site, beside};

/// A new password.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewPassword {
    /// Of the owner.
    #[schema(value_type = String)]
    old: Password,
    /// None for the viewer's: then there is no viewer any more.
    #[schema(value_type = Option<String>, min_length = 10, max_length = 1024)]
    new: Option<Password>,
    /// Whose.
    #[serde(default)]
    name: Who,
}

/// What makes codes.
#[derive(Serialize, ToSchema)]
pub(super) struct Codes {
    /// In base 32.
    secret: String,
    /// The same, to be shown as a QR code.
    uri: String,
}

/// A code of the owner's app.
#[derive(Deserialize, ToSchema)]
pub(super) struct Code {
    code: String,
}

/// That it is the owner in person.
#[derive(Deserialize, ToSchema)]
pub(super) struct Either {
    code: Option<String>,
    #[schema(value_type = Option<String>)]
    password: Option<Password>,
}

/// The session that asks.
fn own(caller: Caller) -> Option<String> {
    match caller.proof {
        Proof::Session(kept) => Some(kept),
        Proof::Token | Proof::Proxy => None,
    }
}

impl Accounts {
    /// Whether codes are on.
    pub(in crate::web) fn has_codes(&self) -> bool {
        self.kept.load().totp.is_some()
    }

    fn change_password(
        &self,
        source: IpAddr,
        own: Option<&str>,
        NewPassword { old, new, name }: NewPassword,
    ) -> Result<(), Refusal> {
        if new.is_none() && name == Who::Owner {
            return Err(Refusal::Length);
        }
        self.right_password(source, Who::Owner, &old)?;
        self.lockout.succeeded(source, Who::Owner);
        let kept = new.as_ref().map(hashed).transpose()?;
        self.change(|account| {
            set_password(account, name, kept, own);
            Ok(())
        })?;
        self.tell_ended();
        Ok(())
    }

    fn begin_codes(&self) -> Result<Codes, Refusal> {
        if self.has_codes() {
            return Err(Refusal::CodesOn);
        }
        let totp = new_totp()?;
        let codes = Codes { secret: totp.secret().to_owned(), uri: totp.uri() };
        *self.to_confirm.lock().unwrap_or_else(PoisonError::into_inner) = Some(totp);
        Ok(codes)
    }

    fn confirm_codes(&self, code: &str) -> Result<(), Refusal> {
        let mut waiting = self.to_confirm.lock().unwrap_or_else(PoisonError::into_inner);
        let totp = waiting.as_mut().ok_or(Refusal::CodesOff)?;
        must_accept(Some(&mut *totp), code)?;
        self.change(|account| {
            account.totp = Some(totp.clone());
            Ok(())
        })?;
        *waiting = None;
        Ok(())
    }

    fn end_codes(&self, source: IpAddr, Either { code, password }: Either) -> Result<(), Refusal> {
        if !self.has_codes() {
            return Err(Refusal::CodesOff);
        }
        match &password {
            Some(password) => drop(self.right_password(source, Who::Owner, password)?),
            None => {
                let begun = self.lockout.begin(source, &[Who::Owner], Instant::now());
                begun.map_err(Refusal::Locked)?;
            }
        }
        self.change(|account| {
            if password.is_none() {
                must_accept(account.totp.as_mut(), code.as_deref().unwrap_or_default())?;
            }
            account.totp = None;
            Ok(())
        })?;
        self.lockout.succeeded(source, Who::Owner);
        Ok(())
    }
}

/// Set the owner's password, or the viewer's; other sessions of it end
#[utoipa::path(
    put, path = "/password", tag = "login", request_body = NewPassword,
    responses(
        (status = 204), (status = 401, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)
    )
)]
pub(super) async fn password(
    Owner(caller): Owner,
    Source(source): Source,
    State(site): State<Site>,
    Body(wanted): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let own = own(caller);
    in_turn(&site, move |all| all.change_password(source, own.as_deref(), wanted)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a secret for codes, which are off until one of them is shown
#[utoipa::path(
    post, path = "/totp", tag = "login",
    responses((status = 200, body = Codes), (status = 409, body = Problem))
)]
pub(super) async fn begin_codes(
    _: Owner,
    State(site): State<Site>,
) -> Result<Json<Codes>, Problem> {
    Ok(Json(site.accounts.begin_codes()?))
}

/// Switch codes on
#[utoipa::path(
    put, path = "/totp", tag = "login", request_body = Code,
    responses((status = 204), (status = 401, body = Problem), (status = 409, body = Problem))
)]
pub(super) async fn confirm_codes(
    _: Owner,
    State(site): State<Site>,
    Body(Code { code }): Body<Code>,
) -> Result<StatusCode, Problem> {
    beside(move || site.accounts.confirm_codes(&code)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch codes off
#[utoipa::path(
    delete, path = "/totp", tag = "login", request_body = Either,
    responses(
        (status = 204), (status = 401, body = Problem), (status = 409, body = Problem),
        (status = 429, body = Problem)
    )
)]
pub(super) async fn end_codes(
    _: Owner,
    Source(source): Source,
    State(site): State<Site>,
    Body(either): Body<Either>,
) -> Result<StatusCode, Problem> {
    in_turn(&site, move |accounts| accounts.end_codes(source, either)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all other sessions
#[utoipa::path(post, path = "/sessions/end", tag = "login", responses((status = 204)))]
pub(super) async fn end_others(
    Owner(caller): Owner,
    State(site): State<Site>,
) -> Result<StatusCode, Problem> {
    let own = own(caller);
    beside(move || site.accounts.end_sessions(|kept| Some(kept) != own.as_deref())).await??;
    Ok(StatusCode::NO_CONTENT)
}
