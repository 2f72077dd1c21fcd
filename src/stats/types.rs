//! Record types that are counted by themselves: those that homes ask for. All others share a place.

use crate::filter::syntax::rtype_text;
use crate::wire::Rtype;

const TYPES: [u16; 18] = [1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 35, 43, 48, 52, 64, 65, 255, 257];
/// Places there are.
pub(super) const PLACES: usize = TYPES.len() + 1;

const PLACE_OF: [u8; 258] = {
    let mut places = [TYPES.len() as u8; 258];
    let mut at = 0;
    while at < TYPES.len() {
        places[TYPES[at] as usize] = at as u8;
        at += 1;
    }
    places
};

/// The place of `rtype`.
#[inline]
pub(super) fn place(rtype: Rtype) -> usize {
    PLACE_OF.get(usize::from(rtype.0)).map_or(TYPES.len(), |place| usize::from(*place))
}

/// The mnemonic of the type at `place`.
pub(super) fn text(place: usize) -> String {
    TYPES.get(place).map_or_else(|| "other".to_owned(), |rtype| rtype_text(*rtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_type_has_a_place_of_its_own() {
        for (rtype, word) in
            [(1, "A"), (28, "AAAA"), (65, "HTTPS"), (255, "ANY"), (257, "CAA"), (99, "other")]
        {
            assert_eq!(text(place(Rtype(rtype))), word);
        }
        let known = (0..=u16::MAX).filter(|rtype| place(Rtype(*rtype)) < TYPES.len());
        assert_eq!(known.collect::<Vec<_>>(), TYPES);
    }
}
