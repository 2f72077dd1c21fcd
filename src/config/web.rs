//! Who may look at the dashboard and change things there.

use std::time::Duration;

use ipnet::IpNet;

/// Who may log in, and as whom, beside by a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Names under which the dashboard is reached, beside its addresses and the names of this
    /// machine; in lower case.
    pub hosts: Vec<String>,
    /// Proxies that are believed: who logged in with them, and from where.
    pub proxies: Vec<IpNet>,
    /// The header in which such a proxy says who logged in with it.
    pub header: String,
    /// Those of them who may change everything.
    pub owners: Vec<String>,
    /// Those of them who may only look.
    pub viewers: Vec<String>,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            proxies: Vec::new(),
            header: "Remote-User".to_owned(),
            owners: Vec::new(),
            viewers: Vec::new(),
        }
    }
}

/// What a person may do with the button without a login, for the device they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnButton {
    /// Whether they may press it.
    pub open: bool,
    /// Longest time it may be off, 1 min..=7 d.
    pub most: Duration,
}

impl Default for OwnButton {
    fn default() -> Self {
        Self { open: true, most: Duration::from_secs(3_600) }
    }
}
