//! Who is behind a name: company and category.
//!
//! The builtin facts (`blocklists/trackers.yaml`) are compiled in, so that a server without
//! network or configuration knows whom it refuses. They go into the one compiled table of
//! [`crate::filter`], where a query's name leads to a tracker's number; this room turns the number
//! back into words. It must never decide what becomes of a query.

mod category;
pub mod import;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::config::Level;
use crate::wire::Name;

pub use category::Category;
use import::Imported;

const BUILTIN: &str = include_str!("../../blocklists/trackers.yaml");

/// Companies and trackers, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    companies: Vec<Company>,
    trackers: Vec<Tracker>,
}

/// Who tracks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// As people know it.
    pub name: String,
    /// Its parent company, where that is another.
    pub owner: Option<String>,
    /// Whether any of its names is for following people; others only have what people need.
    pub follows: bool,
}

/// A company in one line of its business: what a tracker's number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Tracker {
    company: u32,
    category: Category,
}

/// A domain of the facts: it and everything below it belong to a tracker.
#[derive(Debug)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// The tracker's number, at least 1.
    pub tracker: u32,
    /// From which level on it is refused; none for what is only named.
    pub level: Option<Level>,
}

/// Why a file of facts cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("tracker facts: {0}")]
pub struct FactsError(#[from] serde_yaml::Error);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    companies: Vec<FileCompany>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCompany {
    name: String,
    owner: Option<String>,
    #[serde(rename = "website")]
    _website: Option<String>,
    #[serde(rename = "country")]
    _country: Option<String>,
    domains: Vec<FileDomain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDomain {
    name: String,
    category: Category,
    #[serde(default)]
    level: FileLevel,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileLevel {
    Relaxed,
    #[default]
    Balanced,
    Strict,
    Never,
}

impl FileLevel {
    const fn level(self) -> Option<Level> {
        match self {
            Self::Relaxed => Some(Level::Relaxed),
            Self::Balanced => Some(Level::Balanced),
            Self::Strict => Some(Level::Strict),
            Self::Never => None,
        }
    }
}

/// The name that somebody has registered and that `name` belongs to, by the public suffix list:
/// `shop.example.co.uk` belongs to `example.co.uk`. None for a suffix itself.
pub fn registrable(name: &Name) -> Option<String> {
    let text = name.to_string();
    Some(psl::domain_str(&text)?.to_owned())
}

/// Domains of the company called `name` that come along with this program. The first call reads all
/// facts: some milliseconds.
pub fn builtin_domains(name: &str) -> Vec<&'static str> {
    static FILE: LazyLock<Vec<FileCompany>> = LazyLock::new(|| {
        serde_yaml::from_str::<File>(BUILTIN).map_or_else(|_| Vec::new(), |file| file.companies)
    });
    let company = FILE.iter().find(|company| company.name.eq_ignore_ascii_case(name));
    let domains = company.map(|company| company.domains.as_slice()).unwrap_or_default();
    domains.iter().map(|domain| domain.name.as_str()).collect()
}

impl Facts {
    /// The facts that are compiled in, and their domains.
    ///
    /// # Errors
    /// None that a test would not have found.
    pub fn builtin() -> Result<(Self, Vec<Domain>), FactsError> {
        Self::parse(BUILTIN, &[])
    }

    /// The facts that are compiled in, and those of `databases`.
    ///
    /// # Errors
    /// None that a test would not have found.
    pub fn with(databases: &[Imported]) -> Result<(Self, Vec<Domain>), FactsError> {
        Self::parse(BUILTIN, databases)
    }

    /// What the builtin facts are, in a number: changes when they do.
    pub fn builtin_digest() -> u64 {
        XxHash3_64::oneshot(BUILTIN.as_bytes())
    }

    fn parse(text: &str, databases: &[Imported]) -> Result<(Self, Vec<Domain>), FactsError> {
        let file: File = serde_yaml::from_str(text)?;
        let mut maker = Maker::default();
        // Of two facts about one name the first holds: a database's where it names a company, ours
        // otherwise.
        databases.iter().for_each(|database| maker.import(database, true));
        for company in file.companies {
            for domain in company.domains {
                let follows = domain.level.level().is_some();
                let (name, owner) = (company.name.clone(), company.owner.clone());
                let company = Company { name, owner, follows };
                maker.add(company, domain.category, domain.name, domain.level.level());
            }
        }
        databases.iter().for_each(|database| maker.import(database, false));
        Ok((maker.facts, maker.domains))
    }

    /// The category of tracker `number`; none for 0 and for numbers of other facts.
    #[inline]
    pub fn category(&self, number: u32) -> Option<Category> {
        Some(self.tracker(number)?.category)
    }

    /// The company behind tracker `number`.
    pub fn company(&self, number: u32) -> Option<&Company> {
        self.companies.get(self.tracker(number)?.company as usize)
    }

    /// The number of the company behind tracker `number`.
    #[inline]
    pub fn company_number(&self, number: u32) -> Option<u32> {
        Some(self.tracker(number)?.company)
    }

    /// The company of this number.
    pub fn company_of(&self, number: u32) -> Option<&Company> {
        self.companies.get(number as usize)
    }

    /// Numbers of the company called `name`, whatever the case of its letters, and of those it owns.
    pub fn companies_of(&self, name: &str) -> impl Iterator<Item = u32> {
        let is_meant = move |text: &str| text.eq_ignore_ascii_case(name);
        let companies = (0..).zip(&self.companies);
        let of_it = companies.filter(move |(_, company)| {
            is_meant(&company.name) || company.owner.as_deref().is_some_and(is_meant)
        });
        of_it.map(|(number, _)| number)
    }

    /// All companies.
    pub fn companies(&self) -> impl Iterator<Item = &Company> {
        self.companies.iter()
    }

    #[inline]
    fn tracker(&self, number: u32) -> Option<Tracker> {
        self.trackers.get((number as usize).checked_sub(1)?).copied()
    }
}

/// Collects facts, each company and tracker once.
#[derive(Default)]
struct Maker {
    facts: Facts,
    domains: Vec<Domain>,
    companies: HashMap<String, u32>,
    trackers: HashMap<Tracker, u32>,
}

impl Maker {
    /// Names of a database: those with a company, or those without, for which whoever registered
    /// them stands in.
    fn import(&mut self, database: &Imported, with_company: bool) {
        for name in &database.names {
            if name.company.is_some() != with_company {
                continue;
            }
            let known = name.company.and_then(|number| database.companies.get(number as usize));
            let (whose, owner) = match known {
                Some(known) => (known.name.clone(), known.owner.clone()),
                None => {
                    let registered = name.name.parse().ok().and_then(|name| registrable(&name));
                    (registered.unwrap_or_else(|| name.name.clone()), None)
                }
            };
            let company = Company { name: whose, owner, follows: true };
            self.add(company, name.category, name.name.clone(), None);
        }
    }

    fn add(&mut self, company: Company, category: Category, name: String, level: Option<Level>) {
        let follows = company.follows;
        let number = *self.companies.entry(company.name.to_lowercase()).or_insert_with(|| {
            self.facts.companies.push(company);
            (self.facts.companies.len() - 1) as u32
        });
        self.facts.companies[number as usize].follows |= follows;
        let tracker = Tracker { company: number, category };
        let number = *self.trackers.entry(tracker).or_insert_with(|| {
            self.facts.trackers.push(tracker);
            self.facts.trackers.len() as u32
        });
        self.domains.push(Domain { name, tracker: number, level });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_builtin_facts_are_sound() {
        let (facts, domains) = Facts::builtin().unwrap();
        assert!(domains.len() >= 300, "{} domains", domains.len());
        let mut names = HashSet::new();
        for domain in &domains {
            let name: Name = domain.name.parse().expect(&domain.name);
            assert_eq!(name.to_string(), domain.name, "lower case, no final dot");
            assert!(name.label_count() >= 2, "{name} is a top-level name");
            assert!(names.insert(&domain.name), "{name} is there twice");
            assert!(facts.company(domain.tracker).is_some());
        }
        let refused: HashSet<_> =
            domains.iter().filter(|domain| domain.level.is_some()).map(|d| &*d.name).collect();
        for domain in &domains {
            let mut rest = domain.name.as_str();
            while let Some((_, parent)) = rest.split_once('.') {
                assert!(!refused.contains(parent), "{} is covered by {parent}", domain.name);
                rest = parent;
            }
        }
        let mut companies = HashSet::new();
        for company in &facts.companies {
            assert!(companies.insert(&company.name), "{} is there twice", company.name);
        }
    }

    #[test]
    fn a_database_names_more_and_beats_ours_only_by_a_company() {
        let json = r#"{"categories": {"4": "advertising"},
            "trackers": {"a": {"categoryId": 4, "companyId": "Acme"}, "b": {"categoryId": 4}},
            "trackerDomains": {"doubleclick.net": "a", "google-analytics.com": "b",
                               "x.new.co.uk": "b"}}"#;
        let database = import::read(&[json.as_bytes().to_vec()]).unwrap();
        let (facts, domains) = Facts::with(&[database]).unwrap();
        let whose = |name: &str| {
            let first = domains.iter().find(|domain| domain.name == name).unwrap();
            facts.company(first.tracker).unwrap().name.as_str()
        };
        assert_eq!(whose("doubleclick.net"), "Acme");
        assert_eq!(whose("google-analytics.com"), "Google");
        assert_eq!(whose("x.new.co.uk"), "new.co.uk");
    }

    #[test]
    fn a_number_leads_to_company_and_category() {
        let (facts, domains) = Facts::builtin().unwrap();
        let domain = domains.iter().find(|domain| domain.name == "doubleclick.net").unwrap();
        assert_eq!(facts.company(domain.tracker).unwrap().name, "Google");
        assert_eq!(facts.category(domain.tracker), Some(Category::Advertising));
        assert_eq!(facts.category(0), None);
        let follows =
            |name| facts.companies().find(|company| company.name == name).unwrap().follows;
        assert!(follows("Google"), "though people need some of its names");
        assert!(!follows("Wikimedia"), "all of its names are needed");
    }
}
