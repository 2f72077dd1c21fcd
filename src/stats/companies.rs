//! Numbers of companies that stay the same as long as the server runs, whatever facts come and go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

use super::CompanyId;

const OTHER: &str = "other";

/// Companies by number.
#[derive(Debug)]
pub struct Companies {
    known: Mutex<Known>,
    most: usize,
}

#[derive(Debug, Default)]
struct Known {
    names: Vec<Arc<str>>,
    /// As they are told elsewhere.
    told: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, CompanyId, RandomState>,
}

impl Companies {
    /// At most `most` of them; later ones are `other`.
    pub fn new(most: usize) -> Self {
        let names: Vec<Arc<str>> = vec!["".into(), OTHER.into()];
        let known = Known { told: names.clone(), names, ..Known::default() };
        Self { known: Mutex::new(known), most }
    }

    /// The number of the company called `name`. Takes a lock.
    pub fn number(&self, name: &str) -> CompanyId {
        self.add(name, name)
    }

    /// The number of a company of which no more is known than a domain it has. Takes a lock.
    pub fn number_of_domain(&self, domain: &str) -> CompanyId {
        self.add(domain, OTHER)
    }

    fn add(&self, name: &str, told: &str) -> CompanyId {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = known.numbers.get(name) {
            return *number;
        }
        if known.names.len() >= self.most {
            return CompanyId::OTHER;
        }
        let name: Arc<str> = name.into();
        let number = CompanyId(known.names.len() as u32);
        known.told.push(if told == &*name { Arc::clone(&name) } else { told.into() });
        known.names.push(Arc::clone(&name));
        known.numbers.insert(name, number);
        number
    }

    /// Names by number, as they may be written and told: domains, which tell where somebody went, are
    /// `other`.
    pub fn told(&self) -> Vec<Arc<str>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).told.clone()
    }

    /// Names by number, for the owner's eyes; the first is nobody's, the second all others'.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).names.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_are_bounded() {
        let companies = Companies::new(4);
        let first = companies.number("Acme");
        assert_eq!(
            (companies.number("Other Inc."), companies.number("Acme")),
            (CompanyId(3), first)
        );
        assert_eq!(companies.number("Too many"), CompanyId::OTHER);
        assert_eq!(companies.names().len(), 4);
        let companies = Companies::new(4);
        companies.number_of_domain("shop.example");
        assert_eq!(companies.names()[2..], ["shop.example".into()]);
        assert_eq!(companies.told()[2..], ["other".into()]);
    }
}
