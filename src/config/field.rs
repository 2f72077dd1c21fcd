//! The value behind a setting: what it accepts, how it is read and how it is written.
//!
//! A [`Field`] borrows one place in a config and is the only one to know its kind, so that the
//! reader, its error lines and the written file cannot disagree about what is accepted.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};

use super::listed::Kind;
use super::people::{self, Text};
use super::served;
use super::values::{self, Fault, words};
use super::{
    Action, AlertKind, BlockAnswer, Bypass, ClientServers, Device, Domain, KnownBy, Level, List,
    Log, Member, Profile, SafeSearch, SecretUrl, Slot, StatsLevel, Strategy, UpstreamUrl, Validate,
};
use crate::filter::syntax::Format;

/// One place in a config, by the kind of value it takes.
pub(super) enum Field<'a> {
    Count(&'a mut usize, RangeInclusive<usize>),
    /// A count whose 0 is written `auto`.
    CountOrAuto(&'a mut usize, RangeInclusive<usize>),
    Size(&'a mut u64, RangeInclusive<u64>),
    Time(&'a mut Duration, RangeInclusive<Duration>),
    Ttl(&'a mut Duration, RangeInclusive<Duration>),
    Switch(&'a mut bool),
    Level(&'a mut Level),
    Strategy(&'a mut Strategy),
    Validate(&'a mut Validate),
    Domains(&'a mut Vec<Domain>),
    Clients(&'a mut Vec<ClientServers>),
    Bypass(&'a mut Bypass),
    Log(&'a mut Log),
    StatsLevel(&'a mut StatsLevel),
    SafeSearch(&'a mut SafeSearch),
    Format(&'a mut Option<Format>),
    Action(&'a mut Action),
    AddressOrOff(&'a mut Option<SocketAddr>),
    PrefixOrOff(&'a mut Option<Ipv6Net>),
    Folder(&'a mut Option<PathBuf>),
    File(&'a mut Option<PathBuf>),
    Url(&'a mut Option<String>),
    /// A URL of one of these schemes, which mistakes must not tell.
    Secret(&'a mut Option<SecretUrl>, &'static [&'static str]),
    AlertKinds(&'a mut Vec<AlertKind>),
    ListName(&'a mut String),
    Addresses(&'a mut Vec<SocketAddr>),
    /// Any number of addresses, with the usual port.
    Doors(&'a mut Vec<SocketAddr>, u16),
    Hosts(&'a mut Vec<IpAddr>),
    /// Upstreams; whether they may be known by name alone.
    Servers(&'a mut Vec<UpstreamUrl>, bool),
    Rules(&'a mut Vec<String>),
    Networks(&'a mut Vec<IpNet>),
    /// As those, or none.
    AnyNetworks(&'a mut Vec<IpNet>),
    Listed(&'a mut Vec<List>, Kind),
    /// Texts of one kind.
    Texts(&'a mut Vec<String>, &'static Text),
    /// One text of a kind; empty for none.
    OneText(&'a mut String, &'static Text),
    Files(&'a mut Vec<PathBuf>),
    Answer(&'a mut BlockAnswer),
    KnownBy(&'a mut Vec<KnownBy>),
    Members(&'a mut Vec<Member>),
    Slots(&'a mut Vec<Slot>),
    Devices(&'a mut Vec<Device>),
    /// Profiles, and what one is before anything is said of it.
    Profiles(&'a mut Vec<Profile>, Box<Profile>),
}

const LISTEN_PORT: u16 = 1053;
const WEB_PORT: u16 = 8053;

pub(super) const SWITCH: &[(&str, bool)] = &[("true", true), ("false", false)];
pub(super) const LEVEL: &[(&str, Level)] =
    &[("relaxed", Level::Relaxed), ("balanced", Level::Balanced), ("strict", Level::Strict)];
pub(super) const FORMAT: &[(&str, Option<Format>)] = &[
    ("auto", None),
    ("hosts", Some(Format::Hosts)),
    ("names", Some(Format::Names)),
    ("adblock", Some(Format::Adblock)),
    ("regex", Some(Format::Regex)),
    ("dnsmasq", Some(Format::Dnsmasq)),
    ("unbound", Some(Format::Unbound)),
    ("rpz", Some(Format::Rpz)),
];
pub(super) const STRATEGY: &[(&str, Strategy)] = &[
    ("strict", Strategy::Strict),
    ("fastest", Strategy::Fastest),
    ("race", Strategy::Race),
    ("balance", Strategy::Balance),
];
pub(super) const VALIDATE: &[(&str, Validate)] =
    &[("off", Validate::Off), ("recursive", Validate::Recursive), ("all", Validate::All)];
pub(super) const BYPASS: &[(&str, Bypass)] =
    &[("off", Bypass::Off), ("signals", Bypass::Signals), ("all", Bypass::All)];
pub(super) const SAFE_SEARCH: &[(&str, SafeSearch)] =
    &[("off", SafeSearch::Off), ("search", SafeSearch::Search), ("all", SafeSearch::All)];
pub(super) const LOG: &[(&str, Log)] =
    &[("error", Log::Error), ("warn", Log::Warn), ("info", Log::Info), ("debug", Log::Debug)];
pub(super) const STATS_LEVEL: &[(&str, StatsLevel)] =
    &[("counts", StatsLevel::Counts), ("devices", StatsLevel::Devices), ("full", StatsLevel::Full)];
pub(super) const ALERT_KIND: &[(&str, AlertKind)] = &[
    ("new_company", AlertKind::NewCompany),
    ("night", AlertKind::Night),
    ("list_stale", AlertKind::ListStale),
    ("around", AlertKind::Around),
];
pub(super) const ACTION: &[(&str, Action)] = &[("block", Action::Block), ("allow", Action::Allow)];

impl Field<'_> {
    /// What a value is called where another one was found.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Count(..) | Self::CountOrAuto(..) => "a count",
            Self::Size(..) => "a size",
            Self::Time(..) => "a time",
            Self::Ttl(..) => "a time to live",
            Self::Switch(_) => "a switch",
            Self::Level(_) | Self::Log(_) | Self::StatsLevel(_) => "a level",
            Self::Bypass(_) | Self::SafeSearch(_) | Self::Strategy(_) | Self::Validate(_) => {
                "a choice"
            }
            Self::Domains(_) => "a domain with servers",
            Self::Clients(_) => "a network with servers",
            Self::Format(_) => "a format",
            Self::Action(_) => "an action",
            Self::AddressOrOff(_) | Self::Addresses(_) | Self::Doors(..) | Self::Hosts(_) => {
                "an address"
            }
            Self::Folder(_) => "a folder",
            Self::File(_) => "a file",
            Self::Url(_) | Self::Secret(..) => "a URL",
            Self::AlertKinds(_) => "a kind of alert",
            Self::ListName(_) => "a name for a list",
            Self::Servers(..) => "a server",
            Self::Rules(_) => "a host name",
            Self::Networks(_) | Self::AnyNetworks(_) | Self::PrefixOrOff(_) => "a network",
            Self::Listed(_, kind) => kind.noun(),
            Self::Texts(_, text) | Self::OneText(_, text) => text.noun,
            Self::Files(_) => "a file",
            Self::Answer(_) => "an answer",
            Self::KnownBy(_) => "what a device is known by",
            Self::Members(_) => "a device, tag or network",
            Self::Slots(_) => "a time",
            Self::Devices(_) => "a device",
            Self::Profiles(..) => "a profile",
        }
    }

    /// What may be written, with units and range; follows the word "write".
    pub(super) fn accepted(&self) -> String {
        match self {
            Self::Count(_, range) => format!("{} to {}", range.start(), range.end()),
            Self::CountOrAuto(_, range) => format!("auto, or {} to {}", range.start(), range.end()),
            Self::Size(_, range) => format!(
                "for example 32 MiB, 512 KiB or 1048576 ({} to {})",
                values::print_size(*range.start()),
                values::print_size(*range.end())
            ),
            Self::Time(_, range) => format!("for example 500ms, 3s or 1m ({})", times(range)),
            Self::Ttl(_, range) => format!("for example 60s, 5m, 1h or 1d ({})", times(range)),
            Self::Switch(_) => words(SWITCH),
            Self::Level(_) => words(LEVEL),
            Self::Strategy(_) => words(STRATEGY),
            Self::Validate(_) => words(VALIDATE),
            Self::Domains(_) => "for example corp.example udp://10.0.0.1".to_owned(),
            Self::Clients(_) => "for example 192.168.7.0/24 tls://dns.example.org".to_owned(),
            Self::Bypass(_) => words(BYPASS),
            Self::Log(_) => words(LOG),
            Self::StatsLevel(_) => words(STATS_LEVEL),
            Self::SafeSearch(_) => words(SAFE_SEARCH),
            Self::Format(_) => words(FORMAT),
            Self::Action(_) => words(ACTION),
            Self::PrefixOrOff(_) => "off, or for example \"64:ff9b::/96\"".to_owned(),
            Self::AddressOrOff(_) => format!("off, or for example 127.0.0.1:{WEB_PORT}"),
            Self::Addresses(_) => {
                format!("for example 0.0.0.0:53 or \"[::1]:{LISTEN_PORT}\" (in quotes)")
            }
            Self::Hosts(_) => "for example 192.0.2.53".to_owned(),
            Self::Doors(_, port) => {
                format!("for example 0.0.0.0:{port} or \"[::]:{port}\" (in quotes)")
            }
            Self::Folder(_) => "for example /var/lib/trackless".to_owned(),
            Self::File(_) => "for example /etc/trackless/ads.txt".to_owned(),
            Self::Secret(_, ["mqtt"]) => {
                "for example mqtt://user:password@192.168.1.5:1883/trackless".to_owned()
            }
            Self::Secret(..) => "for example http://192.168.1.5:8080/trackless".to_owned(),
            Self::AlertKinds(_) => words(ALERT_KIND),
            Self::Url(_) => "for example https://lists.example/ads.txt".to_owned(),
            Self::ListName(_) => "1 to 64 characters, for example my list".to_owned(),
            Self::Servers(..) => {
                "for example udp://192.168.1.1 or tls://9.9.9.9#dns.quad9.net".to_owned()
            }
            Self::Rules(_) => {
                "for example ads.example (with its sub-domains) or =ads.example (only it)"
                    .to_owned()
            }
            Self::Networks(_) | Self::AnyNetworks(_) => {
                "for example 192.168.0.0/16 or \"fd00::/8\"".to_owned()
            }
            Self::Texts(_, text) | Self::OneText(_, text) => text.accepted.to_owned(),
            Self::Files(_) => "for example /etc/hosts".to_owned(),
            Self::Answer(_) => {
                "nxdomain, nodata, null, refused, or for example 192.168.1.2".to_owned()
            }
            Self::KnownBy(_) => {
                "for example \"02:00:00:00:00:01\", 192.168.1.7, or a name it gives itself"
                    .to_owned()
            }
            Self::Members(_) => "for example anna-phone, \"#kids\" or 192.168.9.0/24".to_owned(),
            Self::Slots(_) => "for example mon-fri 20:00-07:00 night".to_owned(),
            Self::Devices(_) => {
                "for example `- { name: anna-phone, known_by: 192.168.1.7 }`".to_owned()
            }
            Self::Profiles(..) => {
                "for example `- { name: kids, for: \"#kids\", safe_search: all }`".to_owned()
            }
            Self::Listed(_, Kind::Databases) => {
                "for example `- adguard-trackers` or `- { name: mine, file: tds.json }`".to_owned()
            }
            Self::Listed(_, Kind::Lists) => {
                "for example `- { name: my list, file: ads.txt }` or `- oisd-small`".to_owned()
            }
        }
    }

    /// Whether a value is free text, which YAML may mistake for a number or `true`.
    pub(super) fn is_text(&self) -> bool {
        matches!(
            self,
            Self::Folder(_)
                | Self::File(_)
                | Self::Url(_)
                | Self::Secret(..)
                | Self::ListName(_)
                | Self::Rules(_)
                | Self::Networks(_)
                | Self::AnyNetworks(_)
                | Self::Domains(_)
                | Self::Clients(_)
                | Self::Texts(..)
                | Self::OneText(..)
                | Self::Files(_)
                | Self::KnownBy(_)
                | Self::Members(_)
                | Self::Slots(_)
        )
    }

    /// Whether it takes any number of values.
    pub(super) fn is_many(&self) -> bool {
        matches!(
            self,
            Self::Addresses(_)
                | Self::Doors(..)
                | Self::Hosts(_)
                | Self::Domains(_)
                | Self::Clients(_)
                | Self::AlertKinds(_)
                | Self::Servers(..)
                | Self::Rules(_)
                | Self::Networks(_)
                | Self::AnyNetworks(_)
                | Self::Listed(..)
                | Self::Texts(..)
                | Self::Files(_)
                | Self::KnownBy(_)
                | Self::Members(_)
                | Self::Slots(_)
                | Self::Devices(_)
                | Self::Profiles(..)
        )
    }

    /// Whether no value at all would leave nothing to work with.
    pub(super) fn needs_one(&self) -> bool {
        matches!(self, Self::Addresses(_) | Self::Servers(..) | Self::Networks(_))
    }

    /// Drops the values held so far, where there may be many.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Addresses(slot) | Self::Doors(slot, _) => slot.clear(),
            Self::Servers(slot, _) => slot.clear(),
            Self::Networks(slot) | Self::AnyNetworks(slot) => slot.clear(),
            Self::Hosts(slot) => slot.clear(),
            Self::Domains(slot) => slot.clear(),
            Self::Clients(slot) => slot.clear(),
            Self::AlertKinds(slot) => slot.clear(),
            Self::Rules(slot) | Self::Texts(slot, _) => slot.clear(),
            Self::Listed(slot, _) => slot.clear(),
            Self::Files(slot) => slot.clear(),
            Self::KnownBy(slot) => slot.clear(),
            Self::Members(slot) => slot.clear(),
            Self::Slots(slot) => slot.clear(),
            Self::Devices(slot) => slot.clear(),
            Self::Profiles(slot, _) => slot.clear(),
            _ => {}
        }
    }

    /// Takes one value; relative paths are below `folder`.
    ///
    /// # Errors
    /// Why `text` is no such value; what is held stays.
    pub(super) fn take(&mut self, text: &str, folder: &Path) -> Result<(), Fault> {
        match self {
            Self::Count(slot, range) => **slot = values::count(text, range)?,
            Self::CountOrAuto(slot, range) => {
                **slot = if text == "auto" { 0 } else { values::count(text, range)? };
            }
            Self::Size(slot, range) => **slot = values::size(text, range)?,
            Self::Time(slot, range) => **slot = values::time(text, range)?,
            Self::Ttl(slot, range) => **slot = values::ttl(text, range)?,
            Self::Switch(slot) => **slot = values::word(text, SWITCH)?,
            Self::Level(slot) => **slot = values::word(text, LEVEL)?,
            Self::Strategy(slot) => **slot = values::word(text, STRATEGY)?,
            Self::Domains(slot) => slot.push(served::domain(text)?),
            Self::Clients(slot) => served::client(text, slot)?,
            Self::Bypass(slot) => **slot = values::word(text, BYPASS)?,
            Self::Log(slot) => **slot = values::word(text, LOG)?,
            Self::StatsLevel(slot) => **slot = values::word(text, STATS_LEVEL)?,
            Self::Validate(slot) => **slot = values::word(text, VALIDATE)?,
            Self::SafeSearch(slot) => **slot = values::word(text, SAFE_SEARCH)?,
            Self::Format(slot) => **slot = values::word(text, FORMAT)?,
            Self::Action(slot) => **slot = values::word(text, ACTION)?,
            Self::AddressOrOff(slot) => {
                **slot = match text {
                    "off" => None,
                    text => Some(values::address(text, WEB_PORT)?),
                };
            }
            Self::PrefixOrOff(slot) => {
                **slot = match text {
                    "off" => None,
                    text => Some(values::gateway(text)?),
                };
            }
            Self::Folder(slot) => **slot = Some(path(text, folder)?),
            Self::File(slot) => **slot = Some(path(text, folder)?),
            Self::Url(slot) => **slot = Some(values::url(text)?),
            Self::Secret(slot, schemes) => **slot = Some(SecretUrl::read(text, schemes)?),
            Self::AlertKinds(slot) => slot.push(values::word(text, ALERT_KIND)?),
            Self::ListName(slot) => **slot = values::list_name(text)?,
            Self::Addresses(slot) => slot.push(values::address(text, LISTEN_PORT)?),
            Self::Doors(slot, port) => slot.push(values::address(text, *port)?),
            Self::Hosts(slot) => slot.push(text.parse().map_err(|_| Fault::Form)?),
            Self::Servers(slot, named) => slot.push(served::server(text, *named)?),
            Self::Rules(slot) => slot.push(values::rule(text)?),
            Self::Networks(slot) | Self::AnyNetworks(slot) => slot.push(values::network(text)?),
            Self::Texts(slot, kind) => slot.push((kind.read)(text)?),
            Self::OneText(slot, kind) => **slot = (kind.read)(text)?,
            Self::Files(slot) => slot.push(path(text, folder)?),
            Self::Answer(slot) => **slot = text.parse().map_err(|_| Fault::Form)?,
            Self::KnownBy(slot) => slot.push(people::known_by(text)?),
            Self::Members(slot) => slot.push(people::member(text)?),
            Self::Slots(slot) => slot.push(text.parse().map_err(|_| Fault::Form)?),
            Self::Listed(..) | Self::Devices(_) | Self::Profiles(..) => return Err(Fault::Form),
        }
        Ok(())
    }
}

fn path(text: &str, folder: &Path) -> Result<PathBuf, Fault> {
    if text.is_empty() || text.contains('\0') {
        return Err(Fault::Form);
    }
    Ok(folder.join(text))
}

fn times(range: &RangeInclusive<Duration>) -> String {
    format!("{} to {}", values::print_time(*range.start()), values::print_time(*range.end()))
}
