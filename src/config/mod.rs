//! Settings: `trackless.yaml` and the command line become one [`Config`].
//!
//! Every setting has its name, type, unit, range and default here and nowhere else. The file is
//! optional and so is every key in it: [`Config::default`] is what runs when there is no file.
//! Unknown keys are errors; a bad file never replaces a config that works.
//!
//! This room must never touch the network, open a list or know how a setting is used. What it
//! makes goes to `lists` (which compiles rules), `upstream` (which asks) and `server` (which
//! listens).

mod alerts;
mod amend;
mod counting;
mod document;
mod doors;
mod error;
mod field;
mod form;
mod hardening;
mod household;
mod items;
mod list;
mod listed;
mod people;
mod read;
mod secrets;
mod served;
mod setting;
mod settings;
mod since;
mod stamp;
#[cfg(test)]
mod tests;
mod upstream;
mod upstream_url;
mod values;
mod web;
mod write;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use crate::filter::syntax::Format;
pub use alerts::{AlertKind, Alerts, SecretUrl};
pub use amend::Amendment;
pub use counting::{History, Metrics, Stats, StatsLevel};
pub(crate) use document::{Node as ForeignNode, Value as ForeignValue, parse_foreign};
pub use doors::{Access, Encrypted};
pub use error::ConfigError;
pub use hardening::Hardening;
pub use household::{
    BlockAnswer, Device, FOLLOWED, HOUSE, KnownBy, Mac, Malformed, Member, PSEUDONYM, Profile,
    Slot, own_name,
};
pub use list::{Action, List};
pub use read::keys_given;
pub use secrets::{since_without_secrets, without_secrets};
pub use since::{Since, Told};
pub use upstream::{ClientServers, Dnssec, Domain, Strategy, Upstream, Validate};
pub use upstream_url::{Host, Pin, Transport, UpstreamUrl, UpstreamUrlError};
pub use web::{Login, OwnButton};
pub(crate) use write::yaml_text;

/// Everything a person can set. Built from YAML by [`Config::from_yaml`], or [`Config::default`].
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Addresses that answer DNS over UDP and TCP, at least one. A port of 0 asks the system for a free one.
    pub listen: Vec<SocketAddr>,
    /// Address of the HTTP server (dashboard, metrics, health); none switches it off.
    pub web: Option<SocketAddr>,
    /// Folder for state, the compiled table and the control socket; none chooses the platform's
    /// own state folder.
    pub data: Option<PathBuf>,
    /// Doors for clients that encrypt.
    pub encrypted: Encrypted,
    /// Who may ask.
    pub access: Access,
    /// UDP workers for each listening address, 1..=256; 0 means one for each core.
    pub workers: usize,
    /// How strongly the builtin tracker facts protect.
    pub level: Level,
    /// Whom to ask for what is not blocked and not cached.
    pub upstream: Upstream,
    /// The answers we hold.
    pub cache: Cache,
    /// What a refused query gets.
    pub block: Block,
    /// Subscribed lists, in order; the order breaks ties. At most [`MAX_LISTS`].
    pub lists: Vec<List>,
    /// Databases of companies behind names; only name, file, url and update count. At most
    /// [`MAX_DATABASES`].
    pub databases: Vec<List>,
    /// How lists are fetched.
    pub updates: Updates,
    /// Services refused as a whole, by their names in the catalogue.
    pub services: Vec<String>,
    /// What is refused to keep browsers and apps from going around this server.
    pub bypass: Bypass,
    /// Whether search engines answer as for children.
    pub safe_search: SafeSearch,
    /// The household's own rules, which beat every list.
    pub rules: Rules,
    /// Devices that their owner has named.
    pub devices: Vec<Device>,
    /// What holds for some devices; at most [`MAX_PROFILES`].
    pub profiles: Vec<Profile>,
    /// When other profiles hold for the house.
    pub schedule: Vec<Slot>,
    /// Time zone of all schedules (IANA); empty for the system's.
    pub time_zone: String,
    /// Files of a DHCP server's leases.
    pub leases: Vec<PathBuf>,
    /// Names of the house's own.
    pub local: Local,
    /// Answers that lead public names into the house.
    pub rebinding: Rebinding,
    /// Limits of the TCP front door.
    pub tcp: Tcp,
    /// Who may log in to the dashboard.
    pub login: Login,
    /// What may be done with the button without a login.
    pub button: OwnButton,
    /// Bounds of counting.
    pub stats: Stats,
    /// What is kept of counts.
    pub history: History,
    /// What is told of them to Prometheus.
    pub metrics: Metrics,
    /// What is worth an alert, and who is sent alerts.
    pub alerts: Alerts,
    /// What it takes from itself once its doors are open.
    pub hardening: Hardening,
    /// Which lines are logged.
    pub log: Log,
}

/// Which lines are logged; each includes the ones before it. None ever tells who asked for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Log {
    /// What does not work.
    Error,
    /// What may soon not work.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// Why a query got no answer.
    Debug,
}

/// Lists a config may name: the rules table knows 64, seven of them come along.
pub const MAX_LISTS: usize = 57;

/// Devices a config may name.
pub const MAX_DEVICES: usize = 10_000;

/// Profiles a config may have.
pub const MAX_PROFILES: usize = 200;

/// Tracker databases a config may name.
pub const MAX_DATABASES: usize = 16;

/// Protection level of the builtin facts; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Trackers and ads that nothing depends on.
    Relaxed,
    /// What a household should have: nothing people rely on breaks.
    #[default]
    Balanced,
    /// Also telemetry, social widgets and consent walls; may break things.
    Strict,
}

