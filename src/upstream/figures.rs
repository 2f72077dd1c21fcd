//! What is counted of each upstream, over all threads.

use std::sync::atomic::{AtomicBool, AtomicU64};

use crate::config;
use crate::stats::Histogram;

/// Figures of all upstreams, in the order of the config; those of domains come last.
#[derive(Debug, Default)]
pub struct Figures {
    /// One for each server.
    pub servers: Vec<ServerFigures>,
}

/// Figures of one upstream.
#[derive(Debug)]
pub struct ServerFigures {
    /// As the config names it.
    pub url: String,
    /// Queries sent, repeated ones included.
    pub queries: AtomicU64,
    /// Queries without a usable reply.
    pub failures: AtomicU64,
    /// Time from query to reply.
    pub duration: Histogram,
    /// False while it is skipped and probed.
    pub healthy: AtomicBool,
}

impl Figures {
    /// All zero, all healthy.
    pub fn new(config: &config::Upstream) -> Self {
        let servers = config.all_servers().map(|url| ServerFigures {
            url: url.to_string(),
            queries: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            duration: Histogram::default(),
            healthy: AtomicBool::new(true),
        });
        Self { servers: servers.collect() }
    }
}
