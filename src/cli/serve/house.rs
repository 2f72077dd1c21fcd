//! What runs while the doors are open: waits for SIGHUP, fetched lists and wishes, and reloads.
//!
//! Queries are answered by what was there meanwhile; what cannot be loaded leaves it as it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sd_notify::NotifyState;
use tokio::runtime;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::Settings;
use super::subscriptions::Due;
use crate::config::{Amendment, Config};
use crate::engine::{Base, Engine, Setting, Way, Wish, Wished};
use crate::hardening::Hardened;
use crate::lists::Status;
use crate::server::certificate::Certificate;
use crate::web::Reloads;

/// What it takes to reload.
pub(super) struct House {
    pub(super) settings: Settings,
    pub(super) engine: Arc<Engine>,
    pub(super) data: Option<PathBuf>,
    /// Shown by encrypted doors, if there are any.
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) reloads: Arc<Reloads>,
    /// What can be read.
    pub(super) hardened: Arc<Hardened>,
    /// Lists were fetched, or there is news of why not.
    pub(super) news: mpsc::Receiver<()>,
    /// Which lists are to be fetched before it is time.
    pub(super) due: Arc<Due>,
}

impl House {
    /// Reloads at each SIGHUP, and lists alone when some were fetched, for as long as the process
    /// lives.
    ///
    /// # Errors
    /// It cannot even begin.
    pub(super) fn run(mut self, mut hang_up: Signal) -> Result<(), String> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start a runtime: {error}"))?;
        let mut wished = self.engine.wished().ok_or("somebody else reloads")?;
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = hang_up.recv() => {
                        if let Ok(time) = NotifyState::monotonic_usec_now() {
                            let _ = sd_notify::notify(&[NotifyState::Reloading, time]);
                        }
                        let _ = self.reload(self.read(), None);
                        self.reload_certificate();
                        let _ = sd_notify::notify(&[NotifyState::Ready]);
                        self.due.look();
                    }
                    Some(()) = self.news.recv() => {
                        let config = self.engine.snapshot().config.clone();
                        let _ = self.reload(Ok(config), None);
                    }
                    Some(Wished { wish, outcome }) = wished.recv() => {
                        let _ = outcome.try_send(self.fulfil(wish));
                    }
                }
            }
        })
    }

    fn reload_certificate(&self) {
        if let Some(Err(error)) = self.certificate.as_ref().map(|shown| shown.reload()) {
            error!("the certificate is not read again, the one before goes on: {error}");
        }
    }

    /// The settings as they are now.
    fn read(&self) -> Result<Config, String> {
        let (config, mistakes) = self.settings.read_with(&self.engine.since())?;
        mistakes.iter().for_each(|mistake| warn!("left out of what was set since: {mistake}"));
        self.hardened.admits(&config)?;
        Ok(config)
    }

    fn reload(
        &self,
        config: Result<Config, String>,
        renamed: Option<(&str, &str)>,
    ) -> Result<(), String> {
        let data = self.data.as_ref();
        let reloaded = config.and_then(|config| reload(config, renamed, &self.engine, data));
        match &reloaded {
            Ok(()) => drop(self.reloads.ok.fetch_add(1, Ordering::Relaxed)),
            Err(error) => {
                self.reloads.failed.fetch_add(1, Ordering::Relaxed);
                error!("not reloaded, what was there goes on: {error}");
            }
        }
        reloaded
    }

    fn fulfil(&self, wish: Wish) -> Result<String, String> {
        match wish {
            Wish::Set(key, value, way) => self.set(vec![(key, value)], None, way),
            Wish::Amend(amendment, way) => {
                let (config, _) = self.settings.read_with(&self.engine.since())?;
                let made = config.amend(&amendment).map_err(|error| error.to_string())?;
                let made = made.into_iter().map(|(key, value)| (key, Some(value)));
                let renamed = match &amendment {
                    Amendment::Profile { name, renamed: Some(to), .. } => Some((&**name, &**to)),
                    _ => None,
                };
                self.set(made.collect(), renamed, way)
            }
            Wish::Settings => {
                serde_json::to_string(&self.tell()?).map_err(|error| error.to_string())
            }
            Wish::Fetch(names) => {
                let config = &self.engine.snapshot().config;
                let all: Vec<_> = config.lists.iter().chain(&config.databases).collect();
                if let Some(name) =
                    names.iter().find(|name| !all.iter().any(|list| list.name == **name))
                {
                    return Err(format!("there is no list `{name}`"));
                }
                self.due.now(names);
                Ok("lists are being fetched".to_owned())
            }
        }
    }

    /// Makes settings, all or none; those without a value are as the file says from then on. With
    /// them a profile may be renamed, from one name to another.
    fn set(
        &self,
        made: Vec<(String, Option<String>)>,
        renamed: Option<(&str, &str)>,
        way: Way,
    ) -> Result<String, String> {
        let mut since = self.engine.since();
        let (_, before) = self.settings.read_with(&since)?;
        let is_set = made.iter().all(|(_, value)| value.is_some());
        let later = made.iter().any(|(key, _)| is_used_at_start(key));
        let keys = made.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(", ");
        for (key, value) in made {
            match value {
                Some(yaml) => drop(since.insert(key, yaml)),
                None if since.remove(&key).is_some() => {}
                None => return Err(format!("{key} was not set since; it is as the file says")),
            }
        }
        let (config, mistakes) = self.settings.read_with(&since)?;
        if let Some(mistake) = mistakes.iter().find(|mistake| !before.contains(mistake)) {
            return Err(mistake.to_string());
        }
        // The file may have changed meanwhile.
        self.hardened.admits(&config)?;
        self.reload(Ok(config), renamed)?;
        self.due.look();
        let said = if is_set { "is set" } else { "is as the file says" };
        self.engine.keep_since(since, &keys, way).map_err(|error| {
            format!("{keys} {said}, but will be forgotten at the next start: {error}")
        })?;
        let when = if later { ", from the next start on" } else { "" };
        Ok(format!("{keys} {said}{when}"))
    }

    fn tell(&self) -> Result<Vec<Setting>, String> {
        let since = self.engine.since();
        let of_file = self.settings.keys_of_file();
        let (config, _) = self.settings.read_with(&since)?;
        let told = config.told().into_iter().map(|told| {
            let source = match &told.key {
                key if since.contains_key(key) => "dashboard",
                key if of_file.contains(key) => "file",
                _ => "default",
            };
            let restart = is_used_at_start(&told.key);
            Setting { told, source: source.to_owned(), restart }
        });
        Ok(told.collect())
    }
}

