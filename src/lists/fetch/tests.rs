use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::*;

const LIMITS: Limits =
    Limits { bytes: 10_000, time: Duration::from_secs(5), stall: Duration::from_secs(5) };
const ONCE: Tries = Tries { count: 1, pause: Duration::ZERO };

/// A name server that gives 127.0.0.1 for every name, and says which names it was asked for.
async fn name_server() -> (Upstream, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("udp://{}", socket.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let names = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut packet = [0; 512];
        while let Ok((len, from)) = socket.recv_from(&mut packet).await {
            let question = &packet[12..len];
            let end = question.iter().position(|&octet| octet == 0).unwrap() + 5;
            names.lock().unwrap().push(String::from_utf8_lossy(&question[1..end - 5]).into_owned());
            let is_a = question[end - 3] == 1;
            let mut reply = packet[..2].to_vec();
            reply.extend_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
            reply.extend_from_slice(&question[..end]);
            if is_a {
                reply.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01");
            }
            let _ = socket.send_to(&reply, from).await;
        }
    });
    (Upstream { servers: vec![url.parse().unwrap()], ..Upstream::default() }, asked)
}

/// An HTTP server that says the replies one after the other, the last one again and again; gives
/// the requests.
async fn web_server(replies: Vec<Vec<u8>>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (seen, next) = (Arc::clone(&requests), AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            seen.lock().unwrap().push(request);
            let reply = &replies[next.fetch_add(1, Ordering::Relaxed).min(replies.len() - 1)];
            let _ = stream.write_all(reply).await;
        }
    });
    (address, requests)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        if stream.read(&mut octet).await.unwrap_or(0) == 0 {
            break;
        }
        request.push(octet[0]);
    }
    String::from_utf8_lossy(&request).to_ascii_lowercase()
}

fn reply(head: &str, body: &[u8]) -> Vec<u8> {
    let mut reply =
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())
            .into_bytes();
    reply.extend_from_slice(body);
    reply
}

struct House {
    folder: TempDir,
    fetcher: Fetcher,
    asked: Arc<Mutex<Vec<String>>>,
}

impl House {
    async fn new() -> Self {
        let (upstream, asked) = name_server().await;
        let fetcher = Fetcher::new(&upstream).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), fetcher, asked }
    }

    async fn fetch(&self, url: &str, limits: &Limits, tries: Tries) -> Result<Fetched, FetchError> {
        self.fetch_known(url, &Validators::default(), limits, tries).await
    }

    async fn fetch_known(
        &self,
        url: &str,
        known: &Validators,
        limits: &Limits,
        tries: Tries,
    ) -> Result<Fetched, FetchError> {
        let to = self.folder.path().join("list");
        let _ = fs::remove_file(&to);
        self.fetcher.fetch(url, known, limits, tries, &to, &|_, _| {}).await
    }

    fn file(&self) -> Option<Vec<u8>> {
        fs::read(self.folder.path().join("list")).ok()
    }
}

#[tokio::test]
async fn a_list_is_fetched_once_and_then_only_asked_about() {
    let fresh = reply("200 OK\r\nETag: \"one\"\r\nLast-Modified: Mon", b"a.test\n");
    let (web, requests) =
        web_server(vec![fresh, b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()]).await;
    let house = House::new().await;
    let url = format!("http://lists.example:{}/a.txt", web.port());
    let Ok(Fetched::New { bytes: 7, validators }) = house.fetch(&url, &LIMITS, ONCE).await else {
        panic!("not fetched")
    };
    assert_eq!(house.file().unwrap(), b"a.test\n");
    // Names go to our upstream, in full, and nothing about this house is told.
    assert!(house.asked.lock().unwrap().iter().all(|name| name == "lists\u{7}example"));
    let first = requests.lock().unwrap()[0].clone();
    assert!(
        first.contains("\r\nuser-agent: trackless\r\n") && !first.contains("cookie"),
        "{first}"
    );

    let again = house.fetch_known(&url, &validators, &LIMITS, ONCE).await.unwrap();
    assert_eq!(again, Fetched::Unchanged);
    let second = requests.lock().unwrap()[1].clone();
    assert!(second.contains("\r\nif-none-match: \"one\"\r\n"), "{second}");
    assert!(second.contains("\r\nif-modified-since: mon\r\n"), "{second}");
    assert_eq!(house.file(), None);
}

