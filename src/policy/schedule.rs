//! Which profile holds at a time of the week.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::config::Slot;

/// A clock on the wall of the house.
#[derive(Debug, Clone)]
pub struct WallClock(TimeZone);

impl WallClock {
    /// In the zone of this IANA name; the system's where it is empty, or not known.
    pub fn new(zone: &str) -> Self {
        let named = if zone.is_empty() { None } else { TimeZone::get(zone).ok() };
        Self(named.unwrap_or_else(TimeZone::system))
    }

    /// Day of the week, from Monday, and minute of the day at `now`.
    pub fn read(&self, now: Timestamp) -> (u8, u16) {
        let time = self.0.to_datetime(now);
        let day = time.weekday().to_monday_zero_offset() as u8;
        (day, time.hour() as u16 * 60 + time.minute() as u16)
    }

    /// When the day began that was `back` days before the one of `now`.
    pub fn midnight(&self, now: Timestamp, back: i32) -> Option<Timestamp> {
        let day = self.0.to_datetime(now).date().checked_sub(back.days()).ok()?;
        self.0.to_timestamp(day.to_datetime(Time::midnight())).ok()
    }

    /// The day on the wall at `now`, in days since 1970.
    pub fn day(&self, now: Timestamp) -> i64 {
        let wall = self.0.to_datetime(now).date().to_datetime(Time::midnight());
        let second = TimeZone::UTC.to_timestamp(wall).map_or(0, Timestamp::as_second);
        second.div_euclid(86_400)
    }

    /// When the next day begins after `now`.
    pub fn tomorrow(&self, now: Timestamp) -> Option<Timestamp> {
        let tomorrow = self.0.to_datetime(now).date().tomorrow().ok()?;
        self.0.to_timestamp(tomorrow.to_datetime(Time::midnight())).ok()
    }
}

/// The profile that `slots` choose at a time by the clock on the wall: of those that hold, the
/// first. A time that the clock skips or shows twice is what it shows.
pub fn chosen(slots: &[Slot], (day, minute): (u8, u16)) -> Option<&str> {
    slots.iter().find(|slot| slot.holds(day, minute)).map(|slot| slot.profile.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use jiff::SignedDuration;
    use jiff::civil::{DateTime, date};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Zones, and two days each on which their clocks were changed; the third changes by half an
    /// hour, the last on a Saturday night at midnight.
    type Changes = [(i16, i8, i8); 2];
    const ZONES: [(&str, Changes); 4] = [
        ("Europe/Berlin", [(2026, 3, 29), (2026, 10, 25)]),
        ("America/New_York", [(2026, 3, 8), (2026, 11, 1)]),
        ("Australia/Lord_Howe", [(2026, 4, 5), (2026, 10, 4)]),
        ("America/Santiago", [(2026, 4, 4), (2026, 9, 6)]),
    ];

    fn slot() -> impl Strategy<Value = Slot> {
        (1_u8..128, 0_u16..1_440, 0_u16..=1_440, "[a-c]")
            .prop_map(|(days, from, to, profile)| Slot { days, from, to, profile })
    }

    /// Every minute on the wall of some days at which a slot holds, ticked off one by one.
    fn ticked_off(slots: &[Slot], first: DateTime) -> HashMap<DateTime, String> {
        let mut minutes = HashMap::new();
        for slot in slots.iter().rev() {
            for day in -2..5_i32 {
                let begin = first + day.days();
                let weekday = begin.weekday().to_monday_zero_offset();
                if slot.days & (1 << weekday) == 0 {
                    continue;
                }
                let mut at = begin + i64::from(slot.from).minutes();
                loop {
                    minutes.insert(at, slot.profile.clone());
                    at += 1.minute();
                    let of_day = at.hour() as u16 * 60 + at.minute() as u16;
                    if of_day == slot.to % 1_440 {
                        break;
                    }
                }
            }
        }
        minutes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn schedules_are_as_ticked_off_minute_by_minute(slots in vec(slot(), 0..6)) {
            for (zone, changes) in ZONES {
                let clock = WallClock::new(zone);
                let tz = TimeZone::get(zone).unwrap();
                for (year, month, day) in changes {
                    let first = (date(year, month, day) - 1.day()).to_datetime(Default::default());
                    let model = ticked_off(&slots, first);
                    let mut now = tz.to_timestamp(first).unwrap();
                    let mut offsets = Vec::new();
                    for _ in 0..3 * 1_440 {
                        let shown = tz.to_datetime(now);
                        let expected = model.get(&shown).map(String::as_str);
                        prop_assert_eq!(chosen(&slots, clock.read(now)), expected, "{} {}", zone, shown);
                        offsets.push(tz.to_offset(now));
                        now += SignedDuration::from_mins(1);
                    }
                    offsets.dedup();
                    prop_assert_eq!(offsets.len(), 2, "{}: the clock is changed in these days", zone);
                }
            }
        }
    }

    #[test]
    fn tomorrow_begins_at_midnight_or_when_there_is_one() {
        let clock = WallClock::new("America/Santiago");
        let now: Timestamp = "2026-09-06T02:00:00Z".parse().unwrap();
        // On this night the clock goes from midnight to one.
        assert_eq!(clock.tomorrow(now).unwrap().to_string(), "2026-09-06T04:00:00Z");
    }
}
