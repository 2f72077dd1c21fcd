//! What was counted of a device in an hour, a day or a month, as it lies in the file: a few octets a
//! company. A year of a house must fit on a small card, and be read in a moment.

use std::collections::BTreeMap;

use rusqlite::types::Type;

use super::read::Sums;

/// By number of company and of category.
pub(super) type Counts = BTreeMap<(i64, i64), Counted>;

/// What was counted of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counted {
    pub(super) sums: Sums,
    /// Of an hour, 1; of a day, its hours, one a bit; of a month, their number.
    pub(super) hours: u64,
}

impl Counted {
    /// Adds what was counted in the same span, or in another part of it.
    pub(super) fn add(&mut self, sums: Sums, hours: u64) {
        self.sums.add(sums);
        self.hours |= hours;
    }
}

/// Numbers of a company after its own.
const REST: usize = 5;

/// For each company: how much its number is above the one before, the category, the counts, the
/// hours; each number in groups of seven bits, the lowest first (LEB128).
pub(super) fn pack(counts: &Counts) -> Vec<u8> {
    let mut packed = Vec::with_capacity(counts.len() * 8);
    let mut before = 0;
    for (&(company, category), Counted { sums: Sums { block, allow, pass }, hours }) in counts {
        for number in [(company - before) as u64, category as u64, *block, *allow, *pass, *hours] {
            put(&mut packed, number);
        }
        before = company;
    }
    packed
}

fn put(packed: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        packed.push(number as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

/// Calls `each` with company, category and counts.
///
/// # Errors
/// The octets are no such thing.
pub(super) fn unpack(
    packed: &[u8],
    mut each: impl FnMut(i64, i64, Counted),
) -> Result<(), rusqlite::Error> {
    let mut left = packed;
    let mut company = 0_i64;
    while !left.is_empty() {
        company = company.wrapping_add(next(&mut left)? as i64);
        let category = next(&mut left)? as i64;
        each(company, category, counted(&mut left)?);
    }
    Ok(())
}

/// Calls `each` as [`unpack`] does, with one company only.
///
/// # Errors
/// The octets are no such thing.
pub(super) fn unpack_one(
    packed: &[u8],
    company: i64,
    mut each: impl FnMut(i64, i64, Counted),
) -> Result<(), rusqlite::Error> {
    let mut left = packed;
    let mut at = 0_i64;
    // They lie in order: what is above it need not be read.
    while at <= company && !left.is_empty() {
        at = at.wrapping_add(next(&mut left)? as i64);
        if at == company {
            let category = next(&mut left)? as i64;
            each(company, category, counted(&mut left)?);
        } else {
            (0..REST).try_for_each(|_| next(&mut left).map(|_| ()))?;
        }
    }
    Ok(())
}

fn counted(left: &mut &[u8]) -> Result<Counted, rusqlite::Error> {
    let sums = Sums { block: next(left)?, allow: next(left)?, pass: next(left)? };
    Ok(Counted { sums, hours: next(left)? })
}

fn next(left: &mut &[u8]) -> Result<u64, rusqlite::Error> {
    // Most numbers are small.
    if let [octet @ ..0x80, rest @ ..] = *left {
        *left = rest;
        return Ok(u64::from(*octet));
    }
    take(left).ok_or_else(|| rusqlite::Error::InvalidColumnType(1, "packed".into(), Type::Blob))
}

fn take(left: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (octet, rest) = left.split_first()?;
        *left = rest;
        number |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            counts in btree_map((0..i64::MAX, 0..20_i64), any::<[u64; 4]>(), 0..30),
            octets in vec(any::<u8>(), 0..99),
        ) {
            let counts: Counts = counts
                .into_iter()
                .map(|(key, [block, allow, pass, hours])| {
                    (key, Counted { sums: Sums { block, allow, pass }, hours })
                })
                .collect();
            let mut found = Counts::new();
            unpack(&pack(&counts), |company, category, counted| {
                found.insert((company, category), counted);
            })
            .unwrap();
            prop_assert_eq!(&found, &counts);
            for (company, _) in counts.keys() {
                let mut of_one = Counts::new();
                unpack_one(&pack(&counts), *company, |company, category, counted| {
                    of_one.insert((company, category), counted);
                })
                .unwrap();
                let alone = counts.iter().filter(|((of, _), _)| of == company);
                prop_assert_eq!(of_one, alone.map(|(key, counted)| (*key, *counted)).collect());
            }
            let _ = unpack(&octets, |_, _, _| {});
            let _ = unpack_one(&octets, 7, |_, _, _| {});
        }
    }
}
