//! Pi-hole: the archive that Teleporter saves.
//!
//! Version 6 is a .zip with `pihole.toml` and the tables of `gravity.db`; version 5 a .tar.gz with
//! the same tables as JSON, `setupVars.conf` and files of dnsmasq's. Both come to the same tables and
//! lines. How Pi-hole weighs is kept: what its owner allows beats what its owner denies, and that
//! beats lists; expressions are last.

mod archive;
mod dnsmasq;
mod domains;
mod tables;
mod toml;
mod version5;

use super::{ImportError, Imported, NO_PASSWORD, Product};

pub(super) fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    let parts = archive::open(bytes)?;
    let tables = tables::read(&parts)?;
    let mut imported = Imported::new(Product::PiHole);
    let known = parts.contains_key("pihole.toml") || parts.contains_key("setupVars.conf");
    if tables.is_empty() && !known {
        return Err(ImportError::Nothing(Product::PiHole.name()));
    }
    domains::take(&tables, &mut imported);
    let reads_files = match parts.get("pihole.toml") {
        Some(bytes) => toml::take(bytes, &mut imported)?,
        None => {
            version5::take(&parts, &mut imported);
            true
        }
    };
    for (name, bytes) in parts.iter().filter(|_| reads_files) {
        if let Some(name) = name.strip_prefix("dnsmasq.d/")
            && !version5::GENERATED.contains(&name)
        {
            let text = String::from_utf8_lossy(bytes);
            text.lines().for_each(|line| dnsmasq::take(line, name, &mut imported));
        }
    }
    if imported.settings.get("upstream.servers").is_some_and(|servers| servers.len() > 1) {
        imported.set("upstream.strategy", "fastest", "the upstream that answers fastest is asked");
    }
    imported.left("password", NO_PASSWORD);
    Ok(imported)
}
