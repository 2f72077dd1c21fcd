//! Streams to an upstream (TCP, TLS, HTTPS, QUIC), through hickory's exchanges: one connection, many questions.
//!
//! hickory's resolver turns replies without data into errors and drops what else they say; its
//! exchanges below give the reply's bytes untouched. Their limit: a message with one record that
//! hickory cannot parse fails as a whole (read in hickory-net 0.26.3).

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use hickory_resolver::config::ResolverOpts;
use hickory_resolver::net::runtime::{RuntimeProvider as _, Spawn as _, TokioRuntimeProvider};
use hickory_resolver::net::tls::tls_client_connect;
use hickory_resolver::net::xfer::{DnsExchange, FirstAnswer as _};
use hickory_resolver::net::{DnsHandle as _, DnsMultiplexer, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Message};
use hickory_resolver::{ConnectionProvider as _, PoolContext};
use rustls::pki_types::ServerName;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::bootstrap::Bootstrap;
use super::connection::connection;
use super::message::{Question, pad};
use super::server::AskError;
use super::{Failure, MOST_PATIENCE, Trust};
use crate::config::{Host, Transport, UpstreamUrl};

/// Questions in flight on one connection.
const MOST_IN_FLIGHT: usize = 1_024;

type Exchange = DnsExchange<TokioRuntimeProvider>;

/// The connection to one server, dialled when first needed and again when broken.
pub(super) struct Stream {
    url: UpstreamUrl,
    trust: Trust,
    bootstrap: Option<Rc<Bootstrap>>,
    /// Owns the tasks behind the connections: they end with it.
    runtime: TokioRuntimeProvider,
    exchange: RefCell<Option<Numbered>>,
    /// Held while dialling, so that questions that wait for a connection share it.
    dialling: Mutex<()>,
}

#[derive(Clone)]
struct Numbered {
    number: u64,
    exchange: Exchange,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stream({})", self.url)
    }
}

impl Stream {
    /// To the server at `url`; `bootstrap` knows its address where `url` does not.
    pub(super) fn new(url: &UpstreamUrl, trust: Trust, bootstrap: Option<Rc<Bootstrap>>) -> Self {
        Self {
            url: url.clone(),
            trust,
            bootstrap,
            runtime: TokioRuntimeProvider::default(),
            exchange: RefCell::default(),
            dialling: Mutex::default(),
        }
    }

    /// Asks over the connection there is; where that turns out to be broken, once more over a new
    /// one.
    pub(super) async fn ask(&self, question: &Question) -> Result<Vec<u8>, AskError> {
        let used = self.exchange.borrow().clone();
        if let Some(used) = used {
            match self.send(&used.exchange, question).await {
                Ok(reply) => return Ok(reply),
                Err(_) => self.forget(used.number),
            }
        }
        let fresh = self.dial().await?;
        let result = self.send(&fresh.exchange, question).await;
        if result.is_err() {
            self.forget(fresh.number);
        }
        result
    }

    fn forget(&self, number: u64) {
        let mut exchange = self.exchange.borrow_mut();
        if exchange.as_ref().is_some_and(|exchange| exchange.number == number) {
            *exchange = None;
        }
    }

    async fn dial(&self) -> Result<Numbered, AskError> {
        let _dialling = self.dialling.lock().await;
        if let Some(exchange) = &*self.exchange.borrow() {
            return Ok(exchange.clone());
        }
        let mut options = ResolverOpts::default();
        options.max_active_requests = MOST_IN_FLIGHT;
        let context = PoolContext::new(options, self.trust.tls(&self.url.pins)?);
        let exchange = self.connect(&context).await?;
        let number = getrandom::u64().unwrap_or_default();
        let fresh = Numbered { number, exchange };
        *self.exchange.borrow_mut() = Some(fresh.clone());
        Ok(fresh)
    }

    /// Connects to the first address that lets us.
    async fn connect(&self, context: &PoolContext) -> Result<Exchange, AskError> {
        let addresses = match (&self.url.host, &self.bootstrap) {
            (Host::Address(ip), _) => vec![*ip],
            (Host::Name(name), Some(bootstrap)) => bootstrap.addresses(name).await?,
            (Host::Name(_), None) | (Host::Root, _) => Vec::new(),
        };
        let connection = connection(&self.url, false);
        let mut last = AskError::NoAddress(Failure::NoReachable);
        for ip in addresses {
            let connecting = async {
                match self.url.transport {
                    Transport::Tls => self.connect_tls(ip, context).await,
                    _ => self.runtime.new_connection(ip, &connection, context)?.await,
                }
            };
            match timeout(MOST_PATIENCE, connecting).await {
                Ok(Ok(exchange)) => return Ok(exchange),
                Ok(Err(error)) => last = error.into(),
                Err(_) => last = NetError::Timeout.into(),
            }
        }
        Err(last)
    }

    /// As hickory does it, but for telling the server the name it is asked by: many services tell
    /// their customers by it (hickory-net 0.26.3 never sends one over TLS).
    async fn connect_tls(&self, ip: IpAddr, context: &PoolContext) -> Result<Exchange, NetError> {
        let name = ServerName::try_from(self.url.certificate_name())
            .map_err(|error| NetError::from(error.to_string()))?;
        let server = SocketAddr::new(ip, self.url.port);
        let tls = Arc::new(context.tls.clone());
        let (connecting, sender) = tls_client_connect(server, name, tls, self.runtime.clone());
        let multiplexer = DnsMultiplexer::new(connecting.await?, sender)
            .with_timeout(context.options.timeout)
            .with_max_active_requests(MOST_IN_FLIGHT);
        let (exchange, background) = DnsExchange::from_stream(multiplexer);
        self.runtime.create_handle().spawn_bg(background);
        Ok(exchange)
    }

