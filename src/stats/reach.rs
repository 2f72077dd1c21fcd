//! In how many devices each company appeared in the last day: what counts do not tell, because caches
//! hide queries and retries inflate them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Hours looked back, the running one included.
pub(super) const WINDOW: u64 = 24;

/// A device and a company.
type Met = (Arc<str>, Arc<str>);

/// Which companies appeared in which devices, by hour.
#[derive(Debug, Default)]
pub struct Reach {
    texts: BTreeSet<Arc<str>>,
    /// Pairs of device and company.
    hours: BTreeMap<u64, BTreeSet<Met>>,
}

impl Reach {
    /// `company` appeared in `device` in the hour `hour` since 1970.
    pub fn saw(&mut self, hour: u64, device: &str, company: &str) {
        let pair = (self.text(device), self.text(company));
        self.hours.entry(hour).or_default().insert(pair);
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    /// Lets go of what is older than the window, at `hour`.
    pub fn pass_to(&mut self, hour: u64) {
        self.hours = self.hours.split_off(&(hour + 1).saturating_sub(WINDOW));
        self.texts.retain(|text| Arc::strong_count(text) > 1);
    }

    /// Lets go of a device, or of all.
    pub fn forget(&mut self, device: Option<&str>) {
        for pairs in self.hours.values_mut() {
            pairs.retain(|(of, _)| device.is_some_and(|device| **of != *device));
        }
    }

    /// How many companies each device had, and how many devices each company.
    pub fn counts(&self) -> (BTreeMap<&str, usize>, BTreeMap<&str, usize>) {
        let mut met = HashSet::<_, RandomState>::default();
        let mut devices = HashMap::<_, (&str, usize), RandomState>::default();
        let mut companies = HashMap::<_, (&str, usize), RandomState>::default();
        for (device, company) in self.hours.values().flatten() {
            // Each text is there once, so where it is says which it is, sooner than its letters.
            let (who, whom) = (Arc::as_ptr(device).cast::<u8>(), Arc::as_ptr(company).cast::<u8>());
            if met.insert((who, whom)) {
                devices.entry(who).or_insert((device, 0)).1 += 1;
                companies.entry(whom).or_insert((company, 0)).1 += 1;
            }
        }
        (devices.into_values().collect(), companies.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_reaches_a_device_once_in_a_day() {
        let mut reach = Reach::default();
        for (hour, device, company) in
            [(10, "tv", "Acme"), (11, "tv", "Acme"), (11, "pad", "Acme"), (40, "pad", "Other")]
        {
            reach.saw(hour, device, company);
        }
        assert_eq!(reach.counts().1, [("Acme", 2), ("Other", 1)].into());
        reach.pass_to(34);
        assert_eq!(reach.counts().0, [("pad", 2), ("tv", 1)].into());
        reach.pass_to(35);
        assert_eq!(reach.counts().1, [("Other", 1)].into());
        assert_eq!(reach.texts.len(), 2, "nothing is kept of what is gone");
        reach.forget(Some("pad"));
        assert_eq!(reach.counts().0.len(), 0);
    }
}
