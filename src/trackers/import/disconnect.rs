//! Disconnect: `categories` hold companies, those their sites with names; `entities`, in a file of
//! their own, hold more names of companies, which are not told to be trackers and are left out.

use serde_json::{Map, Value};

use super::{Collector, Database, Imported, category, map};

pub(super) fn read(services: &Map<String, Value>) -> Imported {
    let mut collector = Collector::new(Database::Disconnect);
    for (word, companies) in map(services, "categories") {
        let category = category(word);
        for company in companies.as_array().into_iter().flatten() {
            let Some(company) = company.as_object() else {
                collector.skip();
                continue;
            };
            for (name, sites) in company {
                let number = collector.company(name, name, None);
                for (_, names) in sites.as_object().into_iter().flatten() {
                    // Beside the sites stand remarks such as `performance: "true"`.
                    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
                    names.for_each(|name| collector.name(name, category, Some(number)));
                }
            }
        }
    }
    collector.imported
}