    async fn send(&self, exchange: &Exchange, question: &Question) -> Result<Vec<u8>, AskError> {
        // hickory sets an ID of its own.
        let (mut message, _) = question.message(0);
        if self.url.transport.is_encrypted() {
            pad(&mut message);
        }
        let message =
            Message::from_vec(&message).map_err(|error| NetError::from(error.to_string()))?;
        let mut options = DnsRequestOptions::default();
        options.use_edns = false;
        let request = DnsRequest::new(message, options);
        Ok(exchange.send(request).first_answer().await?.into_buffer())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::OnceLock;

    use data_encoding::BASE64;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use ring::digest::{SHA256, digest};
    use rustls::ServerConfig;
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    use rustls::server::ParsedCertificate;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::runtime;
    use tokio::task::{LocalSet, spawn_local};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const NAME: &str = "dns.upstream.example";

    fn certificate() -> &'static (CertificateDer<'static>, Vec<u8>, String) {
        static CERTIFICATE: OnceLock<(CertificateDer<'static>, Vec<u8>, String)> = OnceLock::new();
        CERTIFICATE.get_or_init(|| {
            let CertifiedKey { cert, signing_key } =
                generate_simple_self_signed([NAME.to_owned()]).unwrap();
            (cert.der().clone(), signing_key.serialize_der(), cert.pem())
        })
    }

    fn trusting_the_test() -> Trust {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, &certificate().2).unwrap();
        Trust::read(Some(&path)).unwrap()
    }

    /// Answers `per_connection` queries a connection with themselves and QR, then closes it.
    async fn serve(listener: TcpListener, per_connection: usize, connections: Rc<Cell<usize>>) {
        let (certificate, key, _) = certificate();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.clone()],
                PrivatePkcs8KeyDer::from(key.clone()).into(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.set(connections.get() + 1);
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            for _ in 0..per_connection {
                let Ok(len) = stream.read_u16().await else { break };
                let mut message = vec![0; usize::from(len)];
                stream.read_exact(&mut message).await.unwrap();
                message[2] |= 0x80;
                stream.write_u16(len).await.unwrap();
                stream.write_all(&message).await.unwrap();
                stream.flush().await.unwrap();
            }
            let _ = stream.shutdown().await;
        }
    }

    fn with_server<F: Future>(
        per_connection: usize,
        test: impl FnOnce(SocketAddr, Rc<Cell<usize>>) -> F,
    ) -> F::Output {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let connections = Rc::new(Cell::new(0));
            spawn_local(serve(listener, per_connection, Rc::clone(&connections)));
            test(address, connections).await
        })
    }

    fn stream(address: SocketAddr, name: &str) -> Stream {
        let url = format!("tls://{address}#{name}").parse().unwrap();
        Stream::new(&url, trusting_the_test(), None)
    }

    fn question() -> Question {
        Question {
            name: Box::from(*b"\x07example\0"),
            qtype: 65_400,
            qclass: 1,
            dnssec_ok: true,
            checking_disabled: false,
            pool: 0,
        }
    }

    #[test]
    fn one_connection_serves_many_questions() {
        with_server(100, async |address, connections| {
            let stream = stream(address, NAME);
            for _ in 0..5 {
                let reply = stream.ask(&question()).await.unwrap();
                let (mut expected, _) = question().message(0);
                pad(&mut expected);
                expected[2] |= 0x80;
                assert_eq!(reply.len() % 128, 0, "nobody on the way sees how long the name is");
                assert_eq!(reply[2..], expected[2..]);
            }
            assert_eq!(connections.get(), 1);
        });
    }

    #[test]
    fn a_closed_connection_is_opened_again() {
        with_server(1, async |address, connections| {
            let stream = stream(address, NAME);
            for _ in 0..3 {
                stream.ask(&question()).await.unwrap();
            }
            assert_eq!(connections.get(), 3);
        });
    }

    #[test]
    fn a_certificate_for_another_name_is_refused() {
        with_server(100, async |address, _| {
            assert!(stream(address, "other.example").ask(&question()).await.is_err());
        });
    }

    #[test]
    fn a_pinned_key_is_enough_and_needed() {
        let hash = |key: &[u8]| BASE64.encode(digest(&SHA256, key).as_ref());
        let key = ParsedCertificate::try_from(&certificate().0).unwrap().subject_public_key_info();
        for (pin, fits) in [(hash(&key), true), (hash(b"another one"), false)] {
            with_server(100, async |address, _| {
                let url = format!("tls://{address}#sha256/{pin}").parse().unwrap();
                let trust = if fits { Trust::default() } else { trusting_the_test() };
                let stream = Stream::new(&url, trust, None);
                assert_eq!(stream.ask(&question()).await.is_ok(), fits);
            });
        }
    }

    #[test]
    fn a_certificate_nobody_vouches_for_is_refused() {
        with_server(100, async |address, _| {
            let url = format!("tls://{address}#{NAME}").parse().unwrap();
            assert!(Stream::new(&url, Trust::default(), None).ask(&question()).await.is_err());
        });
    }
}
