//! The server under test: the real binary, and an upstream that knows no name.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use std::{fs, thread};

use tempfile::TempDir;

/// A running server; dropping it ends the process.
pub(crate) struct Server {
    child: Child,
    /// Where it answers DNS.
    pub(crate) address: SocketAddr,
    said: Arc<Mutex<String>>,
    _data: TempDir,
}

impl Server {
    /// Starts it, and returns when it answers.
    pub(crate) fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder for its data");
        let mut child = Command::new(env!("CARGO_BIN_EXE_trackless"))
            .args(["serve", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"])
            .args(["--upstream", &format!("udp://{}", upstream())])
            .arg("--data")
            .arg(data.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = child.stderr.take().expect("its stderr is ours");
        let said = Arc::new(Mutex::new(String::new()));
        let (up, is_up) = mpsc::channel();
        thread::spawn({
            let said = Arc::clone(&said);
            move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    if let Some((_, rest)) = line.split_once("answering DNS on ")
                        && let Some((address, _)) = rest.split_once(',')
                    {
                        let _ = up.send(address.parse());
                    }
                    let mut said = said.lock().expect("no reader has panicked");
                    said.push_str(&line);
                    said.push('\n');
                }
            }
        });
        // From here on a panic ends the process too.
        let mut server = Self { child, address: ([0; 4], 0).into(), said, _data: data };
        match is_up.recv_timeout(Duration::from_secs(30)) {
            Ok(Ok(address)) => server.address = address,
            other => panic!("the server is not up: {other:?}\n{}", server.said()),
        }
        server
    }

    /// Everything it has written to stderr.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("no reader has panicked").clone()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// Its resident set, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let size = line.and_then(|line| line.trim().strip_suffix(" kB")).expect("a size");
        size.trim().parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts an upstream that says NXDOMAIN to everything, until the test process ends.
fn upstream() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("a bound socket");
    thread::spawn(move || {
        let mut packet = [0; 4096];
        while let Ok((len, from)) = socket.recv_from(&mut packet) {
            if len >= 12 {
                packet[2] |= 0x80;
                packet[3] = 0x83;
                let _ = socket.send_to(&packet[..len], from);
            }
        }
    });
    address
}
