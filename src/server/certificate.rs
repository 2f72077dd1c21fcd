//! Who we are to clients that encrypt: a certificate from files, one that a public authority has given
//! (ACME, see [`super::acme`]), or one of the house's own authority, made at the first start.
//!
//! The authority's certificate (`ca.pem` in the data folder) is what a device must be told to
//! trust; its key never leaves the folder.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config;
use crate::data::{AUTHORITY, AUTHORITY_KEY, CERTIFICATE};

/// Names that a certificate of our own is for, beside the settings' and this machine's addresses;
/// and those one label below, for devices that say who they are.
const OWN_NAMES: [&str; 2] = ["trackless.home.arpa", "localhost"];
/// Protocol of TLS's negotiation by which an authority asks whether a name is ours (RFC 8737).
const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";
const DAY: Duration = Duration::from_secs(86_400);
/// Time a certificate of our own is good for: systems take no longer ones. A new one is made at
/// each start.
const GOOD_FOR: Duration = Duration::from_secs(800 * 86_400);
/// Certificates are good from this long ago: clocks differ.
const SINCE: Duration = Duration::from_secs(20 * 86_400);

/// The certificate that clients are shown now.
pub struct Certificate {
    shown: ArcSwap<CertifiedKey>,
    /// What an authority is shown that wants to know whether a name is ours.
    challenges: Mutex<HashMap<String, Arc<CertifiedKey>>>,
    config: config::Encrypted,
    data: Option<PathBuf>,
}

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// A file has not what it should have.
    #[error("{0}: no {1} in it; it must have lines `-----BEGIN {2}-----`")]
    Nothing(String, &'static str, &'static str),
    /// Certificate and key do not fit, or cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Tls(#[from] rustls::Error),
    /// None could be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// One of our own needs a place for its authority.
    #[error(
        "without encrypted.certificate one is made, and that needs a data folder to keep its authority in"
    )]
    NoFolder,
    /// A public authority must be told a name.
    #[error("encrypted.acme needs the names that this server has in public: write encrypted.names")]
    NoNames,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:?})", self.config.certificate)
    }
}

impl Certificate {
    /// The certificate that `config` names, or one of our own.
    ///
    /// # Errors
    /// None can be had.
    pub fn load(
        config: &config::Encrypted,
        data: Option<&Path>,
    ) -> Result<Arc<Self>, CertificateError> {
        if config.acme.is_some() && config.names.is_empty() {
            return Err(CertificateError::NoNames);
        }
        Ok(Arc::new(Self {
            shown: ArcSwap::from_pointee(read(config, data)?),
            challenges: Mutex::default(),
            config: config.clone(),
            data: data.map(Path::to_path_buf),
        }))
    }

    /// When what it was made from was last changed; none where there are no files of others'.
    pub fn changed(&self) -> Option<SystemTime> {
        let files = [&self.config.certificate, &self.config.key];
        let times = files.into_iter().flatten().map(|path| fs::metadata(path)?.modified());
        times.filter_map(io::Result::ok).max()
    }

    /// The settings and the folder for a certificate of a public authority, if one is wanted.
    pub(super) fn wanted(&self) -> Option<(&config::Encrypted, &Path)> {
        self.config.acme.as_ref()?;
        Some((&self.config, self.data.as_deref()?))
    }

    /// Shows `key` to an authority that asks whether `name` is ours (RFC 8737); none ends it.
    pub(super) fn set_challenge(&self, name: &str, key: Option<CertifiedKey>) {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        match key {
            Some(key) => challenges.insert(name.to_owned(), Arc::new(key)),
            None => challenges.remove(name),
        };
    }

    /// Reads the files again; connections made from then on are shown what they have now.
    ///
    /// # Errors
    /// They cannot be used: the old certificate goes on.
    pub fn reload(&self) -> Result<(), CertificateError> {
        self.shown.store(Arc::new(read(&self.config, self.data.as_deref())?));
        Ok(())
    }

    /// Settings of a door that shows it and speaks `protocols` (ALPN).
    ///
    /// # Errors
    /// The library cannot be set up.
    pub fn server(self: &Arc<Self>, protocols: &[&[u8]]) -> Result<ServerConfig, CertificateError> {
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        let challenge = self.config.acme.as_ref().map(|_| CHALLENGE_PROTOCOL);
        let protocols = protocols.iter().copied().chain(challenge);
        server.alpn_protocols = protocols.map(<[u8]>::to_vec).collect();
        // A first flight can be sent again by others (RFC 8446 section 8): none is taken.
        server.max_early_data_size = 0;
        Ok(server)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.alpn().is_some_and(|mut offered| offered.any(|one| one == CHALLENGE_PROTOCOL)) {
            let challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
            return challenges.get(hello.server_name()?).cloned();
        }
        Some(self.shown.load_full())
    }
}

