//! One suite of scenarios for every adapter: the answers of the tour's routes over a socket.
//!
//! [`suite`] lists the scenarios, and [`run`](suite::run) runs them against a server at any
//! address. [`hop`] visits several servers in turn with one session. Both use nothing but HTTP, so
//! they can test a server in any language:
//!
//! ```sh
//! cargo run -p scenarios -- http://127.0.0.1:5003
//! ```
//!
//! A failed check panics, and [`run`](suite::run) turns the panic into a report.

#![allow(clippy::unwrap_used, clippy::panic, reason = "it is all tests")]

pub mod client;
pub mod hop;
pub mod http2;
pub mod jar;
pub mod model;
pub mod server;
pub mod suite;

/// Compiles the programs of the README, of the guides, and of the stores' READMEs, in every framework and with every store.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/adapters.md")]
#[doc = include_str!("../../../docs/cookbook.md")]
#[doc = include_str!("../../../docs/frameworks.md")]
#[doc = include_str!("../../../docs/from-tower-sessions.md")]
#[doc = include_str!("../../../docs/from-flask.md")]
#[doc = include_str!("../../../docs/stores.md")]
#[doc = include_str!("../../../docs/rotation.md")]
#[doc = include_str!("../../../stores/sqlite/README.md")]
#[doc = include_str!("../../../stores/redis/README.md")]
#[doc = include_str!("../../../stores/postgres/README.md")]
struct Guides;
