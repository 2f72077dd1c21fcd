//! Who asks: from a source address to a device.
//!
//! A device is whatever has one network card, as the kernel's neighbour table tells: over IPv4 and
//! all its IPv6 addresses. Its owner may say otherwise, it may call itself by a name at an encrypted
//! door, and where none of this is known it is an address. Its number is what workers count by.
//! Everywhere outside this process it is known by a name or by a pseudonym, a keyed hash, so that
//! neither files nor metrics tell addresses. The number of devices is bounded; what comes later is
//! counted together as `other`. It must never delay a query: only an address not seen before takes
//! a lock, and the network is looked at on a thread of its own. From here a query goes to `policy`.

mod ask;
mod device;
mod directory;
mod leases;
#[cfg(target_os = "linux")]
mod neighbours;
mod presence;
mod pseudonym;
mod vendors;
mod watch;

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;

pub use device::{Device, Leases};
pub use directory::Directory;
pub use pseudonym::Key;
pub use vendors::vendor;
pub use watch::{gateway, spawn};

/// A device's number, an index: 0 is all devices that are not counted by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub u32);

impl DeviceId {
    /// All devices beyond the bound.
    pub const OTHER: Self = Self(0);
}

/// The devices one worker has seen: its own copy, so that it never waits.
#[derive(Debug, Default)]
pub struct Seen {
    addresses: HashMap<IpAddr, DeviceId, RandomState>,
    names: HashMap<Box<str>, DeviceId, RandomState>,
    /// A second, and how many queries each device had in it.
    rates: Vec<(u32, u32)>,
    full: bool,
    generation: u32,
}

impl Seen {
    /// The device at `address`; `learnt` is told when that is news. No lock and no allocation once
    /// the address is known.
    #[inline]
    pub fn device(
        &mut self,
        address: IpAddr,
        directory: &Directory,
        learnt: impl FnOnce(DeviceId),
    ) -> DeviceId {
        if self.generation != directory.generation() {
            self.forget(directory);
        }
        let address = address.to_canonical();
        match self.addresses.get(&address) {
            Some(&device) => device,
            None => {
                let device = self.learn(address, None, directory);
                learnt(device);
                device
            }
        }
    }

    /// The device that calls itself `name`, which is one of [`crate::config::own_name`], and asks
    /// from `address`.
    pub fn named(&mut self, name: &str, address: IpAddr, directory: &Directory) -> DeviceId {
        if self.generation != directory.generation() {
            self.forget(directory);
        }
        match self.names.get(name) {
            Some(&device) => device,
            None => self.learn(address.to_canonical(), Some(name), directory),
        }
    }

    /// Queries of `device` in the second `now`, with this one. Those of devices that are not counted
    /// by themselves are always 0.
    #[inline]
    pub fn count(&mut self, device: DeviceId, now: u32) -> u32 {
        let Some(rate) = self.rates.get_mut(device.0 as usize) else { return 0 };
        if device == DeviceId::OTHER {
            return 0;
        }
        if rate.0 != now {
            *rate = (now, 0);
        }
        rate.1 = rate.1.saturating_add(1);
        rate.1
    }

    /// Any address may be another device's now.
    #[cold]
    fn forget(&mut self, directory: &Directory) {
        self.generation = directory.generation();
        self.addresses.clear();
        self.names.clear();
        self.full = false;
    }

    #[cold]
    fn learn(&mut self, address: IpAddr, name: Option<&str>, directory: &Directory) -> DeviceId {
        // Once the directory is full it knows nobody new: a flood of made-up addresses then costs
        // neither lock nor memory.
        if self.full {
            return DeviceId::OTHER;
        }
        let device = directory.number(address, name);
        if device == DeviceId::OTHER {
            let known = self.addresses.len() + self.names.len();
            self.full = known + 1 >= directory.capacity();
            return device;
        }
        let rates = self.rates.len().max(device.0 as usize + 1);
        self.rates.resize(rates, (0, 0));
        match name {
            None => self.addresses.insert(address, device),
            Some(name) => self.names.insert(name.into(), device),
        };
        device
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, KnownBy, Mac};

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_is_a_device_to_every_worker() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let (mut one, mut two) = (Seen::default(), Seen::default());
        let device = one.device(address(1), &directory, |_| {});
        assert_ne!(device, one.device(address(2), &directory, |_| {}));
        assert_eq!(device, two.device(address(1), &directory, |_| {}));
        let mapped = IpAddr::V6("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(device, two.device(mapped, &directory, |_| {}));
    }

