//! Downloading one subscribed list into a file.
//!
//! What comes from outside is bounded in size, in time and in redirects, and a download that does
//! not end well leaves no file. Whether a text is fit to be a list is judged by others.
//!
//! It must never ask the system who a host is: the system may be set up to ask this very server,
//! which may have no rules yet or refuse the name. `resolve` asks our upstream servers. And it must
//! never tell a host more than it has to: no cookies, no referer, no version.

mod error;
mod resolve;
#[cfg(test)]
mod tests;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{
    CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
use tokio::time::{sleep, timeout};

pub use self::error::{FetchError, refusal};
use self::resolve::Resolver;
pub use self::resolve::address;
use crate::config;
use crate::upstream::Trust;

/// Redirects followed at most.
const MOST_REDIRECTS: usize = 5;
/// Time to connect, TLS included, beyond what finding the address may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Octets read from or written to a file at once.
const BLOCK: usize = 256 * 1024;
/// Octets of a validator worth keeping; real ones have under a hundred.
const LONGEST_VALIDATOR: usize = 1_024;
/// Pauses between tries grow no longer than this, jitter aside.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// What a server said about the copy we hold, to be sent back to it (RFC 9110 section 8.8). Those
/// of one URL mean nothing to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`; of a `file:` URL the time and length of the file.
    pub last_modified: Option<String>,
}

/// What one download may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the list, after decoding.
    pub bytes: u64,
    /// Time for the whole of one try.
    pub time: Duration,
    /// Time without progress: until the head of the response is here, and between parts of it.
    pub stall: Duration,
}

/// How often to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    /// Tries in all; 0 means 1.
    pub tries: u32,
    /// About the first pause; each is twice the one before, none much longer than 1 h.
    pub backoff: Duration,
}

/// What came of a download that ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The copy we hold is still the newest. No file was made.
    Unchanged,
    /// The file holds the list.
    New {
        /// Its length in octets.
        bytes: u64,
        /// What to send along next time.
        validators: Validators,
    },
}

/// Is told the octets written so far and how many there will be. The latter is not known where the
/// server does not say it or the response is compressed.
pub type Progress<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);

/// Downloads lists. Made once, used within one runtime: its connections live there.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
}

