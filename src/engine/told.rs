//! What is told of the running server to its owner, by the command line and by the dashboard: the
//! same words to both.

mod check;
mod troubles;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering::Relaxed;

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ChangeError, Engine};
use crate::clients::{DeviceId, vendor};
use crate::clock::Moment;
use crate::config::Mac;
use crate::filter::VerdictKind;
use crate::filter::syntax::rtype_text;
use crate::policy::State;
use crate::stats::{CompanyId, Source};

pub use super::special::own_addresses;
pub use check::{CheckError, Finding, Match, check, judge, matches};
pub use troubles::{Trouble, troubles};

/// Where a button stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Button {
    /// `on`, `paused` or `off`.
    pub state: String,
    /// When a pause ends, in seconds since 1970.
    pub until: Option<u64>,
    /// Seconds left of a pause.
    pub left: Option<u64>,
}

impl Button {
    /// Of a state, now.
    pub fn of(state: State) -> Self {
        let now = Moment::now();
        let left = state.left(now);
        Self {
            state: state.as_str().to_owned(),
            until: left.map(|left| (now.wall + left).as_secs()),
            left: left.map(|left| left.as_secs()),
        }
    }
}

/// Where the button of one device, or of the house, stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// The device's key; none for the house.
    pub device: Option<String>,
    /// Where it stands.
    #[serde(flatten)]
    pub button: Button,
}

/// A device as it is told of to its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Name its owner gave it, or its key.
    pub name: String,
    /// By what it is known over restarts.
    pub key: String,
    /// The name its owner gave it while the server ran.
    pub given: Option<String>,
    /// Name it told a DHCP server.
    pub lease: Option<String>,
    /// Who made its network card.
    pub vendor: Option<String>,
    /// Its card's address.
    pub card: Option<String>,
    /// Addresses it asked from.
    pub addresses: Vec<String>,
    /// Profile that holds for it now.
    pub profile: String,
    /// What its owner said of it.
    pub tags: Vec<String>,
    /// Whether its button is off.
    pub off: bool,
    /// Queries since the start.
    pub queries: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Of these, for names of ways around us.
    pub around: u64,
}

/// A company, and queries for its names since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// As people know it.
    pub name: String,
    /// Refused.
    pub refused: u64,
    /// Let through.
    pub passed: u64,
}

/// An upstream since it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Upstream {
    /// Its URL.
    pub url: String,
    /// Queries sent.
    pub queries: u64,
    /// Queries without an answer.
    pub failures: u64,
    /// Whether it is asked, rather than skipped and probed.
    pub healthy: bool,
    /// Mean time to an answer, in milliseconds.
    pub mean_ms: f64,
}

/// A query that was just asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asked {
    /// Its number; later ones are greater.
    pub number: u64,
    /// When, in seconds since 1970.
    pub at: u64,
    /// Name of the device.
    pub device: String,
    /// Its key.
    pub key: String,
    /// What for.
    pub name: String,
    /// Of which type.
    #[serde(rename = "type")]
    pub qtype: String,
    /// What became of it.
    pub verdict: String,
    /// By which list, or whose rule.
    pub by: String,
    /// Whose name it is.
    pub company: String,
}

/// A network card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// Its address.
    pub card: String,
    /// Who made it.
    pub vendor: Option<String>,
}

/// What is going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Seconds since the start.
    pub uptime: f64,
    /// The button.
    pub button: Vec<Stands>,
    /// Answers by where they came from.
    pub answers: BTreeMap<String, u64>,
    /// Queries refused in each of the last minutes, the oldest first.
    pub minutes: Vec<u64>,
    /// Answers held.
    pub held: u64,
    /// Octets of the answers held.
    pub held_bytes: u64,
    /// Queries that wait for upstream.
    pub waiting: u64,
    /// Devices.
    pub devices: Vec<Seen>,
    /// Companies whose names were asked for, the most asked for first.
    pub companies: Vec<Company>,
    /// Upstreams.
    pub upstreams: Vec<Upstream>,
}

/// Where the button stands for the device of this key, or for the house.
pub fn button(engine: &Engine, device: Option<&str>) -> Button {
    let button = engine.button();
    let own = button.devices().find(|(key, _)| Some(*key) == device).map(|(_, state)| state);
    Button::of(own.unwrap_or_else(|| button.house()))
}

/// The button of the house, and those of devices that have their own.
pub fn stands(engine: &Engine) -> Vec<Stands> {
    let button = engine.button();
    let stands = |device: Option<&str>, state: State| Stands {
        device: device.map(str::to_owned),
        button: Button::of(state),
    };
    let of_devices = button.devices().map(|(device, state)| stands(Some(device), state));
    std::iter::once(stands(None, button.house())).chain(of_devices).collect()
}

