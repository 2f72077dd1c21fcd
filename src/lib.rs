//! Trackless: the do-not-track button for a whole network.
pub mod cache;
pub mod cli;
pub mod clients;
pub mod config;
pub mod data;
pub mod engine;
pub mod filter;
pub mod lists;
pub mod policy;
pub mod server;
pub mod stats;
pub mod trackers;
pub mod upstream;
pub mod web;
pub mod wire;
