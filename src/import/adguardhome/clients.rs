//! Clients that AdGuard Home keeps, and what holds for them alone.

use serde_json::Value;

use super::{asks, safe_search, services};
use crate::import::Imported;
use crate::import::groups::{EVERYBODY, Group, UNFILTERED, Whom};
use crate::import::servers;
use crate::import::tree::{at, items, on, switch, text, texts};

/// Takes all of them. Gives the groups for whom lists count, everybody among them.
pub(super) fn take(root: &Value, imported: &mut Imported) -> Whom {
    let today = at(root, "clients.persistent");
    let clients = if today.is_null() { at(root, "clients") } else { today };
    let clients = if clients.is_array() { items(clients) } else { &[] };
    let mut filtered = Whom::from([EVERYBODY]);
    // What each group holds its clients to, and whether lists count for it.
    let mut held: Vec<(Group, bool)> = Vec::new();
    for client in clients {
        let name = text(at(client, "name")).unwrap_or_else(|| "client".to_owned());
        let ids = texts(at(client, "ids"));
        let device = imported.device(&name, &ids, &texts(at(client, "tags")));
        upstreams(&name, &ids, &texts(at(client, "upstreams")), imported);
        let Some(device) = device else { continue };
        let (own, lists_count) = own(client, &name, imported);
        let group = if own == Group::default() && lists_count {
            Some(EVERYBODY)
        } else {
            let like =
                held.iter().position(|(group, counts)| *group == own && *counts == lists_count);
            // Groups are numbered as they are made, from 1.
            like.map(|place| place + 1).or_else(|| {
                let number = imported.group(Group { name: name.clone(), ..own.clone() })?;
                held.push((own, lists_count));
                if lists_count {
                    filtered.insert(number);
                }
                Some(number)
            })
        };
        if let Some(group) = group
            && let Err(why) = imported.member(group, &device)
        {
            imported.left(&format!("settings of {name}"), &why);
        }
    }
    filtered
}

/// What holds for a client alone, and whether lists count for it.
fn own(client: &Value, name: &str, imported: &mut Imported) -> (Group, bool) {
    let mut group = Group::default();
    let mut lists_count = true;
    if switch(at(client, "use_global_settings")) == Some(false) {
        let today = at(client, "safe_search");
        let value = if today.is_null() { at(client, "safesearch_enabled") } else { today };
        let word = safe_search(value).unwrap_or("off");
        let of_house = imported.settings.get("safe_search");
        let of_house = of_house.and_then(|values| values.first()).map_or("off", String::as_str);
        if word != of_house {
            group.safe_search = Some(word);
            imported.took(&format!("safe search of {name}: {word}"));
        }
        lists_count = switch(at(client, "filtering_enabled")) != Some(false);
        if !lists_count {
            imported.left(&format!("no filtering for {name}"), UNFILTERED);
        }
        for (key, list) in
            [("parental_enabled", "oisd-nsfw"), ("safebrowsing_enabled", "hagezi-threats")]
        {
            if on(client, key) {
                imported.left(&format!("{key} of {name}"), &asks(list));
            }
        }
    }
    if switch(at(client, "use_global_blocked_services")) == Some(false) {
        let whose = format!("client {name}");
        let services = services(at(client, "blocked_services"), &whose, imported);
        imported.took(&format!("services of {name}: {}", services.join(", ")));
        group.services = Some(services);
    }
    (group, lists_count)
}

/// Servers of a client's own.
fn upstreams(name: &str, ids: &[String], lines: &[String], imported: &mut Imported) {
    let lines: Vec<_> = lines.iter().filter(|line| !line.starts_with('#')).collect();
    if !lines.is_empty() {
        let servers = lines.iter().map(|line| servers::adguard(line)).collect();
        imported.serve_clients(ids, servers, &format!("upstreams of {name}"));
    }
}
