//! `trackless lists`: compiling ahead.

use super::Settings;
use crate::data::Folder;
use crate::lists::Rules;

pub(super) fn compile(settings: &Settings) -> Result<(), String> {
    let config = settings.read()?;
    let folder = Folder::open(config.data.as_deref()).map_err(|error| error.to_string())?;
    let rules = Rules::load(&config, Some(folder.path())).map_err(|error| error.to_string())?;
    for list in &rules.lists {
        println!("{}: {} rules, {} lines skipped", list.name, list.rules, list.skipped_lines());
        for skipped in &list.first_skipped {
            println!("  {skipped}");
        }
        if let Some(error) = &list.error {
            eprintln!("trackless: {error}");
        }
    }
    if let Some(error) = rules.not_kept {
        return Err(format!("{}: {error}", folder.path().display()));
    }
    println!("{} names in {} bytes", rules.table.names(), rules.table.size());
    Ok(())
}
