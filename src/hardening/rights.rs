//! Rights of the process: whose it is, what it may do that others may not, and that it gains nothing.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

use nix::unistd::{Uid, User, initgroups, setgid, setuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, no_new_privs, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};
use tracing::warn;

use super::Outcome;

/// Whom root becomes, where there is such a user.
const USER: &str = "trackless";

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
    if !Uid::effective().is_root() {
        let uid = Uid::effective();
        let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
        return Ok(format!("user {}", name.unwrap_or_else(|| uid.to_string())));
    }
    let Some(user) = User::from_name(USER).ok().flatten() else {
        return Err(format!("user root (there is no user `{USER}`)"));
    };
    if let Some(data) = data {
        hand_over(data, &user)
            .map_err(|error| format!("user root ({} stays root's: {error})", data.display()))?;
    }
    initgroups(c"trackless", user.gid)
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
