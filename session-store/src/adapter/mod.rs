//! The code that all adapters share, for sessions in cookies and in a store.
//!
//! ```text
//! ResponseFuture, or the adapter ── Exchange ──────────────────┐
//!                                                              ├─► Arc<Request> of session-core, with the Session
//! the request's extensions ── SessionSlot ─┬─ LazySession ─────┘
//!                                          └─ Arc<Driver> ──────► Arc<dyn Store>
//! ```
//!
//! The adapter alone owns the exchange, so it decides when the session ends: by a close, or by a drop. A slot may be
//! cloned and outlive the response; it then opens nothing. The driver is shared by all requests of a
//! [`SessionBackend`](backend::SessionBackend) and holds nothing of a request.

pub(crate) mod backend;
pub(crate) mod close;
pub(crate) mod collision;
mod driver;
pub(crate) mod future;
mod layers;
pub(crate) mod missing;
pub(crate) mod plain_http;
pub(crate) mod response;
pub(crate) mod slot;
pub(crate) mod stderr;
pub mod trace;
