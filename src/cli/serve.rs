//! `trackless serve`: opens the doors, and closes them again.

mod house;
mod signals;

use std::io::IsTerminal;
use std::iter::repeat;
use std::net::{SocketAddr, TcpListener};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use house::{House, report};
use sd_notify::NotifyState;
use tokio::runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tracing::{error, info, warn};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::encrypted::{Encrypted, Silent};
use super::{Settings, cache, certificates, first_login, household, subscriptions};
use crate::clients::Directory;
use crate::clock;
use crate::config::Log;
use crate::control;
use crate::data::Folder;
use crate::engine::{Base, Engine, Resolver};
use crate::hardening;
use crate::server::stream::{self, Doors, Speaks};
use crate::server::{self, BindError, Connections, Passed, udp};
use crate::web::{self, Accounts, Bound, Listeners, Reloads, Site};

/// Time that answers in flight get when the server stops.
const DRAIN: Duration = Duration::from_secs(2);
/// Niceness of the threads that only prepare.
#[cfg(target_os = "linux")]
const LOWEST_PRIORITY: i32 = 19;
/// How often it is looked whether they are all out.
const DRAIN_LOOK: Duration = Duration::from_millis(5);

pub(super) fn run(settings: Settings) -> Result<(), String> {
    let (mut end, hang_up) = signals::note()?;
    let colours = std::io::stderr().is_terminal();
    let config = settings.read()?;
    let level = match config.log {
        Log::Error => LevelFilter::ERROR,
        Log::Warn => LevelFilter::WARN,
        Log::Info => LevelFilter::INFO,
        Log::Debug => LevelFilter::DEBUG,
    };
    // The libraries' own lines tell names that were asked for.
    let own = Targets::new().with_target(env!("CARGO_PKG_NAME"), level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false);
    tracing_subscriber::registry().with(lines.with_filter(own)).init();
    // What a panic says may hold a name that was asked for; where it happened does not.
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        error!("a failure that should not be, at {place}; please report this");
    }));
    if !clock::is_set() {
        warn!("this machine's clock is in the past: nothing is validated until it is set");
    }
    let folder = match Folder::open(config.data.as_deref()) {
        Ok(folder) => Some(folder),
        Err(error) => {
            warn!(
                "{error}. Going on without: lists are compiled at each start, and devices get new names"
            );
            None
        }
    };
    if let Some(folder) = &folder {
        match folder.close() {
            Ok(opened) => opened.iter().for_each(|path| {
                warn!("{}: others could read it; it is its owner's alone again", path.display());
            }),
            Err(error) => warn!("{error}"),
        }
    }
    let data = folder.map(|folder| folder.path().to_owned());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers = if config.workers == 0 { cores } else { config.workers };
    // A resolver waits more than it works; TLS is the exception, and needs no core a worker.
    let resolvers = cores.div_ceil(2);

    let mut passed = Passed::take()?;
    let mut doors = Vec::new();
    for &address in &config.listen {
        let door = server::bind(address, workers, resolvers, &mut passed);
        doors.push(door.map_err(|error| error.to_string())?);
    }
    let encrypted = Silent::open(&config, resolvers, &mut passed)?;
    let mut http = |address: Option<SocketAddr>| {
        let bind = |at| {
            let listener = passed.http(at).map_or_else(|| TcpListener::bind(at), Ok);
            listener.map_err(|error| BindError::new(at, "HTTP", error).to_string())
        };
        address.map(bind).transpose()
    };
    let listeners = Listeners { web: http(config.web)?, metrics: http(config.metrics.listen)? };
    for address in passed.left() {
        warn!("nothing is served on {address}, which was passed: no setting names it");
    }
    // Before anything is read that others have written, and before there is another thread.
    let hardened = Arc::new(hardening::apply(&config, settings.file(), data.as_deref()));
    let encrypted = Encrypted::show(encrypted, &config, data.as_deref())?;

    let devices =
        Arc::new(Directory::new(household::device_key(data.as_ref())?, config.stats.devices));
    let loading = {
        let (config, data) = (config.clone(), data.clone());
        move || Base::load(config, data.as_deref(), None)
    };
    let Some(base) = end.or("load", loading)? else {
        info!("stopping before all was loaded");
        return Ok(());
    };
    let base = base.map_err(|error| error.to_string())?;
    report(&base);
    let (engine, threads) = Engine::new(base, devices, resolvers, household::store(data.as_ref()))
        .map_err(|error| error.to_string())?;
    household::recall(&engine, data.as_ref());
    household::watch(&engine, data.as_ref())?;

    let accounts = Arc::new(Accounts::open(data.as_deref()));
    if let Some(data) = &data {
        cache::load(&engine, data);
        if let Err(error) = control::spawn(data, Arc::clone(&engine), Arc::clone(&accounts)) {
            warn!("no orders can be taken: {}: {error}", data.display());
        }
    }
    let ready = Arc::new(AtomicBool::new(false));
    let reloads = Arc::new(Reloads::default());
    let dns = doors.iter().map(|door| door.address).collect();
    let bound = Bound { dns, ..encrypted.bound };
    let (stop, stopping) = watch::channel(false);
    let connections = Connections::new(config.tcp.clone(), Arc::clone(&engine));
    let mut of_threads: Vec<Doors> = (0..resolvers).map(|_| Doors::default()).collect();
    let mut udp_doors = Vec::new();
    let mut running = Vec::new();
    for (door, speaks) in doors.into_iter().zip(repeat(Speaks::Plain)).chain(encrypted.streams) {
        for (listener, of_thread) in door.tcp.into_iter().zip(&mut of_threads) {
            of_thread.streams.push((listener, speaks.clone()));
        }
        for socket in door.udp {
            let door = udp::Door::new(socket);
            running.push(spawn_worker(door.clone(), Arc::clone(&engine))?);
            udp_doors.push(door);
        }
    }
    of_threads[0].quic = encrypted.quic;
    for (resolver, doors) in threads.into_iter().zip(of_threads) {
        spawn_resolver(resolver, doors, Arc::clone(&connections), stopping.clone())?;
    }
    if let Some(listener) = &listeners.web {
        first_login::tell(listener, &accounts);
    }
    if let Some(address) = listeners.metrics.as_ref().and_then(|metrics| metrics.local_addr().ok())
    {
        info!("metrics on http://{address}/");
    }
    let site = Site::new(
        Arc::clone(&engine),
        (bound.clone(), data.clone()),
        accounts,
        Arc::clone(&reloads),
        Arc::clone(&hardened),
        Arc::clone(&ready),
    );
    web::spawn(listeners, site)
        .map_err(|error| format!("cannot start the HTTP server: {error}"))?;
    // From here on this thread, and those it starts, only fetch and compile lists: they must not
    // take time from those that answer. On Linux this is a matter of these threads alone.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, LOWEST_PRIORITY);
    let (fetched, news) = mpsc::channel(1);
    let due = Arc::new(subscriptions::Due::default());
    if let Some(data) = &data {
        subscriptions::spawn(Arc::clone(&engine), data.clone(), fetched, Arc::clone(&due))?;
    }
    let certificate = encrypted.certificate;
    if let Some(certificate) = &certificate {
        certificates::spawn(Arc::clone(certificate), Arc::clone(&engine))?;
    }
    let house = House {
        settings,
        engine: Arc::clone(&engine),
        data: data.clone(),
        certificate,
        reloads,
        hardened,
        news,
        due,
    };
    for (addresses, protocol) in [
        (bound.dns, "UDP and TCP"),
        (bound.tls, "TLS"),
        (bound.https, "HTTPS and HTTP/3"),
        (bound.quic, "QUIC"),
    ] {
        for address in addresses {
            info!("answering DNS on {address}, {protocol}");
        }
    }
    ready.store(true, Ordering::Release);
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    // What is being compiled when it is time to end is nobody's loss: the files of before stay.
    if let Some(failed) = end.or("house", move || house.run(hang_up))? {
        return failed;
    }

    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    ready.store(false, Ordering::Release);
    info!("stopping");
    let deadline = Instant::now() + DRAIN;
    let _ = stop.send(true);
    udp_doors.iter().for_each(udp::Door::stop);
    for worker in running {
        let _ = worker.join();
    }
    while (engine.waiting() > 0 || connections.open() > 0) && Instant::now() < deadline {
        thread::sleep(DRAIN_LOOK);
    }
    // Told of where it happens.
    let _ = engine.write_down();
    if let Some(data) = &data {
        cache::save(&engine, data);
    }
    Ok(())
}

