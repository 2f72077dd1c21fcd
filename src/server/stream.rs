//! DNS over TCP.
