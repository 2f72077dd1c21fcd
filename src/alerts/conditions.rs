//! When something is worth an alert: plain functions of facts and a clock that is given.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Thing;
use crate::history::lately::Met;
use crate::policy::schedule::WallClock;

/// Days a device must be known before anything is new to it.
const KNOWN: u64 = 7;
/// Nights that are looked back.
const NIGHTS: i64 = 7;
/// Hours of a night in which there must be something.
const HOURS: usize = 3;
/// The night, in minutes of the day: from one to five.
const NIGHT: std::ops::RangeInclusive<u16> = 60..=300;
/// What stands for all that has no name of its own.
const OTHER: &str = "other";
/// Intervals after which a list is old.
const INTERVALS: u32 = 3;
/// Time for fetching lists after a start.
const START: Duration = Duration::from_secs(3_600);

/// Hours since 1970 from which nights are looked at, at `now` in seconds since 1970.
pub fn first_hour(now: u64) -> u64 {
    (now / 3_600).saturating_sub(24 * (NIGHTS as u64 + 2))
}

/// Whether it is night at `now`, or was of late: looking at nights is looking at many hours.
pub fn is_after_night(now: u64, clock: &WallClock) -> bool {
    at(now, clock).is_some_and(|(_, minute)| (*NIGHT.start()..NIGHT.end() + 120).contains(&minute))
}

/// Companies that devices met yesterday or today, by universal time, for the first time: of devices
/// that had been known for a week, and of companies that `followed` them in that time.
pub fn new_companies(met: &[Met], followed: &BTreeSet<(String, String)>, today: u64) -> Vec<Thing> {
    let is_new = |met: &&Met| {
        let is_named = ![OTHER, ""].contains(&met.company.as_str()) && met.device != OTHER;
        is_named && met.day + 1 >= today && met.day <= today && met.known + KNOWN <= met.day
    };
    let new = met.iter().filter(is_new).map(|met| (met.device.clone(), met.company.clone()));
    new.filter(|pair| followed.contains(pair))
        .map(|(device, company)| Thing::NewCompany { device, company })
        .collect()
}

/// What is known of a device's hours, each in hours since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    /// Those in which it asked.
    pub asked: BTreeSet<u64>,
    /// Those in which it asked for trackers.
    pub followed: BTreeSet<u64>,
}

/// Devices that ask for trackers in this night, in three of its hours or more, and did not in the
/// seven nights before. `known` has the first day of each, in days since 1970. Who was away for
/// these days, as we may have been, began nothing.
pub fn nights(
    hours: &BTreeMap<String, Hours>,
    known: &BTreeMap<String, u64>,
    now: u64,
    clock: &WallClock,
) -> Vec<Thing> {
    let Some(tonight) = at(now, clock).map(|(day, _)| day) else { return Vec::new() };
    let is_new = |(device, hours): &(&String, &Hours)| {
        let mut of_nights: BTreeMap<i64, usize> = BTreeMap::new();
        for hour in &hours.followed {
            if let Some((day, minute)) = at(hour * 3_600, clock)
                && NIGHT.contains(&minute)
                && NIGHT.contains(&(minute + 60))
            {
                *of_nights.entry(day).or_default() += 1;
            }
        }
        let days = |hour: &u64| at(hour * 3_600, clock).map(|(day, _)| day);
        let before = tonight - NIGHTS..tonight;
        let was_quiet = of_nights.range(before.clone()).next().is_none();
        let was_here = hours.asked.iter().filter_map(days).any(|day| before.contains(&day));
        let is_known = known.get(*device).is_some_and(|day| *day + KNOWN < now / 86_400);
        let tonight = of_nights.get(&tonight).copied().unwrap_or(0);
        tonight >= HOURS && was_quiet && was_here && is_known && *device != OTHER
    };
    let new = hours.iter().filter(is_new);
    new.map(|(device, _)| Thing::Night { device: device.clone() }).collect()
}

/// The day, in days since 1970, and the minute on the wall at `second`.
fn at(second: u64, clock: &WallClock) -> Option<(i64, u16)> {
    let time = Timestamp::from_second(i64::try_from(second).ok()?).ok()?;
    let (_, minute) = clock.read(time);
    Some((clock.day(time), minute))
}

/// What is known of a list that is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its name.
    pub name: String,
    /// When it was last known to be the newest, in seconds since 1970.
    pub checked: Option<u64>,
    /// How often it is fetched; never, where it is a file.
    pub update: Option<Duration>,
    /// Whether the newest version is not fit to be taken.
    pub unfit: bool,
}

