//! List formats
