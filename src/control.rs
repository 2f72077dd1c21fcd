//! Orders to the running server, over a socket in its data folder that only its owner can open: one
//! line of JSON to and fro.

use std::fs::{self, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::{debug, warn};

use crate::engine::{Change, Engine, Recorded, Way, Wish, told};
use crate::web::{Accounts, Password, Who};

/// Longest line, in octets.
const LONGEST: u64 = 16 << 20;
/// Changes told of.
const SHOWN: usize = 50;
/// Time either side gets for its line.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time the server gets for what must be done first: a large table may have to be compiled, or files
/// be written anew.
const WORK: Duration = Duration::from_secs(120);

/// What the server is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Let go of held answers for a name and all below it, or of all.
    Flush {
        /// The name; none for all.
        name: Option<String>,
    },
    /// Change something: the button, a choice, a device's name or profile.
    Change(Change),
    /// Forget what was counted for a device, or for all, since so many seconds ago, or for ever.
    Forget(Option<String>, Option<u64>),
    /// Write down what was counted and logged since the last time.
    WriteDown,
    /// Begin to record a device.
    RecordStart(String),
    /// Tell what the recording of this number has come to.
    RecordRead(u64),
    /// End the recording of this number, and tell what it has come to.
    RecordStop(u64),
    /// Make a setting, above the file's: its key and value, as YAML; or take it back.
    Set(String, Option<String>),
    /// Tell all settings.
    Settings,
    /// Tell where the button stands.
    Button,
    /// Tell which devices have asked.
    Devices,
    /// Tell what was chosen while the server runs.
    Choices,
    /// Tell the latest changes.
    Changes,
    /// Tell what is going on.
    Figures,
    /// Tell what is asked right now, after the query of this number; of one device, or of all.
    Live(u64, Option<String>),
    /// Set the dashboard's password anew.
    Password(Who, Password),
    /// Tell the latest alerts.
    Alerts,
    /// Tell which network cards are there and ask nothing.
    Silent,
    /// Tell what is not as it should be.
    Troubles,
}

/// What came of an order: a line for people, or what was asked for, in JSON.
type Outcome = Result<String, String>;

/// Why an order got nowhere.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error(
        "no server runs with the data folder {}: {error}; give the running one's by --data DIR or --config FILE", path.display()
    )]
    NoServer {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The server went away, or is of another version.
    #[error("the server does not answer: {0}")]
    Silent(#[from] io::Error),
    /// The server says that it cannot.
    #[error("{0}")]
    Refused(String),
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// Takes orders for `engine` on a thread of its own.
///
/// # Errors
/// The socket cannot be made in `folder`.
pub fn spawn(folder: &Path, engine: Arc<Engine>, accounts: Arc<Accounts>) -> io::Result<()> {
    let path = socket(folder);
    // A server that was killed leaves its socket behind.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let serve = move || {
        for stream in listener.incoming().filter_map(io::Result::ok) {
            let (engine, accounts) = (Arc::clone(&engine), Arc::clone(&accounts));
            // Some orders take long, and nobody else shall wait for them.
            let order = thread::Builder::new().name("order".to_owned()).spawn(move || {
                if let Err(error) = answer(&stream, &engine, &accounts) {
                    debug!("an order has got lost: {error}");
                }
            });
            if let Err(error) = order {
                warn!("no thread for an order: {error}");
            }
        }
    };
    thread::Builder::new().name("control".to_owned()).spawn(serve)?;
    Ok(())
}

fn answer(stream: &UnixStream, engine: &Engine, accounts: &Accounts) -> io::Result<()> {
    let outcome = match receive(stream, PATIENCE)? {
        Order::Flush { name } => engine.flush(name.as_deref()).map_err(|error| error.to_string()),
        Order::Change(change) => {
            engine.change(&change, Way::Command).map_err(|error| error.to_string())
        }
        Order::Forget(device, since) => engine
            .forget(device.as_deref(), since.map(Duration::from_secs))
            .map(|deleted| deleted.said)
            .map_err(|error| error.to_string()),
        Order::WriteDown => match engine.write_down() {
            Ok(()) => Ok("written".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        Order::RecordStart(device) => match engine.record_start(&device) {
            Ok(recorded) => tell_of(&recorded),
            Err(error) => Err(error.to_string()),
        },
        Order::RecordRead(id) => told_recorded(engine.record_read(id)),
        Order::RecordStop(id) => told_recorded(engine.record_stop(id)),
        Order::Set(key, value) => engine.wish(Wish::Set(key, value, Way::Command)),
        Order::Settings => engine.wish(Wish::Settings),
        Order::Button => tell_of(&told::stands(engine)),
        Order::Devices => tell_of(&told::devices(engine)),
        Order::Live(after, device) => match told::live(engine, after, device.as_deref()) {
            Ok(asked) => tell_of(&asked),
            Err(error) => Err(error.to_string()),
        },
        Order::Password(who, password) => accounts.set_anew(who, &password),
        Order::Alerts => tell_of(&engine.alerts()),
        Order::Silent => tell_of(&told::silent(engine)),
        Order::Troubles => tell_of(&told::troubles(engine)),
        Order::Figures => tell_of(&told::figures(engine)),
        Order::Choices => tell_of(&engine.choices()),
        Order::Changes => match engine.latest_changes(SHOWN) {
            Ok(changes) => tell_of(&changes),
            Err(error) => Err(error.to_string()),
        },
    };
    send(stream, &outcome)
}

fn tell_of(what: &impl Serialize) -> Outcome {
    serde_json::to_string(what).map_err(|error| error.to_string())
}

fn told_recorded(recorded: Option<Recorded>) -> Outcome {
    let recorded = recorded.ok_or("the recording is over: nobody has looked for a minute");
    tell_of(&recorded?)
}

/// Whether a server runs with the data folder `folder`.
///
/// # Errors
/// It cannot be known: the socket is another user's, for example.
pub fn is_running(folder: &Path) -> io::Result<bool> {
    use io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound};
    match UnixStream::connect(socket(folder)) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | ConnectionRefused) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Gives `order` to the server of the data folder `folder`, and returns what it says.
///
/// # Errors
/// There is none, or it cannot do that.
pub fn tell(folder: &Path, order: &Order) -> Result<String, ControlError> {
    let no_server = |error| ControlError::NoServer { path: folder.to_owned(), error };
    let stream = UnixStream::connect(socket(folder)).map_err(no_server)?;
    send(&stream, order)?;
    let outcome: Outcome = receive(&stream, WORK)?;
    outcome.map_err(ControlError::Refused)
}

fn send(mut stream: &UnixStream, what: &impl Serialize) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn receive<T: for<'a> Deserialize<'a>>(stream: &UnixStream, time: Duration) -> io::Result<T> {
    stream.set_read_timeout(Some(time))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}
