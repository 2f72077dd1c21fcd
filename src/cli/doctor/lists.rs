//! The lists: whether they are there, how old they are, and why a newer one is not taken.

use std::path::Path;

use super::Findings;
use crate::config::{Config, List};
use crate::lists::{Copy, Keep, now};

/// A list is old that was not refreshed for so many of its intervals.
const OLD: u64 = 3;

pub(super) fn look(config: &Config, folder: Option<&Path>, found: &mut Findings) {
    let keep = folder.map(Keep::new);
    let all: Vec<_> = config.lists.iter().chain(&config.databases).collect();
    let mut well = 0;
    let mut oldest = 0;
    for list in &all {
        let copy = keep.as_ref().map(|keep| keep.look(list)).unwrap_or_default();
        match trouble(list, &copy) {
            Some((text, mend)) => found.warn("lists", format!("{}: {text}", list.name), mend),
            None => {
                well += 1;
                oldest = oldest.max(copy.checked.map_or(0, |at| now().saturating_sub(at)));
            }
        }
    }
    if well == all.len() {
        let text = match well {
            0 => "the builtin ones alone".to_owned(),
            _ => format!("all {well} are there, the oldest looked at {} h ago", oldest / 3_600),
        };
        found.ok("lists", text);
    }
}

/// What is the matter with a list of which this copy is known, and what to do.
fn trouble(list: &List, copy: &Copy) -> Option<(String, &'static str)> {
    if let Some(file) = &list.file
        && let Err(error) = std::fs::File::open(file)
    {
        let text = format!("{}: {error}", file.display());
        return Some((text, "put the file there, readable by the server's user"));
    }
    let age = copy.checked.map(|at| now().saturating_sub(at));
    if let Some(why) = &copy.refused {
        let why = why.replace('\n', "; ");
        let mend =
            "it is tried again by itself; see `trackless lists show NAME`, or set `force: true`";
        return Some(match age {
            Some(_) => (format!("the newest is not taken, the one before goes on: {why}"), mend),
            None => (format!("there is nothing of it: {why}"), mend),
        });
    }
    match age {
        _ if list.file.is_some() => None,
        None => Some((
            "it was never fetched".to_owned(),
            "the server fetches it; `trackless lists update` does so now",
        )),
        Some(age) if age > OLD * list.update.as_secs() => Some((
            format!("it was not refreshed for {} days", age / 86_400),
            "see whether the server runs and reaches it; `trackless lists update` says why not",
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(list: &List, copy: &Copy) -> String {
        trouble(list, copy).map_or_else(String::new, |(text, _)| text)
    }

    #[test]
    fn a_list_is_well_or_its_trouble_is_told() {
        let list = List { url: Some("https://lists.example/".to_owned()), ..List::named("far") };
        let copy = Copy { checked: Some(now() - 60), ..Copy::default() };
        assert_eq!(said(&list, &copy), "");
        assert_eq!(said(&list, &Copy::default()), "it was never fetched");
        let old = Copy { checked: Some(now() - 4 * 86_400), ..Copy::default() };
        assert_eq!(said(&list, &old), "it was not refreshed for 4 days");
        let refused = Copy { refused: Some("a web page\nit is".to_owned()), ..copy };
        let said_of = said(&list, &refused);
        assert!(said_of.contains("the one before goes on: a web page; it is"), "{said_of}");
        let gone = List { file: Some("/nowhere/at/all".into()), ..List::named("mine") };
        assert!(said(&gone, &Copy::default()).starts_with("/nowhere/at/all: "));
    }
}
