//! How queries of one device are put together into visits of sites, by nothing but their times.
//!
//! A name tells nothing of the page it is asked for. That a tracker is asked for soon after a site is
//! a coincidence, or is not: so it is said in how many visits they were seen together, and no more.
//! Plain logic: time is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new site begins a visit only after so long without names of sites: before, it is a part of what
/// is visited.
const SILENCE: Duration = Duration::from_secs(2);
/// After so long without names of sites the visit is over: the same site begins another.
const OVER: Duration = Duration::from_secs(30);
/// Trackers within that time from the visit's beginning were seen together with the site.
const WINDOW: Duration = Duration::from_secs(10);
/// Names of sites, companies and trackers kept, all together: about a megabyte.
const MOST_KEPT: usize = 10_000;

/// What a query is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum Heard {
    /// Of a site, by the domain that somebody has registered.
    Site(String),
    /// Of a tracker.
    Tracker {
        /// Whose it is.
        company: String,
        /// Its name.
        domain: String,
        /// Whether it was refused.
        is_refused: bool,
    },
}

/// A site that was visited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Site {
    /// Its domain.
    pub site: String,
    /// How often.
    pub visits: u64,
    /// Who was seen together with it, those of the most visits first.
    pub trackers: Vec<Companion>,
}

/// A company whose trackers were seen together with a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Companion {
    /// The company; a domain where nobody knows whose it is.
    pub company: String,
    /// Names asked for, in the order of the alphabet.
    pub domains: Vec<String>,
    /// In how many visits.
    pub seen: u64,
    /// How many of its queries were refused.
    pub refused: u64,
}

/// What is known of the visits of a device.
#[derive(Debug, Default)]
pub(super) struct Visits {
    /// Queries taken in.
    pub(super) queries: u64,
    /// Of these, left out because there was no more room.
    pub(super) left_out: u64,
    kept: usize,
    sites: BTreeMap<String, Visited>,
    now: Option<Visit>,
}

#[derive(Debug, Default)]
struct Visited {
    visits: u64,
    companions: BTreeMap<String, Met>,
}

#[derive(Debug, Default)]
struct Met {
    domains: BTreeSet<String>,
    seen: u64,
    refused: u64,
    /// The last visit it was seen in.
    last: u64,
}

/// The visit that goes on.
#[derive(Debug)]
struct Visit {
    site: String,
    began: Duration,
    /// When a name of a site was asked for the last time.
    heard: Duration,
    parts: BTreeSet<String>,
}

impl Visits {
    /// Takes in a query, at the time `now`; none for what is neither of a site nor of a tracker.
    pub(super) fn hear(&mut self, now: Duration, heard: Option<&Heard>) {
        self.queries += 1;
        let has_room = match heard {
            None => true,
            Some(Heard::Site(domain)) => self.hear_site(now, domain),
            Some(Heard::Tracker { company, domain, is_refused }) => {
                self.hear_tracker(now, company, domain, *is_refused)
            }
        };
        self.left_out += u64::from(!has_room);
    }

    fn hear_site(&mut self, now: Duration, domain: &str) -> bool {
        let goes_on = self.now.as_mut().filter(|visit| {
            let silence = now.saturating_sub(visit.heard);
            silence < SILENCE || silence < OVER && visit.parts.contains(domain)
        });
        if let Some(visit) = goes_on {
            visit.heard = visit.heard.max(now);
            return visit.parts.contains(domain)
                || takes(&mut self.kept, 1) && visit.parts.insert(domain.to_owned());
        }
        // Parts of a visit are kept no longer than it goes on.
        self.kept -= self.now.take().map_or(0, |visit| visit.parts.len());
        let is_known = self.sites.contains_key(domain);
        if !takes(&mut self.kept, 1 + usize::from(!is_known)) {
            return false;
        }
        self.sites.entry(domain.to_owned()).or_default().visits += 1;
        let parts = BTreeSet::from([domain.to_owned()]);
        self.now = Some(Visit { site: domain.to_owned(), began: now, heard: now, parts });
        true
    }

    fn hear_tracker(
        &mut self,
        now: Duration,
        company: &str,
        domain: &str,
        is_refused: bool,
    ) -> bool {
        let now = self.now.as_ref().filter(|visit| now.saturating_sub(visit.began) <= WINDOW);
        let Some(site) = now.and_then(|visit| self.sites.get_mut(&visit.site)) else { return true };
        let known = site.companions.get(company);
        let is_new = !known.is_some_and(|met| met.domains.contains(domain));
        let needed = usize::from(known.is_none()) + usize::from(is_new);
        if needed > 0 && !takes(&mut self.kept, needed) {
            return false;
        }
        let met = site.companions.entry(company.to_owned()).or_default();
        if is_new {
            met.domains.insert(domain.to_owned());
        }
        met.refused += u64::from(is_refused);
        met.seen += u64::from(met.last != site.visits);
        met.last = site.visits;
        true
    }

    /// What was seen together, the most visited site first, and those seen most often first; what is
    /// equal, in the order of the alphabet.
    pub(super) fn sites(&self) -> Vec<Site> {
        let told = |(site, visited): (&String, &Visited)| {
            let companions = visited.companions.iter().map(|(company, met)| Companion {
                company: company.clone(),
                domains: met.domains.iter().cloned().collect(),
                seen: met.seen,
                refused: met.refused,
            });
            let mut trackers: Vec<Companion> = companions.collect();
            trackers.sort_by_key(|companion| u64::MAX - companion.seen);
            Site { site: site.clone(), visits: visited.visits, trackers }
        };
        let mut sites: Vec<Site> = self.sites.iter().map(told).collect();
        sites.sort_by_key(|site| u64::MAX - site.visits);
        sites
    }
}

/// Whether there is room for `more` names; then they are counted.
fn takes(kept: &mut usize, more: usize) -> bool {
    let fits = *kept + more <= MOST_KEPT;
    if fits {
        *kept += more;
    }
    fits
}

#[cfg(test)]
mod tests;