fn spawn_worker(door: udp::Door, engine: Arc<Engine>) -> Result<JoinHandle<()>, String> {
    let serve = move || loop {
        match catch_unwind(AssertUnwindSafe(|| door.serve(&engine))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                error!("a UDP socket has failed: {error}");
                return;
            }
            // A bug, but no reason for a house to be without DNS.
            Err(_) => error!("a UDP worker has failed and is started again; please report this"),
        }
    };
    thread::Builder::new()
        .name("udp".to_owned())
        .spawn(serve)
        .map_err(|error| format!("cannot start a thread: {error}"))
}

fn spawn_resolver(
    resolver: Resolver,
    doors: Doors,
    connections: Arc<Connections>,
    stop: watch::Receiver<bool>,
) -> Result<(), String> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start a runtime: {error}"))?;
    let run = move || {
        let set = LocalSet::new();
        let engine = Arc::clone(resolver.engine());
        set.spawn_local(async move {
            if let Err(error) = stream::serve(engine, doors, connections, stop).await {
                error!("streams are not served: {error}");
            }
        });
        // A bug, and no way on: without this thread its share of all questions would wait for
        // ever. Whoever started us may start us again.
        if catch_unwind(AssertUnwindSafe(|| set.block_on(&runtime, resolver.run()))).is_err() {
            error!("a resolver has failed; please report this");
            process::exit(70);
        }
    };
    thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(run)
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(())
}
