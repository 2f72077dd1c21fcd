//! Names that may lead into the house.
//!
//! A public name with an address of the house is how a page elsewhere gets past the browser's
//! same-origin rule (DNS rebinding). Names that are made for the house may have one, and so may
//! those that its owner names.

use crate::config::{Domain, Rebinding};
use crate::filter::{Overlay, Whose};
use crate::wire::{Name, NameError};

/// Names that have no place in the public tree, or that makers of things for the home lead there on
/// purpose; each with everything below it.
const KNOWN: &[&str] = &[
    // Reserved, or kept from the public tree (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
    "local",
    "localhost",
    "home.arpa",
    "internal",
    "test",
    // Not reserved, but in use and undelegated.
    "lan",
    "home",
    "localdomain",
    "intranet",
    "private",
    "corp",
    // Routers' own names.
    "fritz.box",
    "easy.box",
    "speedport.ip",
    "router.asus.com",
    "asusrouter.com",
    "routerlogin.net",
    "tplinkwifi.net",
    "tplinkmodem.net",
    "miwifi.com",
    // Names with certificates for machines at home.
    "plex.direct",
    "direct.quickconnect.to",
];

/// Which names may lead into the house; none where all may.
#[derive(Debug)]
pub struct Home(Option<Overlay>);

impl Home {
    /// As `config` says.
    ///
    /// # Errors
    /// The first text that is no name.
    pub fn new(config: &Rebinding, domains: &[Domain]) -> Result<Self, (String, NameError)> {
        if !config.refuse {
            return Ok(Self(None));
        }
        let allowed = config.allow.iter().map(String::as_str);
        // Who has servers of the house's own has addresses of the house.
        let domains = domains.iter().map(|domain| domain.name.as_str());
        let names: Vec<_> = KNOWN.iter().copied().chain(allowed).chain(domains).collect();
        Ok(Self(Some(Overlay::new(&[] as &[&str], &names)?)))
    }

    /// Whether `name` may have an address of the house. A name without a dot is one of the house.
    pub fn may_have(&self, name: &Name) -> bool {
        let Some(names) = &self.0 else { return true };
        name.label_count() < 2 || names.matches(name, Whose::House).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_house_may_and_public_ones_may_not() {
        let allow = vec!["nas.example.org".to_owned(), "=only.example.org".to_owned()];
        let home = Home::new(&Rebinding { refuse: true, allow }, &[]).unwrap();
        let may = |text: &str| home.may_have(&text.parse().unwrap());
        assert!(may("printer") && may("tv.lan") && may("fritz.box") && may("x.y.plex.direct"));
        assert!(may("nas.example.org") && may("a.nas.example.org") && may("only.example.org"));
        assert!(!may("example.org") && !may("xlan.example") && !may("a.only.example.org"));
        let off = Home::new(&Rebinding { refuse: false, allow: Vec::new() }, &[]).unwrap();
        assert!(off.may_have(&"example.org".parse().unwrap()));
    }
}
