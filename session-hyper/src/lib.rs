//! Sessions for [hyper](https://docs.rs/hyper) 1, compatible with Flask's: one wrapper around a service, one method of
//! the request.
//!
//! ```no_run
//! use http_body_util::Full;
//! use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
//! use hyper_util::{rt::TokioExecutor, rt::TokioIo, server::conn::auto::Builder};
//! use session_hyper::{Error, RequestSession, SecretKey, SessionLayer, Sessions};
//!
//! async fn visit(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Error> {
//!     let session = request.session().await?;
//!     let visits = session.increment("visits", 1)?;
//!     let name = session.get::<String>("username")?.unwrap_or("stranger".into());
//!     Ok(Response::new(format!("Hello {name}, you have visited this page {visits} times\n").into()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::new(SecretKey::new(std::env::var("SECRET_KEY")?)?);
//! let service = SessionLayer::new(sessions).wrap(service_fn(visit));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:5000").await?;
//! loop {
//!     let (stream, service) = (TokioIo::new(listener.accept().await?.0), service.clone());
//!     tokio::spawn(async move { Builder::new(TokioExecutor::new()).serve_connection(stream, service).await });
//! }
//! # }
//! ```
//!
//! | an application writes | for |
//! |---|---|
//! | [`SessionLayer::new(sessions)`](SessionLayer::new) | sessions in signed cookies |
//! | [`SessionLayer::stored(sessions, store)`](SessionLayer::stored) | sessions in a store; the cookie holds an id |
//! | [`.marked::<Admin>()`](SessionLayer::marked) | a layer for a further session of the application |
//! | [`.wrap(service)`](SessionLayer::wrap) | a service whose handlers have the session; one more `wrap` for each further layer |
//!
//! | a handler writes | and gets |
//! |---|---|
//! | [`request.session()`](RequestSession::session) | the [`Session`]; an error that is 503 if its store does not answer |
//! | [`request.session_best_effort()`](RequestSession::session_best_effort) | the session, or an empty one that takes no change if its store does not answer |
//! | [`request.session_of::<Admin>()`](RequestSession::session_of) | the session of the marked layer |
//!
//! An `Err` of a handler is a response, too, and its session is saved as on any other: [`Error`] is one, and an error type of
//! the application becomes one by [`IntoResponse`]; it is made from [`SessionError`], the error of all methods. hyper alone would cut the connection. Only a panic still does that; the
//! session is then left as it was.
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

mod error;
mod layer;
mod request;

pub use error::{Error, IntoResponse};
pub use layer::{SessionLayer, SessionService};
pub use request::RequestSession;
#[doc(no_inline)]
pub use session_core::{
    self, Builder, Clock, Config, ConfigError, Digest, EntropyError, EntropySource,
    Error as SessionError, Event, EventKind, Flash, GonePolicy, KeyRing, LogDigest, Prefix,
    PreviousCookie, RecordKey, Refresh, Rejected, ReusePolicy, SameSite, SecretKey, Session,
    Sessions, StoredSessions, Warning, Weakness, tagged,
};
/// Helpers for the tests of applications (feature `testing`).
#[cfg(feature = "testing")]
#[doc(inline)]
pub use session_store::testing;
#[doc(no_inline)]
pub use session_store::{
    self, DeleteScope, Durability, MemoryStore, MissingLayer, SessionBackend, SessionInfo, Store,
    StoreError, StoreFuture, UserSessions, clean,
};

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
