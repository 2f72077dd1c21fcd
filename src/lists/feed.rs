//! Everything that is compiled: builtin facts, then each list, as its settings want it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use super::source::Source;
use super::{READ, Status, builtin, format, keep};
use crate::catalogue;
use crate::config::{Action, Config, List};
use crate::filter::syntax::{self, Outcome};
use crate::filter::{ListRule, Listed, Scope, Sink, Subject};
use crate::policy::BUILTIN_LISTS;
use crate::trackers::Domain;
use crate::wire::Name;

/// Gives every rule and fact to `sink`, and says what came of each list.
pub(super) fn feed(
    config: &Config,
    sources: &[Source],
    domains: &[Domain],
    sink: Sink<'_>,
) -> Vec<Status> {
    let mut statuses = Vec::with_capacity(BUILTIN_LISTS.len() + config.lists.len());
    for (list, builtin) in (0..).zip(BUILTIN_LISTS) {
        let mut rules = 0;
        builtin::rules(builtin, domains, |rule| {
            sink(Listed::Rule { list, rule: *rule });
            rules += 1;
        });
        statuses.push(Status { name: builtin.name().to_owned(), rules, ..Status::default() });
    }
    let mut name = Name::default();
    for domain in domains {
        if name.read_text(domain.name.as_bytes()).is_ok() {
            sink(Listed::Tracker(&name, domain.tracker));
        }
    }
    for (number, service) in (1..).zip(catalogue::services()) {
        for domain in &service.domains {
            if name.read_text(domain.as_bytes()).is_ok() {
                sink(Listed::Service(&name, number));
            }
        }
    }
    for ((list, settings), source) in (BUILTIN_LISTS.len() as u8..).zip(&config.lists).zip(sources)
    {
        let mut status = Status::of(settings);
        if let Some(path) = &source.path {
            let mut unwanted = 0;
            let result = read(path, settings, |_, rule| match as_set(*rule, settings) {
                Some(rule) => sink(Listed::Rule { list, rule }),
                None => unwanted += 1,
            });
            match result {
                Ok(outcome) => status.take(outcome, unwanted),
                Err(error) => status.error = Some(format!("{}: {error}", path.display())),
            }
        }
        statuses.push(status);
    }
    statuses
}

/// Reads the list in the file `path`.
pub(super) fn read(
    path: &Path,
    settings: &List,
    each: impl FnMut(u64, &ListRule<'_>),
) -> io::Result<Outcome> {
    let file = File::open(path)?;
    syntax::read(BufReader::with_capacity(READ, file), format(settings), each)
}

/// A rule as the settings of its list want it; none where they do not want it at all.
pub(super) fn as_set<'a>(rule: ListRule<'a>, settings: &List) -> Option<ListRule<'a>> {
    let reply = rule.terms.and_then(|terms| terms.reply.as_ref());
    if !settings.answers && reply.is_some_and(|reply| !reply.refuses()) {
        return None;
    }
    let tier = match settings.action {
        Action::Block => rule.tier,
        Action::Allow => rule.tier.allowing(),
    };
    let subject = match rule.subject {
        Subject::Name(name, Scope::Name) if settings.subdomains => Subject::Name(name, Scope::Tree),
        subject => subject,
    };
    Some(ListRule { subject, tier, ..rule })
}

impl Status {
    fn of(list: &List) -> Self {
        Self { name: list.name.clone(), source: Some(keep::source(list)), ..Self::default() }
    }

    fn take(&mut self, outcome: Outcome, unwanted: u64) {
        self.rules = outcome.rules - unwanted;
        self.format = outcome.format.map(|format| format.as_str().to_owned());
        let skipped = outcome.skipped.into_iter().map(|(why, count)| (why.to_owned(), count));
        self.skipped = skipped.collect::<BTreeMap<_, _>>();
        if unwanted > 0 {
            self.skipped.insert("answers of its own, not wanted".to_owned(), unwanted);
        }
        self.first_skipped = outcome.first_skipped.iter().map(ToString::to_string).collect();
    }
}
