//! Sessions on the server: the protocol with a store, as steps without I/O.
//!
//! The browser holds an id, the store holds the record. Of this module, an audit of cookie sessions needs
//! `step` only.
//!
//! Each file imports only from those above it in this list, and calls only their methods:
//!
//! | file | what is there |
//! |---|---|
//! | `step` | a step: a result, or a request to a store |
//! | `open` | the beginning of a request: which ids are looked up, and what the reply means |
//! | `closing` | the state of a close |
//! | `id_cookie` | the cookie that carries an id |
//! | `user` | the user's index, and the limit of sessions |
//! | `begin` | a new session; a session that was gone meanwhile |
//! | `pending_write` | what is due to a live record |
//! | `next_body` | the body of the next write: the life of a verifier |
//! | `save` | a live record is touched or written, with optimistic concurrency |
//! | `end` | a logout |
//! | `reuse` | an id that is used after a renewal replaced it |
//! | `close` | the table of closing, and the choice among its rows |
//!
//! A write that meets that of another request:
//!
//! ```text
//!  browser              core (sans-I/O)           driver and store            another request
//!     │  Cookie: id           │                          │                           │
//!     ├──────────────────────►│ open                     │                           │
//!     │                       │ load ───────────────────►│                           │
//!     │                       │◄────────── live, version 7                           │
//!     │           handler     │                          │                           │
//!     │      session.insert   │                          │◄──── update 7 → 9       ─┤
//!     │                       │ close                    │                           │
//!     │                       │ update 7 → 8        ────►│ compare-and-swap          │
//!     │                       │◄────── conflict, version 9                           │
//!     │                       │ merge: 8 is not among the last writes of 9,          │
//!     │                       │ the verifier still opens it: change made again       │
//!     │                       │ update 9 → 8        ────►│                           │
//!     │                       │                     ✕────┤ done, the reply is lost   │
//!     │                       │ update 9 → 8        ────►│ retried by the driver     │
//!     │                       │◄────── conflict, version 8                           │
//!     │                       │ 8 is its own write: written                          │
//!     │  Set-Cookie, if the id│ has a new verifier       │                           │
//!     │◄──────────────────────┤                          │                           │
//! ```
//!
//! Versions are random numbers, each the id of the write that made the record; small ones stand for
//! them here.

pub(crate) mod begin;
pub(crate) mod close;
pub(crate) mod closing;
pub(crate) mod end;
pub(crate) mod id_cookie;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_check;
pub(crate) mod next_body;
pub(crate) mod open;
pub(crate) mod pending_write;
pub(crate) mod reuse;
pub(crate) mod save;
pub(crate) mod step;
#[cfg(test)]
mod tests;
pub(crate) mod user;
