//! Trackless: the do-not-track button for a whole network.
pub mod cache;
pub mod config;
pub mod filter;
pub mod stats;
pub mod trackers;
pub mod wire;
