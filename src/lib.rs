//! Trackless: the do-not-track button for a whole network.
pub mod cache;
pub mod clients;
pub mod config;
pub mod filter;
pub mod policy;
pub mod stats;
pub mod trackers;
pub mod wire;
