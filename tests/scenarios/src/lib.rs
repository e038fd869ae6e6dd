//! One suite of scenarios for every adapter: what the tour's routes answer over a socket, whatever serves them.
//!
//! [`suite`] is the list, and [`run`](suite::run) runs it against a server at any address; [`hop`] goes to several servers
//! in turn, with one session. Both see nothing but HTTP, so they can be held to a server of anybody's, in any language:
//!
//! ```sh
//! cargo run -p scenarios -- http://127.0.0.1:5003
//! ```
//!
//! It is a test kit: what is not as it should be panics, and [`run`](suite::run) turns that into a report.

#![allow(clippy::unwrap_used, clippy::panic, reason = "it is all tests")]

pub mod client;
pub mod hop;
pub mod http2;
pub mod jar;
pub mod model;
pub mod server;
pub mod suite;

/// The programs of the README and of the guides compile, in every framework and with every store.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/adapters.md")]
#[doc = include_str!("../../../docs/frameworks.md")]
#[doc = include_str!("../../../docs/from-flask.md")]
#[doc = include_str!("../../../docs/stores.md")]
#[doc = include_str!("../../../docs/rotation.md")]
struct Guides;
