//! What every adapter of [`session_core`] shares, so that no adapter decides anything, and the stores that sessions may
//! live in.
//!
//! What is not here: sessions and their rules (in `session-core`), and frameworks (in the adapters).
//!
//! Stores, which applications name:
//! - [`Store`]: the contract, verb by verb. Its comments are what a back end promises.
//! - [`MemoryStore`]: keeps sessions in this process.
//! - `SqliteStore` (crate `session-store-sqlite`): keeps them in a file.
//! - `PostgresStore` (crate `session-store-postgres`): in PostgreSQL.
//! - `RedisStore` (crate `session-store-redis`): keeps them in Redis, Valkey, or a cluster of either.
//! - [`UserSessions`]: lists and ends the sessions of a user; [`clean`](clean()): removes what has expired.
//! - `session-store-conformance`: the contract as tests, for who writes a store.
//!
//! What adapters use:
//! - [`SessionBackend`]: where an application's sessions are. It begins an [`Exchange`] for each request.
//! - [`LazySession`]: what goes along with the request, to open the session when somebody asks for it; [`SessionSlot`] is where it lies.
//! - [`ResponseFuture`]: waits for a service's response and closes the session before its headers leave.
//! - [`finish`]: the one place where what a session sends is put into a response, or a failed close replaces it; [`apply`] and
//!   [`failure`] for other types of responses.
//! - [`trace`]: the one place where events are written to `tracing`.

mod adapter;
mod admin;
mod contract;
mod memory;

pub use adapter::backend::{Close, Exchange, LazySession, SessionBackend};
pub use adapter::future::ResponseFuture;
pub use adapter::response::{apply, failure, finish};
pub use adapter::slot::{Missing, SessionSlot};
pub use adapter::trace;
pub use admin::clean::clean;
pub use admin::users::UserSessions;
pub use contract::durability::Durability;
pub use contract::error::StoreError;
pub use contract::store::{DeleteScope, SessionInfo, Store, StoreFuture};
pub use memory::MemoryStore;
