//! All that may change while the server runs, as one thing that never does.

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::names::Local;
use super::special::Special;
use crate::config::Config;
use crate::filter::{Asker, Origin, Verdict};
use crate::lists::{ListsError, Rules};
use crate::policy::schedule::WallClock;
use crate::policy::{Access, Button, Choices, Held, Home, Policy};
use crate::stats::{Companies, CompanyId};
use crate::upstream::{Anchors, Figures, Trust, TrustError};
use crate::wire::{Name, NameError, Refusal, TtlBounds};

/// Rules, policy and settings that hold together. A change of policy makes a new one around the
/// same base and swaps the pointer.
#[derive(Debug)]
pub struct Snapshot {
    base: Arc<Base>,
    /// Who is held to what.
    pub policy: Policy,
}

impl Deref for Snapshot {
    type Target = Base;

    fn deref(&self) -> &Base {
        &self.base
    }
}

/// What only a reload makes anew.
#[derive(Debug)]
pub struct Base {
    /// The compiled lists and the tracker facts.
    pub rules: Rules,
    /// Who may ask.
    pub access: Access,
    /// Which names may lead into the house.
    pub home: Home,
    /// Replies that there is nothing.
    pub absence: Refusal,
    /// Names of the house's own.
    pub(super) local: Local,
    /// The clock of the house.
    pub clock: WallClock,
    /// Names that are asked of nobody.
    pub(super) special: Special,
    /// Bounds for the TTLs of new answers.
    pub bounds: TtlBounds,
    /// By the facts' number, that of [`Companies`].
    companies: Vec<CompanyId>,
    /// The settings all this was made from.
    pub config: Config,
    /// The upstreams' figures; the same object as long as the upstreams are the same.
    pub upstreams: Arc<Figures>,
    /// Who may sign for the upstreams.
    pub trust: Trust,
    /// The root's keys.
    pub anchors: Anchors,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The lists could not be compiled.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// The file of certificates cannot be used.
    #[error("upstream.ca: {0}: {1}")]
    Trust(String, TrustError),
    /// The file of the root's keys cannot be used.
    #[error("upstream.anchors: {0}: {1}")]
    Anchors(String, io::Error),
    /// A rule of the owner's is no name.
    #[error("rules or rebinding: `{0}` is not a name: {1}")]
    Rule(String, NameError),
}

impl Base {
    /// Loads or compiles all that `config` names. `previous` is what holds now, if anything does.
    ///
    /// # Errors
    /// Something that cannot be used at all; a list that cannot be read is told in its status.
    pub fn load(
        config: Config,
        data: Option<&Path>,
        previous: Option<&Self>,
    ) -> Result<Self, SnapshotError> {
        let rules = Rules::load(&config, data)?;
        let ca = config.upstream.ca.as_deref();
        let trust = Trust::read(ca).map_err(|error| {
            SnapshotError::Trust(ca.map_or_else(String::new, |ca| ca.display().to_string()), error)
        })?;
        let anchors = config.upstream.dnssec.anchors.as_deref();
        let anchors = Anchors::read(anchors).map_err(|error| {
            let path = anchors.map_or_else(String::new, |path| path.display().to_string());
            SnapshotError::Anchors(path, error)
        })?;
        let home = Home::new(&config.rebinding, &config.upstream.domains)
            .map_err(|(text, error)| SnapshotError::Rule(text, error))?;
        let seconds =
            |duration: std::time::Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        let upstreams =
            previous.filter(|previous| previous.config.upstream == config.upstream).map_or_else(
                || Arc::new(Figures::new(&config.upstream)),
                |previous| Arc::clone(&previous.upstreams),
            );
        Ok(Self {
            rules,
            access: Access::new(&config.access),
            home,
            companies: Vec::new(),
            absence: Refusal::new(config.block.ttl),
            local: Local::new(&config),
            clock: WallClock::new(&config.time_zone),
            special: Special::new(&config),
            bounds: TtlBounds {
                min: seconds(config.cache.min_ttl),
                max: seconds(config.cache.max_ttl),
                max_negative: seconds(config.cache.max_negative_ttl),
            },
            upstreams,
            trust,
            anchors,
            config,
        })
    }

    /// Hosts files that could not be read, and why.
    pub fn unread_hosts(&self) -> &[(PathBuf, String)] {
        &self.local.unread
    }

    /// Companies of the settings that are not known.
    pub fn unknown_companies(&self) -> impl Iterator<Item = &str> {
        let of_profiles = self.config.profiles.iter().map(|profile| &profile.rules);
        let rules = std::iter::once(&self.config.rules).chain(of_profiles);
        let named =
            rules.flat_map(|rules| rules.block_companies.iter().chain(&rules.allow_companies));
        named
            .filter(|name| self.rules.facts.companies_of(name).next().is_none())
            .map(String::as_str)
    }

    /// The number of the company behind tracker `tracker`, which other facts do not change.
    #[inline]
    pub fn company_id(&self, tracker: u32) -> CompanyId {
        let company = self.rules.facts.company_number(tracker);
        let known = company.and_then(|company| self.companies.get(company as usize));
        known.copied().unwrap_or(CompanyId::NONE)
    }

    /// Learns the numbers of its companies.
    pub(super) fn number_companies(&mut self, companies: &Companies) {
        let names = self.rules.facts.companies().map(|company| company.name.as_str());
        self.companies = names.map(|name| companies.number(name)).collect();
    }

    /// Who refuses, as it is told: the list, or whose rule it is; and the company.
    pub fn why(&self, verdict: &Verdict) -> [&str; 2] {
        let list = verdict.rule.map_or("", |rule| self.origin(rule.origin));
        let company = self.rules.facts.company(verdict.tracker);
        [list, company.map_or("", |company| company.name.as_str())]
    }

    /// Where a rule comes from, as it is told.
    pub fn origin(&self, origin: Origin) -> &str {
        match origin {
            Origin::User(_) => "your rules",
            Origin::Company(..) => "companies you chose",
            Origin::Service(_) => "refused services",
            Origin::List(list) => {
                self.rules.lists.get(usize::from(list)).map_or("?", |list| list.name.as_str())
            }
        }
    }

    /// Names of all lists by number.
    pub fn list_names(&self) -> Vec<String> {
        self.rules.lists.iter().map(|list| list.name.clone()).collect()
    }

    /// Seconds that answers of the house's own making may be held.
    pub fn local_ttl(&self) -> u32 {
        u32::try_from(self.config.block.ttl.as_secs()).unwrap_or(u32::MAX)
    }
}

impl Snapshot {
    /// With `choices` above the settings of `base`, where the button stands as it does.
    ///
    /// # Errors
    /// A rule of the settings that is no name.
    pub fn new(
        base: Arc<Base>,
        choices: &Choices,
        button: &Button,
        devices: usize,
    ) -> Result<Self, SnapshotError> {
        let time = base.clock.read(Timestamp::now());
        let policy = Policy::new(&base.config, choices, button, &base.rules.facts, time, devices)
            .map_err(|(text, error)| SnapshotError::Rule(text, error))?;
        Ok(Self { base, policy })
    }

    /// What only a reload makes anew.
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// What the rules say of `name` for `asker`, to whom applies what is `held`.
    #[inline]
    pub fn judge(&self, name: &Name, asker: &Asker<'_>, held: Held<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        self.rules.table.judge(name, asker, &mut verdict);
        held.judge(name, &self.rules.facts, &mut verdict);
        verdict
    }
}
