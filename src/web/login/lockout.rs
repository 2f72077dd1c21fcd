//! Who guesses must wait: longer after each wrong one, from one place and from all together.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Who;

/// Longest wait.
const LONGEST: Duration = Duration::from_secs(900);
/// After this without another one, what went wrong is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3_600);
/// Wrong ones of all together that cost nothing: a household forgets, too.
const FREE: u32 = 20;
/// Places remembered, of either kind.
const PLACES: usize = 1_024;

/// Wrong guesses of late.
#[derive(Debug, Default)]
pub(super) struct Lockout(Mutex<Guesses>);

#[derive(Debug, Default)]
struct Guesses {
    by_place: HashMap<(IpAddr, Who), Wrong>,
    all: Wrong,
    /// Places from which somebody has logged in: they do not wait for what others do.
    known: Vec<IpAddr>,
}

/// How often it was wrong, and when it was last.
#[derive(Debug, Clone, Copy, Default)]
struct Wrong(u32, Option<Instant>);

impl Wrong {
    /// Time to wait, where the first `free` cost nothing.
    fn left(self, free: u32, now: Instant) -> Option<Duration> {
        let Self(count, Some(last)) = self else { return None };
        let count = count.checked_sub(free + 1)?;
        let wait = Duration::from_secs(1 << count.min(10)).min(LONGEST);
        (last + wait).checked_duration_since(now).filter(|left| !left.is_zero())
    }

    fn add(&mut self, now: Instant) {
        if self.is_forgotten(now) {
            self.0 = 0;
        }
        *self = Self(self.0.saturating_add(1), Some(now));
    }

    fn is_forgotten(self, now: Instant) -> bool {
        self.1.is_none_or(|last| now.saturating_duration_since(last) > FORGOTTEN)
    }
}

impl Guesses {
    /// Lets go of a place where there is no room for another.
    fn make_room(&mut self, now: Instant) {
        if self.by_place.len() >= PLACES {
            self.by_place.retain(|_, wrong| !wrong.is_forgotten(now));
        }
        if self.by_place.len() >= PLACES {
            let oldest = self.by_place.iter().min_by_key(|(_, wrong)| wrong.1);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.and_then(|key| self.by_place.remove(&key));
        }
    }
}

impl Lockout {
    fn guesses(&self) -> MutexGuard<'_, Guesses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a guess at the password of any of `whose`, which counts as one wrong one until
    /// [`Self::succeeded`]: many at once gain nothing.
    ///
    /// # Errors
    /// The time to wait before the next one.
    pub(super) fn begin(
        &self,
        source: IpAddr,
        whose: &[Who],
        now: Instant,
    ) -> Result<(), Duration> {
        let place = place(source);
        let mut guesses = self.guesses();
        let own = whose.iter().filter_map(|who| guesses.by_place.get(&(place, *who)));
        let own = own.filter_map(|wrong| wrong.left(0, now)).max();
        let of_all =
            if guesses.known.contains(&place) { None } else { guesses.all.left(FREE, now) };
        if let Some(left) = own.max(of_all) {
            return Err(left);
        }
        guesses.all.add(now);
        for who in whose {
            guesses.make_room(now);
            guesses.by_place.entry((place, *who)).or_default().add(now);
        }
        Ok(())
    }

    /// The guess was right.
    pub(super) fn succeeded(&self, source: IpAddr, who: Who) {
        let place = place(source);
        let mut guesses = self.guesses();
        guesses.by_place.remove(&(place, who));
        guesses.all.0 = guesses.all.0.saturating_sub(1);
        if !guesses.known.contains(&place) {
            if guesses.known.len() >= PLACES {
                guesses.known.remove(0);
            }
            guesses.known.push(place);
        }
    }

    /// Takes the last guess back: it was neither right nor wrong.
    pub(super) fn undecided(&self, source: IpAddr, who: Who) {
        self.not_meant(source, who);
        let mut guesses = self.guesses();
        guesses.all.0 = guesses.all.0.saturating_sub(1);
    }

