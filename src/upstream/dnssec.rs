//! What validation comes to, for recursion and for upstreams alike: which questions are exempt from
//! it, what is wrong with a bogus answer, and a whole message out of what hickory gives back.

use std::io;
use std::path::Path;
use std::sync::Arc;

use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use tracing::warn;

use super::{Failure, Question};
use crate::clock;
use crate::wire::ExtendedError;

/// Aliases that are followed one by one.
const MOST_ALIASES: usize = 8;

/// Keys of the root to begin with; those built in where there is no file.
#[derive(Clone, Default)]
pub struct Anchors(Option<Arc<TrustAnchors>>);

impl std::fmt::Debug for Anchors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Anchors({})", if self.0.is_some() { "of a file" } else { "built in" })
    }
}

impl Anchors {
    /// As hickory takes them.
    pub(super) fn keys(&self) -> Arc<TrustAnchors> {
        self.0.clone().unwrap_or_default()
    }

    /// Says so where the root has a key that is not among them: the others will end some day, and
    /// with them all that is resolved (RFC 5011 has a zone show a new key a month before).
    pub(super) fn compare(&self, keys: &Message) {
        let anchors = self.keys();
        let key_signing = |key: &&DNSKEY| key.secure_entry_point() && !key.revoke();
        let unknown =
            dnskeys(keys).filter(key_signing).filter(|key| !anchors.contains(key.public_key()));
        for key in unknown {
            let tag = key.calculate_key_tag().unwrap_or_default();
            warn!(
                "the root has a new key ({tag}) that is not among those trusted: before it is used alone, take a newer Trackless or write it to a file that upstream.anchors names"
            );
        }
    }

    /// Those in the file, DNSKEY records as a zone file has them.
    ///
    /// # Errors
    /// It cannot be read, or has none.
    pub fn read(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let anchors = TrustAnchors::from_file(path).map_err(io::Error::other)?;
        if anchors.is_empty() {
            return Err(io::Error::other("there is no DNSKEY record in it"));
        }
        Ok(Self(Some(Arc::new(anchors))))
    }
}

/// Questions whose answers are not validated.
#[derive(Debug, Clone, Default)]
pub(super) struct Exempt(pub(super) Vec<String>);

impl Exempt {
    /// Whether `question` is one of them: its client does it by itself, or signatures do not count
    /// (RFC 7646), or nobody knows what time it is.
    pub(super) fn has(&self, question: &Question) -> bool {
        let name = question.name();
        question.checking_disabled
            || self.0.iter().any(|domain| name.is_within(domain))
            || !clock::is_set()
    }
}

/// The whole reply to `question`, of which `resolve` may give parts. `loses_aliases` where it forgets
/// an alias before an absence.
///
/// # Errors
/// There is no answer, or it is bogus.
pub(super) async fn whole(
    question: &Question,
    loses_aliases: bool,
    resolve: impl AsyncFn(&Question) -> Result<Message, Failure>,
) -> Result<Vec<u8>, Failure> {
    let reply = match resolve(question).await {
        Err(failure @ (Failure::Network | Failure::Bogus(_))) => {
            along_aliases(question, resolve).await.map_err(|_| failure)
        }
        // An absence behind an alias, which has got lost. Asking for one costs a query more.
        Ok(reply) if loses_aliases && may_be_behind_an_alias(&reply) => {
            along_aliases(question, resolve).await.or(Ok(reply))
        }
        reply => reply,
    };
    reply?.to_vec().map_err(|_| Failure::Network)
}

