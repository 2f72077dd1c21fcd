//! Programs that come with a password or a token and are given a secret for a while, as Pi-hole's
//! apps do. They log in again without being asked, and often: their sessions are in memory alone, so
//! that they cost the disk nothing and drive no browser out.

use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq as _;

use super::account::secret;
use super::accounts::{Accounts, Refusal, must_accept};
use super::{Password, Who, in_turn};
use crate::clock::Moment;
use crate::web::Site;
use crate::web::problem::Problem;
use crate::web::scope::Scope;

/// A session ends so long after it was last used.
pub(in crate::web) const LASTS: Duration = Duration::from_secs(1_800);
/// Sessions kept; of more, the one that was not used for longest goes.
const MOST: usize = 64;

/// A program that is logged in.
#[derive(Clone)]
pub(in crate::web) struct App {
    /// What it proves itself by.
    pub(in crate::web) sid: String,
    /// What it must say besides where it sends the other in a cookie.
    pub(in crate::web) csrf: String,
    pub(in crate::web) scope: Scope,
    /// What is kept of the token it came with; none where it was a password.
    pub(in crate::web) token: Option<String>,
    /// How often somebody had lost a right before it came: at the next time all come again.
    ended: u64,
    /// When it was last used, by the steady clock.
    seen: Duration,
}

impl Accounts {
    /// Logs in whoever's password or token this is.
    ///
    /// # Errors
    /// It is nobody's, a code is needed or wrong, or one has to wait.
    fn begin_app(&self, source: IpAddr, text: &str, code: Option<&str>) -> Result<App, Refusal> {
        // Before anything is looked at: what is changed meanwhile ends this one, too.
        let ended = *self.ended().borrow();
        let (scope, token) = match self.token(text) {
            Some((_, scope, kept)) => (scope, Some(kept)),
            None => (self.whose(source, &Password::new(text.to_owned()), code)?.scope(), None),
        };
        let seen = Moment::now().steady;
        let app = App { sid: secret()?, csrf: secret()?, scope, token, ended, seen };
        let mut apps = self.apps();
        apps.retain(|app| app.lasts(ended, seen));
        apps.sort_by_key(|app| app.seen);
        let more = (apps.len() + 1).saturating_sub(MOST);
        apps.drain(..more);
        apps.push(app.clone());
        Ok(app)
    }

    fn whose(
        &self,
        source: IpAddr,
        password: &Password,
        code: Option<&str>,
    ) -> Result<Who, Refusal> {
        if !self.is_set() {
            // There is no password yet: nobody can have guessed at it, and nobody has to wait.
            return Err(Refusal::Wrong);
        }
        let both = [Who::Owner, Who::Viewer];
        self.lockout.begin(source, &both, Instant::now()).map_err(Refusal::Locked)?;
        match self.is_right(Who::Owner, password) {
            Err(Refusal::Wrong) => {
                drop(self.is_right(Who::Viewer, password)?);
                self.lockout.not_meant(source, Who::Owner);
                self.lockout.succeeded(source, Who::Viewer);
                return Ok(Who::Viewer);
            }
            right => drop(right?),
        }
        self.lockout.not_meant(source, Who::Viewer);
        if self.has_codes() {
            let Some(code) = code else {
                self.lockout.undecided(source, Who::Owner);
                return Err(Refusal::CodeWanted);
            };
            self.change_anyway(|account| must_accept(account.totp.as_mut(), code))?;
        }
        self.lockout.succeeded(source, Who::Owner);
        Ok(Who::Owner)
    }

    /// The program that has this secret; it is used.
    pub(in crate::web) fn app(&self, sid: &str) -> Option<App> {
        let (ended, now) = (*self.ended().borrow(), Moment::now().steady);
        let mut apps = self.apps();
        apps.retain(|app| app.lasts(ended, now));
        let app =
            apps.iter_mut().find(|app| bool::from(app.sid.as_bytes().ct_eq(sid.as_bytes())))?;
        app.seen = now;
        Some(app.clone())
    }

    /// Ends the session of this secret.
    pub(in crate::web) fn end_app(&self, sid: &str) {
        self.apps().retain(|app| app.sid != sid);
    }

    fn apps(&self) -> MutexGuard<'_, Vec<App>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    fn lasts(&self, ended: u64, now: Duration) -> bool {
        self.ended == ended && now.saturating_sub(self.seen) < LASTS
    }
}

/// Logs in the program that sends `text`, a password or a token.
pub(in crate::web) async fn begin_app(
    site: &Site,
    source: IpAddr,
    text: String,
    code: Option<String>,
) -> Result<App, Problem> {
    in_turn(site, move |accounts| accounts.begin_app(source, &text, code.as_deref())).await
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn the_least_used_makes_place_and_a_lost_right_ends_all() {
        let accounts = Accounts::open(None);
        let text = "correct horse";
        assert!(accounts.begin_app(SOURCE, text, None).is_err(), "there is no password yet");
        for who in [Who::Owner, Who::Viewer] {
            let text = format!("{text} {}", who.as_str());
            accounts.set_anew(who, &Password::new(text)).unwrap();
        }
        let begin = |who: Who| {
            accounts.begin_app(SOURCE, &format!("{text} {}", who.as_str()), None).unwrap()
        };
        assert_eq!(begin(Who::Viewer).scope, Scope::Read);
        let first = begin(Who::Owner);
        assert_eq!(first.scope, Scope::Admin);
        // As many as there is place for, without as many slow hashes.
        accounts
            .apps()
            .extend((1..MOST).map(|number| App { sid: number.to_string(), ..first.clone() }));
        let last = begin(Who::Owner);
        assert!(accounts.apps().len() == MOST && accounts.app(&last.sid).is_some());
        accounts.apps().iter_mut().for_each(|app| app.seen = Duration::ZERO);
        let late = App { seen: Duration::ZERO, ..last.clone() };
        assert!(
            late.lasts(late.ended, LASTS - Duration::from_secs(1))
                && !late.lasts(late.ended, LASTS)
        );
        let last = begin(Who::Owner);
        accounts.end_app("none of them");
        assert!(accounts.app(&last.sid).is_some());
        accounts.set_anew(Who::Viewer, &Password::new("another horse".to_owned())).unwrap();
        assert!(accounts.app(&last.sid).is_none());
    }
}
