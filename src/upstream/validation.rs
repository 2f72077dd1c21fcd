//! Validation of what upstreams say (RFC 4035), by hickory's validator over our own pool.
//!
//! The validator asks for keys and digests by itself, all the way up to the root. It must be able to go
//! to other threads, a pool stays on its own: the two speak over a channel.

use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Weak;
use std::time::Duration;

use foldhash::fast::RandomState;
use futures_util::stream::{self, Stream};
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::FirstAnswer as _;
use hickory_resolver::net::{DnsError, DnsHandle, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Message};
use hickory_resolver::proto::rr::RecordType;
use hickory_resolver::proto::serialize::binary::BinEncodable as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio::{task, task_local};

use super::dnssec::{Anchors, Exempt, add, flaw, is_proven, proof, query, reply, whole};
use super::{Asker, Failure, Pool, Question};
use crate::wire::{ExtendedError, least_ttl};

/// Keys and digests that are held, and for how long at most.
const MOST_KEYS: usize = 4_096;
const LONGEST: Duration = Duration::from_secs(3_600);

task_local! {
    /// Whose question is being validated: the validator has no place for it.
    static ASKER: Asker;
}

/// The validator of one pool. Must live on the pool's thread, in a `LocalSet`.
pub(super) struct Validation {
    validator: DnssecDnsHandle<Way>,
    /// As [`Self::validator`] asks, without checking.
    way: Way,
    exempt: Exempt,
    /// Time for one question with all that it takes.
    time: Duration,
}

impl std::fmt::Debug for Validation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Validation")
    }
}

impl Validation {
    /// Validates what the servers of `pool` say, with the root's keys `anchors`.
    pub(super) fn new(pool: Weak<Pool>, anchors: &Anchors, exempt: Exempt, time: Duration) -> Self {
        let (questions, asked) = mpsc::unbounded_channel();
        let way = Way { questions };
        let validator = DnssecDnsHandle::with_trust_anchor(way.clone(), anchors.keys());
        task::spawn_local(serve(pool, asked, anchors.clone()));
        Self { validator, way, exempt, time }
    }

    /// Whether the answer to `question` is to be validated.
    pub(super) fn applies_to(&self, question: &Question) -> bool {
        !self.exempt.has(question)
    }

    /// Asks for `asker` and validates.
    ///
    /// # Errors
    /// There is no answer, or it is bogus.
    pub(super) async fn ask(&self, question: &Question, asker: Asker) -> Result<Vec<u8>, Failure> {
        ASKER.scope(asker, self.ask_for(question)).await
    }

    async fn ask_for(&self, question: &Question) -> Result<Vec<u8>, Failure> {
        let resolve = async |question: &Question| self.resolve(question).await;
        let result = timeout(self.time, whole(question, false, resolve)).await;
        match result.unwrap_or(Err(Failure::NoReachable)) {
            Err(Failure::Bogus(_)) => {
                let ask = async |question: &Question| {
                    let reply = self.way.ask(question.clone()).await?;
                    Message::from_vec(&reply).map_err(|_| Failure::Network)
                };
                let flaw = timeout(self.time, flaw(question, ask)).await;
                Err(Failure::Bogus(flaw.unwrap_or(ExtendedError::BOGUS)))
            }
            result => result,
        }
    }

    async fn resolve(&self, question: &Question) -> Result<Message, Failure> {
        let mut options = DnsRequestOptions::default();
        options.use_edns = true;
        options.edns_set_dnssec_ok = true;
        let answer = self.validator.lookup(query(question)?, options).first_answer().await;
        let (message, proven) = match answer {
            Ok(response) => {
                let message = response.into_message();
                let proven = match message.answers.is_empty() {
                    true => proof(&message.authorities)?,
                    // An alias may be proven, and what it leads to be of a zone that is not signed.
                    false => {
                        proof(&message.answers)?
                            && (message.authorities.is_empty() || is_proven(&message.authorities))
                    }
                };
                (message, proven)
            }
            Err(NetError::Dns(DnsError::Nsec { response, proof, .. })) => match proof {
                Proof::Bogus => return Err(Failure::Bogus(ExtendedError::BOGUS)),
                proof => (response.into_message(), proof == Proof::Secure),
            },
            Err(NetError::Dns(DnsError::DnssecBogus)) => {
                return Err(Failure::Bogus(ExtendedError::BOGUS));
            }
            Err(NetError::Timeout) => return Err(Failure::NoReachable),
            Err(_) => return Err(Failure::Network),
        };
        let mut reply = reply(question)?;
        reply.metadata.response_code = message.metadata.response_code;
        reply.metadata.authentic_data = proven;
        add(&mut reply, message, question);
        Ok(reply)
    }
}

