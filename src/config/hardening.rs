//! What the server takes from itself once its doors are open.

/// Which locks are put on. Both are for the process as a whole and for as long as it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hardening {
    /// Whether files that the settings do not name are closed (landlock).
    pub landlock: bool,
    /// Whether system calls that it never needs are refused (seccomp).
    pub seccomp: bool,
}

impl Default for Hardening {
    fn default() -> Self {
        Self { landlock: true, seccomp: true }
    }
}
