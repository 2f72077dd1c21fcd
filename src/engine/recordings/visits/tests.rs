//! Visits by example, and against a naive model that looks at all queries at once.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn site(domain: &str) -> Heard {
    Heard::Site(domain.to_owned())
}

fn tracker(company: &str, domain: &str) -> Heard {
    Heard::Tracker { company: company.to_owned(), domain: domain.to_owned(), is_refused: true }
}

fn visits(heard: impl IntoIterator<Item = (u64, Heard)>) -> Visits {
    let mut visits = Visits::default();
    for (millis, heard) in heard {
        visits.hear(Duration::from_millis(millis), Some(&heard));
    }
    visits
}

/// Sites, visits, and who was seen in how many of them.
fn shown(visits: &Visits) -> Vec<String> {
    let of_site = |site: Site| {
        let seen = site.trackers.iter().map(|one| format!(" {} {}", one.company, one.seen));
        format!("{} {}{}", site.site, site.visits, seen.collect::<String>())
    };
    visits.sites().into_iter().map(of_site).collect()
}

#[test]
fn a_visit_has_parts_and_companions() {
    let visits = visits([
        (0, tracker("Early", "e.example")),
        (1_000, site("news.example")),
        (1_200, site("cdn.example")),
        (1_300, tracker("Acme", "b.acme.example")),
        (1_400, tracker("Acme", "a.acme.example")),
        (11_000, tracker("Last", "l.example")),
        (11_001, tracker("Late", "l.example")),
        // The same site again, before the visit is over, is the same visit.
        (20_000, site("news.example")),
        (20_001, tracker("Late", "l.example")),
    ]);
    assert_eq!(shown(&visits), ["news.example 1 Acme 1 Last 1"]);
    let acme = &visits.sites()[0].trackers[0];
    assert_eq!(acme.domains, ["a.acme.example", "b.acme.example"]);
    assert_eq!((acme.refused, visits.queries, visits.left_out), (2, 9, 0));
}

#[test]
fn visits_are_told_apart_by_silence() {
    let visits = visits([
        (0, site("a.example")),
        (100, tracker("Acme", "t.example")),
        (2_100, site("b.example")),
        (2_200, tracker("Bolt", "u.example")),
        // Less than a silence after it: a part.
        (4_099, site("a.example")),
        (34_099, site("a.example")),
        (34_100, tracker("Bolt", "u.example")),
    ]);
    assert_eq!(shown(&visits), ["a.example 2 Acme 1 Bolt 1", "b.example 1 Bolt 1"]);
}

#[test]
fn no_more_is_kept_than_fits() {
    let names = (0..20_000_u64).map(|n| (n * 2_000, site(&format!("{n}.example"))));
    let visits = visits(names.chain([(40_000_000, tracker("Acme", "t.example"))]));
    assert!(visits.kept <= MOST_KEPT && visits.sites.len() <= MOST_KEPT);
    assert_eq!(visits.sites.len() as u64 + visits.left_out, 20_000);
}

fn heard() -> impl Strategy<Value = Vec<(u64, Heard)>> {
    let one = prop_oneof![
        (0..5_u8).prop_map(|n| site(&format!("s{n}.example"))),
        (0..4_u8, 0..3_u8, any::<bool>()).prop_map(|(company, domain, is_refused)| {
            let (company, domain) = (format!("c{company}"), format!("d{domain}.c{company}"));
            Heard::Tracker { company, domain, is_refused }
        }),
    ];
    let pause = prop_oneof![0..500_u64, 0..5_000_u64, 0..60_000_u64];
    vec((pause, one), 0..80).prop_map(|heard| {
        let mut now = 0;
        let timed = heard.into_iter().map(|(pause, one)| {
            now += pause;
            (now, one)
        });
        timed.collect()
    })
}

/// A site, when its visit began, and the queries of it.
type Visited<'a> = (String, u64, Vec<&'a (u64, Heard)>);

/// Visits as lists of queries, by the rules as they are told.
fn naive(heard: &[(u64, Heard)]) -> HashMap<String, Vec<Vec<String>>> {
    let mut all: Vec<Visited<'_>> = Vec::new();
    for one in heard {
        let (now, domain) = match one {
            (now, Heard::Site(domain)) => (*now, domain),
            _ => {
                if let Some((_, _, queries)) = all.last_mut() {
                    queries.push(one);
                }
                continue;
            }
        };
        let begins = all.last().is_none_or(|(_, _, queries)| {
            let mut sites = queries.iter().filter(|(_, one)| matches!(one, Heard::Site(_)));
            let is_part = sites.clone().any(|(_, one)| *one == site(domain));
            let silence = now - sites.next_back().unwrap().0;
            silence >= 30_000 || silence >= 2_000 && !is_part
        });
        if begins {
            all.push((domain.clone(), now, Vec::new()));
        }
        all.last_mut().unwrap().2.push(one);
    }
    let mut by_site: HashMap<String, Vec<Vec<String>>> = HashMap::new();
    for (site, began, queries) in all {
        let companies = queries.iter().filter_map(|(at, one)| match one {
            Heard::Tracker { company, .. } if at - began <= 10_000 => Some(company.clone()),
            _ => None,
        });
        by_site.entry(site).or_default().push(companies.collect());
    }
    by_site
}

proptest! {
    #[test]
    fn what_is_told_is_what_was_seen(heard in heard()) {
        let visits = visits(heard.clone());
        let expected = naive(&heard);
        let sites = visits.sites();
        prop_assert_eq!(visits.queries, heard.len() as u64);
        prop_assert_eq!(sites.len(), expected.len());
        let order: Vec<_> = sites.iter().map(|one| (u64::MAX - one.visits, &one.site)).collect();
        prop_assert!(order.is_sorted());
        for site in &sites {
            let of_site = &expected[&site.site];
            prop_assert_eq!(site.visits, of_site.len() as u64);
            let order: Vec<_> =
                site.trackers.iter().map(|one| (u64::MAX - one.seen, &one.company)).collect();
            prop_assert!(order.is_sorted());
            let mut companies: Vec<&String> = of_site.iter().flatten().collect();
            companies.sort();
            companies.dedup();
            prop_assert_eq!(site.trackers.len(), companies.len());
            for one in &site.trackers {
                let seen = of_site.iter().filter(|visit| visit.contains(&one.company)).count();
                prop_assert_eq!(one.seen, seen as u64);
                prop_assert!(one.seen <= site.visits && !one.domains.is_empty());
            }
        }
        let names = sites.iter().map(|site| {
            1 + site.trackers.iter().map(|one| 1 + one.domains.len()).sum::<usize>()
        });
        let parts = visits.now.as_ref().map_or(0, |visit| visit.parts.len());
        prop_assert_eq!(visits.kept, names.sum::<usize>() + parts);
    }
}