/// The validator's way to the pool.
#[derive(Clone)]
struct Way {
    questions: mpsc::UnboundedSender<Asked>,
}

/// A question of the validator's, and where its reply is to go.
struct Asked {
    question: Question,
    asker: Asker,
    give: oneshot::Sender<Result<Vec<u8>, Failure>>,
}

impl Way {
    async fn ask(&self, question: Question) -> Result<Vec<u8>, Failure> {
        let (give, take) = oneshot::channel();
        let asker = ASKER.try_with(|asker| *asker).unwrap_or(Asker::House);
        let _ = self.questions.send(Asked { question, asker, give });
        take.await.unwrap_or(Err(Failure::NoReachable))
    }
}

impl DnsHandle for Way {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let way = self.clone();
        let answer = async move {
            let query = request.queries.first().ok_or(NetError::Busy)?;
            let question = Question {
                name: query.name().to_lowercase().to_bytes()?.into(),
                qtype: query.query_type().into(),
                qclass: query.query_class().into(),
                dnssec_ok: true,
                // What is bogus is for us to say, and why.
                checking_disabled: true,
                pool: 0,
            };
            let reply = way.ask(question).await.map_err(|failure| match failure {
                Failure::NoReachable => NetError::Timeout,
                failure => NetError::from(failure.to_string()),
            })?;
            let mut response = DnsResponse::from_buffer(reply)?;
            // Nobody has asked for these, and each would have to be validated.
            response.additionals.clear();
            Ok(response)
        };
        Box::pin(stream::once(answer))
    }
}

/// Asks the pool what the validator wants to know, as long as there are both.
async fn serve(pool: Weak<Pool>, mut asked: mpsc::UnboundedReceiver<Asked>, anchors: Anchors) {
    let held = std::rc::Rc::new(RefCell::new(Held::default()));
    while let Some(Asked { question, asker, give }) = asked.recv().await {
        let Some(pool) = pool.upgrade() else { return };
        if let Some(reply) = held.borrow().get(&question) {
            let _ = give.send(Ok(reply));
            continue;
        }
        let (held, anchors) = (std::rc::Rc::clone(&held), anchors.clone());
        task::spawn_local(async move {
            let reply = pool.ask_servers(&question, asker).await;
            if let Ok(reply) = &reply {
                if *question.name == [0]
                    && let Ok(message) = Message::from_vec(reply)
                {
                    anchors.compare(&message);
                }
                held.borrow_mut().hold(question, reply);
            }
            let _ = give.send(reply);
        });
    }
}

/// Keys and digests: a few of them validate everything.
#[derive(Default)]
struct Held(HashMap<Question, (Vec<u8>, Instant), RandomState>);

impl Held {
    fn get(&self, question: &Question) -> Option<Vec<u8>> {
        let (reply, until) = self.0.get(question)?;
        (Instant::now() < *until).then(|| reply.clone())
    }

    fn hold(&mut self, question: Question, reply: &[u8]) {
        let of_keys = [RecordType::DNSKEY, RecordType::DS].map(u16::from).contains(&question.qtype);
        let now = Instant::now();
        if self.0.len() >= MOST_KEYS {
            self.0.retain(|_, (_, until)| now < *until);
        }
        if of_keys && self.0.len() < MOST_KEYS {
            let ttl = Duration::from_secs(least_ttl(reply).unwrap_or(0).into());
            self.0.insert(question, (reply.to_vec(), now + ttl.min(LONGEST)));
        }
    }
}
