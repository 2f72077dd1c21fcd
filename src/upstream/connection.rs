//! How hickory is to connect to an upstream, and whom it is to trust.

use std::io;
use std::path::Path;
use std::sync::Arc;

use hickory_resolver::TlsConfig;
use hickory_resolver::config::{ConnectionConfig, ProtocolConfig};
use hickory_resolver::net::NetError;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

use super::verifier::Verifier;
use crate::config::{Pin, Transport, UpstreamUrl};

/// Who may sign for servers: those that browsers trust, and those of the owner's file.
#[derive(Debug, Clone)]
pub struct Trust(Arc<RootCertStore>);

impl Default for Trust {
    fn default() -> Self {
        Self(Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()))
    }
}

/// Why a file of certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read, or is not PEM.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It has none.
    #[error("there is no certificate in it; it must have lines `-----BEGIN CERTIFICATE-----`")]
    Empty,
    /// One of them is no certificate of an authority.
    #[error("certificate {0} cannot be used: {1}")]
    Certificate(usize, rustls::Error),
}

impl Trust {
    /// With the certificates in the file `ca`, if there is one.
    ///
    /// # Errors
    /// A file without usable certificates.
    pub fn read(ca: Option<&Path>) -> Result<Self, TrustError> {
        let Some(path) = ca else { return Ok(Self::default()) };
        let mut roots = RootCertStore::clone(&Self::default().0);
        let before = roots.len();
        let text = std::fs::read(path)?;
        for (index, certificate) in CertificateDer::pem_slice_iter(&text).enumerate() {
            let certificate = certificate.map_err(|error: pem::Error| io::Error::other(error))?;
            roots.add(certificate).map_err(|error| TrustError::Certificate(index + 1, error))?;
        }
        if roots.len() == before {
            return Err(TrustError::Empty);
        }
        Ok(Self(Arc::new(roots)))
    }

    /// As hickory takes it; the server must have one of the keys `pins`, if there are any.
    pub(crate) fn tls(&self, pins: &[Pin]) -> Result<TlsConfig, NetError> {
        let failed = |error: &dyn std::fmt::Display| NetError::from(error.to_string());
        let mut tls = TlsConfig::new()?;
        let provider = Arc::clone(tls.config.crypto_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.0), Arc::clone(&provider))
                .build()
                .map_err(|error| failed(&error))?;
        tls.config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { pins: pins.into(), verifier }))
            .with_no_client_auth();
        // What is sent in a first flight can be sent again by others (RFC 8446 section 8).
        tls.config.enable_early_data = false;
        Ok(tls)
    }
}

/// The connection to `url`; over UDP where `datagrams`, over a stream else.
pub(crate) fn connection(url: &UpstreamUrl, datagrams: bool) -> ConnectionConfig {
    let server_name = Arc::from(url.certificate_name());
    let path = Arc::from(url.path.as_str());
    let mut connection = ConnectionConfig::new(match url.transport {
        Transport::Udp if datagrams => ProtocolConfig::Udp,
        Transport::Udp | Transport::Tcp | Transport::Recursion => ProtocolConfig::Tcp,
        Transport::Tls => ProtocolConfig::Tls { server_name },
        Transport::Https => ProtocolConfig::Https { server_name, path },
        Transport::H3 => ProtocolConfig::H3 { server_name, path, disable_grease: false },
        Transport::Quic => ProtocolConfig::Quic { server_name },
    });
    connection.port = url.port;
    connection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let error = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Trust::read(Some(&path)).unwrap_err()
        };
        assert!(matches!(error("nothing"), TrustError::Empty));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(error(broken), TrustError::Certificate(1, _)));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(Trust::read(Some(&path)).unwrap_err(), TrustError::Read(_)));
    }
}
