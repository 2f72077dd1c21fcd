//! An upstream's answer, held as wire bytes that can be patched for any client.

use super::lead::Leads;
use super::record::{Record, counts, skip_name};
use super::reply::{OPT_FIXED, put, write_opt, write_truncated};
use super::{Class, ExtendedError, HEADER, Name, Query, Rcode, Rtype, read_u32};

/// Seconds an upstream's SERVFAIL is kept, so that a broken zone is not asked for again and again
/// (RFC 9520 section 3.2: at least 1 s, at most 5 min).
const SERVFAIL_TTL: u32 = 5;
/// Code of the extended-error option, the only one passed on from upstream (RFC 8914).
const EDE_OPTION: u16 = 15;
/// AA, AD and RA of the flags, and where they stand.
const AD: u8 = 0x20;
pub(super) const RA: u8 = 0x80;

/// An answer as it is held: the message without its OPT record and with the question in canonical
/// case, then the offsets of its TTLs (two octets each, big-endian), then the extended errors
/// upstream gave. One allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    bytes: Box<[u8]>,
    message_len: u16,
    question_end: u16,
    ttl_count: u16,
    lifetime: u32,
    leads: Leads,
}

/// Bounds put on the TTLs of answers, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TtlBounds {
    /// Floor for positive answers.
    pub min: u32,
    /// Ceiling for positive answers.
    pub max: u32,
    /// Ceiling for negative answers (RFC 2308 section 5).
    pub max_negative: u32,
}

/// An upstream's message that cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upstream's message is malformed")]
pub struct Malformed;

impl Answer {
    /// Takes over an upstream's message that answers the question `name`.
    ///
    /// The OPT record is taken out: it belongs to one hop. Records behind it, of which there are
    /// none from any common server, go with it, because names in them may be compressed.
    ///
    /// # Errors
    /// A message whose sections cannot be walked, that is no whole reply to a standard query, or
    /// whose question is not `name`.
    pub fn read(message: &[u8], name: &Name, bounds: TtlBounds) -> Result<Self, Malformed> {
        let [questions, answers, authority, additional] = counts(message).ok_or(Malformed)?;
        let name_end = skip_name(message, HEADER).ok_or(Malformed)?;
        let question_end = name_end + 4;
        let same = message
            .get(HEADER..name_end)
            .is_some_and(|asked| questions == 1 && asked.eq_ignore_ascii_case(name.wire()));
        // Anything else than a reply to a standard query is read by other rules, and a truncated
        // one would be held and given as if it were whole.
        let reply = message[2] & 0xfa == 0x80;
        if !reply || !same || message.len() < question_end || message.len() > usize::from(u16::MAX)
        {
            return Err(Malformed);
        }
        let rcode = message[3] & 0x0f;

        let mut ttls: Vec<u16> = Vec::with_capacity(answers + authority + additional.min(16));
        let mut ede: &[u8] = &[];
        let mut kept_additional = 0;
        let mut message_len = question_end;
        let mut answer_ttl = u32::MAX;
        let mut negative_ttl = None;
        let mut at = question_end;
        for index in 0..answers + authority + additional {
            let record = Record::read(message, at).ok_or(Malformed)?;
            at = record.end;
            if record.rtype == Rtype::OPT {
                // In another section it would end the walk before the records the header counts.
                let misplaced = index < answers + authority;
                // BADVERS, BADCOOKIE and their like concern our hop alone: no answer for a client.
                if misplaced || record.ttl >> 24 != 0 {
                    return Err(Malformed);
                }
                ede = extended_errors(&message[record.data..record.end]);
                break;
            }
            message_len = record.end;
            let ttl = if record.ttl > i32::MAX as u32 { 0 } else { record.ttl };
            ttls.push(record.ttl_at as u16);
            if index < answers {
                answer_ttl = answer_ttl.min(ttl);
            } else if index < answers + authority {
                if record.rtype == Rtype::SOA && record.class == Class::IN.0 {
                    let minimum = read_u32(message, record.end - 4).ok_or(Malformed)?;
                    negative_ttl = Some(ttl.min(minimum).min(bounds.max_negative));
                }
            } else {
                kept_additional += 1;
            }
        }

        // No SOA means that nobody said how long the absence holds: not kept (RFC 2308 section 5).
        let positive = answers > 0 && negative_ttl.is_none();
        let lifetime = match Rcode(u16::from(rcode)) {
            Rcode::NOERROR if positive => answer_ttl.clamp(bounds.min.min(bounds.max), bounds.max),
            Rcode::NOERROR | Rcode::NXDOMAIN => {
                negative_ttl.map_or(0, |ttl| ttl.min(answer_ttl).min(bounds.max))
            }
            Rcode::SERVFAIL => SERVFAIL_TTL,
            _ => 0,
        };

        let mut bytes = Vec::with_capacity(message_len + 2 * ttls.len() + ede.len());
        bytes.extend_from_slice(&message[..message_len]);
        bytes[HEADER..name_end].copy_from_slice(name.wire());
        bytes[10..HEADER].copy_from_slice(&(kept_additional as u16).to_be_bytes());
        for &ttl_at in &ttls {
            let at = usize::from(ttl_at);
            let ttl = read_u32(&bytes, at).ok_or(Malformed)?;
            let ttl = if ttl > i32::MAX as u32 { 0 } else { ttl };
            let ttl = if positive { ttl.max(bounds.min) } else { ttl };
            // What is held for `lifetime` must not tell clients to hold it longer.
            let ceiling = if positive { bounds.max } else { lifetime };
            put(&mut bytes, at, &ttl.min(ceiling).to_be_bytes());
        }
        let leads = Leads::find(
            &bytes,
            ttls.iter().filter_map(|&ttl_at| Record::at_ttl(&bytes, usize::from(ttl_at))),
        )
        .ok_or(Malformed)?;
        bytes.extend(ttls.iter().flat_map(|ttl_at| ttl_at.to_be_bytes()));
        bytes.extend_from_slice(ede);
        Ok(Self {
            bytes: bytes.into(),
            message_len: message_len as u16,
            question_end: question_end as u16,
            ttl_count: ttls.len() as u16,
            lifetime,
            leads,
        })
    }