impl Level {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relaxed => "relaxed",
            Self::Balanced => "balanced",
            Self::Strict => "strict",
        }
    }
}

/// Bounds of the answer cache.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// Memory for answers, in bytes, 0..=64 GiB; 0 switches the cache off.
    pub size: u64,
    /// Positive answers live at least this long, 0..=1 h, at most `max_ttl`.
    pub min_ttl: Duration,
    /// Positive answers live at most this long, 1 s..=7 d.
    pub max_ttl: Duration,
    /// Negative answers live at most this long, 0..=1 d (RFC 2308 section 5 recommends 1 h to 3 h).
    pub max_negative_ttl: Duration,
    /// How long answers are kept beyond their TTL, for when nobody has a newer one (RFC 8767);
    /// 0 s..=7 d.
    pub stale: Duration,
    /// Whether answers asked for often are refreshed before they expire.
    pub prefetch: bool,
    /// Whether answers are kept in the data folder while the server is stopped: with the names that
    /// were asked for.
    pub keep: bool,
}

/// What a refused query gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// How long clients may remember a refusal, 0..=1 d.
    pub ttl: Duration,
    /// What it is.
    pub answer: BlockAnswer,
}

/// Names of the house's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// What the names of devices end in.
    pub suffix: String,
    /// Records, as a zone file has them but without TTL and class.
    pub records: Vec<String>,
    /// Files of addresses and names.
    pub hosts: Vec<PathBuf>,
}

/// Bounds of fetching lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Updates {
    /// Most bytes of a list, decompressed, 1 KiB..=4 GiB.
    pub size: u64,
    /// Time for one list, 1 s..=1 h.
    pub time: Duration,
}

/// What is refused to keep browsers and apps from going around this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Bypass {
    /// Nothing.
    Off,
    /// Names by which browsers and systems ask whether they may.
    #[default]
    Signals,
    /// Public encrypted resolvers and relays, too.
    All,
}

impl Bypass {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Signals => "signals",
            Self::All => "all",
        }
    }
}

/// Which search engines answer as for children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SafeSearch {
    /// None.
    #[default]
    Off,
    /// Those for texts and pictures.
    Search,
    /// Those for films, too.
    All,
}

impl SafeSearch {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Search => "search",
            Self::All => "all",
        }
    }
}

/// The household's own rules: names that also cover their sub-domains; `=name` means exactly it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Always refused.
    pub block: Vec<String>,
    /// Never refused.
    pub allow: Vec<String>,
    /// Companies whose names are refused, with all they own.
    pub block_companies: Vec<String>,
    /// Companies whose names are not.
    pub allow_companies: Vec<String>,
}

/// What becomes of answers that give public names addresses of the house (DNS rebinding).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebinding {
    /// Whether they are refused.
    pub refuse: bool,
    /// Names that may have such addresses, beside those made for it; written like [`Rules`].
    pub allow: Vec<String>,
}

/// Limits of the TCP front door (RFC 7766).
#[derive(Debug, Clone, PartialEq)]
pub struct Tcp {
    /// Connections in all, 1..=1 000 000.
    pub connections: usize,
    /// Connections from one client address, 1..=`connections`.
    pub connections_per_client: usize,
    /// A connection without a query is closed after this, 1 s..=10 min (RFC 7766 section 6.2.3).
    pub idle: Duration,
    /// A started message must be complete, and a reply be taken, within this, 100 ms..=1 min. Where
    /// all connections are taken, one without a query for a quarter of it makes room for another.
    pub stall: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![
                SocketAddr::from(([127, 0, 0, 1], 1053)),
                SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 1053)),
            ],
            web: Some(SocketAddr::from(([127, 0, 0, 1], 8053))),
            data: None,
            workers: 0,
            level: Level::default(),
            upstream: Upstream::default(),
            cache: Cache::default(),
            block: Block::default(),
            lists: Vec::new(),
            databases: Vec::new(),
            updates: Updates::default(),
            services: Vec::new(),
            bypass: Bypass::default(),
            safe_search: SafeSearch::default(),
            rules: Rules::default(),
            encrypted: Encrypted::default(),
            access: Access::default(),
            devices: Vec::new(),
            profiles: Vec::new(),
            schedule: Vec::new(),
            time_zone: String::new(),
            leases: Vec::new(),
            local: Local { suffix: "home.arpa".to_owned(), records: Vec::new(), hosts: Vec::new() },
            rebinding: Rebinding { refuse: true, allow: Vec::new() },
            tcp: Tcp::default(),
            login: Login::default(),
            button: OwnButton::default(),
            stats: Stats::default(),
            history: History::default(),
            metrics: Metrics::default(),
            alerts: Alerts::default(),
            hardening: Hardening::default(),
            log: Log::default(),
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            size: 32 << 20,
            min_ttl: Duration::ZERO,
            max_ttl: Duration::from_secs(86_400),
            max_negative_ttl: Duration::from_secs(3_600),
            stale: Duration::from_secs(86_400),
            prefetch: true,
            keep: false,
        }
    }
}

impl Default for Block {
    fn default() -> Self {
        // Short enough that an unblocked name works again soon, long enough that a page which
        // asks in a loop is refused by its own stub.
        Self { ttl: Duration::from_secs(60), answer: BlockAnswer::default() }
    }
}

impl Default for Updates {
    fn default() -> Self {
        Self { size: 256 << 20, time: Duration::from_secs(300) }
    }
}

impl Default for Tcp {
    fn default() -> Self {
        Self {
            connections: 1_000,
            connections_per_client: 64,
            idle: Duration::from_secs(10),
            stall: Duration::from_secs(5),
        }
    }
}
