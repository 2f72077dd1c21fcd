//! Asking nobody in particular: from the root downwards, by hickory's recursor, with validation.
//!
//! The recursor minimises the names it asks for, checks bailiwicks, and bounds the work of a question
//! and its own caches. What it says comes apart in its hands (an absence is an error to it), so the
//! message is put together here as a server would have sent it. Measured by the project that makes it:
//! the first answer for a name takes 1.1 to 3.9 times as long as Unbound's.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::{Rc, Weak};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use hickory_resolver::recursor::{
    AuthorityData, DnssecConfig, DnssecPolicy, Recursor, RecursorError, RecursorOptions,
};
use hickory_resolver::{ConnectionProvider, PoolContext, TlsConfig};
use tokio::task;

use super::dnssec::{Anchors, Exempt, add, flaw, proof, query, reply, whole};
use super::{Asker, Failure, Pool, Question, Trust};
use crate::config::{self, UpstreamUrl, Validate};
use crate::wire::{ExtendedError, is_home};

/// Addresses of the root servers, A to M (root.hints of IANA, as of 2024).
const ROOTS_V4: [[u8; 4]; 13] = [
    [198, 41, 0, 4],
    [170, 247, 170, 2],
    [192, 33, 4, 12],
    [199, 7, 91, 13],
    [192, 203, 230, 10],
    [192, 5, 5, 241],
    [192, 112, 36, 4],
    [198, 97, 190, 53],
    [192, 36, 148, 17],
    [192, 58, 128, 30],
    [193, 0, 14, 129],
    [199, 7, 83, 42],
    [202, 12, 27, 33],
];
const ROOTS_V6: [[u16; 8]; 13] = [
    [0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30],
    [0x2801, 0x1b8, 0x10, 0, 0, 0, 0, 0xb],
    [0x2001, 0x500, 2, 0, 0, 0, 0, 0xc],
    [0x2001, 0x500, 0x2d, 0, 0, 0, 0, 0xd],
    [0x2001, 0x500, 0xa8, 0, 0, 0, 0, 0xe],
    [0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf],
    [0x2001, 0x500, 0x12, 0, 0, 0, 0, 0xd0d],
    [0x2001, 0x500, 1, 0, 0, 0, 0, 0x53],
    [0x2001, 0x7fe, 0, 0, 0, 0, 0, 0x53],
    [0x2001, 0x503, 0xc27, 0, 0, 0, 2, 0x30],
    [0x2001, 0x7fd, 0, 0, 0, 0, 0, 1],
    [0x2001, 0x500, 0x9f, 0, 0, 0, 0, 0x42],
    [0x2001, 0xdc3, 0, 0, 0, 0, 0, 0x35],
];
/// Name servers, and answers on the way to others, that are held. Answers themselves are in our own
/// cache.
const NAME_SERVERS: usize = 4_096;
const ANSWERS: u64 = 8_192;
const VALIDATIONS: usize = 8_192;
/// Time one name server gets: twice around the world.
const SERVER_PATIENCE: Duration = Duration::from_millis(800);
/// How often the root's servers are asked which they are, and when again if none of them answers.
const PRIMED: Duration = Duration::from_secs(86_400);
const PRIME_AGAIN: Duration = Duration::from_secs(60);

type Hickory = Recursor<Patient>;

/// hickory's connections with a time limit of our own. It gives each name server 5 s and asks them one
/// after the other (hickory-resolver 0.26.3): nobody waits for the second one.
#[derive(Clone, Default)]
struct Patient {
    runtime: TokioRuntimeProvider,
    context: Arc<OnceLock<PoolContext>>,
}

impl ConnectionProvider for Patient {
    type Conn = <TokioRuntimeProvider as ConnectionProvider>::Conn;
    type FutureConn = <TokioRuntimeProvider as ConnectionProvider>::FutureConn;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        ip: IpAddr,
        config: &ConnectionConfig,
        context: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        let context = self.context.get_or_init(|| {
            let mut options = context.options.clone();
            options.timeout = SERVER_PATIENCE;
            let tls = TlsConfig { config: context.tls.clone() };
            PoolContext::new(options, tls)
        });
        self.runtime.new_connection(ip, config, context)
    }

    fn runtime_provider(&self) -> &TokioRuntimeProvider {
        &self.runtime
    }
}

