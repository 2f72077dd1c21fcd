//! Who asks: from a source address to a device.
//!
//! A device is an address, for now. Its number is what workers count by; its name, everywhere
//! outside this process, is a pseudonym: a keyed hash of the address, so that neither files nor
//! metrics tell addresses. The number of devices is bounded; what comes later is counted together
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
    numbers: HashMap<IpAddr, DeviceId, RandomState>,
    names: Vec<String>,
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

    /// The number of the device at `address`. Takes a lock: workers keep what they learnt in
    /// [`Seen`].
    fn number(&self, address: IpAddr) -> DeviceId {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&device) = known.numbers.get(&address) {
            return device;
        }
        if known.names.len() >= self.limit {
            return DeviceId::OTHER;
        }
        known.names.push(self.key.pseudonym(address));
        let device = DeviceId(known.names.len() as u32);
        known.numbers.insert(address, device);
        device
    }

    /// Names of all devices by their numbers; the first is `other`.
    pub fn names(&self) -> Vec<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::once("other".to_owned()).chain(known.names.iter().cloned()).collect()
    }
}

/// The devices one worker has seen: its own copy, so that it never waits.
#[derive(Debug, Default)]
pub struct Seen {
    devices: HashMap<IpAddr, Device, RandomState>,
    full: bool,
}

/// A device, and how often it has asked in one second.
#[derive(Debug, Clone, Copy)]
struct Device {
    id: DeviceId,
    second: u32,
    queries: u32,
}

impl Seen {
    /// The device at `address`. No lock and no allocation once the address is known.
    #[inline]
    pub fn device(&mut self, address: IpAddr, directory: &Directory) -> DeviceId {
        self.asks(address, directory, 0).0
    }

    /// The device at `address`, and its queries in the second `now`, with this one. Those of
    /// devices that are not counted by themselves are always 0.
    #[inline]
    pub fn asks(&mut self, address: IpAddr, directory: &Directory, now: u32) -> (DeviceId, u32) {
        let address = address.to_canonical();
        let Some(device) = self.devices.get_mut(&address) else {
            return self.learn(address, directory, now);
        };
        if device.second != now {
            (device.second, device.queries) = (now, 0);
        }
        device.queries = device.queries.saturating_add(1);
        (device.id, device.queries)
    }

    #[cold]
    fn learn(&mut self, address: IpAddr, directory: &Directory, now: u32) -> (DeviceId, u32) {
        // Once the directory is full it knows nobody new: a flood of made-up addresses then costs
        // neither lock nor memory.
        if self.full {
            return (DeviceId::OTHER, 0);
        }
        let id = directory.number(address);
        if id == DeviceId::OTHER {
            self.full = self.devices.len() + 1 >= directory.capacity();
            return (id, 0);
        }
        self.devices.insert(address, Device { id, second: now, queries: 1 });
        (id, 1)
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
        let mut asks = |last, now| seen.asks(address(last), &directory, now).1;
        assert_eq!([asks(1, 5), asks(1, 5), asks(2, 5), asks(1, 6)], [1, 2, 1, 1]);
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
