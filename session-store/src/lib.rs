//! Stores for the sessions of [`session_core`], and the code that all adapters to frameworks share.
//!
//! For applications:
//! - [`MemoryStore`] keeps sessions in this process. `SqliteStore` (crate `session-store-sqlite`) keeps them in a file,
//!   `PostgresStore` (`session-store-postgres`) in PostgreSQL, and `RedisStore` (`session-store-redis`) in Redis, Valkey, or
//!   a cluster of either.
//! - [`UserSessions`] lists and ends the sessions of a user.
//! - [`clean`](clean()) removes expired sessions.
//!
//! For a store of your own:
//! - [`Store`] is the contract, verb by verb. Its documentation is what a back end promises.
//! - The crate `session-store-conformance` has the contract as tests.
//!
//! For an adapter:
//! - [`SessionBackend`] is the place of an application's sessions. It begins and closes an
//!   [`Exchange`](session_core::protocol::Exchange) for each request.
//! - [`SessionBackend::begin`] does so for a request of `http`, and notices layers that disturb each other. [`CookieOwners`]
//!   finds them at start.
//! - [`SessionSlot`] goes with the request and opens the session when a handler asks for it. [`MissingLayer`] says what to
//!   add where there is none.
//! - [`ResponseFuture`] waits for a service's response and closes the session before the headers are sent.
//! - [`write_response`] writes what a session sends into a response, or replaces the response if the close failed.
//!   [`write_headers`] and [`error_response`] are its halves, for other response types.
//! - [`trace`] writes events to `tracing`.
//!
//! Sessions and their rules are in `session-core`. The bindings to frameworks are in `session-axum`, `session-hyper` and
//! `session-rocket`.

mod adapter;
mod admin;
mod contract;
mod memory;
#[cfg(feature = "testing")]
pub mod testing;

pub use adapter::backend::{Begun, SessionBackend};
pub use adapter::close::Close;
pub use adapter::collision::CookieOwners;
pub use adapter::future::ResponseFuture;
pub use adapter::missing::{Advice, MissingLayer};
pub use adapter::plain_http::PlainHttp;
pub use adapter::response::{body_as, error_response, write_headers, write_response};
pub use adapter::slot::SessionSlot;
pub use adapter::trace;
pub use admin::clean::clean;
pub use admin::users::UserSessions;
pub use contract::durability::Durability;
pub use contract::error::StoreError;
pub use contract::store::{DeleteScope, SessionInfo, Store, StoreFuture};
pub use memory::MemoryStore;

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
