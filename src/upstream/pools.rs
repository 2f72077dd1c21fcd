//! Which pool a question goes to: that of the longest domain its name is in, that of the client who
//! asks, or the one for the rest.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::bootstrap::Bootstrap;
use super::dnssec::Exempt;
use super::{Anchors, Figures, Means, Pool, Question, Trust};
use crate::config::{self, Host, UpstreamUrl, Validate};
use crate::wire::Name;

/// The pools of one thread. Must live on a current-thread runtime with a `LocalSet`.
#[derive(Debug)]
pub struct Pools {
    rest: Rc<Pool>,
    domains: HashMap<Box<[u8]>, Rc<Pool>, RandomState>,
    /// Those of some clients, for the names that no domain's servers know.
    clients: Vec<Rc<Pool>>,
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
        let mut clients = Vec::new();
        for group in &config.clients {
            let exempt = exempt(config, &group.servers);
            clients.push(Pool::new(&group.servers, config, &means, first, exempt));
            first += group.servers.len();
        }
        let exempt = exempt(config, &config.servers);
        Self { rest: Pool::new(&config.servers, config, &means, 0, exempt), domains, clients }
    }

    /// The pool for `question`.
    pub fn pick(&self, question: &Question) -> &Rc<Pool> {
        let rest = usize::from(question.pool)
            .checked_sub(1)
            .and_then(|client| self.clients.get(client))
            .unwrap_or(&self.rest);
        if self.domains.is_empty() {
            return rest;
        }
        let name = question.name();
        (1..=name.label_count())
            .rev()
            .find_map(|labels| self.domains.get(name.suffix(labels)))
            .unwrap_or(rest)
    }
}

/// Whose answers are not validated, of what `servers` say; none where nothing is.
fn exempt(config: &config::Upstream, servers: &[UpstreamUrl]) -> Option<Exempt> {
    // Recursion does it by itself.
    let validate =
        config.dnssec.validate == Validate::All && servers.iter().all(|url| url.host != Host::Root);
    validate.then(|| Exempt(config.dnssec.unsigned.clone()))
}
