//! Ghostery: `patterns` with their `domains` and an `organization`; `domains` may lead to patterns
//! instead.

use serde_json::{Map, Value};

use super::{Collector, Database, Imported, category, map, text};

pub(super) fn read(file: &Map<String, Value>) -> Imported {
    let mut collector = Collector::new(Database::Ghostery);
    let organizations = file.get("organizations").and_then(Value::as_object);
    let patterns = file.get("patterns").and_then(Value::as_object);
    for (_, pattern) in map(file, "patterns") {
        let Some(pattern) = pattern.as_object() else {
            collector.skip();
            continue;
        };
        let names = pattern.get("domains").and_then(Value::as_array).into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            take(&mut collector, organizations, pattern, name);
        }
    }
    for (name, id) in map(file, "domains") {
        match id.as_str().and_then(|id| patterns?.get(id)?.as_object()) {
            Some(pattern) => take(&mut collector, organizations, pattern, name),
            None => collector.skip(),
        }
    }
    collector.imported
}

fn take(
    collector: &mut Collector,
    organizations: Option<&Map<String, Value>>,
    pattern: &Map<String, Value>,
    name: &str,
) {
    let company = text(pattern, "organization").map(|id| {
        let organization = organizations.and_then(|all| all.get(id)?.as_object());
        let known = organization.and_then(|organization| text(organization, "name"));
        collector.company(id, known.unwrap_or(id), None)
    });
    let category = category(text(pattern, "category").unwrap_or(""));
    collector.name(name, category, company);
}
