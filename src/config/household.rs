//! Who is in the house, and what holds for whom and when.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

use super::{Bypass, Config, Level, Rules, SafeSearch};

/// Minutes of a day.
const DAY: u16 = 24 * 60;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAILY: u8 = 0b111_1111;

/// What holds for some devices. What a file does not set is as it is for the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Unique name of 1..=64 characters. `house` is everybody's who has no other.
    pub name: String,
    /// Whom it is for.
    pub members: Vec<Member>,
    /// How strongly the builtin tracker facts protect.
    pub level: Level,
    /// Subscribed lists that count, by name.
    pub lists: Vec<String>,
    /// Services refused as a whole.
    pub services: Vec<String>,
    /// What is refused to keep browsers and apps from going around this server.
    pub bypass: Bypass,
    /// Whether search engines answer as for children.
    pub safe_search: SafeSearch,
    /// Rules beside the house's, which are weighed with them: the longest name wins.
    pub rules: Rules,
    /// Whether everything is refused that no rule allows.
    pub only_allowed: bool,
    /// What refused queries get.
    pub answer: BlockAnswer,
    /// When other profiles hold instead; of several the first.
    pub schedule: Vec<Slot>,
    /// Those of [`FOLLOWED`] that it sets itself, in that order.
    pub own: Vec<&'static str>,
}

/// Keys of a profile's settings that are as for the house where it does not set them itself.
pub const FOLLOWED: [&str; 6] = ["level", "lists", "services", "bypass", "safe_search", "answer"];

impl Profile {
    /// Notes which settings it makes itself.
    pub(super) fn sets(&mut self, is_given: impl Fn(&str) -> bool) {
        self.own = FOLLOWED.into_iter().filter(|key| is_given(key)).collect();
    }

    /// Whether it sets `key` itself, or that is for no house.
    pub(super) fn is_own(&self, key: &str) -> bool {
        self.own.contains(&key) || !FOLLOWED.contains(&key)
    }

    /// Takes over what it does not set itself.
    pub(super) fn follow(&mut self, house: &Self) {
        for key in FOLLOWED.into_iter().filter(|key| !self.own.contains(key)) {
            match key {
                "level" => self.level = house.level,
                "lists" => self.lists.clone_from(&house.lists),
                "services" => self.services.clone_from(&house.services),
                "bypass" => self.bypass = house.bypass,
                "safe_search" => self.safe_search = house.safe_search,
                _ => self.answer = house.answer,
            }
        }
    }

    /// A profile without members that holds to what `config` holds the house to.
    pub fn of_house(config: &Config) -> Self {
        Self {
            name: String::new(),
            members: Vec::new(),
            level: config.level,
            lists: config.lists.iter().map(|list| list.name.clone()).collect(),
            services: config.services.clone(),
            bypass: config.bypass,
            safe_search: config.safe_search,
            rules: Rules::default(),
            only_allowed: false,
            answer: config.block.answer,
            schedule: Vec::new(),
            own: Vec::new(),
        }
    }
}

/// Name of the profile of all who have no other.
pub const HOUSE: &str = "house";

/// A device that its owner has named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// Unique name of 1..=64 characters.
    pub name: String,
    /// By what it is known.
    pub known_by: Vec<KnownBy>,
    /// Words that profiles and lists may choose it by.
    pub tags: Vec<String>,
}

/// Address of a network card (EUI-48).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

/// By what a device is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KnownBy {
    /// Address of its network card.
    Mac(Mac),
    /// Its address, or the network that is its own.
    Network(IpNet),
    /// The name it gives itself at an encrypted door.
    Id(String),
}

/// Whom a profile is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Member {
    /// The device of this name.
    Device(String),
    /// All devices with this tag.
    Tag(String),
    /// All addresses in this network.
    Network(IpNet),
}

/// What a refused query gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockAnswer {
    /// There is no such name.
    #[default]
    NxDomain,
    /// There is such a name, without data.
    NoData,
    /// The code that says no.
    Refused,
    /// These addresses, and no other data; `0.0.0.0` and `::` for nowhere.
    Addresses(Option<Ipv4Addr>, Option<Ipv6Addr>),
}

/// A time of the week at which another profile holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Days it begins on: bit 0 is Monday.
    pub days: u8,
    /// Minute of the day it begins at, 0..=1439.
    pub from: u16,
    /// Minute of the day before which it ends, 0..=1440; of the next day if not later than `from`.
    pub to: u16,
    /// Name of the profile.
    pub profile: String,
}

impl Slot {
    /// Whether it holds at `minute` of a day, by the clock on the wall. `day` 0 is Monday.
    pub fn holds(&self, day: u8, minute: u16) -> bool {
        let begins = |day: u8| self.days & 1 << day != 0;
        if self.from < self.to {
            return begins(day) && (self.from..self.to).contains(&minute);
        }
        begins(day) && minute >= self.from || begins((day + 6) % 7) && minute < self.to
    }
}

/// What names start with that we make up for devices.
pub const PSEUDONYM: &str = "device-";

/// The name a device gives itself, in the path of DNS over HTTPS or before the server's name:
/// 1..=32 letters, digits and hyphens, as in a host's name. None where it is not such a name, or
/// could be taken for one that we give.
pub fn own_name(text: &str) -> Option<String> {
    let fits = (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = text.to_ascii_lowercase();
    (fits && name != "other" && !name.starts_with(PSEUDONYM)).then_some(name)
}

/// A text is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl FromStr for Slot {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut words = text.splitn(3, ' ');
        let mut word = || words.next().map(str::trim).filter(|word| !word.is_empty());
        let (days, times) = (word().ok_or(Malformed)?, word().ok_or(Malformed)?);
        let profile = word().ok_or(Malformed)?.to_owned();
        let (from, to) = times.split_once('-').ok_or(Malformed)?;
        let (from, to) = (minute(from)?, minute(to)?);
        if from == DAY {
            return Err(Malformed);
        }
        Ok(Self { days: days_of(days)?, from, to, profile })
    }
}

