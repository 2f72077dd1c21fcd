//! Rights of the process: whose it is, what it may do that others may not, and that it gains nothing.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, no_new_privs, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};
use tracing::warn;

use super::Outcome;

/// Whom root becomes, where there is such a user.
const USER: &str = "trackless";

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct User {
    uid: Uid,
    gid: Gid,
}

/// The user called `name` in a text like `/etc/passwd`. It is not the C library that is asked: that would
/// load others, and cannot where the program is static.
fn user_in(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(User { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid) })
    })
}

/// The name of user `uid` in a text like `/etc/passwd`.
fn name_in(passwd: &str, uid: Uid) -> Option<&str> {
    let uid = uid.to_string();
    let line = passwd.lines().find(|line| line.split(':').nth(2) == Some(&uid))?;
    line.split(':').next()
}

/// Groups that have `name` among their members, in a text like `/etc/group`.
fn groups_in(group: &str, name: &str) -> Vec<Gid> {
    let of_line = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let gid = fields.next()?.parse().ok()?;
        fields.next()?.split(',').any(|member| member == name).then(|| Gid::from_raw(gid))
    };
    group.lines().filter_map(of_line).collect()
}

/// No program that is run could get any capability. Best effort: without new privileges it could get
/// none that we do not hold.
pub(super) fn bound() {
    for (_, capability) in CapabilitySet::all().iter_names() {
        let _ = remove_capability_from_bounding_set(capability);
    }
}

/// Becomes [`USER`] with its groups, if this is root and there is one; hands the data folder over
/// first. Gives who it is then.
///
/// # Errors
/// Why it is still root.
pub(super) fn leave_root(file: Option<&Path>, data: Option<&Path>) -> Outcome {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    if !Uid::effective().is_root() {
        let uid = Uid::effective();
        let name = name_in(&passwd, uid).map_or_else(|| uid.to_string(), ToOwned::to_owned);
        return Ok(format!("user {name}"));
    }
    let Some(user) = user_in(&passwd, USER) else {
        return Err(format!("user root (there is no user `{USER}`)"));
    };
    if let Some(data) = data {
        hand_over(data, &user)
            .map_err(|error| format!("user root ({} stays root's: {error})", data.display()))?;
    }
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let groups = [vec![user.gid], groups_in(&groups, USER)].concat();
    setgroups(&groups)
        .and_then(|()| setgid(user.gid))
        .and_then(|()| setuid(user.uid))
        .map_err(|error| format!("user root (cannot become `{USER}`: {error})"))?;
    if let Some(file) = file
        && let Err(error) = File::open(file)
    {
        warn!(
            "{}: {error}. A reload will not read it: let the user `{USER}` read it (chgrp {USER})",
            file.display()
        );
    }
    Ok(format!("user {USER}"))
}

/// Gives a folder of root's to `user`, with all that is in it. One that is not root's is left as it is:
/// whoever owns it could have put something of others into it.
fn hand_over(folder: &Path, user: &User) -> io::Result<()> {
    if fs::symlink_metadata(folder)?.uid() != 0 {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => hand_over(&entry.path(), user)?,
            false => lchown(entry.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?,
        }
    }
    // Last: from then on it is the user's to change.
    lchown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
}

/// Drops all capabilities; who is still root keeps the one to read files of others, as a volume of a
/// container may be.
///
/// # Errors
/// Some are left.
pub(super) fn drop_capabilities() -> Outcome {
    let is_root = Uid::effective().is_root();
    let kept = if is_root { CapabilitySet::DAC_OVERRIDE } else { CapabilitySet::empty() };
    let left = |why: String| format!("capabilities ({why})");
    let before = capabilities(None).map_err(|error| left(error.to_string()))?;
    let kept = kept & before.permitted;
    let sets =
        CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(|error| left(error.to_string()))?;
    match capabilities(None) {
        Ok(now) if now == sets && kept.is_empty() => Ok("no capabilities".to_owned()),
        Ok(now) if now == sets => Ok("no capabilities but DAC_OVERRIDE".to_owned()),
        _ => Err(left("some are left".to_owned())),
    }
}

/// From now on nothing that is run gains rights by that.
///
/// # Errors
/// The kernel does not do that.
pub(super) fn gain_nothing() -> Outcome {
    let set = set_no_new_privs(true).and_then(|()| no_new_privs());
    match set {
        Ok(true) => Ok("no new privileges".to_owned()),
        Ok(false) => Err("new privileges (this kernel does not refuse them)".to_owned()),
        Err(error) => Err(format!("new privileges ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_found() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nodd\ntrackless:x:990:991::/:/bin/false\n";
        let user = User { uid: Uid::from_raw(990), gid: Gid::from_raw(991) };
        assert_eq!(user_in(passwd, "trackless"), Some(user));
        assert_eq!(user_in(passwd, "odd"), None);
        assert_eq!(name_in(passwd, Uid::from_raw(990)), Some("trackless"));
        assert_eq!(name_in(passwd, Uid::from_raw(1)), None);
        let group = "root:x:0:\nssl-cert:x:110:trackless\nodd:x\nlog:x:4:syslog,trackless\n";
        assert_eq!(groups_in(group, "trackless"), [110, 4].map(Gid::from_raw));
    }
}
