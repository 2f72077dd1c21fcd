//! Groups, clients, lists and the owner's domains.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use super::tables::{Groups, Tables};
use crate::config::Mac;
use crate::filter::Tier;
use crate::filter::syntax::Format;
use crate::import::Imported;
use crate::import::groups::{EVERYBODY, Group, UNFILTERED, Whom};
use crate::import::rules::{rewritten, wildcard};
use crate::import::tree::{at, number, switch, text};

/// Number of the group that everybody is in who is in no other.
const DEFAULT: i64 = 0;

pub(super) fn take(tables: &Tables, imported: &mut Imported) {
    let rows = |table: &str| tables.get(table).map_or(&[][..], Vec::as_slice);
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    for row in rows("group") {
        let name = text(at(row, "name")).unwrap_or_default();
        match number(at(row, "id")) {
            Some(id) if is_enabled(row) => {
                names.insert(id, name);
            }
            _ => imported.left(&format!("group {name}"), "switched off there"),
        }
    }
    if !tables.contains_key("group") {
        names.insert(DEFAULT, "Default".to_owned());
    }
    let enabled: BTreeSet<i64> = names.keys().copied().collect();
    let groups = |table: &str, column: &str| Groups::read(tables, table, column, &enabled);
    let people = people(rows("client"), &groups("client_by_group", "client_id"), &names, imported);

    let of_list = groups("adlist_by_group", "adlist_id");
    for row in rows("adlist") {
        let Some(address) = text(at(row, "address")) else { continue };
        if !is_enabled(row) {
            imported.left(&format!("list {address}"), "switched off there");
            continue;
        }
        let allow = number(at(row, "type")) == Some(1);
        let name = text(at(row, "comment")).unwrap_or_default();
        // What came along says nothing of the list.
        let name = if name.contains("Migrated from") { "" } else { &name };
        imported.subscribe(&address, name, allow, whom(&people, &of_list.of(row)));
    }
    own(rows("domainlist"), &groups("domainlist_by_group", "domainlist_id"), &people, imported);
}

fn is_enabled(row: &Value) -> bool {
    switch(at(row, "enabled")) != Some(false)
}

/// Which groups there those of each group here are in.
type People = Vec<BTreeSet<i64>>;

fn whom(people: &People, groups: &BTreeSet<i64>) -> Whom {
    let counts = |(_, of): &(usize, &BTreeSet<i64>)| !of.is_disjoint(groups);
    people.iter().enumerate().filter(counts).map(|(number, _)| number).collect()
}

/// Clients by the groups they are in: each set of groups is a group here.
fn people(
    clients: &[Value],
    groups: &Groups,
    names: &BTreeMap<i64, String>,
    imported: &mut Imported,
) -> People {
    let everybody: BTreeSet<i64> = names.keys().copied().filter(|id| *id == DEFAULT).collect();
    let mut people = vec![everybody];
    for (number, client) in (1..).zip(clients) {
        let Some(known) = text(at(client, "ip")) else { continue };
        let what = format!("client {known}");
        let is_address = known.parse::<IpAddr>().is_ok();
        if known.starts_with(':') && !is_address {
            imported.left(&what, "devices are not told apart by the interface they ask at");
            continue;
        }
        let of = groups.of(client);
        let place = people.iter().position(|known| *known == of);
        let Some(group) = place.or_else(|| new_group(&of, names, imported)) else { continue };
        if place.is_none() {
            people.push(of.clone());
        }
        if of.is_empty() {
            imported.left(&format!("no filtering for {known}"), UNFILTERED);
        }
        let is_card = known.parse::<Mac>().is_ok();
        let comment = text(at(client, "comment"));
        let member = if is_card || is_address && comment.is_some() {
            // Names are shown in metrics, addresses must not be.
            let name = comment.unwrap_or_else(|| format!("client {number}"));
            let name = imported.device(&name, std::slice::from_ref(&known), &[]);
            let Some(name) = name else { continue };
            name
        } else {
            imported.took(&what);
            known
        };
        if let Err(why) = imported.member(group, &member) {
            imported.left(&what, &why);
        }
    }
    people
}

fn new_group(
    of: &BTreeSet<i64>,
    names: &BTreeMap<i64, String>,
    imported: &mut Imported,
) -> Option<usize> {
    let all: Vec<_> = of.iter().filter_map(|id| names.get(id)).cloned().collect();
    let name = if all.is_empty() { "no group".to_owned() } else { all.join(" and ") };
    imported.took(&format!("group {name}"));
    imported.group(Group { name, ..Group::default() })
}

/// The owner's domains, a list for each set of people they hold for.
fn own(domains: &[Value], groups: &Groups, people: &People, imported: &mut Imported) {
    let mut rules: BTreeMap<Whom, Vec<String>> = BTreeMap::new();
    for row in domains {
        let Some(domain) = text(at(row, "domain")) else { continue };
        let kind = number(at(row, "type"));
        let (word, format, tier) = match kind {
            Some(0) => ("allow", Format::Names, Tier::ImportantAllow),
            Some(1) => ("deny", Format::Names, Tier::ImportantBlock),
            Some(2) => ("allow", Format::Regex, Tier::ImportantAllow),
            Some(3) => ("deny", Format::Regex, Tier::Block),
            _ => continue,
        };
        let what = format!("{word} {domain}");
        let whom = whom(people, &groups.of(row));
        if !is_enabled(row) {
            imported.left(&what, "switched off there");
            continue;
        }
        if whom.is_empty() {
            imported.left(&what, "it counts for nobody there");
            continue;
        }
        let tree = wildcard(&domain).filter(|_| format == Format::Regex);
        let rewritten = match &tree {
            Some(name) => rewritten(&format!("||{name}^"), Format::Adblock, tier),
            None => rewritten(&domain, format, tier),
        };
        match rewritten {
            Ok(lines) if lines.is_empty() => imported.left(&what, "there is no rule in it"),
            Ok(lines) => {
                rules.entry(whom).or_default().extend(lines);
                imported.took(&what);
            }
            Err(why) => imported.left(&what, &why),
        }
    }
    let all: Whom = (0..people.len()).collect();
    for (whom, rules) in rules {
        let name = if whom == all { "own rules".to_owned() } else { named(&whom, imported) };
        imported.own(&name, rules, whom);
    }
}

fn named(whom: &Whom, imported: &Imported) -> String {
    let name = |number: &usize| match imported.groups.get(*number) {
        Some(group) if *number != EVERYBODY => group.name.clone(),
        _ => "everybody".to_owned(),
    };
    format!("own rules of {}", whom.iter().map(name).collect::<Vec<_>>().join(", "))
}
