//! What the server takes from itself once its doors are open: root's rights, files that are not its
//! own, system calls that it never needs. Whoever gets into it through a hostile list, answer or
//! request gets no further.
//!
//! It must happen before a second thread is there, as most of it holds for the calling thread and those
//! it starts; and before anything is read that others have written. It cannot be taken back, so nothing
//! later may need more: a file in a folder that was not named at the start waits for the next one
//! ([`Hardened::admits`]). What the kernel does not have is said, and no reason not to serve. Each part
//! has its file; `serve` puts them on, and `web` tells which hold.

mod calls;
mod files;
mod rights;

use std::path::Path;

use tracing::info;

use crate::config::Config;
use files::Open;

/// What holds from now on.
#[derive(Debug, Default)]
pub struct Hardened {
    parts: Vec<(&'static str, bool)>,
    open: Option<Open>,
}

/// What a part has come to, in words for the log: what holds, or what does not and why.
type Outcome = Result<String, String>;

/// Puts all of it on, tries whether it holds, and says so in a line. `file` is the one of the
/// settings, `data` the folder that is written to. Takes about a millisecond.
pub fn apply(config: &Config, file: Option<&Path>, data: Option<&Path>) -> Hardened {
    let wanted = &config.hardening;
    // While we may, which root alone may.
    rights::bound();
    let user = rights::leave_root(file, data);
    let capabilities = rights::drop_capabilities();
    let no_new_privileges = rights::gain_nothing();
    let off = || "off in the settings".to_owned();
    let closed = if wanted.landlock { files::close(config, file, data) } else { Err(off()) };
    let (landlock, open) = match closed {
        Ok((said, open)) => (Ok(said), Some(open)),
        Err(why) => (Err(format!("no landlock ({why})")), None),
    };
    let seccomp = if wanted.seccomp { calls::deny() } else { Err(off()) };
    let seccomp = seccomp.map_err(|why| format!("no seccomp ({why})"));
    let parts = [
        ("landlock", landlock),
        ("seccomp", seccomp),
        ("no_new_privileges", no_new_privileges),
        ("capabilities", capabilities),
        ("user", user),
    ];
    info!("hardening: {}", line(&parts));
    Hardened { parts: parts.map(|(part, outcome)| (part, outcome.is_ok())).into(), open }
}

/// What holds, and behind it what does not.
fn line(parts: &[(&str, Outcome)]) -> String {
    let holds = parts.iter().filter_map(|(_, outcome)| outcome.as_deref().ok());
    let missing = parts.iter().filter_map(|(_, outcome)| outcome.as_ref().err());
    holds.chain(missing.map(String::as_str)).collect::<Vec<_>>().join(", ")
}

impl Hardened {
    /// Names of the parts, and whether each holds.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.parts.iter().copied()
    }

    /// Whether all files that `config` names can still be read.
    ///
    /// # Errors
    /// The first one that cannot, and what to do.
    pub fn admits(&self, config: &Config) -> Result<(), String> {
        let Some(open) = &self.open else { return Ok(()) };
        match config.files().into_iter().find(|file| !open.holds(file)) {
            Some(file) => Err(format!(
                "{} is in a folder that was closed when the server started; restart it, or put the file into a folder of the settings",
                file.display()
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_what_holds_and_then_the_rest() {
        let parts = [
            ("landlock", Err("no landlock (this kernel has none)".to_owned())),
            ("no_new_privileges", Ok("no new privileges".to_owned())),
            ("user", Ok("user trackless".to_owned())),
        ];
        let said = "no new privileges, user trackless, no landlock (this kernel has none)";
        assert_eq!(line(&parts), said);
    }

    #[test]
    fn where_nothing_is_closed_everything_is_admitted() {
        let config = Config { leases: vec!["/somewhere/leases".into()], ..Config::default() };
        assert_eq!(Hardened::default().admits(&config), Ok(()));
        assert_eq!(Hardened::default().parts().count(), 0);
    }
}
