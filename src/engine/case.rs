//! What the rules come to for one query: for the name it asks about, then for where the answer
//! leads.
//!
//! A name that no rule refuses may stand for one that a rule does. So the answer, wherever it comes
//! from, is looked at for the device that asks, after the cache: a change of policy acts on what is
//! held already.

use std::net::IpAddr;
use std::sync::Arc;

use super::Snapshot;
use super::ledger::Ledger;
use super::live::Asked;
use super::query_log::Entry;
use super::recordings::Heard;
use crate::clients::{DeviceId, Directory};
use crate::clock::{self, Moment};
use crate::config::StatsLevel;
use crate::filter::{Asker, Origin, Rule, Verdict, VerdictKind};
use crate::policy::Held;
use crate::stats::{Bound, CompanyId, Pair};
use crate::trackers::{Category, registrable};
use crate::wire::{Answer, Lead, Name, Query, Rcode, Rtype};

/// A query's case before the rules.
pub(super) struct Case<'a> {
    pub(super) snapshot: &'a Snapshot,
    name: &'a Name,
    pub(super) device: DeviceId,
    held: Held<'a>,
    pub(super) asker: Asker<'a>,
    pub(super) verdict: Verdict,
}

impl<'a> Case<'a> {
    /// The case of `query` for `name`, which `device` asks from `address`.
    #[inline]
    pub(super) fn open(
        snapshot: &'a Snapshot,
        name: &'a Name,
        query: &Query<'_>,
        device: DeviceId,
        address: IpAddr,
        directory: &Directory,
    ) -> Self {
        let held = snapshot.policy.held(device, address, directory);
        let asker = held.asker(address, query.qtype);
        let verdict = snapshot.judge(name, &asker, held);
        Self { snapshot, name, device, held, asker, verdict }
    }

    /// Writes the refusal, as the device's profile has it; returns its length and code.
    #[inline]
    pub(super) fn write_refusal(&self, query: &Query<'_>, out: &mut [u8]) -> (usize, Rcode) {
        self.held.profile.refusal.write(query, self.snapshot.why(&self.verdict), out)
    }

    /// Whether the query is to be refused.
    #[inline]
    pub(super) fn is_refused(&self) -> bool {
        self.verdict.kind == VerdictKind::Block
    }

    /// Looks at where `answer` to the query leads.
    #[inline]
    pub(super) fn look_at(&mut self, answer: &Answer, counters: &Ledger) {
        let name = self.name;
        let leads = answer.leads();
        let unruled = self.verdict.kind == VerdictKind::Pass;
        if leads.home && unruled && !self.snapshot.home.may_have(name) {
            // A page elsewhere would talk to a machine of the house by a name of its own.
            self.verdict.kind = VerdictKind::Block;
            counters.rebinding();
        } else if leads.names || self.snapshot.rules.table.speaks_of_addresses() {
            self.follow(name, answer);
        }
    }

    #[inline(never)]
    fn follow(&mut self, name: &Name, answer: &Answer) {
        let (snapshot, asker, held) = (self.snapshot, self.asker, self.held);
        let mut target = Name::default();
        answer.each_lead(&mut target, |target, lead| {
            let found = match lead {
                Lead::Name => snapshot.judge(target, &asker, held),
                Lead::Address(address) => {
                    let mut found = Verdict::default();
                    snapshot.rules.table.judge_address(address, name, &asker, &mut found);
                    found
                }
            };
            self.weigh(found);
        });
    }

    /// Takes in what the rules say of a lead. It is refused where the name itself would be, had it
    /// such a rule: a stronger rule for the name lets the lead pass.
    fn weigh(&mut self, found: Verdict) {
        let rank = |rule: Option<Rule>| rule.map(Rule::strength);
        let refused =
            found.kind == VerdictKind::Block && rank(found.rule) > rank(self.verdict.rule);
        if refused && !self.is_refused() {
            self.verdict.kind = VerdictKind::Block;
            self.verdict.rule = found.rule;
            if found.tracker != 0 {
                self.verdict.tracker = found.tracker;
            }
        }
        self.verdict.against |= found.against;
        self.verdict.noted |= found.noted;
        // Half the web is at the big hosts: to stand there is not to be one of them.
        let hosting = self.category_of(found.tracker) == Some(Category::Hosting);
        if self.verdict.tracker == 0 && !hosting {
            self.verdict.tracker = found.tracker;
        }
    }

    /// The query as it is logged and shown. Allocates nothing.
    #[cold]
    fn entry(&self) -> Entry {
        Entry {
            at: clock::now().0.as_secs(),
            device: self.device,
            name: self.name.clone(),
            qtype: self.asker.qtype.0,
            verdict: self.verdict,
            base: Arc::clone(self.snapshot.base()),
        }
    }

    /// What a recording takes it for; none for what nobody visits.
    #[cold]
    fn heard(&self) -> Option<Heard> {
        let mut verdict = Verdict::default();
        // Whatever holds for the device, and wherever its button stands: a tracker is what a list
        // says is one.
        let asker = Asker { lists: u64::MAX, ..self.asker };
        self.snapshot.rules.table.judge(self.name, &asker, &mut verdict);
        let is_refused = self.is_refused();
        if self.verdict.against | verdict.against != 0 {
            let company = self.snapshot.rules.facts.company(self.verdict.tracker);
            let company = company.map(|company| company.name.clone());
            let company = company.or_else(|| registrable(self.name))?;
            return Some(Heard::Tracker { company, domain: self.name.to_string(), is_refused });
        }
        // Who visits a site asks for its address, and gets one from elsewhere.
        let is_visited = !is_refused
            && self.verdict.kind != VerdictKind::Local
            && matches!(self.asker.qtype, Rtype::A | Rtype::AAAA | Rtype::HTTPS);
        registrable(self.name).filter(|_| is_visited).map(Heard::Site)
    }

    fn category_of(&self, tracker: u32) -> Option<Category> {
        self.snapshot.rules.facts.category(tracker)
    }

    /// Counts the query, once for each.
    #[inline]
    pub(super) fn count(&self, counters: &Ledger) {
        let tracker = self.verdict.tracker;
        let company = match self.snapshot.company_id(tracker) {
            // Refused by a list alone: a tracker, of somebody no facts name. What its owner or a
            // profile refuses is no tracker.
            CompanyId::NONE if self.is_refused() && self.verdict.against != 0 => {
                counters.stand_in(self.name)
            }
            company => company,
        };
        let level = self.snapshot.config.stats.level;
        let device = match level {
            StatsLevel::Counts => DeviceId::OTHER,
            StatsLevel::Devices | StatsLevel::Full => {
                if self.device == DeviceId::OTHER {
                    counters.beyond(Bound::Devices);
                }
                self.device
            }
        };
        if company == CompanyId::OTHER {
            counters.beyond(Bound::Companies);
        }
        let pair = Pair { device, company, category: self.category_of(tracker) };
        counters.query(pair, self.verdict.kind);
        counters.query_type(self.asker.qtype);
        if level == StatsLevel::Full {
            counters.query_log().take(self.entry());
        }
        if counters.live().is_watched() {
            counters.live().show(Asked::new(&self.entry(), device));
        }
        if counters.recordings().is_any() {
            counters.recordings().hear(self.device, self.heard(), Moment::now());
        }
        if self.verdict.noted {
            counters.around(self.device);
        }
        if self.is_refused() {
            let of_list = |rule: Rule| matches!(rule.origin, Origin::List(_));
            counters.refused(self.verdict.against, !self.verdict.rule.is_some_and(of_list));
        }
    }
}
