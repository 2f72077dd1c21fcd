//! Places of the queries that wait for upstream: so many and no more, and whoever asks for thousands of
//! names leaves room for the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

use foldhash::fast::RandomState;

use crate::clients::DeviceId;
use crate::upstream::Asker;

/// The places of one thread.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: RefCell<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<Asker, usize, RandomState>,
}

/// One of them; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Rc<Places>,
    /// Who has it.
    pub(super) asker: Asker,
}

impl Places {
    pub(super) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self { most, taken: RefCell::default() })
    }

    /// A place for a query of `device` at `address`, which may have half as many as are free (dynamic
    /// thresholds: Choudhury and Hahne, 1998): one alone gets a third of all, and however many flood,
    /// somebody new finds a place.
    pub(super) fn take(self: &Rc<Self>, device: DeviceId, address: IpAddr) -> Option<Place> {
        let asker = match device {
            DeviceId::OTHER => Asker::Address(address),
            DeviceId(device) => Asker::Device(device),
        };
        let mut taken = self.taken.borrow_mut();
        let free = self.most.saturating_sub(taken.all);
        let of_it = taken.by.get(&asker).copied().unwrap_or(0);
        if of_it >= free / 2 {
            return None;
        }
        taken.all += 1;
        *taken.by.entry(asker).or_default() += 1;
        Some(Place { places: Rc::clone(self), asker })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.borrow_mut();
        taken.all -= 1;
        if let Some(of_it) = taken.by.get_mut(&self.asker) {
            *of_it -= 1;
            if *of_it == 0 {
                taken.by.remove(&self.asker);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn however_many_flood_somebody_new_finds_a_place() {
        let places = Places::new(1_024);
        let mut held = Vec::new();
        // Each takes what it can get, in turn.
        while let Some(place) = places.take(DeviceId(1), ADDRESS) {
            held.push(place);
        }
        assert_eq!(held.len(), 341, "a third for one alone");
        for _ in 0..1_000 {
            held.extend((1..=50).filter_map(|device| places.take(DeviceId(device), ADDRESS)));
        }
        assert!(held.len() > 900, "{}", held.len());
        let mut of_neighbour = Vec::new();
        while let Some(place) = places.take(DeviceId(99), ADDRESS) {
            of_neighbour.push(place);
        }
        assert!(of_neighbour.len() >= 5, "{}", of_neighbour.len());
        drop((held, of_neighbour));
        let taken = places.taken.borrow();
        assert!(taken.all == 0 && taken.by.is_empty());
    }

    #[test]
    fn those_that_are_no_device_are_told_apart_by_address() {
        let places = Places::new(6);
        let at = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let held = [places.take(DeviceId::OTHER, at(1)), places.take(DeviceId::OTHER, at(2))];
        assert!(held.iter().all(Option::is_some));
        let more: Vec<_> = (0..3).filter_map(|_| places.take(DeviceId::OTHER, at(1))).collect();
        assert_eq!(more.len(), 1);
    }
}
