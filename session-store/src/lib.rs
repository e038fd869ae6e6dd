//! What every adapter of [`session_core`] shares, so that no adapter decides anything.
//!
//! What is not here: sessions and their rules (in `session-core`), and frameworks (in the adapters). Users of an adapter
//! never name this crate.
//!
//! - [`ResponseFuture`]: waits for a service's response and closes the session before its headers leave.
//! - [`finish`]: the one place where what a session sends is put into a response, or a failed close replaces it.
//! - [`trace`]: the one place where the core's events are written to `tracing`.

mod finish;
mod future;
pub mod trace;

pub use finish::{failure, finish};
pub use future::ResponseFuture;
