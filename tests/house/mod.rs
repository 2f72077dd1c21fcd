//! What the tests of the whole server share: the real binary on ports of its own, a client that
//! speaks bytes, and an upstream that says what it is told to.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod dns;
pub mod upstream;
pub mod web;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest time anything local may take; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A running `trackless serve`; killed when dropped.
pub struct Server {
    child: Child,
    /// Lines of its log; closed at its end.
    lines: Mutex<Receiver<String>>,
    /// Where it answers DNS.
    pub dns: SocketAddr,
    /// Where it answers HTTP.
    pub web: SocketAddr,
    /// What it has said so far.
    pub log: String,
    pub folder: TempDir,
}

impl Server {
    /// Serves with `settings` (YAML) on free ports of 127.0.0.1, in a folder of its own.
    pub fn start(settings: &str) -> Self {
        Self::start_in(TempDir::new().unwrap(), settings)
    }

    pub fn start_in(folder: TempDir, settings: &str) -> Self {
        Self::start_by(command(&[]), folder, settings)
    }

    /// Serves by a command that runs the program with the words that are put behind it.
    pub fn start_by(command: Command, folder: TempDir, settings: &str) -> Self {
        let mut server = Self::launch(command, folder, settings);
        server.ready();
        server
    }

    /// As [`Self::start_by`], but does not wait until it answers.
    pub fn launch(mut command: Command, folder: TempDir, settings: &str) -> Self {
        let given = |key: &str| settings.lines().any(|line| line.starts_with(key));
        let listen = if given("listen:") { "" } else { "listen: 127.0.0.1:0\n" };
        let data = if given("data:") { "" } else { "data: data\n" };
        let web = if given("web:") { "" } else { "web: 127.0.0.1:0\n" };
        let text = format!("{listen}{web}{data}{settings}");
        let config = folder.path().join("trackless.yaml");
        std::fs::write(&config, text).unwrap();
        let mut child = command
            .args(["serve", "--config", config.to_str().unwrap()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Mutex::new(lines_of(child.stderr.take().unwrap()));
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { child, lines, dns: unknown, web: unknown, log: String::new(), folder }
    }

    /// Waits until it answers.
    pub fn ready(&mut self) {
        let web = self.wait_for("http://");
        self.web = web.trim_end_matches('/').parse().unwrap();
        let dns = self.wait_for("answering DNS on ");
        self.dns = dns.trim_end_matches(',').parse().unwrap();
    }

    /// Reads the log until a line holds `mark`; gives the word behind it.
    pub fn wait_for(&mut self, mark: &str) -> String {
        loop {
            let line = self.lines.lock().unwrap().recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("it never said `{mark}`:\n{}", self.log));
            self.log.push_str(&line);
            self.log.push('\n');
            if let Some((_, rest)) = line.split_once(mark) {
                return rest.split_whitespace().next().unwrap_or("").to_owned();
            }
        }
    }

    /// What the system tells of the process and of each of its threads.
    pub fn statuses(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
            .collect()
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> String {
        std::fs::read_to_string(self.path("trackless.yaml")).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn signal(&self, signal: &str) {
        let status =
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the server to end by itself, and reads its log to the end.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        loop {
            match self.lines.lock().unwrap().recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.log.push_str(&line);
                    self.log.push('\n');
                }
                Err(RecvTimeoutError::Timeout) => panic!("the server does not end:\n{}", self.log),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
            }
        }
    }

    /// Asks over UDP from `source`.
    pub fn ask_from(&self, source: [u8; 4], query: &[u8]) -> Vec<u8> {
        ask_udp(self.dns, IpAddr::V4(Ipv4Addr::from(source)), query)
    }

    /// Asks over UDP.
    pub fn ask(&self, query: &[u8]) -> Vec<u8> {
        self.ask_from([127, 0, 0, 1], query)
    }

    /// Asks over TCP, on a connection of its own.
    pub fn ask_tcp(&self, query: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        send_framed(&mut stream, query);
        read_framed(&mut stream).expect("a reply")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.dns).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Status line and body of a page.
    pub fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.web).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.web)
            .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    /// Samples of a metric: everything between name and value, and the value.
    pub fn metric(&self, name: &str) -> Vec<(String, f64)> {
        let (_, body) = self.get("/metrics");
        body.lines()
            .filter_map(|line| {
                let rest = line.strip_prefix(name)?;
                let (labels, value) = rest.rsplit_once(' ')?;
                (labels.is_empty() || labels.starts_with('{'))
                    .then(|| (labels.to_owned(), value.parse().unwrap()))
            })
            .collect()
    }

    /// Waits until `condition` holds.
    pub fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            assert!(start.elapsed() < PATIENCE, "in vain: {what}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackless"));
    command.args(arguments);
    command
}

/// Runs a command to its end: success, standard output, standard error.
pub fn run(arguments: &[&str], folder: &Path, input: &str) -> (bool, String, String) {
    let mut child = command(arguments)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .env_remove("STATE_DIRECTORY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// What a command says of the data folder `data`; it must go well.
pub fn order(data: &Path, words: &[&str]) -> String {
    let arguments = [words, &["--data", data.to_str().unwrap()]].concat();
    let (done, said, error) = run(&arguments, Path::new("."), "");
    assert!(done, "{words:?}: {error}");
    said
}

/// Whether any file below `folder` holds `text`, or its labels as DNS writes them.
pub fn holds(folder: &Path, text: &str) -> Option<String> {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.ends_with("rules.table") || path.ends_with("lists") {
            // What lists name, whoever asks.
        } else if path.is_dir() {
            if let Some(found) = holds(&path, text) {
                return Some(found);
            }
        } else if let Ok(bytes) = std::fs::read(&path)
            && contains(&bytes, text)
        {
            return Some(path.display().to_string());
        }
    }
    None
}

pub fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

pub fn ask_udp(server: SocketAddr, source: IpAddr, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind((source, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(server).unwrap();
    socket.send(query).unwrap();
    let mut reply = [0; 65_535];
    let len = socket.recv(&mut reply).expect("a reply");
    reply[..len].to_vec()
}

pub fn send_framed(stream: &mut TcpStream, message: &[u8]) {
    let mut framed = (message.len() as u16).to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).unwrap();
}

/// The next message; none at the end of the stream.
pub fn read_framed(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// Reads on whether or not somebody listens: a full pipe would stop the server.
fn lines_of(stderr: ChildStderr) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}
