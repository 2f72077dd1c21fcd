//! Who may log in, who is logged in, and which programs may do what.
//!
//! Whatever is asked at each request is read without a lock and without the disk. What changes
//! something waits for the disk, and some of it computes long: that is for a thread beside.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::{Semaphore, watch};
use tracing::warn;
use zeroize::Zeroizing;

use super::account::{Account, Session, hash, secret};
use super::apps::App;
use super::lockout::Lockout;
use super::totp::{SECRET, Totp};
use super::{Password, Who};
use crate::clock;
use crate::data::ACCOUNT;

/// A session ends so long after it was last used.
pub(super) const LASTS: Duration = Duration::from_secs(30 * 86_400);
const DAY: u64 = 86_400;
/// Sessions kept; of more, the one that was not used for longest goes.
const MOST_SESSIONS: usize = 64;

/// All logins.
pub struct Accounts {
    pub(super) kept: ArcSwap<Account>,
    /// Where it is kept; none for this run alone.
    file: Option<PathBuf>,
    changing: Mutex<()>,
    /// What is compared with the code of the link, while there is no password.
    code: Mutex<Option<String>>,
    /// What is to make codes, until one shows that the owner's app does.
    pub(super) to_confirm: Mutex<Option<Totp>>,
    pub(super) lockout: Lockout,
    ended: watch::Sender<u64>,
    /// Programs that are logged in.
    pub(super) apps: Mutex<Vec<App>>,
    /// One password is looked at at a time: each takes memory.
    pub(super) turn: Arc<Semaphore>,
}

/// Why something about logins was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("too many wrong passwords or codes; wait {} s", .0.as_secs() + 1)]
    Locked(Duration),
    #[error("the name or the password is wrong; `trackless password` sets a new one")]
    Wrong,
    #[error("the code of your app is needed, too")]
    CodeWanted,
    #[error("the code is wrong, or was used already; wait for the next one")]
    CodeWrong,
    #[error(
        "this machine's clock is not set, so that no code can be right; set it, or set a new password with `trackless password`, which switches codes off"
    )]
    NoClock,
    #[error("the link is an old one; take the one of the server's log since its last start")]
    Link,
    #[error("there is a password already; log in, or set a new one with `trackless password`")]
    AlreadySet,
    #[error(
        "a password has at least {} characters, and at most 1024 bytes",
        super::password::LEAST
    )]
    Length,
    #[error("codes are on already; switch them off first")]
    CodesOn,
    #[error("codes are not on, nor asked for")]
    CodesOff,
    #[error("a token has a name of 1 to 64 characters, no other one's, and there are at most {0}")]
    TokenName(usize),
    #[error("there is no such token")]
    NoToken,
    #[error("nothing has changed, as it cannot be written: {0}")]
    NotKept(io::Error),
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
    #[error("the password cannot be hashed; there may be too little memory")]
    Hash,
}

impl Accounts {
    /// What is kept in the folder `data`; without one it is kept for this run. A damaged file is put
    /// aside.
    pub fn open(data: Option<&Path>) -> Self {
        let file = data.map(|data| data.join(ACCOUNT));
        let kept = file.as_deref().map_or_else(|| Ok(Account::default()), Account::read);
        let kept = kept.unwrap_or_else(|error| {
            let file = file.as_deref().unwrap_or_else(|| Path::new(ACCOUNT));
            let aside = file.with_extension("damaged");
            let _ = fs::rename(file, &aside);
            warn!(
                "{}: {error}; logins are begun anew, the old file is {}",
                file.display(),
                aside.display()
            );
            Account::default()
        });
        Self {
            kept: ArcSwap::from_pointee(kept),
            file,
            changing: Mutex::default(),
            code: Mutex::default(),
            to_confirm: Mutex::default(),
            lockout: Lockout::default(),
            ended: watch::Sender::default(),
            apps: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// The code for setting the first password: a new one at each call, none once there is one.
    pub fn code(&self) -> Option<String> {
        if self.is_set() {
            return None;
        }
        let code = secret().ok()?;
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(hash(&code));
        Some(code)
    }

    /// Whether the owner has a password.
    pub(super) fn is_set(&self) -> bool {
        self.kept.load().owner.is_some()
    }

    /// Changes whenever somebody may do less than before.
    pub(in crate::web) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    pub(super) fn tell_ended(&self) {
        self.ended.send_modify(|count| *count += 1);
    }

    /// Changes what is kept, and keeps it; or changes nothing.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Account) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.change_and(change, |kept| kept.map_err(Refusal::NotKept))
    }

    /// The same, but it holds even where it cannot be kept: who sees that the disk is full must be
    /// able to log in.
    pub(super) fn change_anyway<T>(
        &self,
        change: impl FnOnce(&mut Account) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.change_and(change, |kept| {
            kept.unwrap_or_else(|error| warn!("logins cannot be kept: {error}"));
            Ok(())
        })
    }

    fn change_and<T>(
        &self,
        change: impl FnOnce(&mut Account) -> Result<T, Refusal>,
        kept: impl FnOnce(io::Result<()>) -> Result<(), Refusal>,
    ) -> Result<T, Refusal> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut account = Account::clone(&self.kept.load());
        let value = change(&mut account)?;
        if let Some(file) = &self.file {
            kept(account.write(file))?;
        }
        self.kept.store(Arc::new(account));
        Ok(value)
    }