/// The recursors of one thread, and how they come by the root's servers.
pub(super) struct Recursion {
    recursors: RefCell<Rc<Recursors>>,
    /// Those that have been told before are asked which they are (RFC 9609).
    hints: Rc<Pool>,
    /// When they are to be asked again.
    prime_at: Cell<Option<Instant>>,
    anchors: Anchors,
    validate: bool,
    exempt: Exempt,
    itself: Weak<Self>,
}

/// A recursor, and another one for clients that validate by themselves.
struct Recursors {
    roots: Vec<IpAddr>,
    validating: Hickory,
    trusting: Hickory,
}

impl std::fmt::Debug for Recursion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recursion")
    }
}

impl Recursion {
    pub(super) fn new(config: &config::Upstream, anchors: &Anchors) -> Result<Rc<Self>, Failure> {
        let builtin = ROOTS_V4
            .iter()
            .map(|octets| IpAddr::from(Ipv4Addr::from(*octets)))
            .chain(ROOTS_V6.iter().map(|words| IpAddr::from(Ipv6Addr::from(*words))));
        let roots: Vec<IpAddr> =
            if config.roots.is_empty() { builtin.collect() } else { config.roots.clone() };
        let servers: Vec<UpstreamUrl> =
            roots.iter().filter_map(|ip| format!("udp://{ip}").parse().ok()).collect();
        let validate = config.dnssec.validate != Validate::Off;
        let recursors = RefCell::new(Rc::new(Recursors::new(roots, validate, anchors)?));
        Ok(Rc::new_cyclic(|itself| Self {
            recursors,
            hints: Pool::apart(&servers, config, &Trust::default()),
            prime_at: Cell::new(None),
            anchors: anchors.clone(),
            validate,
            exempt: Exempt(config.dnssec.unsigned.clone()),
            itself: itself.clone(),
        }))
    }

    /// Has the root's servers asked which they are, if it is time to.
    fn prime_if_due(&self) {
        let now = Instant::now();
        if self.prime_at.get().is_some_and(|at| now < at) {
            return;
        }
        self.prime_at.set(Some(now + PRIME_AGAIN));
        let itself = self.itself.clone();
        task::spawn_local(async move {
            if let Some(recursion) = itself.upgrade() {
                recursion.prime().await;
            }
        });
    }

    async fn prime(&self) {
        let ask = async |rtype: RecordType| {
            let question = Question {
                name: Box::new([0]),
                qtype: rtype.into(),
                qclass: 1,
                dnssec_ok: true,
                checking_disabled: true,
                pool: 0,
            };
            let reply = self.hints.ask(&question, Asker::House).await.ok()?;
            Message::from_vec(&reply).ok()
        };
        let Some(servers) = ask(RecordType::NS).await else { return };
        self.prime_at.set(Some(Instant::now() + PRIMED));
        let mut roots: Vec<IpAddr> = servers
            .additionals
            .iter()
            .filter_map(|record| match record.data {
                RData::A(address) => Some(IpAddr::V4(address.0)),
                RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                _ => None,
            })
            .collect();
        roots.sort_unstable();
        roots.dedup();
        let known = self.recursors.borrow().roots.clone();
        let same = roots.len() == known.len() && roots.iter().all(|root| known.contains(root));
        if !roots.is_empty()
            && !same
            && let Ok(recursors) = Recursors::new(roots, self.validate, &self.anchors)
        {
            *self.recursors.borrow_mut() = Rc::new(recursors);
        }
        if self.validate
            && let Some(keys) = ask(RecordType::DNSKEY).await
        {
            self.anchors.compare(&keys);
        }
    }