    /// The last guess, which was at several, was none at this one's.
    pub(super) fn not_meant(&self, source: IpAddr, who: Who) {
        if let Some(wrong) = self.guesses().by_place.get_mut(&(place(source), who)) {
            wrong.0 = wrong.0.saturating_sub(1);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        *self.guesses() = Guesses::default();
    }
}

/// An address; of IPv6 its network, as one device has as many as it likes there.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + last).to_be_bytes())
    }

    #[test]
    fn waits_grow_to_a_quarter_of_an_hour_and_end() {
        let lockout = Lockout::default();
        let (mut now, mut waits) = (Instant::now(), Vec::new());
        for _ in 0..13 {
            lockout.begin(address(1), &[Who::Owner], now).unwrap();
            let left = lockout.begin(address(1), &[Who::Owner], now).unwrap_err();
            waits.push(left.as_secs());
            lockout.begin(address(2), &[Who::Owner], now).unwrap();
            lockout.succeeded(address(2), Who::Owner);
            now += left;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        now += FORGOTTEN;
        lockout.begin(address(1), &[Who::Owner], now).unwrap();
        assert_eq!(lockout.begin(address(1), &[Who::Owner], now).unwrap_err().as_secs(), 1);
        lockout.succeeded(address(1), Who::Viewer);
        assert!(
            lockout.begin(address(1), &[Who::Owner], now).is_err(),
            "a viewer's helps no owner"
        );
        lockout.succeeded(address(1), Who::Owner);
        lockout.begin(address(1), &[Who::Owner], now).unwrap();
    }

    #[test]
    fn many_places_wait_together_but_not_those_that_are_known() {
        let lockout = Lockout::default();
        let now = Instant::now();
        lockout.begin(address(9), &[Who::Owner], now).unwrap();
        lockout.succeeded(address(9), Who::Owner);
        for last in 100..=100 + FREE {
            lockout.begin(address(last), &[Who::Owner], now).unwrap();
        }
        assert_eq!(lockout.begin(address(200), &[Who::Owner], now), Err(Duration::from_secs(1)));
        lockout.begin(address(9), &[Who::Owner], now).unwrap();
        let mut now = now;
        for last in 0..2 * PLACES as u32 {
            now += LONGEST;
            lockout.begin(address(1_000 + last), &[Who::Owner], now).unwrap();
        }
        assert!(lockout.guesses().by_place.len() <= PLACES);
    }

    #[test]
    fn a_guess_at_several_passwords_is_one() {
        let lockout = Lockout::default();
        let now = Instant::now();
        let both = [Who::Owner, Who::Viewer];
        for last in 0..=FREE {
            lockout.begin(address(last), &both, now).unwrap();
        }
        assert!(lockout.begin(address(100), &both, now).is_err());
        assert!(lockout.begin(address(1), &[Who::Viewer], now).is_err(), "it was one at hers, too");
        lockout.not_meant(address(1), Who::Owner);
        lockout.succeeded(address(1), Who::Viewer);
        lockout.begin(address(1), &both, now).unwrap();
        assert_eq!(lockout.begin(address(1), &both, now), Err(Duration::from_secs(1)));
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let lockout = Lockout::default();
        let now = Instant::now();
        lockout.begin("fd00::1".parse().unwrap(), &[Who::Owner], now).unwrap();
        assert!(lockout.begin("fd00::ffff:2".parse().unwrap(), &[Who::Owner], now).is_err());
        lockout.begin("fd00:0:0:1::1".parse().unwrap(), &[Who::Owner], now).unwrap();
        lockout.undecided("fd00::1".parse().unwrap(), Who::Owner);
        lockout.begin("fd00::ffff:2".parse().unwrap(), &[Who::Owner], now).unwrap();
    }
}
