//! An upstream of the test's own, over UDP and TCP on one port.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::dns::{A, OPT, asked, question_end, record};
use super::{read_framed, send_framed};

/// What an upstream says: the flags and the records behind the question, or nothing.
pub struct Said {
    pub flags: [u8; 2],
    pub counts: [u16; 3],
    pub records: Vec<u8>,
}

impl Said {
    pub fn answer(records: Vec<u8>) -> Self {
        Self { flags: [0x81, 0x80], counts: [1, 0, 0], records }
    }
}

/// Every query that came.
type Asked = Arc<Mutex<Vec<Vec<u8>>>>;
type Script = dyn Fn(&[u8], bool) -> Option<Said> + Send + Sync;

pub struct Upstream {
    pub address: SocketAddr,
    asked: Asked,
    stop: Arc<AtomicBool>,
}

impl Upstream {
    /// Says what `script` makes of each query (and whether it came by TCP); silent where none.
    pub fn start(script: impl Fn(&[u8], bool) -> Option<Said> + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), script)
    }

    pub fn start_at(
        address: SocketAddr,
        script: impl Fn(&[u8], bool) -> Option<Said> + Send + Sync + 'static,
    ) -> Self {
        let script: Arc<Script> = Arc::new(script);
        // One port for both: the UDP one is chosen by the system, the TCP one must be free too.
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind(address).unwrap();
            match TcpListener::bind(udp.local_addr().unwrap()) {
                Ok(tcp) => break (udp, tcp),
                Err(error) if error.kind() == ErrorKind::AddrInUse && address.port() == 0 => {}
                Err(error) => panic!("{error}"),
            }
        };
        let upstream = Self {
            address: udp.local_addr().unwrap(),
            asked: Arc::default(),
            stop: Arc::default(),
        };
        let udp = Arc::new(udp);
        udp.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        {
            let (script, asked, stop) = upstream.shares(&script);
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while !stop.load(Ordering::Relaxed) {
                    let Ok((len, peer)) = udp.recv_from(&mut buffer) else { continue };
                    let query = buffer[..len].to_vec();
                    asked.lock().unwrap().push(query.clone());
                    let (udp, script) = (Arc::clone(&udp), Arc::clone(&script));
                    // A thread each: a script may wait for another query.
                    std::thread::spawn(move || {
                        if let Some(said) = script(&query, false) {
                            let _ = udp.send_to(&message(&query, &said), peer);
                        }
                    });
                }
            });
        }
        let (script, asked, stop) = upstream.shares(&script);
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok((mut stream, _)) = tcp.accept() else { continue };
                let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
                std::thread::spawn(move || {
                    while let Some(query) = read_framed(&mut stream) {
                        asked.lock().unwrap().push(query.clone());
                        if let Some(said) = script(&query, true) {
                            send_framed(&mut stream, &message(&query, &said));
                        }
                    }
                });
            }
        });
        upstream
    }

    fn shares(&self, script: &Arc<Script>) -> (Arc<Script>, Asked, Arc<AtomicBool>) {
        (Arc::clone(script), Arc::clone(&self.asked), Arc::clone(&self.stop))
    }

    /// How it is named in a config.
    pub fn url(&self) -> String {
        format!("udp://{}", self.address)
    }

    /// The queries for `name` so far, in any case of letters.
    pub fn asked(&self, name: &str) -> Vec<Vec<u8>> {
        let all = self.asked.lock().unwrap();
        all.iter().filter(|query| asked(query).eq_ignore_ascii_case(name)).cloned().collect()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Whoever waits for a connection gets one, and sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// A reply to `query` with an OPT record if it had one.
fn message(query: &[u8], said: &Said) -> Vec<u8> {
    let end = question_end(query);
    let has_opt = query[11] > 0;
    let mut message = query[..2].to_vec();
    message.extend(said.flags);
    message.extend([0, 1]);
    let [answers, authority, additional] = said.counts;
    for count in [answers, authority, additional + u16::from(has_opt)] {
        message.extend(count.to_be_bytes());
    }
    message.extend_from_slice(&query[12..end]);
    message.extend_from_slice(&said.records);
    if has_opt {
        message.push(0);
        message.extend(OPT.to_be_bytes());
        message.extend([4, 0xd0, 0, 0, 0, 0, 0, 0]);
    }
    message
}

/// Answers every query by `reply`, which gets the socket, the query and who sent it.
pub fn raw(
    reply: impl Fn(&UdpSocket, &[u8], SocketAddr) + Send + 'static,
) -> (SocketAddr, Arc<AtomicBool>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while !stopped.load(Ordering::Relaxed) {
            if let Ok((len, peer)) = socket.recv_from(&mut buffer) {
                reply(&socket, &buffer[..len], peer);
            }
        }
    });
    (address, stop)
}

/// A good reply to `query`: 192.0.2.`last`, without EDNS.
pub fn good(query: &[u8], last: u8) -> Vec<u8> {
    let mut reply = query[..question_end(query)].to_vec();
    reply[2..4].copy_from_slice(&[0x81, 0x80]);
    reply[4..12].copy_from_slice(&[0, 1, 0, 1, 0, 0, 0, 0]);
    reply.extend(record(A, 300, &[192, 0, 2, last]));
    reply
}
