//! A certificate of a public authority, got and renewed by itself (ACME, RFC 8555).
//!
//! The authority sees that a name is ours by a TLS connection to it (RFC 8737), so one of the
//! encrypted doors must be reachable from outside at port 443. What it gives is kept in the data
//! folder; until there is something, and whenever that fails, clients are shown what there was before.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::{Request, Response};
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType,
    Error, HttpClient, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use x509_parser::parse_x509_certificate;

use super::certificate::{Certificate, CertificateError, chain, write};
use crate::clock;
use crate::data::{ACME_ACCOUNT, CERTIFICATE};

/// Part of its life that a certificate has left when it is renewed.
const RENEW: u64 = 3;
/// Time the authority gets to look at us, and to sign.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// Why there is no certificate of the authority.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// It says no, or cannot be reached.
    #[error("{0}")]
    Authority(#[from] Error),
    /// It does not ask in the way that we can answer.
    #[error("it does not offer to look at port 443 (tls-alpn-01) for {0}")]
    NoChallenge(String),
    /// It does not take a name for ours.
    #[error("it does not find this server at port 443 of {0}")]
    NotOurs(String),
    /// What it gave, or what we show it, cannot be kept or used.
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    /// Our account with it cannot be read or written.
    #[error("{ACME_ACCOUNT}: {0}")]
    Account(#[from] serde_json::Error),
}

/// Whether `certificate` is to come from an authority and it is time to ask for one.
pub fn is_due(certificate: &Certificate) -> bool {
    let Some((_, data)) = certificate.wanted() else { return false };
    let Ok(chain) = chain(&data.join(CERTIFICATE)) else { return true };
    let Some((_, first)) = chain.first().and_then(|der| parse_x509_certificate(der).ok()) else {
        return true;
    };
    let time = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
    let (start, end) = (time(first.validity.not_before), time(first.validity.not_after));
    clock::now().0.as_secs() + end.saturating_sub(start) / RENEW >= end
}

/// Gets a certificate for the names of the settings and shows it from then on.
///
/// # Errors
/// There is none; what was shown before goes on.
pub async fn renew(certificate: &Certificate, http: reqwest::Client) -> Result<(), AcmeError> {
    let Some((config, data)) = certificate.wanted() else { return Ok(()) };
    let directory = config.acme.clone().unwrap_or_default();
    let account = account(directory, data, http).await?;
    let names: Vec<_> = config.names.iter().cloned().map(Identifier::Dns).collect();
    let result = order(&account, &names, certificate).await;
    for name in &config.names {
        certificate.set_challenge(name, None);
    }
    let (chain, key) = result?;
    write(&data.join(CERTIFICATE), &format!("{chain}{key}"), 0o600)?;
    Ok(certificate.reload()?)
}

async fn account(
    directory: String,
    data: &Path,
    http: reqwest::Client,
) -> Result<Account, AcmeError> {
    let path = data.join(ACME_ACCOUNT);
    let builder = Account::builder_with_http(Box::new(Http(http)));
    // An account belongs to one authority.
    if let Ok(text) = std::fs::read_to_string(&path)
        && let Some((of, credentials)) = text.split_once('\n')
        && of == directory
    {
        let credentials: AccountCredentials = serde_json::from_str(credentials)?;
        return Ok(builder.from_credentials(credentials).await?);
    }
    let new =
        NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder.create(&new, directory.clone(), None).await?;
    write(&path, &format!("{directory}\n{}", serde_json::to_string(&credentials)?), 0o600)?;
    Ok(account)
}

/// A chain and its key, in PEM.
async fn order(
    account: &Account,
    names: &[Identifier],
    certificate: &Certificate,
) -> Result<(String, String), AcmeError> {
    let mut order = account.new_order(&NewOrder::new(names)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let mut challenge = authorization
            .challenge(ChallengeType::TlsAlpn01)
            .ok_or_else(|| AcmeError::NoChallenge(name.clone()))?;
        let key = proof(&name, challenge.key_authorization().digest().as_ref())?;
        certificate.set_challenge(&name, Some(key));
        challenge.set_ready().await?;
    }
    if order.poll_ready(&PATIENCE).await? != OrderStatus::Ready {
        return Err(AcmeError::NotOurs(names_of(names)));
    }
    let key = order.finalize().await?;
    Ok((order.poll_certificate(&PATIENCE).await?, key))
}

fn names_of(names: &[Identifier]) -> String {
    let names = names.iter().filter_map(|name| match name {
        Identifier::Dns(name) => Some(name.as_str()),
        _ => None,
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What shows that `name` is ours: a certificate with the authority's riddle solved in it.
fn proof(name: &str, digest: &[u8]) -> Result<CertifiedKey, CertificateError> {
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let shown = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = ring::default_provider().key_provider.load_private_key(key)?;
    // Its extension is critical and only the authority knows it: a check against the key would fail.
    Ok(CertifiedKey::new(vec![shown.der().clone()], key))
}

/// The way to the authority: that by which lists are fetched.
struct Http(reqwest::Client);

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(|error| Error::Other(Box::new(error)))?;
            let other = |error: reqwest::Error| Error::Other(Box::new(error));
            let request = Request::from_parts(head, body.to_bytes()).try_into().map_err(other)?;
            let response = client.execute(request).await.map_err(other)?;
            Ok(BytesResponse::from(Response::<reqwest::Body>::from(response)))
        })
    }
}
