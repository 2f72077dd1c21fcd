//! Signals, noted from the first moment on: until then one of them would end the process by itself.
//!
//! What may take long runs on a thread of its own, so that the process can end meanwhile; it then
//! leaves behind what a pulled plug would.

use std::thread;

use tokio::runtime::{self, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Octets of a thread's stack, as the first one has by custom: lists are others' work, and their patterns
/// may nest.
const STACK: usize = 8 << 20;

/// Waits for SIGTERM and SIGINT, those included that came since it was made.
pub(super) struct End {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
}

/// Has signals noted from now on; SIGHUP apart from those that end the process. Starts no thread.
///
/// # Errors
/// The system has no more descriptors, or memory.
pub(super) fn note() -> Result<(End, Signal), String> {
    let failed = |error| format!("no signals: {error}");
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let inside = runtime.enter();
    let terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    drop(inside);
    Ok((End { runtime, terminate, interrupt }, hang_up))
}

impl End {
    /// What `work` comes to, on a thread `name`; none where the process is to end before.
    ///
    /// # Errors
    /// There can be no thread, or it has failed.
    pub(super) fn or<T: Send + 'static>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, String> {
        let (give, take) = oneshot::channel();
        thread::Builder::new()
            .name(name.to_owned())
            .stack_size(STACK)
            .spawn(move || drop(give.send(work())))
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        self.runtime.block_on(async {
            tokio::select! {
                done = take => match done {
                    Ok(done) => Ok(Some(done)),
                    Err(_) => Err(format!("the thread `{name}` has failed")),
                },
                _ = self.terminate.recv() => Ok(None),
                _ = self.interrupt.recv() => Ok(None),
            }
        })
    }
}
