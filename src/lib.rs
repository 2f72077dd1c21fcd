//! Trackless: the do-not-track button for a whole network.
pub mod cli;
pub mod config;
pub mod stats;