    /// Sets the owner's first password, for whoever has the code of the log. Gives the secret of a
    /// session.
    ///
    /// # Errors
    /// The code is wrong, there is a password already, or this one is too short.
    pub(super) fn set_up(&self, code: &str, password: &Password) -> Result<String, Refusal> {
        if self.is_set() {
            return Err(Refusal::AlreadySet);
        }
        let mut wanted = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted.as_ref() != Some(&hash(code)) {
            return Err(Refusal::Link);
        }
        let kept = hashed(password)?;
        let session = self.change(|account| {
            account.owner = Some(kept);
            begin_session(account, Who::Owner)
        })?;
        *wanted = None;
        Ok(session)
    }

    /// Logs in; gives the secret of a session.
    ///
    /// # Errors
    /// It is not right, or one has to wait.
    pub(super) fn log_in(
        &self,
        source: IpAddr,
        who: Who,
        password: &Password,
        code: Option<&str>,
    ) -> Result<String, Refusal> {
        let account = self.right_password(source, who, password)?;
        if who == Who::Owner && account.totp.is_some() && code.is_none() {
            self.lockout.undecided(source, who);
            return Err(Refusal::CodeWanted);
        }
        let secret = self.change_anyway(|now| {
            // Another one was set while we looked.
            if now.password(who) != account.password(who) {
                return Err(Refusal::Wrong);
            }
            if who == Who::Owner {
                must_accept(now.totp.as_mut(), code.unwrap_or_default())?;
            }
            begin_session(now, who)
        })?;
        self.lockout.succeeded(source, who);
        Ok(secret)
    }

    /// Looks whether a password is right; the guess is a wrong one until the caller says otherwise.
    pub(super) fn right_password(
        &self,
        source: IpAddr,
        who: Who,
        password: &Password,
    ) -> Result<Arc<Account>, Refusal> {
        self.lockout.begin(source, &[who], Instant::now()).map_err(Refusal::Locked)?;
        self.is_right(who, password)
    }

    /// Looks whether a password is right, of a guess that has begun.
    pub(super) fn is_right(&self, who: Who, password: &Password) -> Result<Arc<Account>, Refusal> {
        let account = self.kept.load_full();
        if !password.is(account.password(who)) {
            return Err(Refusal::Wrong);
        }
        Ok(account)
    }

    /// Whose session this secret is of, and what is kept of it.
    pub(in crate::web) fn session(&self, secret: &str) -> Option<(Who, String)> {
        let hash = hash(secret);
        let account = self.kept.load();
        let session = account.sessions.iter().find(|session| session.hash == hash)?;
        let (now, is_set) = clock::now();
        let is_over = is_set && now.as_secs() > session.seen.saturating_add(LASTS.as_secs());
        (!is_over).then_some((session.who, hash))
    }

