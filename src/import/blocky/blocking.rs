//! Lists of Blocky's, and which clients they are for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::filter::Tier;
use crate::filter::syntax::Format;
use crate::import::Imported;
use crate::import::groups::{EVERYBODY, Group, UNFILTERED, Whom};
use crate::import::rules::rewritten;
use crate::import::servers::go_time;
use crate::import::tree::{at, entries, items, text, texts};

/// Everybody's entry.
const DEFAULT: &str = "default";

pub(super) fn take(blocking: &Value, clients: &Value, imported: &mut Imported) {
    let today_or = |today: &str, before: &str| {
        let value = at(blocking, today);
        if value.is_null() { at(blocking, before) } else { value }
    };
    let denied = today_or("denylists", "blackLists");
    let allowed = today_or("allowlists", "whiteLists");
    let people = people(at(blocking, "clientGroupsBlock"), denied, allowed, clients, imported);
    let whom = |list: &str| -> Whom {
        let counts = |(number, of): (usize, &BTreeSet<String>)| of.contains(list).then_some(number);
        people.iter().enumerate().filter_map(counts).collect()
    };
    for (lists, allow) in [(denied, false), (allowed, true)] {
        for (name, sources) in entries(lists) {
            for source in items(sources).iter().filter_map(Value::as_str) {
                // That is what Blocky goes by.
                if source.contains('\n') {
                    inline(source, name, allow, whom(name), imported);
                } else {
                    let source = source.strip_prefix("file://").unwrap_or(source);
                    imported.subscribe(source, "", allow, whom(name));
                }
            }
        }
    }
    let period = text(at(blocking, "loading.refreshPeriod"));
    if let Some(period) = period.or_else(|| text(at(blocking, "refreshPeriod"))) {
        let what = format!("refreshPeriod {period}");
        match go_time(&period) {
            Some(time) if time == "0s" => {}
            Some(time) => imported.update(&time, &what),
            None => imported.left(&what, "lists are fetched once a day"),
        }
    }
    answer(blocking, imported);
}

fn is_expression(line: &str) -> bool {
    line.len() > 2 && line.starts_with('/') && line.ends_with('/')
}

fn answer(blocking: &Value, imported: &mut Imported) {
    if let Some(kind) = text(at(blocking, "blockType")) {
        let what = format!("blockType {kind}");
        let answer = match kind.to_ascii_lowercase().as_str() {
            "zeroip" => "null".to_owned(),
            "nxdomain" => "nxdomain".to_owned(),
            _ => kind.replace(',', " ").split_whitespace().collect::<Vec<_>>().join(" "),
        };
        imported.set("block.answer", &answer, &what);
    }
    if let Some(ttl) = text(at(blocking, "blockTTL")) {
        let what = format!("blockTTL {ttl}");
        match go_time(&ttl) {
            Some(time) => imported.set("block.ttl", &time, &what),
            None => imported.left(&what, "not a time"),
        }
    }
}

/// Which lists count for each group here.
fn people(
    groups: &Value,
    denied: &Value,
    allowed: &Value,
    clients: &Value,
    imported: &mut Imported,
) -> Vec<BTreeSet<String>> {
    let lists = |value: &Value| texts(value).into_iter().collect::<BTreeSet<_>>();
    // A group of nothing but what is allowed refuses everything else.
    let is_only = |list: &String| denied.get(list).is_none() && allowed.get(list).is_some();
    let everybody = lists(at(groups, DEFAULT));
    if let Some(group) = imported.groups.get_mut(EVERYBODY) {
        group.only_allowed = everybody.iter().any(is_only);
    }
    let mut people = vec![everybody];
    for (name, value) in entries(groups).filter(|(name, _)| *name != DEFAULT) {
        let what = format!("clients {name}");
        let of = lists(value);
        let members = members(name, clients);
        if members.is_empty() {
            imported.left(&what, "no client in clientLookup.clients has such a name; name devices");
            continue;
        }
        let place = people.iter().position(|known| *known == of);
        let number = place.or_else(|| {
            let only_allowed = of.iter().any(is_only);
            imported.group(Group { name: name.to_owned(), only_allowed, ..Group::default() })
        });
        let Some(number) = number else { continue };
        if place.is_none() {
            people.push(of.clone());
        }
        let mut is_taken = true;
        for member in members {
            if let Err(why) = imported.member(number, &member) {
                imported.left(&what, &why);
                is_taken = false;
            }
        }
        if is_taken {
            imported.took(&what);
        }
        if of.is_empty() {
            imported.left(&format!("no filtering for {name}"), UNFILTERED);
        }
    }
    people
}

/// Networks and devices that an entry is for. Stars stand for any characters.
pub(super) fn members(name: &str, clients: &Value) -> Vec<String> {
    if !name.contains(['*', '[', '?']) {
        return vec![name.to_owned()];
    }
    let names = entries(clients).map(|(name, _)| name);
    names.filter(|known| is_like(known, name)).map(str::to_owned).collect()
}

/// Whether `name` is matched by `glob`, letters in any case; sets in brackets are not looked into.
fn is_like(name: &str, glob: &str) -> bool {
    let (name, glob) = (name.to_ascii_lowercase(), glob.to_ascii_lowercase());
    let mut parts = glob.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || glob.contains('*') && (last.is_empty() || name.ends_with(last))
}

/// Rules that stand in the settings themselves.
fn inline(text: &str, list: &str, allow: bool, whom: Whom, imported: &mut Imported) {
    let tier = if allow { Tier::Allow } else { Tier::Block };
    let word = if allow { "allow" } else { "deny" };
    let mut rules = Vec::new();
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for line in text.lines().map(|line| line.split(" #").next().unwrap_or("").trim()) {
        if line.is_empty() || line.starts_with('#') || seen.insert(line.to_owned(), ()).is_some() {
            continue;
        }
        let what = format!("{word} {line}");
        if whom.is_empty() {
            imported.left(&what, "it counts for nobody there");
            continue;
        }
        let expression = line.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let rewritten = match expression {
            Some(expression) if is_expression(line) => rewritten(expression, Format::Regex, tier),
            _ if line.contains(char::is_whitespace) => rewritten(line, Format::Hosts, tier),
            _ => rewritten(line, Format::Names, tier),
        };
        match rewritten {
            Ok(read) => {
                imported.took(&what);
                rules.extend(read);
            }
            Err(why) => imported.left(&what, &why),
        }
    }
    imported.own(&format!("own rules of {list}"), rules, whom);
}
