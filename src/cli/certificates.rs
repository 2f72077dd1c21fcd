//! Keeps the certificate that clients are shown fresh, on a thread of its own: files that others
//! change are read again, and an authority is asked for a new one in time.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::engine::Engine;
use crate::lists::fetch::Fetcher;
use crate::server::acme;
use crate::server::certificate::Certificate;

/// How often it is looked whether files have changed.
const LOOK: Duration = Duration::from_secs(2);
/// First and longest pause before an authority that did not give one is asked again.
const AGAIN: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// Starts the thread.
pub(super) fn spawn(certificate: Arc<Certificate>, engine: Arc<Engine>) -> Result<(), String> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start a runtime: {error}"))?;
    thread::Builder::new()
        .name("certificates".to_owned())
        .spawn(move || runtime.block_on(run(&certificate, &engine)))
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(())
}

async fn run(certificate: &Certificate, engine: &Engine) {
    let mut changed = certificate.changed();
    let mut pause = AGAIN;
    let mut next = Instant::now();
    loop {
        if Instant::now() >= next && acme::is_due(certificate) {
            match ask(certificate, engine).await {
                Ok(()) => {
                    info!("the authority has given a new certificate");
                    pause = AGAIN;
                }
                Err(why) => {
                    warn!("no new certificate, the one before goes on: {why}");
                    next = Instant::now() + pause;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
        sleep(LOOK).await;
        let now = certificate.changed();
        if now != changed {
            match certificate.reload() {
                Ok(()) => info!("the certificate has changed and is shown from now on"),
                Err(why) => error!("the certificate cannot be read, the one before goes on: {why}"),
            }
            changed = now;
        }
    }
}

async fn ask(certificate: &Certificate, engine: &Engine) -> Result<(), String> {
    let upstream = engine.snapshot().config.upstream.clone();
    let fetcher = Fetcher::new(&upstream).map_err(|error| error.to_string())?;
    acme::renew(certificate, fetcher.into_client()).await.map_err(|error| error.to_string())
}