/// All devices seen since the start.
pub fn devices(engine: &Engine) -> Vec<Seen> {
    let totals = engine.totals();
    let snapshot = engine.snapshot();
    let mut seen: Vec<Seen> = Vec::new();
    let known = engine.devices.devices();
    let counts = totals.by_device();
    for (number, device) in (1..).map(DeviceId).zip(&known) {
        if device.forgotten {
            continue;
        }
        let counts = counts.get(number.0 as usize).copied().unwrap_or_default();
        let (all, refused) = (counts.iter().sum::<u64>(), counts[VerdictKind::Block as usize]);
        let around = totals.around(number);
        // What was counted before it was known whose it is, is the device's that it turned out to
        // be.
        let same = device.merged.and_then(|same| known.get(same.0 as usize - 1)).unwrap_or(device);
        if let Some(entry) = seen.iter_mut().find(|entry| entry.key == same.key) {
            entry.queries += all;
            entry.refused += refused;
            entry.around += around;
            continue;
        }
        seen.push(Seen {
            name: same.shown().to_owned(),
            key: same.key.clone(),
            given: same.name.clone(),
            tags: same.tags.clone(),
            lease: same.lease.clone(),
            vendor: same.card.and_then(vendor).map(str::to_owned),
            card: same.card.map(|card| card.to_string()),
            addresses: same.addresses.iter().map(ToString::to_string).collect(),
            profile: snapshot.policy.profile_name(same).to_owned(),
            off: snapshot.policy.button().is_off(&same.key),
            queries: all,
            refused,
            around,
        });
    }
    seen
}

/// Queries after number `after`, of one device or of all; they are kept as long as somebody looks.
///
/// # Errors
/// There is no such device.
pub fn live(engine: &Engine, after: u64, device: Option<&str>) -> Result<Vec<Asked>, ChangeError> {
    let key = device.map(|text| engine.key(text)).transpose()?;
    let known = engine.devices.devices();
    let told = engine.watch(after).into_iter().map(|asked| {
        let place = (asked.device.0 as usize).checked_sub(1);
        let own = place.and_then(|place| known.get(place));
        let same = own.and_then(|own| known.get(own.merged?.0 as usize - 1)).or(own);
        Asked {
            number: asked.number,
            at: asked.at,
            device: same.map_or_else(|| "other".to_owned(), |device| device.shown().to_owned()),
            key: same.map_or_else(|| "other".to_owned(), |device| device.key.clone()),
            name: asked.name,
            qtype: rtype_text(asked.qtype),
            verdict: asked.verdict.to_owned(),
            by: asked.by,
            company: asked.company,
        }
    });
    Ok(told.filter(|asked| key.as_ref().is_none_or(|key| asked.key == *key)).collect())
}

/// The key of the device that `text` means.
///
/// # Errors
/// There is no such device.
pub fn key(engine: &Engine, text: &str) -> Result<String, ChangeError> {
    engine.key(text)
}

/// Network cards that are there and ask nothing.
pub fn silent(engine: &Engine) -> Vec<Card> {
    let card = |card: Mac| Card { card: card.to_string(), vendor: vendor(card).map(str::to_owned) };
    engine.silent().into_iter().map(card).collect()
}

/// Upstreams, since they are asked.
pub fn upstreams(engine: &Engine) -> Vec<Upstream> {
    let snapshot = engine.snapshot();
    let told = snapshot.upstreams.servers.iter().map(|server| {
        let (counts, sum) = server.duration.read();
        let count: u64 = counts.iter().sum();
        Upstream {
            url: server.url.clone(),
            queries: server.queries.load(Relaxed),
            failures: server.failures.load(Relaxed),
            healthy: server.healthy.load(Relaxed),
            mean_ms: if count == 0 { 0.0 } else { sum.as_secs_f64() * 1e3 / count as f64 },
        }
    });
    told.collect()
}

/// What is going on.
pub fn figures(engine: &Engine) -> Figures {
    let totals = engine.totals();
    let answers =
        Source::ALL.map(|source| (source.as_str().to_owned(), totals.answers_from(source)));
    let names = engine.companies.names();
    let mut by_company: HashMap<CompanyId, (u64, u64), RandomState> = HashMap::default();
    for (pair, counts) in totals.pairs() {
        if pair.company != CompanyId::NONE {
            let (refused, passed) = by_company.entry(pair.company).or_default();
            let all: u64 = counts.iter().sum();
            *refused += counts[VerdictKind::Block as usize];
            *passed += all - counts[VerdictKind::Block as usize];
        }
    }
    let mut companies: Vec<Company> = by_company
        .into_iter()
        .filter_map(|(company, (refused, passed))| {
            let name = names.get(company.0 as usize)?.to_string();
            Some(Company { name, refused, passed })
        })
        .collect();
    companies.sort_by_key(|company| u64::MAX - company.refused - company.passed);
    Figures {
        uptime: engine.uptime().as_secs_f64(),
        button: stands(engine),
        answers: answers.into(),
        minutes: engine.minutes().iter().map(|minute| minute.sum().block).collect(),
        held: engine.cache.entries() as u64,
        held_bytes: engine.cache.bytes() as u64,
        waiting: engine.waiting() as u64,
        devices: devices(engine),
        companies,
        upstreams: upstreams(engine),
    }
}