fn days_of(text: &str) -> Result<u8, Malformed> {
    let day = |text: &str| DAYS.iter().position(|day| *day == text).ok_or(Malformed);
    if text == "daily" {
        return Ok(DAILY);
    }
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let mut at = first;
        loop {
            days |= 1 << at;
            if at == last {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Ok(days)
}

fn minute(text: &str) -> Result<u16, Malformed> {
    let (hours, minutes) = text.split_once(':').ok_or(Malformed)?;
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse::<u16>().map_err(|_| Malformed) } else { Err(Malformed) }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    if minutes < 60 && minute <= DAY { Ok(minute) } else { Err(Malformed) }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<_> = (0..7).filter(|day| self.days & 1 << day != 0).collect();
        let days = match days.as_slice() {
            all if all.len() == 7 => "daily".to_owned(),
            days => days.iter().map(|day| DAYS[*day]).collect::<Vec<_>>().join(","),
        };
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{days} {}-{} {}", time(self.from), time(self.to), self.profile)
    }
}

impl FromStr for Mac {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2).ok_or(Malformed)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| Malformed)?;
        }
        if parts.next().is_some() { Err(Malformed) } else { Ok(Self(octets)) }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|octet| write!(f, ":{octet:02x}"))
    }
}

impl fmt::Display for KnownBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(mac) => mac.fmt(f),
            Self::Network(network) => network.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(name) => name.fmt(f),
            Self::Tag(tag) => write!(f, "#{tag}"),
            Self::Network(network) => network.fmt(f),
        }
    }
}

impl FromStr for BlockAnswer {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Ok(match text {
            "nxdomain" => Self::NxDomain,
            "nodata" => Self::NoData,
            "refused" => Self::Refused,
            "null" => Self::Addresses(Some(Ipv4Addr::UNSPECIFIED), Some(Ipv6Addr::UNSPECIFIED)),
            text => {
                let (mut v4, mut v6) = (None, None);
                for word in text.split_whitespace() {
                    let before = match word.parse().map_err(|_| Malformed)? {
                        IpAddr::V4(address) => v4.replace(address).is_some(),
                        IpAddr::V6(address) => v6.replace(address).is_some(),
                    };
                    if before {
                        return Err(Malformed);
                    }
                }
                if (v4, v6) == (None, None) {
                    return Err(Malformed);
                }
                Self::Addresses(v4, v6)
            }
        })
    }
}

impl fmt::Display for BlockAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NxDomain => f.write_str("nxdomain"),
            Self::NoData => f.write_str("nodata"),
            Self::Refused => f.write_str("refused"),
            Self::Addresses(v4, v6) => {
                v4.iter().try_for_each(|address| address.fmt(f))?;
                f.write_str(if v4.is_some() && v6.is_some() { " " } else { "" })?;
                v6.iter().try_for_each(|address| address.fmt(f))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_hold_by_the_clock_on_the_wall() {
        let slot: Slot = "fri-mon,wed 20:00-07:00 night and day".parse().unwrap();
        assert_eq!((slot.days, slot.profile.as_str()), (0b111_0101, "night and day"));
        assert_eq!(slot.to_string(), "mon,wed,fri,sat,sun 20:00-07:00 night and day");
        assert!(slot.holds(0, 1_200) && slot.holds(0, 1_439) && slot.holds(1, 0));
        assert!(!slot.holds(0, 1_199) && !slot.holds(1, 420) && !slot.holds(3, 1_300));
        assert!(slot.holds(0, 10), "Sunday's night ends on Monday");
        let whole: Slot = "daily 00:00-24:00 x".parse().unwrap();
        assert!(whole.holds(3, 0) && whole.holds(3, 1_439));
        let round: Slot = "tue 08:00-08:00 x".parse().unwrap();
        assert!(round.holds(1, 480) && round.holds(2, 479) && !round.holds(2, 480));
        for text in [
            "",
            "mon",
            "mon 20:00",
            "mon 20:00-7 x",
            "mon 24:00-07:00 x",
            "tag 1:00-2:00 x",
            "mon 20:60-21:00 x",
            "mon 25:00-26:00 x",
            "mon 20:00-21:00 ",
        ] {
            assert_eq!(text.parse::<Slot>(), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn answers_and_cards_read_back() {
        for text in ["nxdomain", "nodata", "refused", "0.0.0.0 ::", "192.0.2.1", "2001:db8::1"] {
            assert_eq!(text.parse::<BlockAnswer>().unwrap().to_string(), text);
        }
        assert_eq!("null".parse::<BlockAnswer>().unwrap().to_string(), "0.0.0.0 ::");
        assert!("0.0.0.0 1.1.1.1".parse::<BlockAnswer>().is_err());
        let mac: Mac = "02-AB-00-00-00-0f".parse().unwrap();
        assert_eq!(mac.to_string(), "02:ab:00:00:00:0f");
        for text in ["02:ab:00:00:00", "02:ab:00:00:00:0f:1", "2:ab:00:00:00:0f", "fd00::1"] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_device_may_call_itself_by_a_name() {
        for (text, name) in [
            ("TV-2", Some("tv-2")),
            ("", None),
            ("a b", None),
            ("other", None),
            ("device-12", None),
            ("x\n", None),
        ] {
            assert_eq!(own_name(text).as_deref(), name, "{text}");
        }
        assert_eq!(own_name(&"x".repeat(33)), None);
    }
}