    /// Asks from the root downwards, as long as it takes.
    ///
    /// # Errors
    /// There is no answer, or it is bogus.
    pub(super) async fn ask(&self, question: &Question) -> Result<Vec<u8>, Failure> {
        self.prime_if_due();
        let recursors = Rc::clone(&self.recursors.borrow());
        let recursor = match self.exempt.has(question) {
            true => &recursors.trusting,
            false => &recursors.validating,
        };
        let ask = async |question: &Question| resolve(recursor, question).await;
        match whole(question, true, ask).await {
            Err(Failure::Bogus(_)) => {
                let ask = async |question: &Question| resolve(&recursors.trusting, question).await;
                Err(Failure::Bogus(flaw(question, ask).await))
            }
            reply => reply,
        }
    }
}
impl Recursors {
    fn new(roots: Vec<IpAddr>, validate: bool, anchors: &Anchors) -> Result<Self, Failure> {
        let mut options = RecursorOptions {
            ns_cache_size: NAME_SERVERS,
            response_cache_size: ANSWERS,
            case_randomization: true,
            ..RecursorOptions::default()
        };
        if roots.iter().copied().any(is_home) {
            // A tree of the house's own has its servers in the house.
            options.deny_server.clear();
        }
        let mut dnssec = DnssecConfig::default();
        dnssec.trust_anchor = Some(anchors.keys());
        dnssec.validation_cache_size = Some(VALIDATIONS);
        let recursor = |policy| {
            let options = options.clone();
            Hickory::new(&roots, policy, None, options, Patient::default())
                .map_err(|_| Failure::Network)
        };
        let policy = if validate {
            DnssecPolicy::ValidateWithStaticKey(dnssec)
        } else {
            DnssecPolicy::ValidationDisabled
        };
        let validating = recursor(policy)?;
        let trusting = recursor(DnssecPolicy::ValidationDisabled)?;
        Ok(Self { roots, validating, trusting })
    }
}

async fn resolve(recursor: &Hickory, question: &Question) -> Result<Message, Failure> {
    let answer = recursor.resolve(query(question)?, Instant::now(), question.dnssec_ok).await;
    let mut reply = reply(question)?;
    let proven = match answer {
        Ok(message) => {
            reply.metadata.response_code = message.metadata.response_code;
            let proven = proof(&message.answers)?;
            add(&mut reply, message, question);
            proven
        }
        Err(error) => absence(error, &mut reply, question)?,
    };
    reply.metadata.authentic_data = proven && recursor.is_validating();
    Ok(reply)
}

/// Puts what is said of an absence into `reply`; returns whether it is proven.
fn absence(
    error: RecursorError,
    reply: &mut Message,
    question: &Question,
) -> Result<bool, Failure> {
    let (code, soa, authorities) = match error {
        RecursorError::Negative(AuthorityData { ref soa, ref authorities, .. }) => {
            let code =
                if error.is_nx_domain() { ResponseCode::NXDomain } else { ResponseCode::NoError };
            (code, soa.clone(), authorities.clone())
        }
        RecursorError::Net(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            (none.response_code, none.soa, none.authorities)
        }
        RecursorError::Net(NetError::Dns(DnsError::Nsec { response, proof, .. })) => {
            if proof == Proof::Bogus {
                return Err(Failure::Bogus(ExtendedError::BOGUS));
            }
            reply.metadata.response_code = response.metadata.response_code;
            add(reply, response.into_message(), question);
            return Ok(proof == Proof::Secure);
        }
        RecursorError::Net(NetError::Dns(DnsError::DnssecBogus)) => {
            return Err(Failure::Bogus(ExtendedError::BOGUS));
        }
        RecursorError::Timeout | RecursorError::Net(NetError::Timeout) => {
            return Err(Failure::NoReachable);
        }
        _ => return Err(Failure::Network),
    };
    reply.metadata.response_code = code;
    let soa = soa.map(|soa| soa.into_record_of_rdata());
    let records: Vec<Record> = authorities
        .iter()
        .flat_map(|records| records.iter().cloned())
        .filter(|record| record.record_type() != RecordType::SOA)
        .chain(soa)
        .collect();
    let proven = proof(&records)?;
    let mut absence = Message::new(0, MessageType::Response, OpCode::Query);
    absence.add_authorities(records);
    add(reply, absence, question);
    Ok(proven)
}
