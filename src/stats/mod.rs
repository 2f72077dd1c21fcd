//! What was counted.
mod histogram;
pub use histogram::Histogram;
