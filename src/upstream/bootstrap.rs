//! Addresses of upstreams that are known by name, from servers that are known by address: never
//! from the system's resolver, which may be ourselves.

use std::net::IpAddr;
use std::rc::Rc;

use super::{Asker, Failure, Pool, Question, Trust};
use crate::config;
use crate::wire::{Answer, Class, Lead, Name, Rtype, TtlBounds};

/// The servers that are asked.
#[derive(Debug)]
pub(super) struct Bootstrap(Rc<Pool>);

impl Bootstrap {
    pub(super) fn new(config: &config::Upstream, trust: &Trust) -> Self {
        Self(Pool::apart(&config.bootstrap, config, trust))
    }

    /// Addresses of `host`, those of IPv4 first: a house has them more often than a way to the
    /// others.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        let name: Name = host.parse().map_err(|_| Failure::Network)?;
        let (v4, v6) = tokio::join!(self.ask(&name, Rtype::A), self.ask(&name, Rtype::AAAA));
        match (v4, v6) {
            (Err(failure), Err(_)) => Err(failure),
            (v4, v6) => Ok([v4.unwrap_or_default(), v6.unwrap_or_default()].concat()),
        }
    }

    async fn ask(&self, name: &Name, rtype: Rtype) -> Result<Vec<IpAddr>, Failure> {
        let question = Question {
            name: name.wire().into(),
            qtype: rtype.0,
            qclass: Class::IN.0,
            dnssec_ok: false,
            checking_disabled: false,
            pool: 0,
        };
        // Asking may mean connecting, which may mean asking: the way is bounded, its type is not.
        let message = Box::pin(self.0.ask(&question, Asker::House)).await?;
        let bounds = TtlBounds { min: 0, max: 0, max_negative: 0 };
        let answer = Answer::read(&message, name, bounds).map_err(|_| Failure::Network)?;
        let mut addresses = Vec::new();
        answer.each_lead(&mut Name::default(), |_, lead| {
            if let Lead::Address(address) = lead {
                addresses.push(address);
            }
        });
        Ok(addresses)
    }
}
