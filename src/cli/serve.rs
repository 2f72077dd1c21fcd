//! `trackless serve`: opens the doors, and closes them again.

use std::io::IsTerminal;
use std::iter::repeat;
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::LocalSet;
use tracing::{error, info, warn};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::encrypted::Encrypted;
use super::{Settings, cache, certificates, household, subscriptions};
use crate::clients::Directory;
use crate::clock;
use crate::config::{Config, Log, Stats};
use crate::control;
use crate::data::Folder;
use crate::engine::{Base, Engine, Resolver};
use crate::lists::Status;
use crate::server::certificate::Certificate;
use crate::server::stream::{self, Doors, Speaks};
use crate::server::{self, BindError, Connections, udp};
use crate::web::{self, Reloads};

/// Time that answers in flight get when the server stops.
const DRAIN: Duration = Duration::from_secs(2);
/// Niceness of the threads that only prepare.
#[cfg(target_os = "linux")]
const LOWEST_PRIORITY: i32 = 19;
/// How often it is looked whether they are all out.
const DRAIN_LOOK: Duration = Duration::from_millis(5);

pub(super) fn run(settings: Settings) -> Result<(), String> {
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
    let data = folder.map(|folder| folder.path().to_owned());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers = if config.workers == 0 { cores } else { config.workers };
    // A resolver waits more than it works; TLS is the exception, and needs no core a worker.
    let resolvers = cores.div_ceil(2);

    let mut doors = Vec::new();
    for &address in &config.listen {
        doors.push(server::bind(address, workers, resolvers).map_err(|error| error.to_string())?);
    }
    let encrypted = Encrypted::open(&config, data.as_deref(), resolvers)?;
    let web = match config.web {
        Some(address) => Some(
            TcpListener::bind(address)
                .map_err(|error| BindError::new(address, "HTTP", error).to_string())?,
        ),
        None => None,
    };

    let devices =
        Arc::new(Directory::new(household::device_key(data.as_ref())?, config.stats.devices));
    let base =
        Base::load(config.clone(), data.as_deref(), None).map_err(|error| error.to_string())?;
    report(&base);
    let (engine, threads) = Engine::new(base, devices, resolvers, household::store(data.as_ref()))
        .map_err(|error| error.to_string())?;
    household::recall(&engine, data.as_ref());
    household::watch(&engine, data.as_ref())?;

    if let Some(data) = &data {
        cache::load(&engine, data);
        if let Err(error) = control::spawn(data, Arc::clone(&engine)) {
            warn!("no orders can be taken: {}: {error}", data.display());
        }
    }
    let ready = Arc::new(AtomicBool::new(false));
    let reloads = Arc::new(Reloads::default());
    let addresses: Vec<_> = doors.iter().map(|door| door.address).collect();
    let (stop, stopping) = watch::channel(false);
    let connections = Connections::new(config.tcp.clone());
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
    if let Some(listener) = web {
        if let Ok(address) = listener.local_addr() {
            info!("metrics and health on http://{address}/");
        }
        web::spawn(listener, Arc::clone(&engine), Arc::clone(&reloads), Arc::clone(&ready))
            .map_err(|error| format!("cannot start the HTTP server: {error}"))?;
    }
    let say_ready = || {
        for address in addresses {
            info!("answering DNS on {address}, UDP and TCP");
        }
        for (address, protocol) in encrypted.addresses {
            info!("answering DNS on {address}, {protocol}");
        }
        ready.store(true, Ordering::Release);
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    };
    // From here on this thread, and the one it starts, only fetch and compile lists: they must not
    // take time from those that answer. On Linux this is a matter of the calling thread alone.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, LOWEST_PRIORITY);
    let (fetched, news) = mpsc::channel(1);
    let reloaded = Arc::new(Notify::new());
    if let Some(data) = &data {
        subscriptions::spawn(Arc::clone(&engine), data.clone(), fetched, Arc::clone(&reloaded))?;
    }
    let certificate = encrypted.certificate;
    if let Some(certificate) = &certificate {
        certificates::spawn(Arc::clone(certificate), Arc::clone(&engine))?;
    }
    let mut house = House { settings, engine, data, certificate, reloads, news, reloaded };
    house.wait_for_signals(say_ready)?;
    let (engine, data) = (house.engine, house.data);

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
    let _ = engine.record();
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

/// What it takes to reload.
struct House {
    settings: Settings,
    engine: Arc<Engine>,
    data: Option<PathBuf>,
    /// Shown by encrypted doors, if there are any.
    certificate: Option<Arc<Certificate>>,
    reloads: Arc<Reloads>,
    /// Lists were fetched, or there is news of why not.
    news: mpsc::Receiver<()>,
    /// There may be other lists to fetch.
    reloaded: Arc<Notify>,
}

impl House {
    /// Serves until SIGTERM or SIGINT; reloads at each SIGHUP, and lists alone when some were
    /// fetched. Says that it is ready only when signals are waited for: one that comes earlier ends
    /// the process.
    fn wait_for_signals(&mut self, say_ready: impl FnOnce()) -> Result<(), String> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start a runtime: {error}"))?;
        runtime.block_on(async {
            let signals = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
            let mut terminate = signals(SignalKind::terminate())?;
            let mut interrupt = signals(SignalKind::interrupt())?;
            let mut hang_up = signals(SignalKind::hangup())?;
            say_ready();
            loop {
                tokio::select! {
                    _ = terminate.recv() => return Ok(()),
                    _ = interrupt.recv() => return Ok(()),
                    _ = hang_up.recv() => {
                        if let Ok(time) = NotifyState::monotonic_usec_now() {
                            let _ = sd_notify::notify(&[NotifyState::Reloading, time]);
                        }
                        self.reload(self.settings.read());
                        self.reload_certificate();
                        let _ = sd_notify::notify(&[NotifyState::Ready]);
                        self.reloaded.notify_one();
                    }
                    Some(()) = self.news.recv() => {
                        let config = self.engine.snapshot().config.clone();
                        self.reload(Ok(config));
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

    fn reload(&self, config: Result<Config, String>) {
        match config.and_then(|config| reload(config, &self.engine, self.data.as_ref())) {
            Ok(()) => drop(self.reloads.ok.fetch_add(1, Ordering::Relaxed)),
            Err(error) => {
                self.reloads.failed.fetch_add(1, Ordering::Relaxed);
                error!("not reloaded, what was there goes on: {error}");
            }
        }
    }
}

/// Reads lists again and decides by them and `config` from then on. Runs on the thread that waits
/// for signals: queries are answered by the old ones meanwhile.
fn reload(config: Config, engine: &Arc<Engine>, data: Option<&PathBuf>) -> Result<(), String> {
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
    engine.replace(new).map_err(|error| error.to_string())
}

/// Settings that differ and cannot change while the server runs.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    [
        ("listen", old.listen != new.listen),
        ("web", old.web != new.web),
        ("encrypted", old.encrypted != new.encrypted),
        ("data", old.data != new.data),
        ("workers", old.workers != new.workers),
        ("cache.size", old.cache.size != new.cache.size),
        ("tcp", old.tcp != new.tcp),
        ("stats", Stats { level: new.stats.level, ..old.stats.clone() } != new.stats),
        ("log", old.log != new.log),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

fn report(base: &Base) {
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
