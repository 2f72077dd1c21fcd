//! `trackless record`: which trackers are seen together with which sites on one device, until Ctrl-C.

use std::collections::HashSet;
use std::io::{self, Write};
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::{Settings, ask, finish};
use crate::control::Order;
use crate::engine::Recorded;

/// From one look to the next.
const PACE: Duration = Duration::from_secs(1);

pub(super) fn run(device: &str, settings: &Settings) -> Result<(), String> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start a runtime: {error}"))?;
    runtime.block_on(async {
        let signals = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
        let mut interrupt = signals(SignalKind::interrupt())?;
        let mut terminate = signals(SignalKind::terminate())?;
        let started: Recorded = ask(&Order::RecordStart(device.to_owned()), settings)?;
        let watched = watch(&started, &mut [&mut interrupt, &mut terminate], settings).await;
        let stopped = ask(&Order::RecordStop(started.id), settings);
        if watched? {
            return finish(summary(&mut io::stdout().lock(), &stopped?));
        }
        Ok(())
    })
}

/// Shows what is new until somebody stops it. Says whether somebody still reads.
async fn watch(
    started: &Recorded,
    stop: &mut [&mut Signal; 2],
    settings: &Settings,
) -> Result<bool, String> {
    let Recorded { device, id, .. } = started;
    let mut shown = HashSet::new();
    let mut lines = vec![format!("recording {device}; Ctrl-C ends it")];
    loop {
        let mut out = io::stdout().lock();
        let written = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
        if written.and_then(|()| out.flush()).is_err() {
            return Ok(false);
        }
        drop(out);
        let [interrupt, terminate] = stop;
        let stopped = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        if timeout(PACE, stopped).await.is_ok() {
            return Ok(true);
        }
        let recorded: Recorded = ask(&Order::RecordRead(*id), settings)?;
        lines = news(&recorded, &mut shown);
        if recorded.over && shown.insert(String::new()) {
            lines.push("the hour is over, nothing more is taken in; Ctrl-C ends it".to_owned());
        }
    }
}

/// What was not shown yet.
fn news(recorded: &Recorded, shown: &mut HashSet<String>) -> Vec<String> {
    let lines = recorded.sites.iter().flat_map(|site| {
        let visit = format!("visit {} of {}", site.visits, site.site);
        let met = site.trackers.iter().flat_map(|one| {
            one.domains.iter().map(|domain| {
                format!("{}: seen together with {}, {domain}", site.site, one.company)
            })
        });
        std::iter::once(visit).chain(met)
    });
    lines.filter(|line| shown.insert(line.clone())).collect()
}

fn summary(out: &mut impl Write, recorded: &Recorded) -> io::Result<()> {
    writeln!(out, "\n{} queries of {}", recorded.queries, recorded.device)?;
    if recorded.left_out > 0 {
        writeln!(out, "{} of them were too many to keep", recorded.left_out)?;
    }
    for site in &recorded.sites {
        let visits = if site.visits == 1 { "visit" } else { "visits" };
        writeln!(out, "{}: {} {visits}", site.site, site.visits)?;
        for one in &site.trackers {
            let names = one.domains.join(", ");
            writeln!(
                out,
                "  seen together with {} in {} of {}, {} refused: {names}",
                one.company, one.seen, site.visits, one.refused
            )?;
        }
    }
    Ok(())
}
