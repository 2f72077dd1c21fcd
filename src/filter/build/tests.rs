use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Asker, Origin, Rule, Verdict, VerdictKind};
use super::*;

/// A rule of a list without terms, or a tracker's name.
#[derive(Debug, Clone, Copy)]
enum Fact {
    Rule(u8, Tier, Scope),
    Tracker(u32),
}

fn rule(list: u8, tier: Tier, scope: Scope) -> Fact {
    Fact::Rule(list, tier, scope)
}

fn give(fact: Fact, name: &Name, sink: Sink<'_>) {
    match fact {
        Fact::Rule(list, tier, scope) => {
            sink(Listed::Rule { list, rule: ListRule::of_name(name, scope, tier) });
        }
        Fact::Tracker(tracker) => sink(Listed::Tracker(name, tracker)),
    }
}

fn table(rules: &[(String, Fact)]) -> Table {
    build_in_memory(7, |sink| {
        for (text, fact) in rules {
            give(*fact, &text.parse().unwrap(), sink);
        }
        Ok(Vec::new())
    })
    .unwrap()
}

fn judge(table: &Table, name: &str, mask: u64) -> Verdict {
    let mut verdict = Verdict::default();
    table.judge(&name.parse().unwrap(), &Asker::any(mask), &mut verdict);
    verdict
}

#[test]
fn an_empty_table_lets_everything_pass() {
    let table = table(&[]);
    assert_eq!(table.names(), 0);
    assert_eq!(judge(&table, "a.b.c", u64::MAX), Verdict::default());
}

#[test]
fn important_beats_allow_beats_block_and_then_the_longer_name() {
    let own = |text: &str| text.to_owned();
    let table = table(&[
        (own("example"), rule(0, Tier::Block, Scope::Tree)),
        (own("good.example"), rule(1, Tier::Allow, Scope::Tree)),
        (own("bad.good.example"), rule(2, Tier::ImportantBlock, Scope::Name)),
        (own("ads.good.example"), rule(0, Tier::Block, Scope::Name)),
        (own("twice.test"), rule(5, Tier::Block, Scope::Tree)),
        (own("twice.test"), rule(3, Tier::Block, Scope::Name)),
        (own("example"), Fact::Tracker(9)),
    ]);
    for (name, mask, kind, list) in [
        ("example", 0b111, VerdictKind::Block, Some(0)),
        ("x.good.example", 0b111, VerdictKind::Allow, Some(1)),
        ("x.good.example", 0b101, VerdictKind::Block, Some(0)),
        ("bad.good.example", 0b111, VerdictKind::Block, Some(2)),
        ("x.bad.good.example", 0b111, VerdictKind::Allow, Some(1)),
        ("ads.good.example", 0b111, VerdictKind::Allow, Some(1)),
        ("example", 0b110, VerdictKind::Pass, None),
        ("twice.test", u64::MAX, VerdictKind::Block, Some(3)),
        ("x.twice.test", u64::MAX, VerdictKind::Block, Some(5)),
    ] {
        let verdict = judge(&table, name, mask);
        let origin = list.map(Origin::List);
        assert_eq!((verdict.kind, verdict.rule.map(|rule| rule.origin)), (kind, origin));
        assert_eq!(verdict.tracker, if name.ends_with("example") { 9 } else { 0 });
    }
}

#[test]
fn a_file_outlives_its_maker_and_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.table");
    let feed = |sink: Sink<'_>| {
        for index in 0..5_000 {
            let name = format!("n{index}.example").parse().unwrap();
            give(rule(0, Tier::Block, Scope::Name), &name, sink);
        }
        Ok(b"notes".to_vec())
    };
    drop(build(&path, 42, feed).unwrap());
    let table = Table::open(&path).unwrap();
    assert_eq!((table.names(), table.stamp(), table.notes()), (5_000, 42, b"notes".as_slice()));
    assert_eq!(judge(&table, "n4999.example", 1).kind, VerdictKind::Block);
    assert_eq!(judge(&table, "n5000.example", 1).kind, VerdictKind::Pass);

    let good = fs::read(&path).unwrap();
    for at in [0, 9, 41, 65, 200, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(Table::open(&path).is_err(), "bit flipped at {at}");
    }
    for len in [0, 7, 127, 128, good.len() - 64] {
        fs::write(&path, &good[..len]).unwrap();
        assert!(Table::open(&path).is_err(), "cut to {len}");
    }
}

