//! HTTP/1.1 over TCP and TLS, and DNS over UDP, by script.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::upstream;
use crate::config;

/// What a server does after it sent what it has to send.
#[derive(Clone, Copy)]
pub(super) enum Then {
    Close,
    Hang,
    /// An octet now and then, without end.
    Drip,
}

#[derive(Clone)]
pub(super) struct Reply(pub(super) Vec<u8>, pub(super) Then);

/// A response of `status` with more header fields, whose body is `body`.
pub(super) fn reply(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{fields}\r\n",
        body.len()
    );
    Reply([head.as_bytes(), body].concat(), Then::Close)
}

pub(super) fn redirect(to: &str) -> Reply {
    reply("302 Found", &format!("Location: {to}\r\n"), "")
}

/// A server, one connection after the other; what its script does not hold, its last reply answers.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) async fn new(script: Vec<Reply>) -> Self {
        Self::start(script, None).await
    }

    pub(super) async fn start(script: Vec<Reply>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                match &tls {
                    None => answer(stream, &script, &heard).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => answer(stream, &script, &heard).await,
                        Err(_) => heard.lock().unwrap().push("handshake failed".to_owned()),
                    },
                }
            }
        });
        Self { address, asked }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/list", self.address)
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &[Reply],
    heard: &Mutex<Vec<String>>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(octet) => request.push(octet),
            Err(_) => return,
        }
    }
    let number = {
        let mut heard = heard.lock().unwrap();
        heard.push(String::from_utf8(request).unwrap());
        heard.len() - 1
    };
    let Reply(octets, then) = &script[number.min(script.len() - 1)];
    let _ = stream.write_all(octets).await;
    let _ = stream.flush().await;
    match then {
        Then::Close => drop(stream.shutdown().await),
        // Until the other side goes.
        Then::Hang => drop(stream.read_u8().await),
        Then::Drip => {
            while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
                sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

/// A DNS server that knows `list.example` as 127.0.0.1 and no other name.
pub(super) struct Dns {
    pub(super) address: SocketAddr,
    pub(super) asked: Arc<Mutex<Vec<String>>>,
}

impl Dns {
    pub(super) async fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut query = [0; 512];
            loop {
                let (len, from) = socket.recv_from(&mut query).await.unwrap();
                let response = Self::answer(&query[..len], &heard);
                socket.send_to(&response, from).await.unwrap();
            }
        });
        Self { address, asked }
    }

    fn answer(query: &[u8], heard: &Mutex<Vec<String>>) -> Vec<u8> {
        let mut name = String::new();
        let mut at = 12;
        while query[at] != 0 {
            let label = at + 1..at + 1 + usize::from(query[at]);
            at = label.end;
            name += &String::from_utf8_lossy(&query[label]).to_lowercase();
            name.push('.');
        }
        let (known, a) = (name == "list.example.", query[at + 1..at + 3] == [0, 1]);
        heard.lock().unwrap().push(name);
        let answers = u8::from(known && a);
        // Response with RD and RA; NOERROR or NXDOMAIN; one question, no EDNS.
        let head = [0x81, if known { 0x80 } else { 0x83 }, 0, 1, 0, answers, 0, 0, 0, 0];
        let mut response = [&query[..2], &head, &query[12..at + 5]].concat();
        if answers == 1 {
            response.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        }
        response
    }

    pub(super) fn upstream(&self) -> config::Upstream {
        upstream(&[self.address])
    }
}
