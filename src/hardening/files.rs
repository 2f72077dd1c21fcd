//! Files: what can be read and written from now on (landlock).
//!
//! The data folder alone can be written to. Read can be what is in the folders of the settings and of
//! files that they name (not these files alone: whoever saves a file often puts another one in its
//! place), the system's time zones, and what it tells of this process. No TCP port can be opened any
//! more. Whatever is open already stays open.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus,
    path_beneath_rules,
};

use crate::config::Config;

/// What is read of the system's; random numbers where the program is static, and finds no function of the
/// C library that asks the kernel for them.
const SYSTEM: [&str; 7] = [
    "/dev/random",
    "/dev/urandom",
    "/etc/localtime",
    "/etc/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/usr/share/zoneinfo",
    "/proc/stat",
];
/// What the kernel tells of this process, and of its network.
const PROCESS: &str = "/proc/self";
/// Anybody may write to it, and we need not: shows whether files are closed.
const FORBIDDEN: &str = "/dev/null";
/// The newest kind of lock that was tried; older kernels put on what they have of it.
const NEWEST: ABI = ABI::V5;

/// What is left open.
#[derive(Debug)]
pub(super) struct Open {
    /// Folders, and single files, by their real paths.
    places: Vec<PathBuf>,
    /// While it is held, the kernel keeps the very entry that the rule is about.
    _process: Option<PathFd>,
}

impl Open {
    /// Whether `file` is among what is left open. One that is not there is: reading it will tell.
    pub(super) fn holds(&self, file: &Path) -> bool {
        file.canonicalize()
            .map_or(true, |real| self.places.iter().any(|place| real.starts_with(place)))
    }
}

/// Closes all other files to this thread and those it starts. Gives words for the log, too.
///
/// # Errors
/// Why they are not closed.
pub(super) fn close(
    config: &Config,
    file: Option<&Path>,
    data: Option<&Path>,
) -> Result<(String, Open), String> {
    let named = config.files();
    let named = file.into_iter().chain(named.iter().map(PathBuf::as_path));
    let mut places: Vec<_> = named.flat_map(places).collect();
    places.sort_unstable();
    places.dedup();
    let process = PathFd::new(PROCESS).ok();
    let status = restrict(&places, data, process.as_ref()).map_err(|error| error.to_string())?;
    let number = match status.landlock {
        LandlockStatus::NotImplemented => return Err("this kernel has none".to_owned()),
        LandlockStatus::NotEnabled => return Err("switched off in this kernel".to_owned()),
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            kernel_abi.unwrap_or(effective_abi as i32)
        }
    };
    let tried = File::options().write(true).open(FORBIDDEN).map_err(|error| error.kind());
    if status.ruleset == RulesetStatus::NotEnforced
        || !matches!(tried, Err(ErrorKind::PermissionDenied))
    {
        return Err(format!("{FORBIDDEN} can still be written to"));
    }
    places.extend(data.and_then(|data| data.canonicalize().ok()));
    Ok((format!("landlock ABI {number}"), Open { places, _process: process }))
}

fn restrict(
    places: &[PathBuf],
    data: Option<&Path>,
    process: Option<&PathFd>,
) -> Result<RestrictionStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = read
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer;
    let process = process.map(|process| Ok::<_, RulesetError>(PathBeneath::new(process, read)));
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::BindTcp)?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, read))?
        .add_rules(path_beneath_rules(places, read))?
        .add_rules(path_beneath_rules(data, write))?
        .add_rules(process)?
        .restrict_self()
}

/// Where `file` is read from: its folder, and the one it really is in if it is a link. A file in the
/// root folder stands for itself.
fn places(file: &Path) -> Vec<PathBuf> {
    let file_itself = file.canonicalize();
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder.canonicalize(),
        _ => Path::new(".").canonicalize(),
    };
    let real_folder = file_itself.as_ref().ok().and_then(|real| Some(real.parent()?.to_owned()));
    let mut places: Vec<_> = folder.into_iter().chain(real_folder).collect();
    if places.iter().any(|place| place.parent().is_none()) {
        places.retain(|place| place.parent().is_some());
        places.extend(file_itself);
    }
    places
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_read_from_its_folder_and_from_where_it_really_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["settings", "elsewhere", "settings-too"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let (settings, elsewhere) = (root.join("settings"), root.join("elsewhere"));
        fs::write(elsewhere.join("real.yaml"), "").unwrap();
        symlink(elsewhere.join("real.yaml"), settings.join("link.yaml")).unwrap();
        assert_eq!(places(&settings.join("link.yaml")), [settings.clone(), elsewhere.clone()]);
        assert_eq!(places(&settings.join("not-yet")), std::slice::from_ref(&settings));
        assert_eq!(places(Path::new("/not-there")), Vec::<PathBuf>::new());
        let open = Open { places: vec![settings.clone()], _process: None };
        fs::write(root.join("settings-too/other"), "").unwrap();
        for (file, held) in [
            ("settings/not-yet", true),
            ("settings/link.yaml", false),
            ("elsewhere/real.yaml", false),
            ("settings-too/other", false),
        ] {
            assert_eq!(open.holds(&root.join(file)), held, "{file}");
        }
    }
}
