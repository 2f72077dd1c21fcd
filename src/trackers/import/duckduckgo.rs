//! DuckDuckGo: `trackers` with an `owner` and `categories`, names of `entities`, and `cnames` that
//! lead to trackers.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Category, Collector, Database, Imported, category, map, text};

pub(super) fn read(file: &Map<String, Value>) -> Imported {
    let mut collector = Collector::new(Database::DuckDuckGo);
    let entities = file.get("entities").and_then(Value::as_object);
    let mut known = HashMap::new();
    for (name, tracker) in map(file, "trackers") {
        let Some(tracker) = tracker.as_object() else {
            collector.skip();
            continue;
        };
        let company = tracker.get("owner").and_then(Value::as_object).and_then(|owner| {
            let id = text(owner, "name")?;
            let entity = entities.and_then(|entities| entities.get(id)?.as_object());
            let shown = text(owner, "displayName")
                .or_else(|| entity.and_then(|entity| text(entity, "displayName")))
                .unwrap_or(id);
            Some(collector.company(id, shown, text(owner, "ownedBy")))
        });
        let category = category_of(tracker);
        known.insert(name.clone(), (category, company));
        collector.name(name, category, company);
    }
    for (name, target) in map(file, "cnames") {
        let mut rest = target.as_str();
        let found = std::iter::from_fn(|| {
            let name = rest?;
            rest = name.split_once('.').map(|(_, parent)| parent);
            Some(name)
        })
        .find_map(|name| known.get(name));
        match found {
            Some(&(category, company)) => collector.name(name, category, company),
            None => collector.skip(),
        }
    }
    collector.imported
}

/// The first of its categories that says something.
fn category_of(tracker: &Map<String, Value>) -> Category {
    let words = tracker.get("categories").and_then(Value::as_array).into_iter().flatten();
    let mut known = words.filter_map(Value::as_str).map(category);
    known.find(|category| *category != Category::Other).unwrap_or(Category::Other)
}
