//! `trackless check`: what becomes of a name, and why, by the same rules as the server's.

use std::io::{self, BufRead, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use super::Settings;
use crate::clients::DeviceId;
use crate::data::Folder;
use crate::engine::Snapshot;
use crate::filter::{Origin, Rule, Scope, Tier};
use crate::wire::{Name, Rtype};

/// What is said of one name.
#[derive(Debug, Serialize)]
struct Finding<'a> {
    name: &'a str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    rule: Option<String>,
    list: Option<&'a str>,
    company: Option<&'a str>,
    category: Option<&'static str>,
}

pub(super) fn run(json: bool, names: &[String], settings: &Settings) -> Result<(), String> {
    let config = settings.read()?;
    // A folder is used where there is one, for the table kept there, but none is made for a look.
    let folder = Folder::existing(config.data.as_deref());
    let data = folder.as_ref().map(Folder::path);
    let snapshot = Snapshot::load(config, data, None).map_err(|error| error.to_string())?;
    for error in snapshot.rules.lists.iter().filter_map(|list| list.error.as_ref()) {
        eprintln!("trackless: {error}");
    }
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let result = names.iter().try_for_each(|name| match name.as_str() {
        "-" => each_line(|line| print(&mut out, json, &snapshot, line)),
        name => print(&mut out, json, &snapshot, name),
    });
    match result.and_then(|()| out.flush()) {
        // Whoever reads has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| error.to_string()),
    }
}

fn each_line(mut each: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let name = String::from_utf8_lossy(line.trim_ascii());
        if !name.is_empty() {
            each(&name)?;
        }
    }
}

fn print(out: &mut impl Write, json: bool, snapshot: &Snapshot, name: &str) -> io::Result<()> {
    let finding = find(snapshot, name);
    if json {
        serde_json::to_writer(&mut *out, &finding)?;
        return out.write_all(b"\n");
    }
    write!(out, "{}: {}", finding.name, finding.verdict)?;
    if let Some(error) = &finding.error {
        write!(out, ", not a name: {error}")?;
    }
    if let (Some(rule), Some(list)) = (&finding.rule, finding.list) {
        write!(out, " by {rule} of {list}")?;
    }
    if let (Some(company), Some(category)) = (finding.company, finding.category) {
        write!(out, " ({company}, {category})")?;
    }
    writeln!(out)
}

fn find<'a>(snapshot: &'a Snapshot, text: &'a str) -> Finding<'a> {
    let mut finding = Finding {
        name: text,
        verdict: "pass",
        error: None,
        rule: None,
        list: None,
        company: None,
        category: None,
    };
    let name: Name = match text.parse() {
        Ok(name) => name,
        Err(error) => {
            finding.error = Some(error.to_string());
            return finding;
        }
    };
    let profile = snapshot.policy.profile(DeviceId::OTHER);
    let asker = profile.asker(IpAddr::V4(Ipv4Addr::UNSPECIFIED), Rtype(1));
    let verdict = snapshot.judge(&name, &asker);
    finding.verdict = verdict.kind.as_str();
    finding.rule = verdict.rule.map(|rule| rule_text(&name, rule));
    finding.list = verdict.rule.map(|rule| match rule.origin {
        Origin::User => "your rules",
        Origin::Service(_) => "refused services",
        Origin::List(list) => {
            snapshot.rules.lists.get(usize::from(list)).map_or("?", |list| list.name.as_str())
        }
    });
    let facts = &snapshot.rules.facts;
    finding.company = facts.company(verdict.tracker).map(|company| company.name.as_str());
    finding.category = facts.category(verdict.tracker).map(|category| category.as_str());
    finding
}

/// A rule in the common notation for lists: `||name^` covers everything below the name, `|name^`
/// the name alone, `@@` lets pass.
fn rule_text(name: &Name, rule: Rule) -> String {
    let allow = if rule.tier == Tier::Allow { "@@" } else { "" };
    let tree = if rule.scope == Scope::Tree { "||" } else { "|" };
    let important = if rule.tier == Tier::ImportantBlock { "$important" } else { "" };
    let name = name.to_string();
    let labels = name.split('.').count() - usize::from(rule.labels);
    let listed: Vec<&str> = name.split('.').skip(labels).collect();
    format!("{allow}{tree}{}^{important}", listed.join("."))
}
