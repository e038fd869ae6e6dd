//! What every adapter of [`session_core`] shares, so that no adapter decides anything, and the stores that sessions may
//! live in.
//!
//! What is not here: sessions and their rules (in `session-core`), and frameworks (in the adapters).
//!
//! Stores, which applications name:
//! - [`Store`]: the contract, verb by verb. Its comments are what a back end promises.
//! - [`MemoryStore`]: keeps sessions in this process.
//! - `SqliteStore` (feature `sqlite`): keeps them in a file.
//! - `PostgresStore` (feature `postgres`): in PostgreSQL.
//! - `RedisStore` (feature `redis`): keeps them in Redis, Valkey, or a cluster of either.
//! - [`UserSessions`]: lists and ends the sessions of a user; [`clean`](clean()): removes what has expired.
//! - `conformance` (feature of that name): the contract as tests, for who writes a store.
//!
//! What adapters use:
//! - [`SessionBackend`]: where an application's sessions are. It begins an [`Exchange`] for each request.
//! - [`LazySession`]: what goes along with the request, to open the session when somebody asks for it; [`SessionSlot`] is where it lies.
//! - [`ResponseFuture`]: waits for a service's response and closes the session before its headers leave.
//! - [`finish`]: the one place where what a session sends is put into a response, or a failed close replaces it; [`apply`] and
//!   [`failure`] for other types of responses.
//! - [`trace`]: the one place where events are written to `tracing`.

mod clean;
#[cfg(feature = "conformance")]
pub mod conformance;
mod driver;
mod durability;
mod error;
mod exchange;
mod finish;
mod future;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod slot;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
pub mod trace;
mod users;

#[cfg(feature = "redis")]
pub use self::redis::{RedisConnection, RedisStore};
pub use clean::clean;
pub use durability::Durability;
pub use error::StoreError;
pub use exchange::{Close, Exchange, LazySession, SessionBackend};
pub use finish::{apply, failure, finish};
pub use future::ResponseFuture;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use slot::{Missing, SessionSlot};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use store::{DeleteScope, SessionInfo, Store, StoreFuture};
pub use users::UserSessions;
