//! Replies that a rule brings along: a code, nothing, records, another name.

use super::case::Case;
use super::worker::limit;
use super::{Client, Snapshot};
use crate::filter::{Asker, Reply, Rule};
use crate::wire::{self, Answer, ExtendedError, Name, Query, Rcode, Rtype};

/// What a rule with a reply comes to.
pub(super) enum Local {
    /// Nothing: the rule leads the name to itself.
    Pass,
    /// A reply that can be made at once.
    Reply(Made),
    /// Whatever another name has.
    Alias(Box<Name>),
}

/// A reply made here.
pub(super) enum Made {
    Drop,
    Code(Rcode),
    NoData { blocked: bool },
    Records(Answer),
}

/// What `rule`, which won for `name`, wants to be answered.
pub(super) fn reply(
    snapshot: &Snapshot,
    rule: Rule,
    name: &Name,
    asker: &Asker<'_>,
    query: &Query<'_>,
) -> Local {
    let replies = snapshot.rules.table.replies(rule, name, asker);
    let mut target = None;
    for reply in &replies {
        match reply {
            Reply::Drop => return Local::Reply(Made::Drop),
            Reply::Rcode(rcode) => return Local::Reply(Made::Code(Rcode(*rcode))),
            Reply::NoData => return Local::Reply(Made::NoData { blocked: true }),
            Reply::Cname(text) => target = text.parse::<Name>().ok(),
            Reply::Record(_) => {}
        }
    }
    if let Some(target) = target {
        return if target.wire() == name.wire() {
            Local::Pass
        } else if query.qtype == Rtype::CNAME {
            let ttl = snapshot.local_ttl();
            let record = [(Rtype::CNAME.0, target.wire())].into_iter();
            Local::Reply(made(Answer::of_records(name, query.qtype, record, ttl)))
        } else {
            Local::Alias(Box::new(target))
        };
    }
    let mut records = replies
        .iter()
        .filter_map(|reply| match reply {
            Reply::Record(record) if record.rtype == query.qtype.0 => {
                Some((record.rtype, record.data.as_slice()))
            }
            _ => None,
        })
        .peekable();
    if records.peek().is_none() {
        return Local::Reply(Made::NoData { blocked: false });
    }
    let ttl = snapshot.local_ttl();
    Local::Reply(made(Answer::of_records(name, query.qtype, records, ttl)))
}

fn made<E>(answer: Result<Answer, E>) -> Made {
    answer.map_or(Made::Code(Rcode::SERVFAIL), Made::Records)
}

impl Made {
    /// Writes the reply and returns its length and code; none where there is to be no reply.
    pub(super) fn write(
        &self,
        case: &Case<'_>,
        query: &Query<'_>,
        client: Client,
        out: &mut [u8],
    ) -> Option<(usize, Rcode)> {
        let absence = &case.snapshot.absence;
        let why = case.snapshot.why(&case.verdict);
        Some(match self {
            Self::Drop => return None,
            Self::Code(Rcode::NXDOMAIN) => absence.write(query, why, out),
            Self::Code(rcode) => {
                let error = Some(ExtendedError::BLOCKED);
                (wire::write_failure(query, *rcode, error, out), *rcode)
            }
            Self::NoData { blocked } => {
                let why = blocked.then_some(why);
                (absence.write_no_data(query, why, out), Rcode::NOERROR)
            }
            Self::Records(answer) => {
                (answer.write(query, 0, limit(query, client.transport, out), out), answer.rcode())
            }
        })
    }
}
