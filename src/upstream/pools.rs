//! Which pool a question goes to: that of the longest domain its name is in, or the one for the rest.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::bootstrap::Bootstrap;
use super::dnssec::Exempt;
use super::{Anchors, Figures, Means, Pool, Question, Trust};
use crate::config::{self, Host, Validate};
use crate::wire::Name;

/// The pools of one thread. Must live on a current-thread runtime with a `LocalSet`.
#[derive(Debug)]
pub struct Pools {
    rest: Rc<Pool>,
    domains: HashMap<Box<[u8]>, Rc<Pool>, RandomState>,
}

impl Pools {
    /// The pools of `config`.
    pub fn new(
        config: &config::Upstream,
        figures: &Arc<Figures>,
        trust: &Trust,
        anchors: &Anchors,
    ) -> Self {
        let named = config.all_servers().any(|url| matches!(url.host, Host::Name(_)));
        let bootstrap = named.then(|| Rc::new(Bootstrap::new(config, trust)));
        let means = Means { figures, trust, anchors, bootstrap: bootstrap.as_ref() };
        let mut first = config.servers.len();
        let mut domains = HashMap::default();
        for domain in &config.domains {
            let pool = Pool::new(&domain.servers, config, &means, first, None);
            first += domain.servers.len();
            if let Ok(name) = domain.name.parse::<Name>() {
                domains.insert(name.wire().into(), pool);
            }
        }
        // Recursion does it by itself.
        let validate = config.dnssec.validate == Validate::All
            && config.servers.iter().all(|url| url.host != Host::Root);
        let exempt = validate.then(|| Exempt(config.dnssec.unsigned.clone()));
        Self { rest: Pool::new(&config.servers, config, &means, 0, exempt), domains }
    }

    /// The pool for `question`.
    pub fn pick(&self, question: &Question) -> &Rc<Pool> {
        if self.domains.is_empty() {
            return &self.rest;
        }
        let name = question.name();
        (1..=name.label_count())
            .rev()
            .find_map(|labels| self.domains.get(name.suffix(labels)))
            .unwrap_or(&self.rest)
    }
}
