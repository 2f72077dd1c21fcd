//! `trackless lists`: compiling ahead, looking at lists, fetching them.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime;

use super::catalogue::count;
use super::{Settings, finish};
use crate::config::Config;
use crate::data::Folder;
use crate::lists::fetch::Fetcher;
use crate::lists::gate::Canaries;
use crate::lists::{self, Keep, Rules, Status, Update};

pub(super) fn compile(settings: &Settings) -> Result<(), String> {
    let config = settings.read()?;
    let folder = Folder::open(config.data.as_deref()).map_err(|error| error.to_string())?;
    let rules = load(&config, &folder)?;
    for list in &rules.lists {
        println!("{}: {} rules, {} lines skipped", list.name, list.rules, list.skipped_lines());
        for skipped in &list.first_skipped {
            println!("  {skipped}");
        }
        for error in list.error.iter().chain(&list.refused) {
            eprintln!("trackless: list {}: {error}", list.name);
        }
    }
    if let Some(error) = rules.not_kept {
        return Err(format!("{}: {error}", folder.path().display()));
    }
    println!("{} names in {} bytes", rules.table.names(), rules.table.size());
    Ok(())
}

fn load(config: &Config, folder: &Folder) -> Result<Rules, String> {
    Rules::load(config, Some(folder.path())).map_err(|error| error.to_string())
}

/// What came of all lists, and then of all databases.
fn statuses(settings: &Settings) -> Result<Vec<Status>, String> {
    let config = settings.read()?;
    // Nothing is made for a look.
    let folder = Folder::existing(config.data.as_deref());
    let rules = Rules::load(&config, folder.as_ref().map(Folder::path));
    let Rules { mut lists, databases, .. } = rules.map_err(|error| error.to_string())?;
    lists.extend(databases);
    Ok(lists)
}

pub(super) fn status(json: bool, settings: &Settings) -> Result<(), String> {
    let lists = statuses(settings)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut write = || -> io::Result<()> {
        for list in &lists {
            if json {
                serde_json::to_writer(&mut out, list)?;
                writeln!(out)?;
                continue;
            }
            write!(out, "{:<28} {:>10} rules", list.name, count(list.rules))?;
            if list.skipped_lines() > 0 {
                write!(out, ", {} lines skipped", count(list.skipped_lines()))?;
            }
            if let Some(checked) = list.checked {
                let age = age(lists::now().saturating_sub(checked));
                write!(out, ", {} bytes, {age} old", count(list.bytes))?;
            }
            writeln!(out)?;
            if let Some(error) = &list.error {
                writeln!(out, "  nothing of it counts: {error}")?;
            }
            if let Some(refused) = &list.refused {
                writeln!(out, "  the newest one is not taken: {refused}")?;
            }
        }
        out.flush()
    };
    finish(write())
}

pub(super) fn show(name: &str, settings: &Settings) -> Result<(), String> {
    let lists = statuses(settings)?;
    let Some(list) = lists.iter().find(|list| list.name == name) else {
        let names: Vec<_> = lists.iter().map(|list| list.name.as_str()).collect();
        return Err(format!("no list is called {name}; there are: {}", names.join(", ")));
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut write = || -> io::Result<()> {
        writeln!(out, "{}", list.name)?;
        if let Some(source) = &list.source {
            writeln!(out, "  from    {source}")?;
        }
        if let Some(format) = &list.format {
            writeln!(out, "  format  {format}")?;
        }
        if let Some(licence) = &list.licence {
            writeln!(out, "  licence {licence}")?;
        }
        writeln!(out, "  rules   {}", count(list.rules))?;
        for (why, lines) in &list.skipped {
            writeln!(out, "  skipped {} lines: {why}", count(*lines))?;
        }
        for skipped in &list.first_skipped {
            writeln!(out, "    {skipped}")?;
        }
        if let Some(error) = &list.error {
            writeln!(out, "  nothing of it counts: {error}")?;
        }
        if let Some(refused) = &list.refused {
            writeln!(out, "  the newest one is not taken: {refused}")?;
        }
        out.flush()
    };
    finish(write())
}

/// Fetches lists, shows how far it is, and compiles them.
pub(super) fn update(names: &[String], settings: &Settings) -> Result<(), String> {
    let config = settings.read()?;
    let folder = Folder::open(config.data.as_deref()).map_err(|error| error.to_string())?;
    for name in names {
        let mut known = config.lists.iter().chain(&config.databases);
        if !known.any(|list| list.name == *name) {
            return Err(format!("no list is called {name}; see `trackless lists status`"));
        }
    }
    let keep = Keep::new(folder.path());
    let canaries = Canaries::new(&config);
    let fetcher = Fetcher::new(&config.upstream).map_err(|error| error.to_string())?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start a runtime: {error}"))?;
    let mut failed = 0;
    for (list, gate) in lists::gated(&config, &canaries) {
        let wanted = names.is_empty() || names.contains(&list.name);
        if !wanted || lists::next(list, &keep).is_none() {
            continue;
        }
        let bar = bar(&list.name);
        let progress = |so_far: u64, total: Option<u64>| {
            total.into_iter().for_each(|total| bar.set_length(total.max(so_far)));
            bar.set_position(so_far);
        };
        let result =
            runtime.block_on(lists::update(list, &config, &keep, &fetcher, &gate, &progress));
        bar.finish_and_clear();
        match result {
            Ok(Update::New) => {
                println!("{}: new, {} rules", list.name, count(keep.look(list).rules));
            }
            Ok(Update::Unchanged) => println!("{}: unchanged", list.name),
            Err(error) => {
                failed += 1;
                eprintln!("trackless: list {}: {error}", list.name);
            }
        }
    }
    let rules = load(&config, &folder)?;
    println!(
        "{} names compiled; a running server takes them on SIGHUP",
        count(rules.table.names())
    );
    if failed > 0 {
        Err(format!("{failed} lists not fetched; what was there goes on"))
    } else {
        Ok(())
    }
}

fn bar(name: &str) -> ProgressBar {
    let style = "{msg:<28} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}";
    let bar = ProgressBar::no_length().with_message(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
