//! Walking the resource records of a message without reading their data.

use super::{HEADER, Rtype, read_u16, read_u32};

/// Where one resource record lies in its message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Offset of the owner name.
    pub(super) start: usize,
    /// Type.
    pub(super) rtype: Rtype,
    /// Class, or the payload size of an OPT record.
    pub(super) class: u16,
    /// Offset of the TTL.
    pub(super) ttl_at: usize,
    /// TTL as sent, or the extended fields of an OPT record.
    pub(super) ttl: u32,
    /// Offset of the record data.
    pub(super) data: usize,
    /// Offset behind the record.
    pub(super) end: usize,
}

impl Record {
    /// The record whose TTL is at `ttl_at`; its start is not known then.
    pub(super) fn at_ttl(message: &[u8], ttl_at: usize) -> Option<Self> {
        let data = ttl_at + 6;
        Some(Self {
            start: ttl_at,
            rtype: Rtype(read_u16(message, ttl_at.checked_sub(4)?)?),
            class: read_u16(message, ttl_at - 2)?,
            ttl_at,
            ttl: read_u32(message, ttl_at)?,
            data,
            end: data + usize::from(read_u16(message, ttl_at + 4)?),
        })
    }

    /// Reads the record at `at`; none where the message ends too early or a name is malformed.
    pub(super) fn read(message: &[u8], at: usize) -> Option<Self> {
        let fixed = skip_name(message, at)?;
        let data = fixed + 10;
        let end = data + usize::from(read_u16(message, fixed + 8)?);
        (end <= message.len()).then_some(())?;
        Some(Self {
            start: at,
            rtype: Rtype(read_u16(message, fixed)?),
            class: read_u16(message, fixed + 2)?,
            ttl_at: fixed + 4,
            ttl: read_u32(message, fixed + 4)?,
            data,
            end,
        })
    }
}

/// The records of a message, in their order; none in the place of one that is malformed, and none at all
/// where the questions are.
pub(super) fn records(message: &[u8]) -> Option<impl Iterator<Item = Option<Record>>> {
    let [questions, answers, authority, additional] = counts(message)?;
    let mut at = HEADER;
    for _ in 0..questions {
        at = skip_name(message, at)? + 4;
    }
    Some((0..answers + authority + additional).map(move |_| {
        let record = Record::read(message, at)?;
        at = record.end;
        Some(record)
    }))
}

/// The least TTL, in seconds, in a message's sections, or none where there is no record.
pub fn least_ttl(message: &[u8]) -> Option<u32> {
    let mut least = None;
    for record in records(message)? {
        let record = record?;
        if record.rtype != Rtype::OPT {
            least = Some(least.map_or(record.ttl, |least: u32| least.min(record.ttl)));
        }
    }
    least
}

/// Offset behind the name at `at`. A compression pointer ends a name and must go backwards to a
/// name of the message, never into the header (RFC 1035 section 4.1.4).
pub(super) fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    let start = at;
    loop {
        let len = usize::from(*message.get(at)?);
        match len {
            0 => return Some(at + 1),
            1..=63 => at += len + 1,
            192.. => {
                let target = usize::from(read_u16(message, at)?) & 0x3fff;
                return (HEADER..start).contains(&target).then_some(at + 2);
            }
            _ => return None,
        }
        if at - start > 255 {
            return None;
        }
    }
}

/// The four counts of the header: questions, answers, authority, additional.
pub(super) fn counts(message: &[u8]) -> Option<[usize; 4]> {
    let header = message.first_chunk::<HEADER>()?;
    Some(std::array::from_fn(|section| {
        usize::from(u16::from_be_bytes([header[4 + 2 * section], header[5 + 2 * section]]))
    }))
}