#[test]
fn a_failed_build_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.table");
    drop(build(&path, 1, |_| Ok(Vec::new())).unwrap());
    assert!(build(&path, 2, |_| Err(io::Error::other("gone"))).is_err());
    assert_eq!(Table::open(&path).unwrap().stamp(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_name_that_its_parent_covers_is_kept_only_for_other_lists() {
    let own = |text: &str| text.to_owned();
    let parent = (own("example"), rule(0, Tier::Block, Scope::Tree));
    let redundant = (own("a.b.example"), rule(0, Tier::Block, Scope::Name));
    let other_list = (own("b.example"), rule(1, Tier::Block, Scope::Tree));
    let other_tier = (own("c.example"), rule(0, Tier::Allow, Scope::Tree));
    let table = table(&[redundant, other_list, parent, other_tier]);
    assert_eq!(table.names(), 3);
    assert_eq!(judge(&table, "x.a.b.example", u64::MAX).against, 0b11);
    assert_eq!(judge(&table, "c.example", u64::MAX).kind, VerdictKind::Allow);
}

#[test]
fn more_sets_than_sixteen_bits_number_are_kept() {
    let rules: Vec<_> = (1..70_000)
        .map(|tracker| (format!("n{tracker}.example"), Fact::Tracker(tracker)))
        .collect();
    let table = table(&rules);
    assert_eq!(judge(&table, "n69999.example", 0).tracker, 69_999);
}

/// The rules as they were given, asked one by one.
fn naive(rules: &[(String, Fact)], name: &str, mask: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let mut trackers = BTreeMap::new();
    for (text, listed) in rules {
        let below = name.strip_suffix(text.as_str()).is_some_and(|rest| rest.ends_with('.'));
        let labels = text.split('.').count() as u8;
        match *listed {
            Fact::Tracker(tracker) if below || name == text => {
                trackers.entry(labels).or_insert(tracker);
            }
            Fact::Rule(list, tier, scope) => {
                let named = if name == text {
                    scope != Scope::Below
                } else {
                    below && scope != Scope::Name
                };
                if named && mask & (1 << list) != 0 {
                    verdict.against |= u64::from(tier.blocks()) << list;
                    verdict.weigh(Rule::plain(Origin::List(list), tier, scope, labels.into()));
                }
            }
            Fact::Tracker(_) => {}
        }
    }
    verdict.tracker = trackers.last_key_value().map_or(0, |(_, &tracker)| tracker);
    verdict
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let tier = prop_oneof![Just(Tier::Block), Just(Tier::Allow), Just(Tier::ImportantBlock)];
    let scope = prop_oneof![Just(Scope::Name), Just(Scope::Tree), Just(Scope::Below)];
    prop_oneof![
        4 => (0_u8..64, tier, scope).prop_map(|(list, tier, scope)| rule(list, tier, scope)),
        1 => (1_u32..9).prop_map(Fact::Tracker),
    ]
}

proptest! {
    #[test]
    fn the_table_agrees_with_a_naive_matcher(
        rules in proptest::collection::vec(("[ab]{1,2}(\\.[ab]{1,2}){0,3}", any_fact()), 0..60),
        names in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,4}", 1..20),
        mask in any::<u64>(),
    ) {
        let table = table(&rules);
        for name in names {
            let (found, expected) = (judge(&table, &name, mask), naive(&rules, &name, mask));
            // Which of equal rules is named may differ: one that another of its list covers is not
            // kept.
            let outcome = |verdict: Verdict| {
                let tier = verdict.rule.map(|rule| rule.tier);
                (verdict.kind, tier, verdict.tracker, verdict.against)
            };
            prop_assert_eq!(outcome(found), outcome(expected), "{}", name);
        }
    }
}
