//! Whatever is wrong with an upstream that is asked first: nobody waits long, and nobody gets anything
//! but the other one's answer.

mod house;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use house::dns::{A, NOERROR, query, rcode, record};
use house::upstream::{Said, Upstream, good, raw};
use house::{Server, read_framed};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// After which devices give up (resolv.conf's default): not how long it takes, which is printed, a fifth
/// of a second where the machine has nothing else to do.
const GIVEN_UP: Duration = Duration::from_secs(5);

fn well() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 2]))))
}

/// Asks a dozen names of a server that is to ask `faulty` first; returns the longest time it took.
fn slowest(fault: &str, faulty: &str, settings: &str) -> Duration {
    let well = well();
    let servers = format!("servers: [\"{faulty}\", {}]", well.url());
    let server = Server::start(&format!("upstream: {{ {servers} {settings} }}"));
    let mut slowest = Duration::ZERO;
    for index in 0..12 {
        let start = Instant::now();
        let reply = server.ask(&query(1, &format!("n{index}.example"), A));
        slowest = slowest.max(start.elapsed());
        assert_eq!((rcode(&reply), reply.last()), (NOERROR, Some(&2)), "{fault}");
    }
    assert!(slowest < GIVEN_UP, "{fault}: {slowest:?}");
    println!("{fault}: {slowest:?}");
    slowest
}

#[test]
fn over_datagrams() {
    type Fault = fn(&[u8]) -> Option<Vec<u8>>;
    let faults: [(&str, Fault); 9] = [
        ("silent", |_| None),
        ("garbage", |_| Some(vec![0xff; 40])),
        ("another ID", |query| {
            let mut reply = good(query, 1);
            reply[0] ^= 0x55;
            Some(reply)
        }),
        ("another question", |query| {
            let mut reply = good(query, 1);
            reply[13] ^= 0x01;
            Some(reply)
        }),
        ("cut short", |query| Some(good(query, 1)[..20].to_vec())),
        ("no reply but the query", |query| Some(query.to_vec())),
        ("drops a third", |query| (query[1] % 3 != 0).then(|| good(query, 2))),
        ("two seconds late", |query| {
            thread::sleep(Duration::from_secs(2));
            Some(good(query, 1))
        }),
        ("truncates, and does not take streams", |query| {
            let mut reply = good(query, 1);
            reply[2] |= 0x02;
            Some(reply)
        }),
    ];
    for (fault, reply) in faults {
        let (address, stop) = raw(move |socket, query, peer| {
            let (socket, query) = (socket.try_clone().unwrap(), query.to_vec());
            thread::spawn(move || {
                if let Some(reply) = reply(&query) {
                    let _ = socket.send_to(&reply, peer);
                }
            });
        });
        slowest(fault, &format!("udp://{address}"), "");
        stop.store(true, Ordering::Relaxed);
    }
}

/// Does `speak` with every connection; the flag ends it.
fn listen(speak: impl Fn(TcpStream) + Send + Sync + 'static) -> (SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Arc::<AtomicBool>::default());
    let (stopped, speak) = (Arc::clone(&stop), Arc::new(speak));
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            let speak = Arc::clone(&speak);
            thread::spawn(move || speak(stream));
        }
    });
    (address, stop)
}

#[test]
fn over_streams() {
    type Fault = fn(&mut TcpStream);
    let faults: [(&str, Fault); 5] = [
        ("closes at once", |_| {}),
        ("takes the query and closes", |stream| drop(read_framed(stream))),
        ("closes in the middle of a message", |stream| {
            let Some(query) = read_framed(stream) else { return };
            let reply = good(&query, 1);
            let _ = stream.write_all(&(reply.len() as u16).to_be_bytes());
            let _ = stream.write_all(&reply[..reply.len() - 3]);
        }),
        ("never speaks", |stream| drop(stream.read_to_end(&mut Vec::new()))),
        ("another question", |stream| {
            let Some(query) = read_framed(stream) else { return };
            let mut reply = good(&query, 1);
            reply[13] ^= 0x01;
            house::send_framed(stream, &reply);
        }),
    ];
    for (fault, speak) in faults {
        for scheme in ["tcp", "tls"] {
            let (address, stop) = listen(move |mut stream| speak(&mut stream));
            slowest(&format!("{scheme}: {fault}"), &format!("{scheme}://{address}"), "");
            stop.store(true, Ordering::Relaxed);
            let _ = TcpStream::connect(address);
        }
    }
}

#[test]
fn with_a_certificate_of_the_past() {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    for (year, good) in [(2024, false), (2090, true)] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["dns.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2023, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let config =
            config(certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()));
        let (address, stop) = listen(move |stream| answer_tls(stream, &config));
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, authority.pem()).unwrap();
        let url = format!("tls://{address}#dns.example");
        if good {
            let settings = format!("upstream: {{ servers: \"{url}\", ca: {} }}", ca.display());
            let reply = Server::start(&settings).ask(&query(1, "n.example", A));
            assert_eq!((rcode(&reply), reply.last()), (NOERROR, Some(&1)), "or nothing is shown");
        } else {
            slowest("a certificate of the past", &url, &format!(", ca: {}", ca.display()));
        }
        stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(address);
    }
}

fn config(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

/// Answers what comes over TLS with 192.0.2.1.
fn answer_tls(stream: TcpStream, config: &Arc<ServerConfig>) {
    let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream);
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        let reply = good(&message, 1);
        let _ = stream.write_all(&(reply.len() as u16).to_be_bytes());
        let _ = stream.write_all(&reply);
    }
}
