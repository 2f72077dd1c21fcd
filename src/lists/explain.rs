//! Every rule that speaks of a name, with list and line: found by reading all lists again, so that
//! what is said does not rest on the compiled table.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::{Sources, builtin, feed};
use crate::catalogue;
use crate::config::Config;
use crate::filter::{Asker, ListRule, Origin, Rule, Scope, Tier};
use crate::policy::BUILTIN_LISTS;
use crate::trackers::{Facts, FactsError};
use crate::wire::Name;

/// A rule that speaks of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its list.
    pub list: String,
    /// Its line there; none for builtin facts.
    pub line: Option<u64>,
    /// The rule, in the notation of Adblock-style lists.
    pub text: String,
    /// How it weighs.
    pub rule: Rule,
}

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The builtin facts are broken.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// A list cannot be read.
    #[error("cannot read list {0}: {1}")]
    List(String, io::Error),
}

/// All rules of the lists in `config` that speak of `name` for `asker`, the winner first. Reads
/// every list, twice where one takes away others' rules: about 0.1 µs a line.
///
/// # Errors
/// A list that cannot be read.
pub fn explain(
    config: &Config,
    data: Option<&Path>,
    name: &Name,
    asker: &Asker<'_>,
) -> Result<Vec<Explained>, ExplainError> {
    let mut found = come_along(config, name, asker)?;
    let mut cancelled = HashSet::new();
    let mut keys = Vec::new();
    let sources = Sources::of(config, data).lists;
    for (number, (list, source)) in
        (BUILTIN_LISTS.len() as u8..).zip(config.lists.iter().zip(&sources))
    {
        let Some(path) = &source.path else { continue };
        let each = |line, rule: &ListRule<'_>| {
            let Some(rule) = feed::as_set(*rule, list) else { return };
            if rule.cancels {
                cancelled.insert(rule.key());
            } else if asker.lists & (1 << number) != 0
                && let Some(labels) = rule.matches(name, asker)
            {
                keys.push((found.len(), rule.key()));
                found.push(Explained {
                    list: list.name.clone(),
                    line: Some(line),
                    text: rule.to_string(),
                    rule: rule.weight(number, labels),
                });
            }
        };
        feed::read(path, list, each)
            .map_err(|error| ExplainError::List(list.name.clone(), error))?;
    }
    let gone: HashSet<usize> =
        keys.into_iter().filter(|(_, key)| cancelled.contains(key)).map(|(at, _)| at).collect();
    let mut at = 0..;
    found.retain(|_| at.next().is_none_or(|at| !gone.contains(&at)));
    found.sort_by_key(|explained| Reverse(explained.rule.precedence()));
    Ok(found)
}

fn come_along(
    config: &Config,
    name: &Name,
    asker: &Asker<'_>,
) -> Result<Vec<Explained>, ExplainError> {
    let (_, domains) = Facts::builtin()?;
    let mut found = Vec::new();
    for (number, list) in (0..).zip(BUILTIN_LISTS) {
        if asker.lists & (1 << number) == 0 {
            continue;
        }
        builtin::rules(list, &domains, |rule| {
            if let Some(labels) = rule.matches(name, asker) {
                found.push(Explained {
                    list: list.name().to_owned(),
                    line: None,
                    text: rule.to_string(),
                    rule: rule.weight(number, labels),
                });
            }
        });
    }
    for id in &config.services {
        let service = catalogue::services().iter().find(|service| service.id == *id);
        let (Some(service), Some(number)) = (service, catalogue::service(id)) else { continue };
        for listed in service.domains.iter().filter_map(|domain| domain.parse().ok()) {
            let rule = ListRule::of_name(&listed, Scope::Tree, Tier::ImportantBlock);
            if asker.refuses_service(number)
                && let Some(labels) = rule.matches(name, asker)
            {
                found.push(Explained {
                    list: format!("service {id}"),
                    line: None,
                    text: rule.to_string(),
                    rule: Rule { origin: Origin::Service(number), ..rule.weight(0, labels) },
                });
            }
        }
    }
    Ok(found)
}