/// Reads lists again and decides by them and `config` from then on. Runs on a thread of its
/// own: queries are answered by the old ones meanwhile.
fn reload(
    config: Config,
    renamed: Option<(&str, &str)>,
    engine: &Arc<Engine>,
    data: Option<&PathBuf>,
) -> Result<(), String> {
    let old = engine.snapshot();
    let restart = needs_restart(&old.config, &config);
    let new = Base::load(config, data.map(PathBuf::as_path), Some(&old))
        .map_err(|error| error.to_string())?;
    // A list that worked before and cannot be read now must not take its rules away.
    let was_well =
        |name: &str| old.rules.lists.iter().any(|list| list.name == name && list.error.is_none());
    if let Some(Status { error: Some(error), .. }) =
        new.rules.lists.iter().find(|list| list.error.is_some() && was_well(&list.name))
    {
        return Err(error.clone());
    }
    if !restart.is_empty() {
        warn!("changed, but used only from the next start on: {}", restart.join(", "));
    }
    report(&new);
    engine.replace(new, renamed).map_err(|error| error.to_string())
}

/// What is used at the start alone: keys of settings, or sections.
const AT_START: [&str; 9] =
    ["listen", "web", "encrypted", "data", "workers", "cache.size", "tcp", "hardening", "log"];

/// Whether the setting `key` cannot change while the server runs.
fn is_used_at_start(key: &str) -> bool {
    let bound = key.starts_with("stats.") && key != "stats.level";
    let section = key.split_once('.').map_or(key, |(section, _)| section);
    bound || AT_START.contains(&key) || AT_START.contains(&section)
}

/// Settings that differ and cannot change while the server runs.
fn needs_restart(old: &Config, new: &Config) -> Vec<String> {
    let (old, new) = (old.told(), new.told());
    let changed = old.into_iter().zip(new).filter(|(old, new)| old.value != new.value);
    changed.map(|(_, new)| new.key).filter(|key| is_used_at_start(key)).collect()
}

pub(super) fn report(base: &Base) {
    let rules = &base.rules;
    for list in &rules.lists {
        if let Some(error) = &list.error {
            error!("list {}: {error}", list.name);
        } else if list.skipped_lines() > 0 {
            let first = list.first_skipped.first().map_or("", String::as_str);
            let count = list.skipped_lines();
            warn!("list {}: {count} lines skipped, the first one: {first}", list.name);
        }
        if let Some(refused) = &list.refused {
            warn!(
                "list {}: the newest one is not taken, the one before goes on: {refused}",
                list.name
            );
        }
    }
    for (path, why) in base.unread_hosts() {
        warn!("hosts file {}: {why}", path.display());
    }
    for company in base.unknown_companies() {
        warn!("no company is known as `{company}`: nothing is refused or allowed by that name");
    }
    if let Some(error) = &rules.not_kept {
        warn!("the compiled table could not be kept: {error}");
    }
    info!("{} names of {} lists are refused or allowed", rules.table.names(), rules.lists.len());
}
