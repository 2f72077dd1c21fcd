//! What a list is read from: its kept copy, brought up to date if it is a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::fetch::Validators;
use super::gate::{Gate, GateError};
use super::keep::{self, Copy, Keep};
use crate::config::List;

/// A list that can be compiled, or why it cannot.
#[derive(Debug)]
pub(super) struct Source {
    /// What to read; none if there is nothing yet.
    pub(super) path: Option<PathBuf>,
    /// What is known of its copy, or of the file itself.
    pub(super) copy: Copy,
}

impl Source {
    /// The source of `list`. A file that has changed is looked at and copied first. Never waits
    /// for a network.
    pub(super) fn of(list: &List, keep: Option<&Keep>, gate: &Gate<'_>) -> Self {
        let (Some(file), keep) = (&list.file, keep) else { return Self::fetched(list, keep) };
        let mut copy = keep.map(|keep| keep.look(list)).unwrap_or_default();
        let known = validators(file);
        if let Some(keep) = keep
            && copy.taken > 0
            && known.as_ref() == Some(&copy.validators)
        {
            copy.refused = None;
            copy.why = None;
            copy.unfit = false;
            return Self { path: Some(keep.path(list)), copy };
        }
        let previous = (copy.taken > 0).then_some(copy.rules);
        match take_in(file, list, keep, gate, previous) {
            Ok((path, bytes, rules)) => {
                let now = keep::now();
                let copy = Copy {
                    validators: known.unwrap_or_default(),
                    checked: Some(now),
                    taken: now,
                    bytes,
                    digest: keep::digest(&path).unwrap_or(0),
                    rules,
                    tried: now,
                    ..Copy::default()
                };
                if let Some(keep) = keep
                    && path != *file
                {
                    let kept = keep.put(list, &copy, Some(&path));
                    let path = if kept.is_ok() { keep.path(list) } else { file.clone() };
                    return Self { path: Some(path), copy };
                }
                Self { path: Some(path), copy }
            }
            Err(error) => {
                copy.refused = Some(format!("{}: {error}", file.display()));
                copy.why = Some(error.word().to_owned());
                copy.unfit = true;
                let kept = keep.filter(|_| copy.taken > 0).map(|keep| keep.path(list));
                Self { path: kept, copy }
            }
        }
    }

    fn fetched(list: &List, keep: Option<&Keep>) -> Self {
        let Some(keep) = keep else {
            let refused = Some("a data folder is needed to keep what is fetched".to_owned());
            let why = Some("no_folder".to_owned());
            return Self { path: None, copy: Copy { refused, why, ..Copy::default() } };
        };
        let mut copy = keep.look(list);
        let path = (copy.taken > 0).then(|| keep.path(list));
        if path.is_none() && copy.refused.is_none() {
            copy.refused = Some("not fetched yet".to_owned());
            copy.why = Some("not_yet".to_owned());
        }
        Self { path, copy }
    }
}

/// Looks at `file` and copies it beside the kept copy. Returns what to read, its size and how many
/// rules it has; the file itself where it cannot be copied.
fn take_in(
    file: &Path,
    list: &List,
    keep: Option<&Keep>,
    gate: &Gate<'_>,
    previous: Option<u64>,
) -> Result<(PathBuf, u64, u64), GateError> {
    gate.size(file)?;
    let draft = keep.and_then(|keep| {
        let draft = keep.draft(list).ok()?;
        fs::copy(file, &draft).ok()?;
        Some(draft)
    });
    let path = draft.clone().unwrap_or_else(|| file.to_owned());
    match gate.pass(&path, list, previous) {
        Ok(rules) => {
            let bytes = fs::metadata(&path)?.len();
            Ok((path, bytes, rules))
        }
        Err(error) => {
            if let Some(draft) = draft {
                let _ = fs::remove_file(draft);
            }
            Err(error)
        }
    }
}

/// Size and time of a file, as what changes when it does.
fn validators(file: &Path) -> Option<Validators> {
    let file = fs::metadata(file).ok()?;
    let time = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let etag = format!("{}-{}", file.len(), time.as_nanos());
    Some(Validators { etag: Some(etag), last_modified: None })
}
