//! What is going on around us, looked at now and then: who has asked of late, and whether everybody
//! comes from one address.

use std::iter::repeat;
use std::net::IpAddr;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tracing::{info, warn};

use super::Engine;
use crate::clients::{self, DeviceId};
use crate::clock::Moment;
use crate::config::Mac;

/// How often it is looked.
pub(super) const LOOK: Duration = Duration::from_secs(10);
/// Queries that say something.
const MANY: u64 = 100;
/// Of a hundred, how many make almost all.
const ALMOST_ALL: u64 = 90;

/// What was seen when it was looked last.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// Queries of each device, by number.
    queries: Vec<u64>,
    /// Queries since it was last decided whether everybody is one, by number.
    since: Vec<u64>,
}

impl Engine {
    /// Looks around.
    pub(super) fn look_around(&self) {
        let now = Moment::now().steady.as_secs();
        let asked = self.totals().by_device().into_iter().map(|counts| counts.iter().sum::<u64>());
        let mut seen = self.surroundings.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are forgotten have asked nothing.
        let devices = self.devices.devices().len() + 1;
        seen.queries.resize(devices, 0);
        seen.since.resize(devices, 0);
        for (number, queries) in asked.chain(repeat(0)).take(devices).enumerate() {
            let device = DeviceId(number as u32);
            let new = queries - seen.queries[number].min(queries);
            if new > 0 && device != DeviceId::OTHER {
                self.devices.has_asked(device, now);
            }
            seen.queries[number] = queries;
            seen.since[number] += new;
        }
        let all: u64 = seen.since.iter().sum();
        if all < MANY {
            return;
        }
        let router = clients::gateway();
        let hidden = seen.since.iter().zip(0..).any(|(&queries, number)| {
            queries * 100 >= all * ALMOST_ALL && self.is_router(DeviceId(number), router)
        });
        seen.since.fill(0);
        drop(seen);
        if self.hidden.swap(hidden, Relaxed) == hidden {
            return;
        }
        if hidden {
            warn!(
                "almost all queries come from the one address of a router: devices cannot be told \
                 apart. If this is a container, give it the host's network; if the router forwards, \
                 have it hand out our address as the devices' DNS server"
            );
        } else {
            info!("devices can be told apart again");
        }
    }

    fn is_router(&self, device: DeviceId, router: Option<IpAddr>) -> bool {
        let device = self.devices.device(device);
        router.is_some_and(|router| device.is_some_and(|d| d.addresses.contains(&router)))
    }

    /// Whether almost all queries come from the one address of a router.
    pub fn everybody_is_one(&self) -> bool {
        self.hidden.load(Relaxed)
    }

    /// Network cards of devices that are there and have asked nothing for an hour.
    pub fn silent(&self) -> Vec<Mac> {
        self.devices.silent(clients::gateway(), Moment::now().steady.as_secs())
    }
}
