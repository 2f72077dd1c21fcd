//! Services that can be refused as a whole.

use std::sync::LazyLock;

use serde::Deserialize;

const BUILTIN: &str = include_str!("../../blocklists/services.yaml");

/// A service with all its names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The word it is chosen by.
    pub id: String,
    /// As people know it.
    pub name: String,
    /// What kind of service it is.
    pub group: String,
    /// Its names; each with everything below it.
    pub domains: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    services: Vec<Service>,
}

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    serde_yaml::from_str::<File>(BUILTIN).expect("a test reads the services").services
});

/// All services; service number n is the nth, from 1.
pub fn services() -> &'static [Service] {
    &SERVICES
}

/// The number of the service that `id` chooses, from 1.
pub fn service(id: &str) -> Option<u16> {
    let at = services().iter().position(|service| service.id == id)?;
    u16::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::wire::Name;

    #[test]
    fn the_services_are_sound() {
        // A profile keeps them in four words, of which the first bit is nobody's.
        assert!(services().len() < 256);
        let mut ids = HashSet::new();
        let mut names = HashSet::new();
        for service in services() {
            assert!(ids.insert(&service.id), "{} is there twice", service.id);
            assert!(!service.domains.is_empty() && !service.name.is_empty());
            for domain in &service.domains {
                let name: Name = domain.parse().expect(domain);
                assert_eq!(name.to_string(), *domain, "lower case, no final dot");
                assert!(name.label_count() >= 2 && names.insert(domain), "{domain}");
            }
        }
    }
}
