//! Downloads one list into a file, within bounds of time and size.
//!
//! Host names are resolved through our own upstreams only: the system's resolver may be this very
//! server, or one that it has replaced. Nothing is sent that tells one house from another: no
//! version, no cookies, no referrer.

mod bootstrap;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{
    ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Client, Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};

use crate::config::Upstream;

/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// Time for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// What a source said of the copy we hold, to be asked whether it has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, or for a file its size and time.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// Bounds of one download.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes, decompressed.
    pub bytes: u64,
    /// Most time for all of it.
    pub time: Duration,
    /// Most time without any progress.
    pub stall: Duration,
}

/// How often to try.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    /// Tries in all, at least 1.
    pub count: u32,
    /// Pause before the second; doubled for each one after.
    pub pause: Duration,
}

/// What came of a download.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// What we hold is the newest.
    Unchanged,
    /// The file is written.
    New {
        /// Its size.
        bytes: u64,
        /// What the source said of it.
        validators: Validators,
    },
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The TLS library cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be set up, or the URL is none.
    #[error("{0}")]
    Client(String),
    /// The connection failed or broke.
    #[error("{url}: {reason}")]
    Connection {
        /// What was fetched.
        url: String,
        /// What happened.
        reason: String,
        /// Whether another try would end the same.
        lasting: bool,
    },
    /// The server does not have it for us.
    #[error("{url}: the server says {status}; see whether the address is still right")]
    Status {
        /// What was fetched.
        url: String,
        /// What it says.
        status: StatusCode,
    },
    /// It is larger than allowed.
    #[error("{url}: more than {limit} bytes; raise updates.size if that is right")]
    TooLarge {
        /// What was fetched.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// It took too long.
    #[error("{url}: not done within {} s; raise updates.time if the line is slow", limit.as_secs())]
    TooSlow {
        /// What was fetched.
        url: String,
        /// The limit.
        limit: Duration,
    },
    /// Nothing came for a while.
    #[error("{url}: nothing came for {} s", limit.as_secs())]
    Stalled {
        /// What was fetched.
        url: String,
        /// The limit.
        limit: Duration,
    },
    /// There is nothing in it.
    #[error("{url}: the file is empty")]
    Empty {
        /// What was fetched.
        url: String,
    },
    /// It could not be written, or a file not be read.
    #[error("{url}: {error}")]
    Io {
        /// What was fetched.
        url: String,
        /// What the system says.
        error: io::Error,
    },
}

impl FetchError {
    /// Whether another try would end the same.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Connection { lasting, .. } => *lasting,
            Self::Status { status, .. } => {
                !status.is_server_error() && *status != StatusCode::TOO_MANY_REQUESTS
            }
            Self::Stalled { .. } => false,
            _ => true,
        }
    }
}

/// Downloads lists.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
}

