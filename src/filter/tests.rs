//! The compiled table against the rules asked one by one, as lists have them.

use std::collections::HashSet;
use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::wire::{Name, Rtype};

fn compiled(lists: &[String]) -> Table {
    build_in_memory(0, |sink| {
        for (list, text) in (0..).zip(lists) {
            syntax::read(text.as_bytes(), Some(syntax::Format::Adblock), |_, rule| {
                sink(Listed::Rule { list, rule: *rule });
            })?;
        }
        Ok(Vec::new())
    })
    .unwrap()
}

/// Every rule of every list, asked alone.
fn naive(lists: &[String], name: &Name, asker: &Asker<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let mut cancelled = HashSet::new();
    for pass in 0..2 {
        for (list, text) in (0..).zip(lists) {
            syntax::read(text.as_bytes(), Some(syntax::Format::Adblock), |_, rule| {
                if rule.cancels {
                    cancelled.insert(rule.key());
                } else if pass == 1
                    && asker.lists & (1 << list) != 0
                    && !cancelled.contains(&rule.key())
                    && let Some(labels) = rule.matches(name, asker)
                {
                    let weight = rule.weight(list, labels);
                    if weight.tier.blocks() && weight.answers != Answers::Data {
                        verdict.against |= 1 << list;
                    }
                    verdict.weigh(weight);
                }
            })
            .unwrap();
        }
    }
    verdict
}

fn any_list() -> impl Strategy<Value = String> {
    let name = "[ab]{1,2}(\\.[ab]{1,2}){0,3}";
    let subject = prop_oneof![
        5 => name.prop_map(|name| format!("||{name}^")),
        2 => name.prop_map(|name| format!("|{name}^")),
        1 => name.prop_map(|name| format!("||*.{name}^")),
        1 => "[ab]{2,3}".prop_map(|text| format!("||{text}*")),
        1 => "[ab]{2}".prop_map(|text| format!("{text}^")),
        1 => "(\\^|\\\\.)[ab]{2}\\[ab\\]".prop_map(|text| format!("/{text}/")),
    ];
    let modifier = prop_oneof![
        10 => Just(String::new()),
        2 => Just("$important".to_owned()),
        1 => prop::sample::select(vec!["$dnstype=A", "$dnstype=~A", "$client=10.0.0.0/8", "$badfilter",
            "$client=~10.0.0.1", "$dnsrewrite=10.0.0.1", "$dnsrewrite=REFUSED"]).prop_map(str::to_owned),
        1 => name.prop_map(|name| format!("$denyallow={name}")),
    ];
    let allow = prop_oneof![4 => Just(""), 1 => Just("@@")];
    let rule = (allow, subject, modifier)
        .prop_map(|(allow, subject, modifier)| allow.to_owned() + &subject + &modifier);
    let anybody = name.prop_map(|name| format!("*$denyallow={name},client=10.0.0.1"));
    proptest::collection::vec(prop_oneof![20 => rule, 1 => anybody], 0..25)
        .prop_map(|rules| rules.join("\n"))
}

proptest! {
    #[test]
    fn a_compiled_table_says_what_its_rules_say(
        lists in proptest::collection::vec(any_list(), 1..5),
        names in proptest::collection::vec("[ab]{1,3}(\\.[ab]{1,2}){0,4}", 1..20),
        mask in any::<u64>(),
        qtype in prop::sample::select(vec![1_u16, 28]),
        address in prop::sample::select(vec!["10.0.0.1", "10.0.0.2", "192.0.2.1"]),
    ) {
        let table = compiled(&lists);
        let address: IpAddr = address.parse().unwrap();
        let asker = Asker { qtype: Rtype(qtype), address, ..Asker::any(mask | 1) };
        for text in names {
            let name: Name = text.parse().unwrap();
            let expected = naive(&lists, &name, &asker);
            let mut found = Verdict::default();
            table.judge(&name, &asker, &mut found);
            // Which of equal rules is named may differ: one that another of its list covers is not
            // kept.
            let outcome = |verdict: Verdict| {
                let tier = verdict.rule.map(|rule| rule.tier);
                (tier.map(Tier::blocks), tier, verdict.against)
            };
            prop_assert_eq!(outcome(found), outcome(expected), "{}", text);
        }
    }
}
