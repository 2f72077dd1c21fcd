//! AdGuard: `trackerDomains` lead to `trackers`, those to `companies` in a file of their own;
//! without it a company is called by its id.

use serde_json::{Map, Value};

use super::{Category, Collector, Database, Imported, category, map, text};

pub(super) fn read(file: &Map<String, Value>, companies: Option<&Map<String, Value>>) -> Imported {
    let mut collector = Collector::new(Database::AdGuard);
    let company_name = |id: &str| {
        let company = companies?.get("companies")?.get(id)?.as_object()?;
        text(company, "name")
    };
    let category_of = |tracker: &Map<String, Value>| {
        let id = tracker.get("categoryId")?.as_u64()?.to_string();
        Some(category(file.get("categories")?.get(id)?.as_str()?))
    };
    let trackers = file.get("trackers").and_then(Value::as_object);
    for (name, id) in map(file, "trackerDomains") {
        let tracker = id.as_str().and_then(|id| trackers?.get(id)?.as_object());
        let Some(tracker) = tracker else {
            collector.skip();
            continue;
        };
        let company = text(tracker, "companyId")
            .map(|id| collector.company(id, company_name(id).unwrap_or(id), None));
        collector.name(name, category_of(tracker).unwrap_or(Category::Other), company);
    }
    collector.imported
}