fn read(config: &config::Encrypted, data: Option<&Path>) -> Result<CertifiedKey, CertificateError> {
    let (chain, key) = match (&config.certificate, &config.key) {
        (Some(certificate), key) => {
            let key = key.as_ref().unwrap_or(certificate);
            (chain(certificate)?, private_key(key)?)
        }
        (None, _) => {
            let data = data.ok_or(CertificateError::NoFolder)?;
            let given = data.join(CERTIFICATE);
            match config.acme.is_some() && given.exists() {
                true => (chain(&given)?, private_key(&given)?),
                false => own(config, data)?,
            }
        }
    };
    let provider = ring::default_provider();
    Ok(CertifiedKey::from_der(chain, key, &provider)?)
}

fn bytes(path: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(path).map_err(|error| CertificateError::File(path.display().to_string(), error))
}

pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes(path)?).collect();
    found.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| {
        CertificateError::Nothing(path.display().to_string(), "certificate", "CERTIFICATE")
    })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(&bytes(path)?)
        .map_err(|_| CertificateError::Nothing(path.display().to_string(), "key", "PRIVATE KEY"))
}

type Made = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A certificate signed by the house's authority.
fn own(config: &config::Encrypted, data: &Path) -> Result<Made, CertificateError> {
    let issuer = authority(data)?;
    let key = KeyPair::generate()?;
    let names = names(config).flat_map(|name| [format!("*.{name}"), name]);
    let mut params = CertificateParams::new(names.collect::<Vec<_>>())?;
    params.distinguished_name = named("Trackless");
    params.subject_alt_names.extend(addresses().into_iter().map(SanType::IpAddress));
    (params.not_before, params.not_after) = period(GOOD_FOR);
    let certificate = params.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    Ok((vec![certificate.der().clone()], key))
}

/// Our names, those of `config` first.
pub(super) fn names(config: &config::Encrypted) -> impl Iterator<Item = String> {
    config.names.iter().cloned().chain(OWN_NAMES.map(str::to_owned))
}

/// The house's authority, made if there is none yet.
fn authority(data: &Path) -> Result<Issuer<'static, KeyPair>, CertificateError> {
    let (certificate_path, key_path) = (data.join(AUTHORITY), data.join(AUTHORITY_KEY));
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Trackless of this house");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = period(20 * 365 * DAY);
    if key_path.exists() && certificate_path.exists() {
        let key = String::from_utf8_lossy(&bytes(&key_path)?).into_owned();
        return Ok(Issuer::new(params, KeyPair::from_pem(&key)?));
    }
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    write(&key_path, &key.serialize_pem(), 0o600)?;
    write(&certificate_path, &certificate.pem(), 0o644)?;
    Ok(Issuer::new(params, key))
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn period<T: From<SystemTime>>(length: Duration) -> (T, T) {
    let start = SystemTime::now() - SINCE;
    (start.into(), (start + length).into())
}

/// This machine's addresses, which people write where they have no name.
fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<_> = interfaces.iter().map(if_addrs::Interface::ip).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let failed = |error| CertificateError::File(path.display().to_string(), error);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_stays_and_its_key_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let config = config::Encrypted::default();
        let certificate = Certificate::load(&config, Some(folder.path())).unwrap();
        let first = fs::read(folder.path().join("ca.pem")).unwrap();
        certificate.reload().unwrap();
        assert_eq!(fs::read(folder.path().join("ca.pem")).unwrap(), first);
        let mode = fs::metadata(folder.path().join("ca.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_wrong_with_files_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pem");
        let config = config::Encrypted { certificate: Some(path.clone()), ..Default::default() };
        let load = || Certificate::load(&config, None).unwrap_err();
        assert!(matches!(load(), CertificateError::File(..)));
        fs::write(&path, "nothing").unwrap();
        assert!(matches!(load(), CertificateError::Nothing(..)));
        assert!(matches!(
            Certificate::load(&config::Encrypted::default(), None).unwrap_err(),
            CertificateError::NoFolder
        ));
    }
}
