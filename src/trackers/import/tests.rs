use proptest::prelude::*;

use super::*;

fn of(files: &[&str]) -> Imported {
    let files: Vec<_> = files.iter().map(|text| text.as_bytes().to_vec()).collect();
    read(&files).unwrap()
}

type Told<'a> = (&'a str, Category, Option<&'a str>);

/// Names with category and company, and the number of entries passed over.
fn told(imported: &Imported) -> (Vec<Told<'_>>, u64) {
    let company = |number: u32| imported.companies[number as usize].name.as_str();
    let names = imported.names.iter();
    let told = names.map(|name| (name.name.as_str(), name.category, name.company.map(company)));
    (told.collect(), imported.skipped)
}

const ADGUARD: &str = r#"{"categories": {"4": "advertising", "101": "mobile_analytics"},
    "trackers": {"acme_ads": {"name": "Acme Ads", "categoryId": 4, "companyId": "acme"},
                 "lone": {"name": "Lone", "categoryId": 101, "companyId": null}},
    "trackerDomains": {"ads.Acme.test": "acme_ads", "lone.test": "lone", "gone.test": "gone",
                       "not a name": "lone", "test": "lone"}}"#;

#[test]
fn adguard_with_and_without_companies() {
    let companies = r#"{"companies": {"acme": {"name": "Acme Inc.", "websiteUrl": "x"}}}"#;
    let with = of(&[companies, ADGUARD]);
    let names = |company| {
        vec![
            ("ads.acme.test", Category::Advertising, Some(company)),
            ("lone.test", Category::Analytics, None),
        ]
    };
    assert_eq!(told(&with), (names("Acme Inc."), 3));
    assert_eq!(told(&of(&[ADGUARD])), (names("acme"), 3));
    assert_eq!((with.database, with.database.licence()), (Database::AdGuard, "CC BY-SA 4.0"));
}

#[test]
fn ghostery_by_patterns_and_by_domains() {
    let file = r#"{"organizations": {"acme": {"name": "Acme", "country": "DE"}},
        "categories": {"advertising": {}},
        "patterns": {"p1": {"name": "P", "category": "advertising", "organization": "acme",
                            "domains": ["p1.test", "p2.test"]},
                     "p3": {"name": "Q", "category": "consent", "organization": null}},
        "domains": {"p1.test": "p1", "p3.test": "p3", "p4.test": "p4"}}"#;
    let expected = vec![
        ("p1.test", Category::Advertising, Some("Acme")),
        ("p2.test", Category::Advertising, Some("Acme")),
        ("p3.test", Category::Consent, None),
    ];
    assert_eq!(told(&of(&[file])), (expected, 1));
}

#[test]
fn disconnect_with_its_remarks() {
    let services = r#"{"license": "x", "categories": {
        "FingerprintingInvasive": [{"Acme": {"http://acme.test/": ["fp.test"], "performance": "true"}}],
        "Content": [{"Box": {"http://box.test/": ["box.test", "fp.test"]}}, 7]}}"#;
    let entities = r#"{"entities": {"Acme": {"properties": ["acme.test"]}}}"#;
    // Keys of a map have no order of their own here: they are sorted.
    let expected = vec![
        ("box.test", Category::Hosting, Some("Box")),
        ("fp.test", Category::Hosting, Some("Box")),
    ];
    assert_eq!(told(&of(&[entities, services])), (expected, 1));
}

#[test]
fn duckduckgo_with_cloaked_names() {
    let file = r#"{"trackers": {
            "ads.test": {"domain": "ads.test", "owner": {"name": "Acme Corporation", "displayName": "Acme", "ownedBy": "Big"},
                         "categories": ["CDN stuff", "Advertising"], "default": "block"},
            "b.test": {"owner": {"name": "B GmbH"}, "categories": []}},
        "entities": {"B GmbH": {"displayName": "Bee"}},
        "cnames": {"metrics.shop.test": "x.ads.test", "other.shop.test": "elsewhere.test"}}"#;
    let imported = of(&[file]);
    let expected = vec![
        ("ads.test", Category::Advertising, Some("Acme")),
        ("b.test", Category::Other, Some("Bee")),
        ("metrics.shop.test", Category::Advertising, Some("Acme")),
    ];
    assert_eq!(told(&imported), (expected, 1));
    assert_eq!(imported.companies[0].owner.as_deref(), Some("Big"));
}

#[test]
fn what_is_no_database_is_said() {
    let error = |text: &str| read(&[text.as_bytes().to_vec()]).unwrap_err().to_string();
    assert!(error("{").starts_with("not JSON: "));
    assert!(error("[1]").starts_with("not a database that is known"));
    assert!(error("{}").starts_with("not a database that is known"));
    assert_eq!(error(r#"{"trackers": []}"#), "no name in it can be used");
    assert!(error(&"[".repeat(10_000)).starts_with("not JSON: recursion limit"));
    assert!(matches!(read(&[]), Err(ImportError::Unknown)));
}

fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"trackers\"",
        "\"trackerDomains\"",
        "\"categories\"",
        "\"organizations\"",
        "\"patterns\"",
        "\"domains\"",
        "\"a.test\"",
        "\"entities\"",
        "7",
        "null",
    ]);
    proptest::collection::vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

/// Maps within maps under the keys that databases have.
fn shapes() -> impl Strategy<Value = Value> {
    let key = || {
        prop::sample::select(vec![
            "trackers",
            "trackerDomains",
            "categories",
            "organizations",
            "patterns",
            "domains",
            "companies",
            "companyId",
            "owner",
            "name",
            "cnames",
            "a.test",
            "4",
            "Advertising",
        ])
        .prop_map(str::to_owned)
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::from(4)),
        key().prop_map(Value::from),
        Just(Value::from("b.test")),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_files_are_read_or_refused(texts in proptest::collection::vec(scraps(), 0..3)) {
        let files: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
        let _ = read(&files);
    }

    #[test]
    fn any_json_is_read_or_refused(values in proptest::collection::vec(shapes(), 1..3)) {
        let files: Vec<_> = values.iter().map(|value| value.to_string().into_bytes()).collect();
        if let Ok(imported) = read(&files) {
            for name in &imported.names {
                prop_assert!(name.name.parse::<Name>().unwrap().label_count() > 1);
                let known = |number| (number as usize) < imported.companies.len();
                prop_assert!(name.company.is_none_or(known));
            }
        }
    }
}
