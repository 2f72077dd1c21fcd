//! What becomes of a name, and which rules speak of it.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use crate::clients::{DeviceId, Directory};
use crate::engine::{ChangeError, Engine, Snapshot};
use crate::filter::syntax::rtype_number;
use crate::filter::{Asker, Rule, VerdictKind};
use crate::lists::{self, ExplainError};
use crate::policy::Held;
use crate::trackers::registrable;
use crate::wire::{Name, NameError, Query, Rtype};

/// What becomes of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub verdict: VerdictKind,
    /// The rule that says so.
    pub rule: Option<String>,
    /// The rule's list, or whose it is.
    pub list: Option<String>,
    /// Whose name it is.
    pub company: Option<String>,
    /// What its tracker is for.
    pub category: Option<&'static str>,
}

/// A rule that speaks of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The rule, in the notation of Adblock-style lists.
    pub rule: String,
    /// Its list.
    pub list: String,
    /// Its line there.
    pub line: Option<u64>,
    /// Whether it refuses.
    pub blocks: bool,
}

/// Why nothing can be said of a name.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It is none.
    #[error("`{0}` is not a name: {1}")]
    Name(String, NameError),
    /// There is no such type.
    #[error("`{0}` is no type; write for example AAAA or TYPE65")]
    Type(String),
    /// There is no such device.
    #[error(transparent)]
    Device(#[from] ChangeError),
    /// A list cannot be read.
    #[error(transparent)]
    Lists(#[from] ExplainError),
}

/// What would become of `name` now, and every rule that speaks of it, the winner first: for a device
/// that has asked, or for everybody who is nobody in particular. Reads all lists.
///
/// # Errors
/// It is no name, there is no such type or device, or a list cannot be read.
pub fn check(
    engine: &Engine,
    data: Option<&Path>,
    name: &str,
    rtype: &str,
    device: Option<&str>,
) -> Result<(Finding, Vec<Match>), CheckError> {
    let name: Name = name.parse().map_err(|error| CheckError::Name(name.to_owned(), error))?;
    let rtype = rtype_number(rtype).ok_or_else(|| CheckError::Type(rtype.to_owned()))?;
    let snapshot = engine.snapshot();
    let mut asks = (DeviceId::OTHER, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    if let Some(text) = device {
        let key = engine.key(text)?;
        let known = engine.devices.devices();
        let found = (1..).zip(&known).find(|(_, device)| device.key == key);
        let (number, device) = found.ok_or_else(|| ChangeError::Device(text.to_owned()))?;
        asks = (DeviceId(number), device.addresses.last().copied().unwrap_or(asks.1));
    }
    let held = snapshot.policy.held(asks.0, asks.1, &engine.devices);
    let asker = held.asker(asks.1, Rtype(rtype));
    let finding = judge(&snapshot, &engine.devices, &name, &asker, held);
    Ok((finding, matches(&snapshot, data, &name, &asker, held)?))
}

/// What becomes of `name` for `asker`, to whom applies what is `held`.
pub fn judge(
    snapshot: &Snapshot,
    directory: &Directory,
    name: &Name,
    asker: &Asker<'_>,
    held: Held<'_>,
) -> Finding {
    let mut verdict = snapshot.judge(name, asker, held);
    let packet = question(name, asker.qtype);
    if let Ok(query) = Query::read(&packet, &mut Name::default())
        && snapshot.meaning(name, &query, verdict.rule.is_some(), directory).is_some()
    {
        verdict.kind = VerdictKind::Local;
    }
    let mut finding = Finding {
        verdict: verdict.kind,
        rule: verdict.rule.map(|rule| snapshot.rules.table.rule_text(rule, name)),
        list: verdict.rule.map(|rule| snapshot.origin(rule.origin).to_owned()),
        company: None,
        category: None,
    };
    let facts = &snapshot.rules.facts;
    if let Some(company) = facts.company(verdict.tracker) {
        finding.company = Some(company.name.clone());
        finding.category = facts.category(verdict.tracker).map(|category| category.as_str());
    } else if verdict.rule.is_some_and(|rule| rule.tier.blocks()) {
        finding.company = registrable(name);
        finding.category = Some("other");
    }
    finding
}

/// The question for `name`, as it would come.
fn question(name: &Name, qtype: Rtype) -> Vec<u8> {
    let mut packet = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    packet.extend_from_slice(name.wire());
    packet.extend_from_slice(&qtype.0.to_be_bytes());
    packet.extend_from_slice(&[0, 1]);
    packet
}

/// Every rule that speaks of `name`, the winner first: the owner's own rules beat all others.
///
/// # Errors
/// A list cannot be read.
pub fn matches(
    snapshot: &Snapshot,
    data: Option<&Path>,
    name: &Name,
    asker: &Asker<'_>,
    held: Held<'_>,
) -> Result<Vec<Match>, ExplainError> {
    let layers = held.layers();
    let mut own: Vec<Rule> = layers.iter().flat_map(|layer| layer.matches(name)).collect();
    own.sort_by_key(|rule| Reverse(rule.precedence()));
    let of_own = |rule: Rule| Match {
        rule: snapshot.rules.table.rule_text(rule, name),
        list: snapshot.origin(rule.origin).to_owned(),
        line: None,
        blocks: rule.tier.blocks(),
    };
    let mut found: Vec<Match> = own.into_iter().map(of_own).collect();
    let explained = lists::explain(&snapshot.config, data, name, asker)?;
    found.extend(explained.into_iter().map(|explained| Match {
        rule: explained.text,
        list: explained.list,
        line: explained.line,
        blocks: explained.rule.tier.blocks(),
    }));
    Ok(found)
}