    /// What kinds of leads it has: see [`Self::each_lead`].
    pub fn leads(&self) -> Leads {
        self.leads
    }

    /// Offsets of the TTLs in the message.
    pub(super) fn ttls(&self) -> impl Iterator<Item = usize> {
        let start = usize::from(self.message_len);
        let ttls = &self.bytes[start..start + 2 * usize::from(self.ttl_count)];
        ttls.as_chunks::<2>().0.iter().map(|offset| usize::from(u16::from_be_bytes(*offset)))
    }

    /// Seconds this answer may be held; 0 means that it serves only those who wait for it now.
    pub fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// Bytes of memory held, the allocation's own cost left out.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: an answer has a header. Here because there is a `len`.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The message, as upstream sent it but for what [`Self::read`] changed.
    pub(super) fn message(&self) -> &[u8] {
        &self.bytes[..usize::from(self.message_len)]
    }

    /// The message as it is `age` seconds later: TTLs less the age.
    pub(crate) fn aged(&self, age: u32) -> Vec<u8> {
        let mut message = self.message().to_vec();
        for at in self.ttls() {
            let ttl = read_u32(&message, at).unwrap_or(0);
            put(&mut message, at, &ttl.saturating_sub(age).to_be_bytes());
        }
        message
    }

    /// Canonical name, type and class of the question.
    pub(crate) fn question(&self) -> &[u8] {
        &self.bytes[HEADER..usize::from(self.question_end)]
    }

    /// The response code.
    pub fn rcode(&self) -> Rcode {
        Rcode(u16::from(self.bytes[3] & 0x0f))
    }

    /// Writes the answer for `query`, `age` seconds old, in at most `limit` octets, and returns its
    /// length: the client's ID, question case, RD and CD; AD only where it asked for it; TTLs
    /// less the age; an OPT record if it sent one. What does not fit becomes a truncated reply.
    ///
    /// `out` must hold the smaller of `limit` and [`Self::reply_len`], and at least 512 octets.
    pub fn write(&self, query: &Query<'_>, age: u32, limit: usize, out: &mut [u8]) -> usize {
        let message_len = usize::from(self.message_len);
        let (message, rest) = self.bytes.split_at(message_len);
        let (ttls, ede) = rest.split_at(2 * usize::from(self.ttl_count));
        if self.reply_len(query) > limit {
            return write_truncated(query, self.rcode(), out);
        }
        put(out, 0, message);
        let packet = query.packet();
        put(out, 0, &packet[..2]);
        out[2] = 0x80 | (packet[2] & 0x01);
        let ad = if query.wants_authentic_data() { message[3] & AD } else { 0 };
        out[3] = RA | ad | (packet[3] & 0x10) | (message[3] & 0x0f);
        put(out, HEADER, query.question());
        for offset in ttls.chunks_exact(2) {
            let at = usize::from(u16::from_be_bytes([offset[0], offset[1]]));
            let field = &mut out[at..at + 4];
            let ttl = u32::from_be_bytes([field[0], field[1], field[2], field[3]]);
            field.copy_from_slice(&ttl.saturating_sub(age).to_be_bytes());
        }
        write_opt(&query.edge(), self.rcode(), ede, out, message_len)
    }

    /// This answer for want of a newer one: all TTLs are `ttl` seconds, and an extended error says
    /// why (RFC 8767 section 4, RFC 8914 sections 4.4 and 4.20).
    #[must_use]
    pub fn as_stale(&self, ttl: u32) -> Self {
        let error = match self.rcode() {
            Rcode::NXDOMAIN => ExtendedError::STALE_NXDOMAIN_ANSWER,
            _ => ExtendedError::STALE_ANSWER,
        };
        let mut option = [0; 64];
        let len = error.write(&mut option);
        let kept = usize::from(self.message_len) + 2 * usize::from(self.ttl_count);
        let mut bytes = [&self.bytes[..kept], &option[..len]].concat();
        for at in self.ttls() {
            put(&mut bytes, at, &ttl.to_be_bytes());
        }
        Self { bytes: bytes.into(), lifetime: 0, ..*self }
    }

    /// Octets the whole answer takes for `query`.
    pub fn reply_len(&self, query: &Query<'_>) -> usize {
        let ede =
            self.bytes.len() - usize::from(self.message_len) - 2 * usize::from(self.ttl_count);
        usize::from(self.message_len) + query.edns.map_or(0, |_| OPT_FIXED + ede)
    }
}

/// The first extended-error option in the data of an OPT record, with its header, or nothing.
fn extended_errors(options: &[u8]) -> &[u8] {
    let mut rest = options;
    while let Some((header, tail)) = rest.split_first_chunk::<4>() {
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let Some(next) = tail.get(len..) else { break };
        if u16::from_be_bytes([header[0], header[1]]) == EDE_OPTION {
            return &rest[..4 + len];
        }
        rest = next;
    }
    &[]
}

#[cfg(test)]
mod tests;
