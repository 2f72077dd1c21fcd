//! The front doors.
//!
//! Each door takes bytes in, calls [`crate::engine::Worker::answer`] and sends bytes out; what
//! becomes of a query is decided there. `udp` has blocking threads with batched system calls,
//! `stream` runs on the resolvers' runtimes. A door must never let one client cost another one
//! its answer.

mod bind;
pub mod stream;
mod sys;
pub mod udp;

pub use bind::{BindError, Door, bind};
