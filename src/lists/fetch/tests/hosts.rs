//! How a host is found and how it proves who it is.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::servers::Dns;
use super::*;

#[tokio::test]
async fn nobody_listening_is_told_and_may_pass() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = Place::new().error(&format!("http://{closed}/list")).await;
    assert_eq!(
        error.to_string(),
        format!("no response from {closed}: Connection refused (os error 111)")
    );
    assert!(!error.is_lasting());
}

/// A name that the system resolver finds in its hosts file, on most systems.
fn known_to_the_system() -> String {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let mut names = hosts
        .lines()
        .filter(|line| line.starts_with("127.") || line.starts_with("::1"))
        .flat_map(|line| line.split_whitespace().skip(1))
        .filter(|name| !name.contains("localhost"));
    names.next().unwrap_or("ip6-localhost").to_owned()
}

#[tokio::test]
async fn hosts_are_found_through_the_upstream_alone() {
    let server = Server::new(vec![reply("200 OK", "", LIST)]).await;
    let port = server.address.port();
    let dns = Dns::new().await;
    let place = Place::with(Fetcher::new(&dns.upstream()).unwrap());
    let fetched = place.fetch(&format!("http://list.example:{port}/")).await;
    assert!(matches!(fetched, Ok(Fetched::New { .. })), "{fetched:?}");
    fs::remove_file(place.to()).unwrap();
    // Once A, once AAAA, and no search domain.
    assert_eq!(*dns.asked.lock().unwrap(), ["list.example."; 2]);

    let host = known_to_the_system();
    let error = place.error(&format!("http://{host}:{port}/")).await;
    assert_eq!(
        error.to_string(),
        format!(
            "no address for {host}: the upstream server says there is none; \
             is the URL spelt right?"
        )
    );
    assert!(error.is_lasting());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn the_next_upstream_is_asked_when_one_is_silent() {
    let server = Server::new(vec![reply("200 OK", "", LIST)]).await;
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let silent = (silent.local_addr().unwrap(), silent);
    let dns = Dns::new().await;
    let mut settings = upstream(&[silent.0, dns.address]);
    settings.timeout = Duration::from_secs(2);
    let url = format!("http://list.example:{}/", server.address.port());
    let fetched = Place::with(Fetcher::new(&settings).unwrap()).fetch(&url).await;
    assert!(matches!(fetched, Ok(Fetched::New { .. })), "{fetched:?}");

    let settings = config::Upstream { timeout: SHORT, ..upstream(&[silent.0]) };
    let error = Place::with(Fetcher::new(&settings).unwrap()).error(&url).await;
    assert!(matches!(error, FetchError::Name { certain: false, .. }), "{error}");
    assert!(!error.is_lasting());
}

fn certificate(name: &str) -> (CertificateDer<'static>, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (cert.der().clone(), TlsAcceptor::from(Arc::new(config)))
}

fn trusting(root: CertificateDer<'static>, upstream: &config::Upstream) -> Place {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Place::with(Fetcher::trusting(upstream, tls).unwrap())
}

#[tokio::test]
async fn a_certificate_must_be_vouched_for_and_carry_the_name() {
    let (root, tls) = certificate("list.example");
    let server = Server::start(vec![reply("200 OK", "", LIST)], Some(tls)).await;
    let (dns, port) = (Dns::new().await, server.address.port());
    let url = format!("https://list.example:{port}/");

    let place = Place::with(Fetcher::new(&dns.upstream()).unwrap());
    let error = place.error(&url).await;
    assert_eq!(
        error.to_string(),
        format!(
            "list.example:{port} has not proved who it is: \
             its certificate is signed by nobody we trust, maybe by itself"
        )
    );
    assert!(error.is_lasting());

    let place = trusting(root, &dns.upstream());
    assert!(matches!(place.fetch(&url).await, Ok(Fetched::New { .. })));
    fs::remove_file(place.to()).unwrap();
    let error = place.error(&format!("https://127.0.0.1:{port}/")).await;
    assert!(error.to_string().ends_with("its certificate is for another name"), "{error}");
}

#[tokio::test]
async fn nothing_leads_from_https_to_http() {
    let plain = Server::new(vec![reply("200 OK", "", LIST)]).await;
    let (root, tls) = certificate("127.0.0.1");
    let server = Server::start(vec![redirect(&plain.url())], Some(tls)).await;
    let place = trusting(root, &upstream(&[]));
    let error = place.error(&format!("https://{}/", server.address)).await;
    let says = "from https to http, where anybody on the way can change it";
    assert!(matches!(error, FetchError::Redirect { why, .. } if why == says), "{error}");
    assert!(error.is_lasting());
    assert_eq!(plain.asked().len(), 0);
}
