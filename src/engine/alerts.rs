//! Looks for what is worth an alert: gathers the facts, and keeps what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use jiff::Timestamp;
use tracing::{debug, warn};

use super::{Engine, Snapshot};
use crate::alerts::conditions::{self, Hours, Subscription};
use crate::alerts::{Alert, Alerts, House, Thing};
use crate::clients::DeviceId;
use crate::clock;
use crate::config::{AlertKind, StatsLevel};
use crate::history::StoreError;
use crate::history::read::Reader;
use crate::policy::BUILTIN_LISTS;

/// The name of what is kept.
const ALERTS: &str = "alerts";
/// Of [`Engine::refused_today`], where it is not known.
pub(super) const UNKNOWN: u64 = u64::MAX;

impl Engine {
    /// What was told, for those who send it.
    pub fn told(&self) -> &std::sync::Arc<Alerts> {
        &self.alerts
    }

    /// The latest alerts, the latest first.
    pub fn alerts(&self) -> Vec<Alert> {
        self.alerts.latest()
    }

    /// The house as those see it who are told of it.
    pub fn house(&self) -> House {
        let refused = self.refused_today.load(Relaxed);
        let on = !self.button().house().is_off();
        House { on, refused: (refused != UNKNOWN).then_some(refused) }
    }

    /// Takes in what was told before the start.
    pub(super) fn recall_alerts(&self) {
        match self.household.with_store(|store| store.setting(ALERTS)) {
            Ok(Some(kept)) => {
                if let Err(error) = self.alerts.recall(&kept) {
                    warn!("the store's alerts: {error}; begun anew");
                }
            }
            Ok(None) => {}
            Err(error) => warn!("{error}; what was told before is not known"),
        }
    }

    /// Looks for what is worth an alert, and keeps what was told. What was counted is read from the
    /// store in the folder `data`.
    pub fn look_for_alerts(&self, data: Option<&Path>) {
        let (now, is_set) = clock::now();
        // Everything would be new to a clock that is wrong.
        if !is_set {
            return;
        }
        let now = now.as_secs();
        let snapshot = self.snapshot();
        let settings = &snapshot.config.alerts;
        let mut holds = conditions::lists(&subscriptions(&snapshot), self.uptime(), now);
        if snapshot.config.stats.level != StatsLevel::Counts {
            holds.extend(self.around());
            if let Some(data) = data {
                match self.counted(data, &snapshot, now) {
                    Ok(things) => holds.extend(things),
                    Err(error) => debug!("no alerts of what was counted: {error}"),
                }
            }
        }
        if let Some(data) = data.filter(|_| settings.mqtt.is_some())
            && let Err(error) = self.count_refused(data, &snapshot)
        {
            debug!("what was refused today is not known: {error}");
        }
        let shown = |key: &str| self.devices.shown(key);
        if let Some(kept) = self.alerts.look(holds, &settings.kinds, now, shown) {
            self.keep_alerts(kept);
        }
    }

    pub(super) fn keep_alerts(&self, kept: String) {
        if let Err(error) = self.household.with_store(|store| store.set(&[(ALERTS, kept)], None)) {
            warn!("{error}; alerts may be told again after the next start");
        }
    }

    /// Things that what was counted tells of.
    fn counted(
        &self,
        data: &Path,
        snapshot: &Snapshot,
        now: u64,
    ) -> Result<Vec<Thing>, StoreError> {
        let kinds = &snapshot.config.alerts.kinds;
        let of_nights =
            kinds.contains(&AlertKind::Night) && conditions::is_after_night(now, &snapshot.clock);
        let of_companies = kinds.contains(&AlertKind::NewCompany);
        if !of_nights && !of_companies {
            return Ok(Vec::new());
        }
        let reader = Reader::open(data)?;
        let today = now / 86_400;
        let yesterday = today.saturating_sub(1);
        let first = if of_nights { conditions::first_hour(now) } else { yesterday * 24 };
        let mut hours: BTreeMap<String, Hours> = BTreeMap::new();
        let mut followed: BTreeSet<(String, String)> = BTreeSet::new();
        reader.lately(first, |lately| {
            if !hours.contains_key(lately.device) {
                hours.insert(lately.device.to_owned(), Hours::default());
            }
            let Some(of) = hours.get_mut(lately.device) else { return };
            of.asked.insert(lately.hour);
            if lately.follows {
                of.followed.insert(lately.hour);
                if lately.hour >= yesterday * 24 {
                    followed.insert((lately.device.to_owned(), lately.company.to_owned()));
                }
            }
        })?;
        let mut things = Vec::new();
        if of_companies {
            let met = reader.met_since(yesterday)?;
            things = conditions::new_companies(&met, &followed, today);
        }
        if of_nights {
            let known = reader.known_since()?.into_iter().collect();
            things.extend(conditions::nights(&hours, &known, now, &snapshot.clock));
        }
        Ok(things)
    }

    fn count_refused(&self, data: &Path, snapshot: &Snapshot) -> Result<(), StoreError> {
        let began = snapshot.clock.midnight(Timestamp::now(), 0);
        let began = began.and_then(|began| u64::try_from(began.as_second()).ok()).unwrap_or(0);
        let mut refused = 0;
        Reader::open(data)?.lately(began / 3_600, |lately| refused += lately.refused)?;
        self.refused_today.store(refused, Relaxed);
        Ok(())
    }

    /// Devices that have asked for ways around us since the last look, and those that are silent.
    fn around(&self) -> Vec<Thing> {
        let totals = self.totals();
        let known = self.devices.keys();
        let mut before = self.around.lock().unwrap_or_else(PoisonError::into_inner);
        before.resize(known.len(), 0);
        let mut keys = BTreeSet::new();
        for ((number, before), key) in (0..).zip(before.iter_mut()).zip(known) {
            let count = totals.around(DeviceId(number));
            if let Some(key) = key.filter(|_| count > *before) {
                keys.insert(key);
            }
            *before = count;
        }
        drop(before);
        let asked = keys.into_iter().map(|device| Thing::Asked { device });
        let silent = self.silent().into_iter();
        let silent = silent.map(|card| Thing::Silent { device: self.devices.key_of(card) });
        asked.chain(silent).collect()
    }
}

/// What is known of all lists and databases of the settings.
fn subscriptions(snapshot: &Snapshot) -> Vec<Subscription> {
    let (config, rules) = (&snapshot.config, &snapshot.rules);
    let lists = config.lists.iter().zip(rules.lists.iter().skip(BUILTIN_LISTS.len()));
    let all = lists.chain(config.databases.iter().zip(&rules.databases));
    let known = all.map(|(list, status)| Subscription {
        name: list.name.clone(),
        checked: status.checked,
        update: list.file.is_none().then_some(list.update),
        unfit: status.unfit,
    });
    known.collect()
}
