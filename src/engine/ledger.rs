//! What one thread counts in, and what it knows of names that no facts know.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::ops::Deref;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::Engine;
use super::live::Live;
use super::query_log::QueryLog;
use super::recordings::Recordings;
use crate::stats::{CompanyId, Counters};
use crate::trackers::registrable;
use crate::wire::Name;

/// Names whose company is remembered.
const MOST_NAMES: usize = 16_384;

/// The counters of one thread.
#[derive(Debug)]
pub(super) struct Ledger {
    counters: Arc<Counters>,
    engine: Arc<Engine>,
    hasher: RandomState,
    /// By hash of the name: two of one hash in four billion pairs are one company's.
    stand_ins: RefCell<HashMap<u64, CompanyId, RandomState>>,
}

impl Ledger {
    /// For the calling thread.
    pub(super) fn new(engine: &Arc<Engine>) -> Self {
        Self {
            counters: engine.new_counters(),
            engine: Arc::clone(engine),
            hasher: RandomState::default(),
            stand_ins: RefCell::default(),
        }
    }

    /// The company that stands in where no facts name one: whoever registered the domain. A look-up;
    /// at the first sight of a name, a lock.
    pub(super) fn stand_in(&self, name: &Name) -> CompanyId {
        let hash = self.hasher.hash_one(name.wire());
        if let Some(company) = self.stand_ins.borrow().get(&hash) {
            return *company;
        }
        self.learn(hash, name)
    }

    /// What is asked right now, for those who watch.
    #[inline]
    pub(super) fn live(&self) -> &Live {
        &self.engine.live
    }

    /// Takes every query where that is wanted.
    #[inline]
    pub(super) fn query_log(&self) -> &QueryLog {
        &self.engine.query_log
    }

    /// What is recorded right now.
    #[inline]
    pub(super) fn recordings(&self) -> &Recordings {
        &self.engine.recordings
    }

    #[cold]
    fn learn(&self, hash: u64, name: &Name) -> CompanyId {
        // Nobody registers a public suffix: it stands for itself.
        let domain = registrable(name).unwrap_or_else(|| name.to_string());
        let company = self.engine.companies.number_of_domain(&domain);
        let mut known = self.stand_ins.borrow_mut();
        if known.len() >= MOST_NAMES {
            known.clear();
        }
        known.insert(hash, company);
        company
    }
}

impl Deref for Ledger {
    type Target = Counters;

    fn deref(&self) -> &Counters {
        &self.counters
    }
}
