//! What is not as it should be, and what to do about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{devices, silent, upstreams};
use crate::clock;
use crate::engine::Engine;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// What kind of thing: `list`, `upstream`, `hidden`, `history`, `clock`, `silent`, `around`.
    pub kind: String,
    /// Which trouble with it, in a word that stays the same: `upstream`, `upstreams` where none
    /// answers, `hidden`, `list_nothing`, `list_refused`, `no_folder`, `not_written`, `clock`,
    /// `around`, `silent`.
    pub what: String,
    /// Whom it is about, by `server`, `list` or `devices`; and `why`, the word of the list.
    pub given: BTreeMap<String, String>,
    /// What is the matter.
    pub text: String,
    /// What to do.
    pub mend: String,
}

/// All that is not as it should be, the worst first.
pub fn troubles(engine: &Engine) -> Vec<Trouble> {
    let mut found = Vec::new();
    let mut tell = |kind: &str, what: &str, given: &[(&str, &str)], text: String, mend: &str| {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (kind, what, given) = (kind.to_owned(), what.to_owned(), given.collect());
        found.push(Trouble { kind, what, given, text, mend: mend.to_owned() });
    };
    let upstreams = upstreams(engine);
    let ill: Vec<_> = upstreams.iter().filter(|upstream| !upstream.healthy).collect();
    for upstream in &ill {
        let (what, mend) = if ill.len() == upstreams.len() {
            (
                "upstreams",
                "See whether this machine reaches the Internet; else add another server under `upstream`.",
            )
        } else {
            (
                "upstream",
                "The others are asked meanwhile; if it stays so, write another server under `upstream`.",
            )
        };
        let text = format!("{} does not answer", upstream.url);
        tell("upstream", what, &[("server", &upstream.url)], text, mend);
    }
    if engine.everybody_is_one() {
        tell(
            "hidden",
            "hidden",
            &[],
            "Almost all queries come from the one address of a router: devices cannot be told apart"
                .to_owned(),
            "Have the router hand out this machine's address as the devices' DNS server; give a container the host's network.",
        );
    }
    let snapshot = engine.snapshot();
    let rules = &snapshot.rules;
    for list in rules.lists.iter().chain(&rules.databases) {
        let given = [("list", list.name.as_str()), ("why", list.why.as_deref().unwrap_or(""))];
        if let Some(error) = &list.error {
            tell(
                "list",
                "list_nothing",
                &given,
                format!("Nothing of the list {} counts: {error}", list.name),
                "See its file or URL under `lists`; it is tried again by itself.",
            );
        } else if let Some(refused) = &list.refused {
            tell(
                "list",
                "list_refused",
                &given,
                format!("The newest {} is not taken, the one before goes on: {refused}", list.name),
                "Look at the list's own page; if it is right, set `force: true` for it.",
            );
        }
    }
    if !engine.has_store() {
        tell(
            "history",
            "no_folder",
            &[],
            "There is no data folder: counts and what you set are gone at the next start"
                .to_owned(),
            "Set `data` to a folder that the server may write to, and start it again.",
        );
    } else if engine.recorder_figures().failing {
        tell(
            "history",
            "not_written",
            &[],
            "Counts cannot be written; they are kept in memory".to_owned(),
            "See whether the disk of the data folder is full, or can only be read.",
        );
    }
    if !clock::is_set() {
        tell(
            "clock",
            "clock",
            &[],
            "This machine's clock is in the past: nothing that is signed can be validated"
                .to_owned(),
            "Set it, or have a time server asked (NTP).",
        );
    }
    let around: Vec<_> = devices(engine).into_iter().filter(|device| device.around > 0).collect();
    if !around.is_empty() {
        let names: Vec<_> = around.iter().map(|device| device.name.as_str()).collect();
        let names = names.join(", ");
        tell(
            "around",
            "around",
            &[("devices", &names)],
            format!("Asked for ways around this server: {names}"),
            "Set `bypass: all` to refuse them, or switch private DNS and relays off on the device.",
        );
    }
    let silent = silent(engine);
    if !silent.is_empty() {
        let names = silent.iter().map(|card| card.vendor.as_deref().unwrap_or(&card.card));
        let names = names.collect::<Vec<_>>().join(", ");
        tell(
            "silent",
            "silent",
            &[("devices", &names)],
            format!("In the network, but asked nothing for an hour: {names}"),
            "Give these devices this machine's address as their DNS server, or leave them if they need none.",
        );
    }
    found
}
