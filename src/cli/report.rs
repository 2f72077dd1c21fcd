//! `trackless report`: who followed whom, some days in a page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;

use super::{Settings, choices, finish};
use crate::clock;
use crate::control::{self, Order};
use crate::data::Folder;
use crate::history::read::{Company, Device, Reader, Span, Sums};

/// Companies of a page.
const SHOWN: usize = 40;
const DAY: u64 = 86_400;

/// What is told.
struct Report {
    first: u64,
    last: u64,
    whose: Option<String>,
    sums: Sums,
    companies: Vec<Company>,
    devices: Vec<(String, Device)>,
    /// Whether anything is known of the time before.
    has_before: bool,
}

pub(super) fn run(
    device: Option<&str>,
    days: u64,
    html: bool,
    settings: &Settings,
) -> Result<(), String> {
    let config = settings.read()?;
    let folder = Folder::existing(config.data.as_deref())
        .ok_or("no data folder: give the server's by --data DIR or --config FILE")?;
    // A server that runs knows more than it has written.
    let _ = control::tell(folder.path(), &Order::WriteDown);
    let names = names(folder.path());
    let report = Report::read(folder.path(), device, days, &names)?;
    let text = if html { report.html() } else { report.text() };
    finish(io::stdout().write_all(text.as_bytes()))
}

/// Names that owners gave their devices, by key.
pub(super) fn names(folder: &Path) -> BTreeMap<String, String> {
    let devices = choices::of_folder(folder).devices.into_iter();
    devices.filter_map(|(key, said)| Some((key, said.name?))).collect()
}

/// The key of the device that its owner calls `text`; else `text` is one.
pub(super) fn key_of<'a>(names: &'a BTreeMap<String, String>, text: &'a str) -> &'a str {
    names.iter().find(|(_, name)| *name == text).map_or(text, |(key, _)| key)
}

impl Report {
    fn read(
        folder: &Path,
        device: Option<&str>,
        days: u64,
        names: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let last = clock::now().0.as_secs() / DAY;
        let first = (last + 1).saturating_sub(days);
        let key = device.map(|text| key_of(names, text));
        let read = || {
            let reader = Reader::open(folder)?;
            let span = Span::days(first, last);
            let devices = reader.devices(span)?;
            Ok::<_, crate::history::StoreError>((
                reader.totals(span, key)?,
                reader.companies(span, key)?,
                devices,
                reader.first_day()?,
            ))
        };
        let (sums, companies, devices, known) = read().map_err(|error| error.to_string())?;
        if let Some(text) = device
            && !devices.iter().any(|device| Some(device.key.as_str()) == key)
        {
            return Err(format!("nothing is known of a device `{text}` in these days"));
        }
        let named = devices.into_iter().map(|device| {
            (names.get(&device.key).cloned().unwrap_or_else(|| device.key.clone()), device)
        });
        Ok(Self {
            first,
            last,
            whose: device.map(str::to_owned),
            sums,
            companies,
            devices: named.collect(),
            has_before: known.is_some_and(|known| known < first),
        })
    }

    /// The sentence that says it all.
    fn sentence(&self) -> String {
        let stopped = self.companies.iter().filter(|company| company.block > 0).count();
        let whom = match &self.whose {
            Some(name) => name.clone(),
            None => format!("{} devices", self.devices.len()),
        };
        let were = if stopped == 1 { "was" } else { "were" };
        format!(
            "{} companies tried to follow {whom}; {stopped} {were} stopped.",
            self.companies.len()
        )
    }

    fn queries(&self) -> String {
        let all = self.sums.block + self.sums.allow + self.sums.pass;
        format!("{all} queries, {} of them refused.", self.sums.block)
    }

    fn days(&self) -> String {
        format!("{} to {}", day(self.first), day(self.last))
    }

    fn not_seen_before(&self) -> Vec<&str> {
        let new = self.companies.iter().filter(|company| self.has_before && company.is_new);
        new.map(|company| company.name.as_str()).collect()
    }