impl Fetcher {
    /// A fetcher that finds hosts through the servers of `upstream` alone and trusts whom that
    /// trusts.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(upstream: &config::Upstream) -> Result<Self, FetchError> {
        let setup = |error: &dyn std::fmt::Display| FetchError::Setup(error.to_string());
        let trust = Trust::read(upstream.ca.as_deref()).map_err(|error| setup(&error))?;
        Self::trusting(upstream, trust.tls(&[]).map_err(|error| setup(&error))?.config)
    }

    /// What it speaks HTTP with, for others who look up hosts as it does.
    pub fn into_client(self) -> Client {
        self.client
    }

    fn trusting(upstream: &config::Upstream, mut tls: ClientConfig) -> Result<Self, FetchError> {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Resolver::new(upstream)?)
            .redirect(redirect::Policy::custom(redirected))
            .connect_timeout(upstream.timeout.saturating_add(CONNECT))
            .user_agent("trackless")
            .referer(false)
            .no_proxy()
            .build()
            .map_err(|error| FetchError::Setup(error::reason(&error)))?;
        Ok(Self { client })
    }

    /// Downloads `url`, http, https or file, into the new file `to`, unless the server says that
    /// the copy `known` belongs to has not changed. One try. The file is on the disk when this
    /// returns; after an error, or when the future is dropped, there is none.
    ///
    /// A server that gives no length and no chunks can cut a response short unnoticed.
    ///
    /// # Errors
    /// The list cannot be had whole within `limits`, it is empty, or `to` cannot be written, which
    /// includes that it is there.
    pub async fn fetch(
        &self,
        url: &str,
        known: &Validators,
        limits: &Limits,
        to: &Path,
        progress: Progress<'_>,
    ) -> Result<Fetched, FetchError> {
        let no_url = || FetchError::Url(url.to_owned());
        let url = Url::parse(url).map_err(|_| no_url())?;
        let from = name(&url);
        let download = async {
            match url.scheme() {
                "http" | "https" => self.download(url, known, limits, to, progress).await,
                "file" => {
                    let path = url.to_file_path().map_err(|()| no_url())?;
                    copy(&path, known, limits, to, progress).await
                }
                _ => Err(no_url()),
            }
        };
        timeout(limits.time, download)
            .await
            .unwrap_or(Err(FetchError::TooSlow { from, after: limits.time }))
    }

    /// As [`Self::fetch`], again and again with growing pauses while another try may help. Each try
    /// has the whole of `limits`.
    ///
    /// # Errors
    /// As [`Self::fetch`]; the last try's.
    pub async fn fetch_with_retries(
        &self,
        url: &str,
        known: &Validators,
        limits: &Limits,
        to: &Path,
        progress: Progress<'_>,
        retries: &Retries,
    ) -> Result<Fetched, FetchError> {
        let mut failed = 0;
        loop {
            let result = self.fetch(url, known, limits, to, progress).await;
            failed += 1;
            match result {
                Err(error) if !error.is_lasting() && failed < retries.tries => {
                    sleep(pause(retries.backoff, failed)).await;
                }
                result => return result,
            }
        }
    }

    async fn download(
        &self,
        url: Url,
        known: &Validators,
        limits: &Limits,
        to: &Path,
        progress: Progress<'_>,
    ) -> Result<Fetched, FetchError> {
        let mut from = name(&url);
        let conditions = conditions(known);
        let conditional = !conditions.is_empty();
        let request = self.client.get(url).headers(conditions).send();
        let mut response = timeout(limits.stall, request)
            .await
            .map_err(|_| FetchError::Stalled { from: from.clone(), after: limits.stall })?
            .map_err(|error| FetchError::from_request(&error, &from))?;
        from = name(response.url());
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if conditional => return Ok(Fetched::Unchanged),
            status => return Err(FetchError::Status { from, status: status.as_u16() }),
        }
        // What the client decoded it no longer declares.
        if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
            && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            return Err(FetchError::Encoding { from });
        }
        let total = response.content_length();
        let validators = validators(&response);
        let mut file = NewFile::create(to, &from, limits.bytes, total, progress)?;
        while let Some(part) = timeout(limits.stall, response.chunk())
            .await
            .map_err(|_| FetchError::Stalled { from: from.clone(), after: limits.stall })?
            .map_err(|error| FetchError::Broken {
                from: from.clone(),
                why: error::reason(&error),
            })?
        {
            file.write(&part).await?;
        }
        Ok(Fetched::New { bytes: file.finish().await?, validators })
    }
}

async fn copy(
    path: &Path,
    known: &Validators,
    limits: &Limits,
    to: &Path,
    progress: Progress<'_>,
) -> Result<Fetched, FetchError> {
    let from = path.display().to_string();
    let unreadable = |why: String| FetchError::Read { path: path.to_owned(), why };
    // Looked at before it is opened: a pipe would keep us waiting.
    let found = tokio::fs::metadata(path).await.map_err(|error| unreadable(error.to_string()))?;
    if !found.is_file() {
        return Err(unreadable("it is not a regular file".to_owned()));
    }
    let (seconds, nanoseconds) = (found.mtime(), found.mtime_nsec());
    let version = format!("{seconds}.{nanoseconds:09}, {} bytes", found.len());
    let validators = Validators { etag: None, last_modified: Some(version) };
    if validators == *known {
        return Ok(Fetched::Unchanged);
    }
    let mut source = File::open(path).await.map_err(|error| unreadable(error.to_string()))?;
    let mut file = NewFile::create(to, &from, limits.bytes, Some(found.len()), progress)?;
    let mut block = vec![0; BLOCK];
    loop {
        let read = source.read(&mut block).await.map_err(|error| unreadable(error.to_string()))?;
        if read == 0 {
            break;
        }
        file.write(&block[..read]).await?;
    }
    Ok(Fetched::New { bytes: file.finish().await?, validators })
}

