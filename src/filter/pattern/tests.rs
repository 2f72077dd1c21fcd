use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn regex(text: &str) -> Pattern {
    Pattern::regex(text, false).unwrap()
}

#[test]
fn globs_match_where_their_anchors_say() {
    for (glob, matching, others) in [
        ("ads", &["ads", "ads.example", "my-ads", "x.loads.y"][..], &["ad.s", "a.ds"][..]),
        ("||ads", &["ads.example", "x.ads1.y"], &["my-ads.x", "loads"]),
        ("|ads", &["ads.example", "ads"], &["x.ads", "my-ads"]),
        ("ads|", &["x.ads", "my-ads"], &["ads.x"]),
        ("|ads|", &["ads"], &["ads.x", "x.ads", "aads"]),
        ("||ads.x|", &["ads.x", "y.ads.x"], &["yads.x", "ads.x.y"]),
        ("||ad*.x|", &["ad.x", "ads1.x", "z.ad.y.x"], &["bad.x", "ad.x.y", "adx"]),
        ("|a*b*c|", &["abc", "axbxc", "abcbc"], &["ab", "xabc", "abcd", "acb"]),
        ("*.ads.*", &["x.ads.y"], &["ads.y", "x.ads"]),
        ("AdS**x", &["ads.x", "myadsx"], &["ads", "xads"]),
    ] {
        let pattern = Pattern::glob(glob).unwrap();
        for name in matching {
            assert!(pattern.matches(name.as_bytes()), "{glob} {name}");
        }
        for name in others {
            assert!(!pattern.matches(name.as_bytes()), "{glob} {name}");
        }
    }
    assert_eq!(Pattern::glob("||*|"), Err(PatternError::Everything));
    assert_eq!(Pattern::glob("a/b"), Err(PatternError::Character('/')));
}

#[test]
fn expressions_search_in_any_case() {
    for (text, matching, others) in [
        (r"^AD([sxv]?[0-9]*|system)[_.-]", &["ads12.x", "adsystem.y", "ad.z"][..], &["bad.x"][..]),
        (r"(^|\.)tracker[0-9]+\.", &["tracker1.x", "a.tracker22.y"], &["atracker1.x", "tracker.x"]),
        (r"^(.+[_.-])?telemetry[_.-]", &["telemetry.x", "a-telemetry.y"], &["telemetryx"]),
        (r"\.cn$", &["a.cn"], &["cn", "a.cn.x"]),
        (r"[0-9]{5,}\.ads", &["x12345.ads"], &["1234.ads"]),
        (r"^[^.[:space:]]+\.test$", &["a.test"], &["a.b.test"]),
    ] {
        for name in matching {
            assert!(regex(text).matches(name.as_bytes()), "{text} {name}");
        }
        for name in others {
            assert!(!regex(text).matches(name.as_bytes()), "{text} {name}");
        }
    }
    assert!(Pattern::regex("ads", true).unwrap().matches(b"good.example"));
    assert!(!Pattern::regex("ads", true).unwrap().matches(b"ads.example"));
}

#[test]
fn what_would_cost_too_much_is_refused() {
    assert_eq!(Pattern::regex("(a{1000}){1000}", false), Err(PatternError::Large));
    assert_eq!(Pattern::regex(&"a|".repeat(501), false), Err(PatternError::Long));
    for text in [r"(a)\1", "(?=ads)", "(", "a**{"] {
        let error = Pattern::regex(text, false).unwrap_err();
        assert!(matches!(error, PatternError::Expression(_)), "{text}: {error}");
    }
    // Linear, whatever it looks like.
    assert!(!regex("(a*)*b$").matches(&[b'a'; 253]));
}

#[test]
fn the_texts_that_tell_most_are_looked_for() {
    for (text, literals) in [
        ("ads", Some(vec!["ads"])),
        (
            r"^(ads|track)er?\.example\.com$",
            Some(vec![
                "adse.example.com",
                "adser.example.com",
                "tracke.example.com",
                "tracker.example.com",
            ]),
        ),
        (r"^ad[sxv]?[0-9]*[_.-]", Some(vec!["ads", "adx", "adv", "ad"])),
        (r"[0-9]+\.doubleclick\..+\.com$", Some(vec![".doubleclick."])),
        (r"(metrics|logs?)[0-9]*\.", Some(vec!["metrics", "logs", "log"])),
        (r"[0-9]+", None),
        (r"a.b.c", None),
        (r"(x|[0-9]+)yz|.*", None),
    ] {
        let found: Option<BTreeSet<_>> = regex(text).literals().map(|literals| {
            literals.into_iter().map(|literal| String::from_utf8(literal).unwrap()).collect()
        });
        let expected = literals.map(|literals| literals.into_iter().map(str::to_owned).collect());
        assert_eq!(found, expected, "{text}");
    }
    let glob = Pattern::glob("||ads*.tracker-host*.com").unwrap();
    assert_eq!(glob.literals(), Some(vec![b".tracker-host".to_vec()]));
    assert!(Pattern::glob("|a*b|").unwrap().is_costly());
}

fn any_pattern() -> impl Strategy<Value = Pattern> {
    let glob =
        "(\\|\\|?)?[ab.*]{1,6}\\|?".prop_filter_map("not a glob", |text| Pattern::glob(&text).ok());
    let expression = "\\^?([ab.]|a\\+|\\[ab\\]|\\(ab\\|ba\\|a\\)\\??|\\.\\*|b\\{2\\}){1,5}\\$?";
    let regex = (expression, prop::bool::weighted(0.1))
        .prop_filter_map("not an expression", |(text, invert)| Pattern::regex(&text, invert).ok());
    prop_oneof![glob, regex]
}

proptest! {
    #[test]
    fn many_at_once_match_as_each_alone(
        patterns in proptest::collection::vec(any_pattern(), 0..30),
        names in proptest::collection::vec("[ab]{1,3}(\\.[ab]{1,3}){0,3}", 1..10),
    ) {
        let together = Patterns::new(patterns.clone()).unwrap();
        for name in names {
            let mut found = Vec::new();
            together.each_match(name.as_bytes(), |index| found.push(index));
            found.sort_unstable();
            let alone: Vec<_> = (0..)
                .zip(&patterns)
                .filter(|(_, pattern)| pattern.matches(name.as_bytes()))
                .map(|(index, _)| index)
                .collect();
            prop_assert_eq!(found, alone, "{}", name);
        }
    }

    #[test]
    fn a_glob_is_the_expression_it_looks_like(
        glob in "(\\|\\|?)?[ab.*]{1,6}\\|?",
        name in "[ab]{1,3}(\\.[ab]{1,3}){0,3}",
    ) {
        let Ok(pattern) = Pattern::glob(&glob) else { return Ok(()) };
        let (start, rest) = match (glob.strip_prefix("||"), glob.strip_prefix('|')) {
            (Some(rest), _) => ("(^|\\.)", rest),
            (None, Some(rest)) => ("^", rest),
            (None, None) => ("", glob.as_str()),
        };
        let (rest, end) = rest.strip_suffix('|').map_or((rest, ""), |rest| (rest, "$"));
        let middle = rest.replace('.', "\\.").replace('*', ".*");
        prop_assert_eq!(pattern.matches(name.as_bytes()), regex(&format!("{start}{middle}{end}")).matches(name.as_bytes()));
    }
}
