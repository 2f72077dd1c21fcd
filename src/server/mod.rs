//! The front doors.
//!
//! Each door takes bytes in, calls [`crate::engine::Worker::answer`] and sends bytes out; what
//! becomes of a query is decided there. `udp` has blocking threads with batched system calls;
//! `stream` (TCP, and TLS around it), `doh` and `quic` run on the resolvers' runtimes. A door must
//! never let one client cost another one its answer.

pub mod acme;
mod bind;
pub mod certificate;
mod connections;
pub mod doh;
mod passed;
mod proxy;
pub mod quic;
pub mod stream;
mod sys;
pub mod udp;

pub use bind::{BindError, Door, RECEIVE_BUFFER, bind};
pub use connections::Connections;
pub use passed::Passed;