/// The file a list is written to. Unless it is finished, it goes when this goes.
struct NewFile<'a> {
    path: PathBuf,
    file: BufWriter<File>,
    finished: bool,
    from: &'a str,
    bytes: u64,
    most: u64,
    total: Option<u64>,
    progress: Progress<'a>,
}

impl<'a> NewFile<'a> {
    fn create(
        path: &Path,
        from: &'a str,
        most: u64,
        total: Option<u64>,
        progress: Progress<'a>,
    ) -> Result<Self, FetchError> {
        if total.is_some_and(|total| total > most) {
            return Err(FetchError::TooBig { from: from.to_owned(), most });
        }
        let file =
            OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
                FetchError::Write { path: path.to_owned(), why: error.to_string() }
            })?;
        let file = BufWriter::with_capacity(BLOCK, File::from_std(file));
        let path = path.to_owned();
        Ok(Self { path, file, finished: false, from, bytes: 0, most, total, progress })
    }

    async fn write(&mut self, part: &[u8]) -> Result<(), FetchError> {
        self.bytes += part.len() as u64;
        if self.bytes > self.most {
            return Err(FetchError::TooBig { from: self.from.to_owned(), most: self.most });
        }
        let written = self.file.write_all(part).await;
        written.map_err(|error| self.unwritable(&error))?;
        (self.progress)(self.bytes, self.total);
        Ok(())
    }

    async fn finish(mut self) -> Result<u64, FetchError> {
        if self.bytes == 0 {
            return Err(FetchError::Empty { from: self.from.to_owned() });
        }
        let flushed = self.file.flush().await;
        flushed.map_err(|error| self.unwritable(&error))?;
        let synced = self.file.get_ref().sync_all().await;
        synced.map_err(|error| self.unwritable(&error))?;
        self.finished = true;
        Ok(self.bytes)
    }

    fn unwritable(&self, error: &std::io::Error) -> FetchError {
        FetchError::Write { path: self.path.clone(), why: error.to_string() }
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Who a person would say a URL leads to. The rest of it may hold a password or a token.
fn name(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.path().to_owned(),
    }
}

fn redirected(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let why = match (attempt.previous().last().map(Url::scheme), attempt.url().scheme()) {
        (Some("https"), "http") => "from https to http, where anybody on the way can change it",
        (_, "http" | "https") if attempt.previous().len() <= MOST_REDIRECTS => {
            return attempt.follow();
        }
        (_, "http" | "https") => "again and again",
        _ => "to what is neither http nor https",
    };
    let from = attempt.previous().last().map(name).unwrap_or_default();
    attempt.error(FetchError::Redirect { from, why })
}

/// Asks for the list only if it is not the `known` one (RFC 9110 section 13).
fn conditions(known: &Validators) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &Option<String>| {
        if let Some(value) = value
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(name, value);
        }
    };
    put(IF_NONE_MATCH, &known.etag);
    put(IF_MODIFIED_SINCE, &known.last_modified);
    headers
}

fn validators(response: &Response) -> Validators {
    let text = |name| {
        let value = response.headers().get(name)?.to_str().ok()?;
        (value.len() <= LONGEST_VALIDATOR).then(|| value.to_owned())
    };
    Validators { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
}

/// The pause after so many failed tries: doubled each time, and between half and one and a half of
/// that by chance, so that a whole town's servers do not come back at once.
fn pause(backoff: Duration, failed: u32) -> Duration {
    let doubled = backoff.saturating_mul(1 << failed.saturating_sub(1).min(31));
    let chance = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
    doubled.min(LONGEST_PAUSE).mul_f64(0.5 + chance)
}
