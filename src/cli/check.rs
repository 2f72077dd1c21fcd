//! `trackless check`: what becomes of a name, and why, by the same rules as the server's.

use std::io::{self, BufRead, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::{Settings, choices, finish};
use crate::clients::{Directory, Key, Seen};
use crate::config::MAX_DEVICES;
use crate::data::Folder;
use crate::engine::{Base, Snapshot, told};
use crate::filter::Asker;
use crate::filter::syntax::rtype_number;
use crate::policy::{Button, Held, OfDevice};
use crate::wire::{Name, Rtype};

/// How it is asked.
pub(super) struct Asked {
    pub(super) json: bool,
    pub(super) explain: bool,
    pub(super) client: String,
    pub(super) rtype: String,
}

/// What is said of one name.
#[derive(Debug, Serialize)]
struct Finding<'a> {
    name: &'a str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    rule: Option<String>,
    list: Option<String>,
    company: Option<String>,
    category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<Match>>,
}

/// One rule that speaks of the name.
#[derive(Debug, Serialize)]
struct Match {
    rule: String,
    list: String,
    line: Option<u64>,
}

/// What names are judged by.
struct Check<'a> {
    snapshot: &'a Snapshot,
    directory: &'a Directory,
    data: Option<&'a Path>,
    asker: Asker<'a>,
    held: Held<'a>,
    asked: &'a Asked,
}

pub(super) fn run(asked: &Asked, names: &[String], settings: &Settings) -> Result<(), String> {
    let config = settings.read()?;
    // A folder is used where there is one, for the table kept there, but none is made for a look.
    let folder = Folder::existing(config.data.as_deref());
    let data = folder.as_ref().map(Folder::path);
    let base = Base::load(config, data, None).map_err(|error| error.to_string())?;
    let directory = Directory::new(Key::random().map_err(|error| error.to_string())?, MAX_DEVICES);
    directory.owner_says(&base.config.devices, std::iter::empty());
    let choices = data.map(choices::of_folder).unwrap_or_default();
    let snapshot = Snapshot::new(Arc::new(base), &choices, &Button::default(), MAX_DEVICES)
        .map_err(|error| error.to_string())?;
    for list in &snapshot.rules.lists {
        for error in list.error.iter().chain(&list.refused) {
            eprintln!("trackless: list {}: {error}", list.name);
        }
    }
    let qtype = rtype_number(&asked.rtype)
        .ok_or_else(|| format!("{} is no type; write for example AAAA or TYPE65", asked.rtype))?;
    let own = asked.client.parse::<IpAddr>();
    let address = own.clone().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let mut seen = Seen::default();
    let device = match &own {
        Ok(address) => seen.device(*address, &directory, |_| {}),
        Err(_) => {
            // A name that its owner gave it stands for its key.
            let is_meant = |said: &OfDevice| said.name.as_ref() == Some(&asked.client);
            let key = choices.devices.iter().find(|(_, said)| is_meant(said)).map(|(key, _)| key);
            seen.named(key.unwrap_or(&asked.client), address, &directory)
        }
    };
    let held = snapshot.policy.held(device, address, &directory);
    let mut asker = held.asker(address, Rtype(qtype));
    if own.is_err() {
        asker.name = &asked.client;
    }
    let check = Check { snapshot: &snapshot, directory: &directory, data, asker, held, asked };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let result = names.iter().try_for_each(|name| match name.as_str() {
        "-" => each_line(|line| check.print(&mut out, line)),
        name => check.print(&mut out, name),
    });
    finish(result.and_then(|()| out.flush()))
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

impl Check<'_> {
    fn print(&self, out: &mut impl Write, name: &str) -> io::Result<()> {
        let finding = self.find(name)?;
        if self.asked.json {
            serde_json::to_writer(&mut *out, &finding)?;
            return out.write_all(b"\n");
        }
        write!(out, "{}: {}", finding.name, finding.verdict)?;
        if let Some(error) = &finding.error {
            write!(out, ", not a name: {error}")?;
        }
        if let (Some(rule), Some(list)) = (&finding.rule, &finding.list) {
            write!(out, " by {rule} of {list}")?;
        }
        if let (Some(company), Some(category)) = (&finding.company, finding.category) {
            write!(out, " ({company}, {category})")?;
        }
        writeln!(out)?;
        for (index, Match { rule, list, line }) in finding.rules.iter().flatten().enumerate() {
            let mark = if index == 0 { "wins" } else { "    " };
            write!(out, "  {mark} {rule} of {list}")?;
            line.iter().try_for_each(|line| write!(out, ", line {line}"))?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn find<'t>(&self, text: &'t str) -> io::Result<Finding<'t>> {
        let mut finding = Finding {
            name: text,
            verdict: "pass",
            error: None,
            rule: None,
            list: None,
            company: None,
            category: None,
            rules: None,
        };
        let name: Name = match text.parse() {
            Ok(name) => name,
            Err(error) => {
                finding.error = Some(error.to_string());
                return Ok(finding);
            }
        };
        let found = told::judge(self.snapshot, self.directory, &name, &self.asker, self.held);
        let told::Finding { verdict, rule, list, company, category } = found;
        finding.verdict = verdict.as_str();
        (finding.rule, finding.list) = (rule, list);
        (finding.company, finding.category) = (company, category);
        if self.asked.explain {
            let rules = told::matches(self.snapshot, self.data, &name, &self.asker, self.held);
            let rules = rules.map_err(io::Error::other)?.into_iter();
            let rules =
                rules.map(|told::Match { rule, list, line, .. }| Match { rule, list, line });
            finding.rules = Some(rules.collect());
        }
        Ok(finding)
    }
}