impl Fetcher {
    /// A fetcher that resolves host names through `upstream`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(upstream: &Upstream) -> Result<Self, FetchError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let never_down = redirect::Policy::custom(|attempt| {
            let was_secure = attempt.previous().iter().any(|url| url.scheme() == "https");
            if attempt.previous().len() > REDIRECTS {
                attempt.error("too many redirects")
            } else if was_secure && attempt.url().scheme() != "https" {
                attempt.error("a redirect away from https")
            } else {
                attempt.follow()
            }
        });
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(bootstrap::Bootstrap::new(upstream)?)
            .no_proxy()
            .referer(false)
            .user_agent("trackless")
            .redirect(never_down)
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| FetchError::Client(chain(&error)))?;
        Ok(Self { client })
    }

    /// Downloads `url` into the new file `to`, unless the source says that what we `know` is the
    /// newest. `progress` hears of bytes so far and, where they are known, in all. On failure no
    /// file is left. Tries again where that may help.
    ///
    /// # Errors
    /// What went wrong the last time.
    pub async fn fetch(
        &self,
        url: &str,
        known: &Validators,
        limits: &Limits,
        tries: Tries,
        to: &Path,
        progress: &(dyn Fn(u64, Option<u64>) + Sync),
    ) -> Result<Fetched, FetchError> {
        let mut pause = tries.pause;
        for left in (0..tries.count.max(1)).rev() {
            let once = self.once(url, known, limits, to, progress);
            let result = match tokio::time::timeout(limits.time, once).await {
                Ok(result) => result,
                Err(_) => Err(FetchError::TooSlow { url: url.to_owned(), limit: limits.time }),
            };
            match result {
                Ok(fetched) => return Ok(fetched),
                Err(error) => {
                    let _ = fs::remove_file(to);
                    if left == 0 || error.is_lasting() {
                        return Err(error);
                    }
                }
            }
            // Houses that lost their connection together must not come back together.
            let jitter = getrandom::u32().unwrap_or(0) % 1_000;
            tokio::time::sleep(pause + pause * jitter / 2_000).await;
            pause *= 2;
        }
        Err(FetchError::Client("no try was allowed".to_owned()))
    }

    async fn once(
        &self,
        url: &str,
        known: &Validators,
        limits: &Limits,
        to: &Path,
        progress: &(dyn Fn(u64, Option<u64>) + Sync),
    ) -> Result<Fetched, FetchError> {
        if let Some(path) = url.strip_prefix("file://") {
            return copy(url, Path::new(path), known, limits, to);
        }
        let mut request = self.client.get(url);
        for (name, value) in
            [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)]
        {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let broken = |error: reqwest::Error| connection(url, &error);
        let stalled = || FetchError::Stalled { url: url.to_owned(), limit: limits.stall };
        let too_large = || FetchError::TooLarge { url: url.to_owned(), limit: limits.bytes };
        let io = |error| FetchError::Io { url: url.to_owned(), error };
        let response = tokio::time::timeout(limits.stall, request.send());
        let mut response = response.await.map_err(|_| stalled())?.map_err(broken)?;
        match response.status() {
            StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged),
            StatusCode::OK => {}
            status => return Err(FetchError::Status { url: url.to_owned(), status }),
        }
        let total = response.content_length();
        if total.is_some_and(|total| total > limits.bytes) {
            return Err(too_large());
        }
        let validators = validators(&response);
        let mut file = File::options().write(true).create_new(true).open(to).map_err(io)?;
        let mut bytes = 0;
        loop {
            let chunk = tokio::time::timeout(limits.stall, response.chunk());
            let Some(chunk) = chunk.await.map_err(|_| stalled())?.map_err(broken)? else { break };
            bytes += chunk.len() as u64;
            if bytes > limits.bytes {
                return Err(too_large());
            }
            file.write_all(&chunk).map_err(io)?;
            progress(bytes, total);
        }
        if bytes == 0 {
            return Err(FetchError::Empty { url: url.to_owned() });
        }
        file.sync_all().map_err(io)?;
        Ok(Fetched::New { bytes, validators })
    }
}

fn validators(response: &Response) -> Validators {
    let text =
        |headers: &HeaderMap, name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    let headers = response.headers();
    Validators { etag: text(headers, ETAG), last_modified: text(headers, LAST_MODIFIED) }
}

/// A `file:` URL: copied within the size limit.
fn copy(
    url: &str,
    from: &Path,
    known: &Validators,
    limits: &Limits,
    to: &Path,
) -> Result<Fetched, FetchError> {
    let io = |error| FetchError::Io { url: url.to_owned(), error };
    let source = File::open(from).map_err(io)?;
    let state = source.metadata().map_err(io)?;
    let time =
        state.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let etag = Some(format!("{}-{}", state.len(), time.map_or(0, |time| time.as_nanos())));
    if known.etag == etag {
        return Ok(Fetched::Unchanged);
    }
    let mut file = File::options().write(true).create_new(true).open(to).map_err(io)?;
    let bytes =
        io::copy(&mut source.take(limits.bytes.saturating_add(1)), &mut file).map_err(io)?;
    if bytes > limits.bytes {
        return Err(FetchError::TooLarge { url: url.to_owned(), limit: limits.bytes });
    }
    if bytes == 0 {
        return Err(FetchError::Empty { url: url.to_owned() });
    }
    file.sync_all().map_err(io)?;
    Ok(Fetched::New { bytes, validators: Validators { etag, last_modified: None } })
}

fn connection(url: &str, error: &reqwest::Error) -> FetchError {
    let reason = chain(error);
    // A certificate or a redirect does not get better by trying again at once.
    let lasting = error.is_builder() || error.is_redirect() || reason.contains("certificate");
    FetchError::Connection { url: url.to_owned(), reason, lasting }
}

/// An error with its causes, without repeating what they repeat, nor the URL.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let part = error.to_string();
        next = error.source();
        // The outermost says only that a request to the URL failed.
        if (text.is_empty() && next.is_some()) || text.contains(&part) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&part);
    }
    text
}
