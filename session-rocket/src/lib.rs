//! Flask's sessions for [Rocket](https://docs.rs/rocket): one fairing, one guard.
//!
//! What is not here: sessions. Their rules stand in [`session_core`], whose [`Session`](session_core::Session) this
//! crate's [`Session`] derefs to. Nor Rocket's private cookies: its feature `secrets` is not needed.
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
//! A handler that doesn't ask for the session costs nothing: no signature is checked, no header sent. The session is
//! closed when Rocket has the response, be it the handler's, a redirect or a catcher's, and before the body streams.
//!
//! A route that asks for a session which no fairing provides does not launch, and the log names the line to add.
//!
//! With [`SessionFairing::stored`] sessions are on the server and the cookie holds an id. A handler whose store gives no
//! answer is not called: the application's 503 catcher answers, or Rocket's own, and `Retry-After` and
//! `Cache-Control: no-store` are added to what it says. A handler that can do without takes [`BestEffort`], or an
//! `Option<Session>`, which is `None` then.
//!
//! Several sessions in one application: mark one fairing with a type of yours, and ask for `Session<ThatType>`; see
//! [`SessionFairing::marked`].
//!
//! A handler that panics leaves nothing in its session: the [`Session`] that it held ends with the panic, the 500
//! catcher can read it and change it no more, and `Vary` is sent, but no cookie. Changes that a guard made and finished before, without
//! handing its `Session` to the handler, are kept.
//!
//! What is Rocket's nature:
//! - A client that hangs up does not stop its handler, so the session of such a request is saved.
//! - A request that Rocket cannot parse meets no fairing; its 400 catcher finds no session.
//! - Rocket drops a `Cookie` header that is not UTF-8 as a whole.
//! - Where no subscriber of `tracing` is set, what sessions have to say goes to Rocket's log.

mod fairing;
mod guard;
mod request_state;

pub use fairing::SessionFairing;
pub use guard::{BestEffort, Error, Session, SessionRejection};
#[doc(no_inline)]
pub use session_core;
#[doc(no_inline)]
pub use session_core::{Config, SecretKey, Sessions};
#[doc(no_inline)]
pub use session_store;
#[doc(no_inline)]
pub use session_store::MemoryStore;