/// Follows aliases one by one: where one leads to a name that has nothing of the type asked for,
/// hickory fails, or takes the proof of that for one about the alias, and so for a bogus one (seen in
/// hickory-resolver 0.26.3). Each step is validated by itself.
async fn along_aliases(
    question: &Question,
    resolve: impl AsyncFn(&Question) -> Result<Message, Failure>,
) -> Result<Message, Failure> {
    let mut asked = question.clone();
    let mut chain = Vec::new();
    let mut proven = true;
    for _ in 0..MOST_ALIASES {
        let alias = Question { qtype: RecordType::CNAME.into(), ..asked.clone() };
        let alias = resolve(&alias).await?;
        let target = alias.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) => target.0.to_bytes().ok(),
            _ => None,
        });
        asked.name = target.ok_or(Failure::Network)?.into();
        proven &= alias.metadata.authentic_data;
        chain.extend(alias.answers);
        match resolve(&asked).await {
            Ok(mut reply) => {
                chain.append(&mut reply.answers);
                reply.answers = chain;
                reply.queries = vec![query(question)?];
                reply.metadata.authentic_data &= proven;
                return Ok(reply);
            }
            Err(Failure::Network | Failure::Bogus(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Network)
}

/// Whether a reply may say of another name that it has nothing of the type asked for, or is not
/// there: unless that is proven, for the name asked for, or said of a zone that it is not in.
fn may_be_behind_an_alias(reply: &Message) -> bool {
    let mut zones =
        reply.authorities.iter().filter(|record| record.record_type() == RecordType::SOA);
    let asked = reply.queries.first();
    let elsewhere = !zones.any(|zone| asked.is_some_and(|query| zone.name.zone_of(query.name())));
    let nothing = reply.metadata.response_code == ResponseCode::NoError;
    let unproven = nothing && !reply.metadata.authentic_data;
    let alias = asked.is_some_and(|query| query.query_type() == RecordType::CNAME);
    reply.answers.is_empty() && !alias && (elsewhere || unproven)
}

/// An empty reply to `question`.
pub(super) fn reply(question: &Question) -> Result<Message, Failure> {
    let mut reply = Message::new(0, MessageType::Response, OpCode::Query);
    reply.add_query(query(question)?);
    reply.metadata.recursion_desired = true;
    reply.metadata.recursion_available = true;
    Ok(reply)
}

pub(super) fn query(question: &Question) -> Result<Query, Failure> {
    let name = Name::from_bytes(&question.name).map_err(|_| Failure::Network)?;
    Ok(Query::query(name, RecordType::from(question.qtype)))
}

/// Adds the records of `message`, those of DNSSEC where they were asked for.
pub(super) fn add(reply: &mut Message, message: Message, question: &Question) {
    let wanted = |record: &Record| {
        let rtype = record.record_type();
        question.dnssec_ok || !is_dnssec(rtype) || u16::from(rtype) == question.qtype
    };
    let records = |records: Vec<Record>| records.into_iter().filter(wanted).map(in_lower_case);
    reply.add_answers(records(message.answers));
    reply.add_authorities(records(message.authorities));
}

pub(super) fn is_dnssec(rtype: RecordType) -> bool {
    use RecordType::{NSEC, NSEC3, NSEC3PARAM, RRSIG};
    matches!(rtype, RRSIG | NSEC | NSEC3 | NSEC3PARAM)
}

/// The record without the random case that its name was asked for in, which servers give back
/// wherever they compress a name. Signatures are made over lower case anyway (RFC 4034 section 6.2).
fn in_lower_case(mut record: Record) -> Record {
    record.name = record.name.to_lowercase();
    match &mut record.data {
        RData::CNAME(target) => target.0 = target.0.to_lowercase(),
        RData::NS(server) => server.0 = server.0.to_lowercase(),
        RData::PTR(target) => target.0 = target.0.to_lowercase(),
        RData::MX(mail) => mail.exchange = mail.exchange.to_lowercase(),
        RData::SRV(service) => service.target = service.target.to_lowercase(),
        RData::SOA(zone) => {
            zone.mname = zone.mname.to_lowercase();
            zone.rname = zone.rname.to_lowercase();
        }
        _ => {}
    }
    record
}

/// Whether all of `records` are proven.
///
/// # Errors
/// One of them is bogus.
pub(super) fn proof(records: &[Record]) -> Result<bool, Failure> {
    if records.iter().any(|record| record.proof == Proof::Bogus) {
        return Err(Failure::Bogus(ExtendedError::BOGUS));
    }
    Ok(is_proven(records))
}

/// Whether all of `records`, of which there are some, are proven.
pub(super) fn is_proven(records: &[Record]) -> bool {
    // Of several signatures, one proves the records.
    let mut signed = records.iter().filter(|record| record.record_type() != RecordType::RRSIG);
    !records.is_empty() && signed.all(|record| record.proof == Proof::Secure)
}

/// What is wrong with a bogus answer to `question` (RFC 8914 section 4), as `ask`, which believes
/// everything, sees it.
pub(super) async fn flaw(
    question: &Question,
    ask: impl AsyncFn(&Question) -> Result<Message, Failure>,
) -> ExtendedError {
    let question = Question { dnssec_ok: true, checking_disabled: true, ..question.clone() };
    let Ok(reply) = ask(&question).await else { return ExtendedError::BOGUS };
    let records = reply.answers.iter().chain(&reply.authorities);
    let mut signatures = records.filter_map(signature).peekable();
    let Some(signer) = signatures.peek().map(|first| first.input().signer_name.clone()) else {
        return ExtendedError::RRSIGS_MISSING;
    };
    // Times are numbers that go round (RFC 4034 section 3.1.5).
    let now = clock::now().0.as_secs() as u32;
    let is_later = |one: u32, other: u32| (one.wrapping_sub(other) as i32) > 0;
    for signature in signatures {
        if is_later(now, signature.input().sig_expiration.get()) {
            return ExtendedError::SIGNATURE_EXPIRED;
        }
        if is_later(signature.input().sig_inception.get(), now) {
            return ExtendedError::SIGNATURE_NOT_YET_VALID;
        }
    }
    let of_signer = |rtype: RecordType| {
        let name = signer.to_bytes().unwrap_or_default().into();
        Question { name, qtype: rtype.into(), ..question.clone() }
    };
    let (keys, parent) = (of_signer(RecordType::DNSKEY), of_signer(RecordType::DS));
    if let (Ok(keys), Ok(parent)) = (ask(&keys).await, ask(&parent).await) {
        let tags: Vec<u16> =
            dnskeys(&keys).filter_map(|key| key.calculate_key_tag().ok()).collect();
        let mut wanted = parent.answers.iter().filter_map(digest).peekable();
        if wanted.peek().is_some() && !wanted.any(|digest| tags.contains(&digest.key_tag())) {
            return ExtendedError::DNSKEY_MISSING;
        }
    }
    ExtendedError::BOGUS
}

fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
        _ => None,
    }
}

fn digest(record: &Record) -> Option<&DS> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::DS(digest)) => Some(digest),
        _ => None,
    }
}

fn dnskeys(message: &Message) -> impl Iterator<Item = &DNSKEY> {
    message.answers.iter().filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
        _ => None,
    })
}
