//! What is kept of logins, and what becomes of them where it cannot be.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use super::account::{Account, Session, hash};
use super::*;
use crate::clock;

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const DAY: u64 = 86_400;

fn password() -> Password {
    Password::new("correct horse".to_owned())
}

#[test]
fn a_damaged_file_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    fs::write(&file, "{ no").unwrap();
    let accounts = Accounts::open(Some(folder.path()));
    assert!(!accounts.is_set() && !file.exists());
    assert!(file.with_extension("damaged").exists());
    accounts.set_anew(Who::Owner, &password()).unwrap();
    assert!(Accounts::open(Some(folder.path())).is_set());
}

#[test]
fn where_nothing_can_be_written_one_can_log_in_but_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(Some(folder.path()));
    accounts.set_anew(Who::Owner, &password()).unwrap();
    folder.close().unwrap();
    let other = Password::new("another horse".to_owned());
    let error = accounts.set_anew(Who::Owner, &other).unwrap_err();
    assert!(error.contains("nothing has changed"), "{error}");
    let secret = accounts.log_in(SOURCE, Who::Owner, &password(), None).unwrap();
    assert!(accounts.session(&secret).is_some());
}

#[test]
fn sessions_end_a_month_after_their_last_use_and_the_oldest_make_place() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now().0.as_secs();
    let session = |days: u64| Session {
        hash: hash(&format!("used {days} days ago")),
        who: Who::Viewer,
        seen: now - days * DAY,
    };
    let account = Account { sessions: (0..64).map(session).collect(), ..Account::default() };
    account.write(&folder.path().join("account.json")).unwrap();
    let accounts = Accounts::open(Some(folder.path()));
    let found = |days: u64| accounts.session(&format!("used {days} days ago"));
    assert!(found(0).is_some() && found(29).is_some() && found(31).is_none());
    let (_, kept) = found(29).unwrap();
    assert!(accounts.is_due(&kept));
    accounts.prolong(&kept);
    assert!(!accounts.is_due(&kept), "once a day is enough");
    accounts.set_anew(Who::Owner, &password()).unwrap();
    accounts.log_in(SOURCE, Who::Owner, &password(), None).unwrap();
    let kept = Accounts::open(Some(folder.path()));
    let hashes = |accounts: &Accounts| -> Vec<String> {
        accounts.kept.load().sessions.iter().map(|session| session.hash.clone()).collect()
    };
    assert_eq!(hashes(&kept).len(), 64);
    assert!(!hashes(&kept).contains(&session(63).hash), "the one not used for longest");
    assert!(hashes(&kept).contains(&session(62).hash));
}

#[test]
fn passwords_and_codes_show_themselves_to_nobody() {
    assert_eq!(format!("{:?}", password()), "Password");
    let short = Password::new("é".repeat(9));
    assert!(!short.fits() && Password::new("é".repeat(10)).fits());
    assert!(!Password::new("x".repeat(1_025)).fits());
    let kept = password().hash().unwrap();
    assert_ne!(password().hash().unwrap(), kept, "each has its own salt");
    assert!(password().is(Some(&kept)) && !short.is(Some(&kept)));
    assert!(!password().is(None) && !password().is(Some("no hash")));
}
