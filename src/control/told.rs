//! What is told of the running server to its owner.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering::Relaxed;

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};

use crate::clients::{DeviceId, vendor};
use crate::clock::Moment;
use crate::config::Mac;
use crate::engine::Engine;
use crate::filter::VerdictKind;
use crate::filter::syntax::rtype_text;
use crate::policy::State;
use crate::stats::{CompanyId, Source};

/// Where the button of one device, or of the house, stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// The device's key; none for the house.
    pub device: Option<String>,
    /// `on`, `paused` or `off`.
    pub state: String,
    /// Seconds left of a pause.
    pub left: Option<u64>,
}

/// A device as it is told of to its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Name its owner gave it, or its key.
    pub name: String,
    /// By what it is known over restarts.
    pub key: String,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub mean: f64,
}

/// A query that was just asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its number; later ones are greater.
    pub number: u64,
    /// When, in seconds since 1970.
    pub at: u64,
    /// Name of the device.
    pub device: String,
    /// What for.
    pub name: String,
    /// Of which type.
    pub qtype: String,
    /// What became of it.
    pub verdict: String,
    /// By which list, or whose rule.
    pub by: String,
    /// Whose name it is.
    pub company: String,
}

/// A network card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its address.
    pub address: String,
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

pub(super) fn stands(engine: &Engine) -> Vec<Stands> {
    let (button, now) = (engine.button(), Moment::now());
    let stands = |device: Option<&str>, state: State| Stands {
        device: device.map(str::to_owned),
        state: state.as_str().to_owned(),
        left: state.left(now).map(|left| left.as_secs()),
    };
    let of_devices = button.devices().map(|(device, state)| stands(Some(device), state));
    std::iter::once(stands(None, button.house())).chain(of_devices).collect()
}

/// All devices seen since the start.
pub(super) fn devices(engine: &Engine) -> Vec<Seen> {
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

pub(super) fn live(
    engine: &Engine,
    after: u64,
    device: Option<&str>,
) -> Result<Vec<Asked>, String> {
    let key = match device {
        None => None,
        Some(text) => Some(
            engine.devices.find(text).ok_or_else(|| format!("no device is known as `{text}`"))?.key,
        ),
    };
    let known = engine.devices.devices();
    let names = engine.devices.names();
    let shown = engine.watch(after).into_iter().filter(|asked| {
        let known = known.get((asked.device.0 as usize).wrapping_sub(1));
        key.is_none() || known.is_some_and(|known| Some(&known.key) == key.as_ref())
    });
    let told = shown.map(|asked| Asked {
        number: asked.number,
        at: asked.at,
        device: names.get(asked.device.0 as usize).cloned().unwrap_or_default(),
        name: asked.name,
        qtype: rtype_text(asked.qtype),
        verdict: asked.verdict.to_owned(),
        by: asked.by,
        company: asked.company,
    });
    Ok(told.collect())
}

pub(super) fn silent(engine: &Engine) -> Vec<Card> {
    let card =
        |card: Mac| Card { address: card.to_string(), vendor: vendor(card).map(str::to_owned) };
    engine.silent().into_iter().map(card).collect()
}

/// What is going on.
pub(super) fn figures(engine: &Engine) -> Figures {
    let totals = engine.totals();
    let snapshot = engine.snapshot();
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
    let upstreams = snapshot.upstreams.servers.iter().map(|server| {
        let (counts, sum) = server.duration.read();
        let count: u64 = counts.iter().sum();
        Upstream {
            url: server.url.clone(),
            queries: server.queries.load(Relaxed),
            failures: server.failures.load(Relaxed),
            healthy: server.healthy.load(Relaxed),
            mean: if count == 0 { 0.0 } else { sum.as_secs_f64() * 1e3 / count as f64 },
        }
    });
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
        upstreams: upstreams.collect(),
    }
}