#[tokio::test]
async fn compressed_lists_are_unpacked_up_to_the_limit() {
    let house = House::new().await;
    for (name, bytes) in [
        // Each is 20,000 times `a`.
        ("gzip", include_bytes!("testdata/bomb.gz").as_slice()),
        ("br", include_bytes!("testdata/bomb.br")),
        ("zstd", include_bytes!("testdata/bomb.zst")),
    ] {
        let (web, _) =
            web_server(vec![reply(&format!("200 OK\r\nContent-Encoding: {name}"), bytes)]).await;
        let url = format!("http://{web}/");
        let room = Limits { bytes: 20_000, ..LIMITS };
        let fetched = house.fetch(&url, &room, ONCE).await.unwrap();
        assert!(matches!(fetched, Fetched::New { bytes: 20_000, .. }), "{name}");
        assert_eq!(house.file().unwrap(), [b'a'; 20_000]);
        let error = house.fetch(&url, &LIMITS, ONCE).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("more than 10000 bytes; raise updates.size if that is right")
        );
        assert_eq!(house.file(), None);
    }
}

#[tokio::test]
async fn what_the_server_says_is_told_and_tried_again_only_where_that_helps() {
    let house = House::new().await;
    let fast = Tries { count: 3, pause: Duration::from_millis(1) };
    for (replies, wanted, requests_made) in [
        (vec![reply("404 Not Found", b"no")], "the server says 404 Not Found", 1),
        (vec![reply("503 Busy", b""), reply("200 OK", b"a.test")], "", 2),
        (vec![reply("500 Oh", b"")], "the server says 500", 3),
        (vec![reply("200 OK", b"")], "the file is empty", 1),
        (vec![b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort".to_vec()], "", 3),
        (vec![b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n".to_vec()], "more than 10000 bytes", 1),
        (vec![b"HTTP/1.1 302 X\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()], "too many redirects", 6),
    ] {
        let (web, requests) = web_server(replies.clone()).await;
        let result = house.fetch(&format!("http://{web}/"), &LIMITS, fast).await;
        assert_eq!(requests.lock().unwrap().len(), requests_made, "{result:?}");
        match result {
            Ok(_) => assert!(wanted.is_empty() && house.file().is_some()),
            Err(error) => {
                assert!(error.to_string().contains(wanted), "{error}");
                assert_eq!(house.file(), None);
            }
        }
    }
}

#[tokio::test]
async fn a_slow_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let request = read_request(&mut stream).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n").await;
                // A drop at a time for those who ask for drops, nothing at all for others.
                while request.contains("if-none-match") && stream.write_all(b"a").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                let _ = stream.read(&mut [0]).await;
            });
        }
    });
    let house = House::new().await;
    let still = Limits { stall: Duration::from_millis(50), ..LIMITS };
    let error = house.fetch(&url, &still, ONCE).await.unwrap_err();
    assert!(matches!(error, FetchError::Stalled { .. }), "{error}");
    let short = Limits { time: Duration::from_millis(100), ..LIMITS };
    let drops = Validators { etag: Some("x".to_owned()), last_modified: None };
    let error = house.fetch_known(&url, &drops, &short, ONCE).await.unwrap_err();
    assert!(matches!(error, FetchError::TooSlow { .. }), "{error}");
    assert_eq!(house.file(), None);
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let key = rcgen::generate_simple_self_signed(vec!["lists.example".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![key.cert.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let house = House::new().await;
    let url = format!("https://lists.example:{port}/");
    let error = house.fetch(&url, &LIMITS, ONCE).await.unwrap_err();
    assert!(error.is_lasting() && error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_file_url_is_copied_when_it_has_changed() {
    let house = House::new().await;
    let source = house.folder.path().join("source.txt");
    fs::write(&source, "a.test\n").unwrap();
    let url = format!("file://{}", source.display());
    let Ok(Fetched::New { bytes: 7, validators }) = house.fetch(&url, &LIMITS, ONCE).await else {
        panic!("not copied")
    };
    let again = house.fetch_known(&url, &validators, &LIMITS, ONCE).await.unwrap();
    assert_eq!(again, Fetched::Unchanged);
    fs::write(&source, [b'a'; 10_001]).unwrap();
    let error = house.fetch_known(&url, &validators, &LIMITS, ONCE).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
    assert_eq!(house.file(), None);
}
