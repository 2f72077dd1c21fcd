//! Stub.
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;
/// V.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// e
    pub etag: Option<String>,
    /// l
    pub last_modified: Option<String>,
}
/// L.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// b
    pub bytes: u64,
    /// t
    pub time: Duration,
    /// s
    pub stall: Duration,
}
/// F.
#[derive(Debug)]
pub enum Fetched {
    /// u
    Unchanged,
    /// n
    New {
        /// b
        bytes: u64,
        /// v
        validators: Validators,
    },
}
/// E.
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct FetchError;
/// F.
#[derive(Debug)]
pub struct Fetcher;
impl Fetcher {
    /// n
    pub fn new(_: &crate::config::Upstream) -> Result<Self, FetchError> {
        Ok(Self)
    }
    /// f
    pub async fn fetch_with_retries(
        &self,
        _url: &str,
        _known: &Validators,
        _limits: &Limits,
        _to: &Path,
        _progress: &(dyn Fn(u64, Option<u64>) + Sync),
        _tries: u32,
        _base: Duration,
    ) -> Result<Fetched, FetchError> {
        Err(FetchError)
    }
}