    fn text(&self) -> String {
        let mut text = format!("Trackless, {}\n\n{}\n", self.days(), self.sentence());
        let _ = writeln!(text, "{}\n", self.queries());
        let of = self.devices.len();
        let _ = writeln!(
            text,
            "{:<32} {:<20} {:>9} {:>6} {:>9} {:>9}",
            "company", "category", "devices", "hours", "refused", "passed"
        );
        for company in self.companies.iter().take(SHOWN) {
            let _ = writeln!(
                text,
                "{:<32} {:<20} {:>9} {:>6} {:>9} {:>9}",
                shortened(&company.name),
                company.category.map_or("", |category| category.as_str()),
                format!("{} of {of}", company.devices),
                company.hours,
                company.block,
                company.allow + company.pass
            );
        }
        if self.companies.len() > SHOWN {
            let _ = writeln!(text, "and {} more", self.companies.len() - SHOWN);
        }
        let new = self.not_seen_before();
        if !new.is_empty() {
            let _ = writeln!(text, "\nNot seen before: {}", new.join(", "));
        }
        if self.whose.is_none() {
            let _ = writeln!(
                text,
                "\n{:<32} {:>9} {:>9} {:>9}",
                "device", "companies", "queries", "refused"
            );
            for (name, device) in &self.devices {
                let Sums { block, allow, pass } = device.sums;
                let all = block + allow + pass;
                let name = shortened(name);
                let _ = writeln!(text, "{name:<32} {:>9} {all:>9} {block:>9}", device.companies);
            }
        }
        text
    }

    fn html(&self) -> String {
        let most = self.companies.iter().map(|company| company.hours).max().unwrap_or(0).max(1);
        let of = self.devices.len();
        let mut rows = String::new();
        for company in self.companies.iter().take(SHOWN) {
            let width = 200 * company.hours / most;
            let passed = company.allow + company.pass;
            let all = (company.block + passed).max(1);
            let stopped = width * company.block / all;
            let _ = writeln!(
                rows,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{} of {of}</td>\
                 <td><svg width=\"200\" height=\"12\" role=\"img\" aria-label=\"{} hours\">\
                 <rect class=\"passed\" width=\"{width}\" height=\"12\" rx=\"2\"/>\
                 <rect class=\"stopped\" width=\"{stopped}\" height=\"12\" rx=\"2\"/></svg> {}</td>\
                 <td class=\"n\">{}</td><td class=\"n\">{passed}</td></tr>",
                escaped(&company.name),
                company.category.map_or("", |category| category.as_str()),
                company.devices,
                company.hours,
                company.hours,
                company.block
            );
        }
        let new = self.not_seen_before();
        let new = if new.is_empty() {
            String::new()
        } else {
            format!("<p>Not seen before: {}</p>", escaped(&new.join(", ")))
        };
        format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>Trackless, {days}</title>\n<style>{STYLE}</style>\n\
             <h1>{sentence}</h1>\n<p>{days}. {queries}</p>\n\
             <table><thead><tr><th>company<th>category<th>devices<th>hours<th>refused<th>passed</tr>\
             </thead>\n<tbody>{rows}</tbody></table>\n{new}\n</html>\n",
            days = self.days(),
            sentence = escaped(&self.sentence()),
            queries = self.queries(),
        )
    }
}

const STYLE: &str = "body{font:16px/1.4 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
    padding:0 1rem;color:#222;background:#fff}h1{font-size:1.5rem}table{border-collapse:collapse}\
    th,td{padding:.2rem .6rem;text-align:left}.n{text-align:right}.stopped{fill:#2a7a4b}\
    .passed{fill:#d98a3d}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}";

fn day(day: u64) -> String {
    let second = i64::try_from(day * DAY).ok();
    let time = second.and_then(|second| Timestamp::from_second(second).ok()).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(31) {
        Some((end, _)) if name.chars().count() > 32 => format!("{}…", &name[..end]),
        _ => name.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