/// Lists that are not fit, or have not been refreshed for three of their intervals. `up` is the time
/// since the start: what was missed before it may be made good.
pub fn lists(lists: &[Subscription], up: Duration, now: u64) -> Vec<Thing> {
    let is_old = |list: &Subscription| {
        let Some(update) = list.update else { return false };
        let age = list.checked.map_or(up, |at| Duration::from_secs(now.saturating_sub(at)));
        age >= update.saturating_mul(INTERVALS) && up >= START
    };
    let mut things = Vec::new();
    for list in lists {
        if list.unfit {
            things.push(Thing::Unfit { list: list.name.clone() });
        } else if is_old(list) {
            things.push(Thing::Old { list: list.name.clone() });
        }
    }
    things
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400;

    fn met(company: &str, day: u64, known: u64) -> Met {
        Met { device: "tv".to_owned(), company: company.to_owned(), day, known }
    }

    #[test]
    fn only_companies_new_to_a_device_that_is_known_are_told() {
        let all = [
            met("Acme", 100, 93),
            met("Yesterday", 99, 50),
            met("Long ago", 98, 50),
            met("New device", 100, 94),
            met("other", 100, 50),
            met("", 100, 50),
            met("Visited", 100, 50),
            met("Clock was set back", 101, 50),
            Met { device: "other".to_owned(), ..met("Of many", 100, 50) },
        ];
        let followed = all.iter().filter(|met| met.company != "Visited");
        let followed = followed.map(|met| (met.device.clone(), met.company.clone())).collect();
        let new = new_companies(&all, &followed, 100);
        let new: Vec<_> = new.iter().map(|thing| thing.company().unwrap()).collect();
        assert_eq!(new, ["Acme", "Yesterday"]);
    }

    /// A day in December 2023.
    const WINTER: u64 = 19_700;

    /// Hours on the wall of Berlin in winter, by days before the last.
    fn hours(of: &[(u64, &[u64])]) -> BTreeSet<u64> {
        let hour = |day: u64, hour: u64| (WINTER - day) * 24 + hour - 1;
        of.iter().flat_map(|(day, hours)| hours.iter().map(move |of| hour(*day, *of))).collect()
    }

    fn begins(followed: &[(u64, &[u64])], asked: &[(u64, &[u64])], known: u64) -> bool {
        let clock = WallClock::new("Europe/Berlin");
        let hours = Hours { asked: hours(asked), followed: hours(followed) };
        let hours = BTreeMap::from([("tv".to_owned(), hours)]);
        let known = BTreeMap::from([("tv".to_owned(), WINTER - known)]);
        !nights(&hours, &known, WINTER * DAY + 4 * 3_600, &clock).is_empty()
    }

    #[test]
    fn a_device_begins_at_night_after_seven_quiet_nights() {
        let days: &[(u64, &[u64])] = &[(1, &[18])];
        assert!(begins(&[(0, &[1, 3, 4])], days, 8));
        assert!(begins(&[(0, &[1, 2, 3, 4]), (8, &[2]), (1, &[5, 23])], days, 8));
        assert!(!begins(&[(0, &[3, 4, 5])], days, 8), "five is day");
        assert!(!begins(&[(0, &[1, 2, 3]), (7, &[2])], days, 8), "seven nights before");
        assert!(!begins(&[(0, &[1, 2, 3])], days, 7), "not known for so long");
        assert!(!begins(&[(0, &[1, 2, 3])], &[(8, &[18])], 99), "it was away");
    }

    #[test]
    fn the_night_is_one_where_the_house_is() {
        // One to four in Kathmandu, which is at 5:45, begin at 19:15 the day before.
        let clock = WallClock::new("Asia/Kathmandu");
        let first = 20_000 * 24 - 5;
        let known = BTreeMap::from([("tv".to_owned(), 1_000)]);
        let asked = BTreeSet::from([first - 30]);
        let new = |hours: std::ops::Range<u64>| {
            let hours = Hours { asked: asked.clone(), followed: hours.collect() };
            let now = first * 3_600 + 5 * 3_600;
            nights(&BTreeMap::from([("tv".to_owned(), hours)]), &known, now, &clock).len()
        };
        // Whole hours of the night alone: 1:45, 2:45, 3:45.
        assert_eq!((new(first + 1..first + 4), new(first + 2..first + 9)), (1, 0));
    }

    #[test]
    fn lists_are_old_after_three_intervals_or_not_fit() {
        let list = |name: &str, age: Option<u64>, unfit| Subscription {
            name: name.to_owned(),
            checked: age.map(|age| 50 * DAY - age),
            update: (name != "file").then_some(Duration::from_secs(DAY)),
            unfit,
        };
        let all = [
            list("old", Some(3 * DAY), false),
            list("new", Some(3 * DAY - 1), false),
            list("unfit", Some(5 * DAY), true),
            list("never", None, false),
            list("file", Some(9 * DAY), false),
        ];
        let named = |up: u64| {
            let found = lists(&all, Duration::from_secs(up), 50 * DAY);
            found.iter().map(|thing| thing.list().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(named(60), ["unfit"]);
        assert_eq!(named(2 * DAY), ["old", "unfit"]);
        assert_eq!(named(3 * DAY), ["old", "unfit", "never"]);
    }

    proptest! {
        #[test]
        fn a_night_is_told_only_after_quiet_ones(
            followed in btree_set(0_u64..24 * 10, 0..60),
            now in 24_u64 * 8..24 * 10,
        ) {
            let clock = WallClock::new("UTC");
            let base = 20_000 * 24;
            let all: BTreeSet<u64> = followed.iter().map(|hour| base + hour).collect();
            let all = all.into_iter().filter(|hour| *hour <= base + now).collect::<BTreeSet<_>>();
            let in_night = |day: u64| all.iter().filter(|hour| {
                **hour / 24 == day && (1..5).contains(&(**hour % 24))
            }).count();
            let today = (base + now) / 24;
            let expected = in_night(today) >= 3 && (today - 7..today).all(|day| in_night(day) == 0);
            let asked = (base..base + now).collect();
            let hours = BTreeMap::from([("tv".to_owned(), Hours { asked, followed: all })]);
            let known = BTreeMap::from([("tv".to_owned(), 1)]);
            let found = nights(&hours, &known, (base + now) * 3_600, &clock);
            prop_assert_eq!(!found.is_empty(), expected);
        }
    }
}