    /// Whether a session or token is to be marked as used: once a day, to spare the disk.
    pub(in crate::web) fn is_due(&self, hash: &str) -> bool {
        let (now, is_set) = clock::now();
        let account = self.kept.load();
        let mut sessions = account.sessions.iter().filter(|session| session.hash == hash);
        let mut tokens = account.tokens.iter().filter(|token| token.hash == hash);
        is_set
            && (sessions.any(|session| session.seen.abs_diff(now.as_secs()) > DAY)
                || tokens.any(|token| token.used != Some(day(now))))
    }

    /// Marks a session or token as used.
    pub(in crate::web) fn prolong(&self, hash: &str) {
        let _ = self.change_anyway(|account| {
            let sessions = account.sessions.iter_mut().filter(|session| session.hash == hash);
            let now = clock::now().0;
            sessions.for_each(|session| session.seen = now.as_secs());
            let tokens = account.tokens.iter_mut().filter(|token| token.hash == hash);
            tokens.for_each(|token| token.used = Some(day(now)));
            Ok(())
        });
    }

    /// Ends the sessions that `ends` says, by what is kept of them.
    ///
    /// # Errors
    /// It cannot be written; they are over until the next start.
    pub(super) fn end_sessions(&self, ends: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        self.change_anyway(|account| {
            account.sessions.retain(|session| !ends(&session.hash));
            Ok(())
        })?;
        self.tell_ended();
        Ok(())
    }

    /// Sets a password anew, for whoever may give orders on this machine; ends all sessions of it
    /// and, of the owner's, switches codes off. Says what was done.
    ///
    /// # Errors
    /// It is too short, or cannot be kept.
    pub fn set_anew(&self, who: Who, password: &Password) -> Result<String, String> {
        let set = || -> Result<bool, Refusal> {
            let kept = hashed(password)?;
            self.change(|account| {
                set_password(account, who, Some(kept), None);
                Ok(who == Who::Owner && account.totp.take().is_some())
            })
        };
        let had_codes = set().map_err(|error| error.to_string())?;
        self.lockout.clear();
        self.tell_ended();
        let codes = if had_codes { "; codes are off, switch them on again" } else { "" };
        Ok(format!("the {}'s password is set{codes}", who.as_str()))
    }
}

/// The day of a time, in seconds since 1970: no closer is it kept when a token was used.
fn day(time: Duration) -> u64 {
    time.as_secs() / DAY * DAY
}

/// What is kept of a new password.
pub(super) fn hashed(password: &Password) -> Result<String, Refusal> {
    if !password.fits() {
        return Err(Refusal::Length);
    }
    password.hash().ok_or(Refusal::Hash)
}

/// Sets a password, or takes it away; ends all sessions of it but the one that is kept as `but`.
pub(super) fn set_password(
    account: &mut Account,
    who: Who,
    kept: Option<String>,
    but: Option<&str>,
) {
    match who {
        Who::Owner => account.owner = kept,
        Who::Viewer => account.viewer = kept,
    }
    let stays = |session: &Session| session.who != who || Some(session.hash.as_str()) == but;
    account.sessions.retain(stays);
}

/// Whether a code is right, where codes are on.
pub(super) fn must_accept(totp: Option<&mut Totp>, code: &str) -> Result<(), Refusal> {
    let Some(totp) = totp else { return Ok(()) };
    match clock::now() {
        (_, false) => Err(Refusal::NoClock),
        (now, true) if totp.accept(code, now.as_secs()) => Ok(()),
        _ => Err(Refusal::CodeWrong),
    }
}

fn begin_session(account: &mut Account, who: Who) -> Result<String, Refusal> {
    let secret = secret()?;
    let seen = clock::now().0.as_secs();
    account.sessions.push(Session { hash: hash(&secret), who, seen });
    account.sessions.sort_by_key(|session| session.seen);
    let more = account.sessions.len().saturating_sub(MOST_SESSIONS);
    account.sessions.drain(..more);
    Ok(secret)
}

/// A new secret for codes.
pub(super) fn new_totp() -> Result<Totp, Refusal> {
    let mut secret = Zeroizing::new([0; SECRET]);
    getrandom::fill(&mut *secret)?;
    Ok(Totp::new(&secret))
}