    #[test]
    fn queries_are_counted_by_the_second() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let mut seen = Seen::default();
        let mut asks = |last, now| {
            let device = seen.device(address(last), &directory, |_| {});
            seen.count(device, now)
        };
        assert_eq!([asks(1, 5), asks(1, 5), asks(2, 5), asks(1, 6)], [1, 2, 1, 1]);
    }

    #[test]
    fn a_device_may_have_a_name_of_its_own() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let (mut one, mut two) = (Seen::default(), Seen::default());
        let device = one.named("tv", address(1), &directory);
        assert_eq!(two.named("tv", address(1), &directory), device);
        assert_ne!(one.device(address(1), &directory, |_| {}), device);
        assert_eq!(directory.names()[device.0 as usize], "tv");
    }

    #[test]
    fn devices_are_bounded() {
        let directory = Directory::new(Key::random().unwrap(), 2);
        let mut seen = Seen::default();
        let devices: Vec<_> =
            (1..=4).map(|last| seen.device(address(last), &directory, |_| {})).collect();
        assert_eq!(devices, [DeviceId(1), DeviceId(2), DeviceId::OTHER, DeviceId::OTHER]);
        assert_eq!(directory.names().len(), directory.capacity());
    }

    #[test]
    fn names_do_not_tell_addresses() {
        let directory = Directory::new(Key::random().unwrap(), 2);
        Seen::default().device(address(1), &directory, |_| {});
        let names = directory.names();
        assert_eq!(names[0], "other");
        assert!(names[1].starts_with("device-") && !names[1].contains("192"));
    }

    fn card(last: u8) -> Mac {
        Mac([2, 0, 0, 0, 0, last])
    }

    #[test]
    fn one_card_is_one_device_over_all_its_addresses() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let mut seen = Seen::default();
        let of = |text: &str| -> IpAddr { text.parse().unwrap() };
        let says = |pairs: &[(&str, u8)]| {
            let pairs = pairs.iter().map(|(address, last)| (of(address), card(*last)));
            directory.network_says(pairs, 0);
        };
        says(&[("192.0.2.1", 1), ("fd00::1", 1), ("fd00::2", 2)]);
        let mut asks = |text: &str| seen.device(of(text), &directory, |_| {});
        let one = asks("192.0.2.1");
        assert_eq!(asks("fd00::1"), one);
        assert_ne!(asks("fd00::2"), one);
        // An address asks before the network tells whose it is.
        let early = asks("fd00::3");
        assert_ne!(early, one);
        says(&[("fd00::3", 1)]);
        assert_eq!(asks("fd00::3"), one);
        let names = directory.names();
        assert_eq!(names[early.0 as usize], names[one.0 as usize], "counted for it from here on");
        assert_eq!(directory.count(), 2);
        // The address becomes another's.
        says(&[("192.0.2.1", 2)]);
        assert_eq!(asks("192.0.2.1"), asks("fd00::2"));
    }

    #[test]
    fn an_address_that_turns_out_to_be_a_cards_stays_the_same_number() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let mut seen = Seen::default();
        let early = seen.device(address(1), &directory, |_| {});
        let before = directory.names();
        directory.network_says([(address(1), card(1))].into_iter(), 0);
        assert_eq!(seen.device(address(1), &directory, |_| {}), early);
        assert_ne!(directory.names(), before, "known by its card over restarts");
        assert_eq!(directory.count(), 1);
    }

    #[test]
    fn owners_name_devices_and_leases_describe_them() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let mut seen = Seen::default();
        let known_by =
            vec![KnownBy::Mac(card(1)), KnownBy::Network("192.0.2.8/29".parse().unwrap())];
        let tags = vec!["kid".to_owned()];
        let anna = config::Device { name: "anna".to_owned(), known_by, tags };
        directory.owner_says(&[anna], std::iter::empty());
        directory.network_says([(address(1), card(1)), (address(2), card(2))].into_iter(), 0);
        let mut leases = Leases::default();
        leases.cards.insert(card(2), "printer".to_owned());
        directory.leases_say(leases);
        let mut device = |last| {
            let device = seen.device(address(last), &directory, |_| {});
            directory.device(device).unwrap()
        };
        assert_eq!((device(1).key.as_str(), device(1).tags.len()), ("anna", 1));
        assert_eq!(device(9).key, "anna");
        assert_eq!(device(2).lease.as_deref(), Some("printer"));
        assert_eq!(directory.find("192.0.2.9").unwrap().key, "anna");
        let key = device(2).key;
        directory.owner_says(&[], [(key.as_str(), "Printer")].into_iter());
        assert_eq!(directory.find("Printer").unwrap().key, key);
        assert_eq!(directory.addresses_of(|name| name == "Printer"), [address(2)]);
    }

    #[test]
    fn who_is_there_and_asks_nothing_is_silent() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let hour = presence::SILENCE;
        let pairs = |last: u8| [(address(last), card(last))].into_iter();
        let all = |now| (1..=3).for_each(|last| directory.network_says(pairs(last), now));
        all(0);
        let asking = Seen::default().device(address(1), &directory, |_| {});
        all(hour - 1);
        assert_eq!(directory.silent(None, hour - 1), []);
        directory.has_asked(asking, hour - 1);
        let mut silent = directory.silent(None, hour);
        silent.sort();
        assert_eq!(silent, [card(2), card(3)]);
        assert_eq!(directory.silent(Some(address(3)), hour), [card(2)], "a router need not ask");
        assert_eq!(directory.silent(None, 3 * hour), [], "who is gone is not silent");
    }
}
