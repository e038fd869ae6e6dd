//! Sessions for [Rocket](https://docs.rs/rocket), compatible with Flask's: one fairing, one guard.
//!
//! ```no_run
//! use rocket::{get, launch, routes};
//! use session_rocket::{Config, Error, Session, SessionFairing};
//!
//! #[get("/visit")]
//! fn visit(session: Session) -> Result<String, Error> {
//!     let visits = session.increment("visits", 1)?;
//!     let name = session.get::<String>("username")?.unwrap_or("stranger".into());
//!     Ok(format!("Hello {name}, you have visited this page {visits} times\n"))
//! }
//!
//! #[launch]
//! fn rocket() -> _ {
//!     let fairing = SessionFairing::figment("session", Config::build); // or ::new(sessions)
//!     rocket::build().attach(fairing).mount("/", routes![visit])
//! }
//! ```
//!
//! with `secret_key = "..."` under `[default.session]` in `Rocket.toml`; see [`SessionFairing::figment`].
//!
//! | an application writes | for |
//! |---|---|
//! | [`SessionFairing::new(sessions)`](SessionFairing::new) | sessions in signed cookies |
//! | [`SessionFairing::stored(sessions, store)`](SessionFairing::stored) | sessions in a store; the cookie holds an id |
//! | [`SessionFairing::figment(table, build)`](SessionFairing::figment) | sessions that are configured in `Rocket.toml` |
//! | [`.marked::<Admin>()`](SessionFairing::marked) | a fairing for a further session of the application |
//!
//! | a handler takes | and gets |
//! |---|---|
//! | [`Session`] | the session; the 503 catcher answers if its store does not, with `Retry-After` and `Cache-Control: no-store` added |
//! | [`BestEffort`] | the session, or an empty one that takes no change if its store does not answer |
//! | `Option<Session>` | the session, or `None` if its store does not answer |
//! | `Session<Admin>` | the session of the marked fairing |
//! | `Result<Session, SessionRejection>` | the session, or the [reason](SessionRejection) why there is none |
//!
//! Its methods are those of [`session_core::Session`]. It returns their errors by `?` as [`Error`], which is a response. A
//! route that asks for a session which no fairing provides does not launch, and the log names the line to add.
//!
//! A handler that does not ask for the session costs nothing: no signature is verified, no header sent. The session is closed
//! when Rocket has the response, whether a handler's, a redirect, or a catcher's, and before the body streams.
//!
//! A handler that panics leaves nothing in its session. The panic drops its [`Session`]; the 500 catcher can read the session
//! but not change it, and `Vary` is sent, but no cookie. Changes that a guard made before, without handing its `Session` to
//! the handler, are saved.
//!
//! Rocket itself determines this:
//! - A client that hangs up does not stop its handler, so the session of its request is saved.
//! - A request that Rocket cannot parse reaches no fairing. Its 400 catcher finds no session.
//! - Rocket drops a `Cookie` header that is not UTF-8 as a whole.
//! - Without a subscriber of `tracing`, the events of sessions go to Rocket's log.
//!
//! # Features and other crates
//!
//! - `encryption`: encrypted sessions, `Builder::encrypted`.
//! - `testing`: the module `testing` of [`session_core`], for the tests of an application.
//!
//! The types of [`session_core`] and [`session_store`] that an application names are here, so it depends on this crate alone.
//! [`session_core::Error`] is [`SessionError`] here, beside the [`Error`] of this crate. A store other than [`MemoryStore`] is
//! one crate more: `session-store-sqlite`, `session-store-postgres` or `session-store-redis`.
//! Rocket's private cookies, its feature `secrets`, are not needed.

mod fairing;
mod guard;
mod request_state;
mod response;

pub use fairing::SessionFairing;
pub use guard::{BestEffort, Error, Session, SessionRejection};
#[doc(no_inline)]
pub use session_core::{
    self, Builder, Clock, Config, ConfigError, Digest, EntropyError, EntropySource,
    Error as SessionError, Event, EventKind, Flash, GonePolicy, KeyRing, LogDigest, Prefix,
    PreviousCookie, RecordKey, Refresh, Rejected, ReusePolicy, SameSite, SecretKey, Sessions,
    StoredSessions, Warning, Weakness, tagged,
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
