//! Orders to the running server, over a socket in its data folder that only its owner can open: one
//! line of JSON to and fro.

mod told;

use std::fs::{self, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::debug;

pub use told::{Asked, Card, Company, Figures, Seen, Stands, Upstream};

use crate::engine::{Change, Engine, Way};

/// Longest line, in octets.
const LONGEST: u64 = 16 << 20;
/// Changes told of.
const SHOWN: usize = 50;
/// Time either side gets for its line.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Write down what was counted since the last time.
    Record,
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
    /// Tell the latest alerts.
    Alerts,
    /// Tell which network cards are there and ask nothing.
    Silent,
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
pub fn spawn(folder: &Path, engine: Arc<Engine>) -> io::Result<()> {
    let path = socket(folder);
    // A server that was killed leaves its socket behind.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let serve = move || {
        for stream in listener.incoming().filter_map(io::Result::ok) {
            if let Err(error) = answer(&stream, &engine) {
                debug!("an order has got lost: {error}");
            }
        }
    };
    thread::Builder::new().name("control".to_owned()).spawn(serve)?;
    Ok(())
}

fn answer(stream: &UnixStream, engine: &Engine) -> io::Result<()> {
    let outcome = match receive(stream)? {
        Order::Flush { name } => flush(engine, name.as_deref()),
        Order::Change(change) => {
            engine.change(&change, Way::Command).map_err(|error| error.to_string())
        }
        Order::Forget(device, since) => engine
            .forget(device.as_deref(), since.map(Duration::from_secs))
            .map_err(|error| error.to_string()),
        Order::Record => match engine.record() {
            Ok(_) => Ok("written".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        Order::Button => told(&told::stands(engine)),
        Order::Devices => told(&told::devices(engine)),
        Order::Live(after, device) => match told::live(engine, after, device.as_deref()) {
            Ok(asked) => told(&asked),
            Err(error) => Err(error),
        },
        Order::Alerts => told(&engine.alerts()),
        Order::Silent => told(&told::silent(engine)),
        Order::Figures => told(&told::figures(engine)),
        Order::Choices => told(&engine.choices()),
        Order::Changes => match engine.latest_changes(SHOWN) {
            Ok(changes) => told(&changes),
            Err(error) => Err(error.to_string()),
        },
    };
    send(stream, &outcome)
}

fn told(what: &impl Serialize) -> Outcome {
    serde_json::to_string(what).map_err(|error| error.to_string())
}

fn flush(engine: &Engine, name: Option<&str>) -> Outcome {
    let gone = match name {
        None => engine.cache.flush(|_| true),
        Some(text) => {
            let parent: crate::wire::Name =
                text.parse().map_err(|error| format!("`{text}` is not a name: {error}"))?;
            engine.cache.flush(|name| name.suffix(parent.label_count()) == parent.wire())
        }
    };
    Ok(format!("{gone} answers let go"))
}

/// Gives `order` to the server of the data folder `folder`, and returns what it says.
///
/// # Errors
/// There is none, or it cannot do that.
pub fn tell(folder: &Path, order: &Order) -> Result<String, ControlError> {
    let no_server = |error| ControlError::NoServer { path: folder.to_owned(), error };
    let stream = UnixStream::connect(socket(folder)).map_err(no_server)?;
    send(&stream, order)?;
    let outcome: Outcome = receive(&stream)?;
    outcome.map_err(ControlError::Refused)
}

fn send(mut stream: &UnixStream, what: &impl Serialize) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn receive<T: for<'a> Deserialize<'a>>(stream: &UnixStream) -> io::Result<T> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}
