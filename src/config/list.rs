//! A list, or a tracker database, that is subscribed to.

use std::path::PathBuf;
use std::time::Duration;

use super::Format;

/// One list of names or rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Unique name of 1..=64 characters, shown wherever the list is mentioned. Names that start
    /// with `builtin` are kept for the levels.
    pub name: String,
    /// The file to read; none for a list that is fetched.
    pub file: Option<PathBuf>,
    /// Where to fetch it from: http, https or file. Without file and URL, the catalogue has a list
    /// of this name.
    pub url: Option<String>,
    /// How to read it; none looks at the content.
    pub format: Option<Format>,
    /// What its names get.
    pub action: Action,
    /// Whether a plain name also covers its sub-domains. Hosts files and name lists mean the
    /// exact name only.
    pub subdomains: bool,
    /// Whether rules that answer with data of their own count; else they are passed over.
    pub answers: bool,
    /// How often it is fetched, 10 min..=90 d. Files are looked at on each reload.
    pub update: Duration,
    /// Takes it even if it looks broken: blocks top-level names or what must always resolve, or
    /// has shrunk or grown tenfold.
    pub force: bool,
}

/// What a list's names get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Action {
    /// Refuse them.
    #[default]
    Block,
    /// Let them pass, against other lists.
    Allow,
}

impl List {
    /// A list of this name, with neither file nor URL.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            file: None,
            url: None,
            format: None,
            action: Action::default(),
            subdomains: false,
            answers: true,
            update: Duration::from_secs(86_400),
            force: false,
        }
    }
}
