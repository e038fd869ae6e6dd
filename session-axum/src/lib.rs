//! Sessions for [axum](https://docs.rs/axum), compatible with Flask's: one layer, one extractor.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
//!
//! async fn visit(session: Session) -> Result<String, Error> {
//!     let visits = session.increment("visits", 1)?;
//!     Ok(format!("You have visited this page {visits} times"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::new(SecretKey::new(std::env::var("SECRET_KEY")?)?);
//! let app = Router::new().route("/visit", get(visit)).layer(SessionLayer::new(sessions));
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:5000").await?, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | an application writes | for |
//! |---|---|
//! | [`SessionLayer::new(sessions)`](SessionLayer::new) | sessions in signed cookies |
//! | [`SessionLayer::stored(sessions, store)`](SessionLayer::stored) | sessions in a store; the cookie holds an id |
//! | [`.marked::<Admin>()`](SessionLayer::marked) | a layer for a further session of the application |
//!
//! | a handler takes | and gets |
//! |---|---|
//! | [`Session`] | the session; 503 without a call of the handler if its store does not answer |
//! | [`BestEffort`] | the session, or an empty one that takes no change if its store does not answer |
//! | `Option<Session>` | the session, or `None` where there is no layer |
//! | `Session<Admin>` | the session of the marked layer |
//! | `Result<Session, SessionRejection>` | the session, or the [reason](SessionRejection) why there is none |
//!
//! Its methods are those of [`session_core::Session`]. It returns their errors by `?` as [`Error`], which is a response, or as
//! an error type of the application that is made from [`SessionError`].
//!
//! A handler that does not ask for the session costs nothing: no signature is verified, no header sent. The session is closed
//! when the handler has returned its response, whatever its status, and before the body streams.
//!
//! # Features and other crates
//!
//! - `encryption`: encrypted sessions, `Builder::encrypted`.
//! - `testing`: the module `testing` of [`session_core`], for the tests of an application.
//!
//! The types of [`session_core`] and [`session_store`] that an application names are here, so it depends on this crate alone.
//! [`session_core::Error`] is [`SessionError`] here, beside the [`Error`] of this crate. A store other than [`MemoryStore`] is
//! one crate more: `session-store-sqlite`, `session-store-postgres` or `session-store-redis`.

mod extract;
mod layer;
#[cfg(feature = "testing")]
pub mod testing;

pub use extract::{BestEffort, Error, Session, SessionRejection};
pub use layer::{SessionLayer, SessionService};
#[doc(no_inline)]
pub use session_core::{
    self, Builder, Clock, Config, ConfigError, Digest, EntropyError, EntropySource,
    Error as SessionError, Event, EventKind, Flash, GonePolicy, KeyRing, LogDigest, Prefix,
    PreviousCookie, RecordKey, Refresh, Rejected, ReusePolicy, SameSite, SecretKey, Sessions,
    StoredSessions, Warning, Weakness, tagged,
};
#[doc(no_inline)]
pub use session_store::{
    self, DeleteScope, Durability, MemoryStore, MissingLayer, SessionBackend, SessionInfo, Store,
    StoreError, StoreFuture, UserSessions, clean,
};

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
