//! All that may change while the server runs, as one thing that never does.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::special::Special;
use crate::config::Config;
use crate::filter::{Asker, Overlay, Verdict};
use crate::lists::{ListsError, Rules};
use crate::policy::{Access, Home, Policy};
use crate::upstream::{Anchors, Figures, Trust, TrustError};
use crate::wire::{Name, NameError, Refusal, TtlBounds};

/// Rules, policy and settings that hold together. A reload makes a new one and swaps the pointer.
#[derive(Debug)]
pub struct Snapshot {
    /// The compiled lists and the tracker facts.
    pub rules: Rules,
    /// The owner's own rules.
    pub overlay: Overlay,
    /// Who is held to what.
    pub policy: Policy,
    /// Who may ask.
    pub access: Access,
    /// Which names may lead into the house.
    pub home: Home,
    /// The reply to refused queries.
    pub refusal: Refusal,
    /// Names that are asked of nobody.
    pub(super) special: Special,
    /// Bounds for the TTLs of new answers.
    pub bounds: TtlBounds,
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

impl Snapshot {
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
        let overlay = Overlay::new(&config.rules.block, &config.rules.allow)
            .map_err(|(text, error)| SnapshotError::Rule(text, error))?;
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
            overlay,
            policy: Policy::new(&config),
            access: Access::new(&config.access),
            home,
            refusal: Refusal::new(config.block.ttl),
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

    /// Names of all lists by number.
    pub fn list_names(&self) -> Vec<String> {
        self.rules.lists.iter().map(|list| list.name.clone()).collect()
    }

    /// Seconds that answers of the house's own making may be held.
    pub fn local_ttl(&self) -> u32 {
        u32::try_from(self.config.block.ttl.as_secs()).unwrap_or(u32::MAX)
    }

    /// What the rules say of `name` for `asker`.
    #[inline]
    pub fn judge(&self, name: &Name, asker: &Asker<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        self.overlay.judge(name, &mut verdict);
        self.rules.table.judge(name, asker, &mut verdict);
        verdict
    }
}
