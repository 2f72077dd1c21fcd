//! Who asks: from a source address to a device.
//!
//! A device is an address, for now, or the name it gives itself at an encrypted door. Its number is
//! what workers count by. Everywhere outside this process it is known by its own name or by a
//! pseudonym, a keyed hash of the address, so that neither files nor metrics tell addresses. The number of devices is bounded; what comes later is counted together
//! as `other`. It must never delay a query: only an address not seen before takes a lock.

mod pseudonym;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;

pub use pseudonym::Key;

/// A device's number, an index: 0 is all devices that are not counted by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub u32);

impl DeviceId {
    /// All devices beyond the bound.
    pub const OTHER: Self = Self(0);
}

/// All devices seen since the start.
#[derive(Debug)]
pub struct Directory {
    key: Key,
    limit: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Identity, DeviceId, RandomState>,
    names: Vec<String>,
}

/// By what a device is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Identity {
    Address(IpAddr),
    Name(Box<str>),
}

impl Directory {
    /// A directory of at most `limit` devices.
    pub fn new(key: Key, limit: usize) -> Self {
        Self { key, limit, known: Mutex::default() }
    }

    /// The most devices there will be numbers for, `other` included.
    pub fn capacity(&self) -> usize {
        self.limit + 1
    }

    /// The number of a device. Takes a lock: workers keep what they learnt in [`Seen`].
    fn number(&self, identity: Identity) -> DeviceId {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&device) = known.numbers.get(&identity) {
            return device;
        }
        if known.names.len() >= self.limit {
            return DeviceId::OTHER;
        }
        known.names.push(match &identity {
            Identity::Address(address) => self.key.pseudonym(*address),
            Identity::Name(name) => name.to_string(),
        });
        let device = DeviceId(known.names.len() as u32);
        known.numbers.insert(identity, device);
        device
    }

    /// Names of all devices by their numbers; the first is `other`.
    pub fn names(&self) -> Vec<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::once("other".to_owned()).chain(known.names.iter().cloned()).collect()
    }
}

/// The name a device gives itself, in the path of DNS over HTTPS or before the server's name:
/// 1..=32 letters, digits and hyphens, as in a host's name. None where it is not such a name, or
/// could be taken for one that we give.
pub fn own_name(text: &str) -> Option<String> {
    let fits = (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = text.to_ascii_lowercase();
    (fits && name != "other" && !name.starts_with(pseudonym::PREFIX)).then_some(name)
}

/// The devices one worker has seen: its own copy, so that it never waits.
#[derive(Debug, Default)]
pub struct Seen {
    addresses: HashMap<IpAddr, DeviceId, RandomState>,
    names: HashMap<Box<str>, DeviceId, RandomState>,
    /// A second, and how many queries each device had in it.
    rates: Vec<(u32, u32)>,
    full: bool,
}

impl Seen {
    /// The device at `address`. No lock and no allocation once the address is known.
    #[inline]
    pub fn device(&mut self, address: IpAddr, directory: &Directory) -> DeviceId {
        let address = address.to_canonical();
        match self.addresses.get(&address) {
            Some(&device) => device,
            None => self.learn(Identity::Address(address), directory),
        }
    }

    /// The device that calls itself `name`, which is one of [`own_name`].
    pub fn named(&mut self, name: &str, directory: &Directory) -> DeviceId {
        match self.names.get(name) {
            Some(&device) => device,
            None => self.learn(Identity::Name(name.into()), directory),
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

    #[cold]
    fn learn(&mut self, identity: Identity, directory: &Directory) -> DeviceId {
        // Once the directory is full it knows nobody new: a flood of made-up addresses then costs
        // neither lock nor memory.
        if self.full {
            return DeviceId::OTHER;
        }
        let device = directory.number(identity.clone());
        if device == DeviceId::OTHER {
            let known = self.addresses.len() + self.names.len();
            self.full = known + 1 >= directory.capacity();
            return device;
        }
        let rates = self.rates.len().max(device.0 as usize + 1);
        self.rates.resize(rates, (0, 0));
        match identity {
            Identity::Address(address) => self.addresses.insert(address, device),
            Identity::Name(name) => self.names.insert(name, device),
        };
        device
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_is_a_device_to_every_worker() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let (mut one, mut two) = (Seen::default(), Seen::default());
        let device = one.device(address(1), &directory);
        assert_ne!(device, one.device(address(2), &directory));
        assert_eq!(device, two.device(address(1), &directory));
        let mapped = IpAddr::V6("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(device, two.device(mapped, &directory));
    }

    #[test]
    fn queries_are_counted_by_the_second() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let mut seen = Seen::default();
        let mut asks = |last, now| {
            let device = seen.device(address(last), &directory);
            seen.count(device, now)
        };
        assert_eq!([asks(1, 5), asks(1, 5), asks(2, 5), asks(1, 6)], [1, 2, 1, 1]);
    }

    #[test]
    fn a_device_may_have_a_name_of_its_own() {
        let directory = Directory::new(Key::random().unwrap(), 10);
        let (mut one, mut two) = (Seen::default(), Seen::default());
        let device = one.named("tv", &directory);
        assert_eq!(two.named("tv", &directory), device);
        assert_ne!(one.device(address(1), &directory), device);
        assert_eq!(directory.names()[device.0 as usize], "tv");
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

    #[test]
    fn devices_are_bounded() {
        let directory = Directory::new(Key::random().unwrap(), 2);
        let mut seen = Seen::default();
        let devices: Vec<_> = (1..=4).map(|last| seen.device(address(last), &directory)).collect();
        assert_eq!(devices, [DeviceId(1), DeviceId(2), DeviceId::OTHER, DeviceId::OTHER]);
        assert_eq!(directory.names().len(), directory.capacity());
    }

    #[test]
    fn names_do_not_tell_addresses() {
        let directory = Directory::new(Key::random().unwrap(), 2);
        Seen::default().device(address(1), &directory);
        let names = directory.names();
        assert_eq!(names[0], "other");
        assert!(names[1].starts_with("device-") && !names[1].contains("192"));
    }
}
