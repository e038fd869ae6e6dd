//! Flask's sessions for [axum](https://docs.rs/axum): one layer, one extractor.
//!
//! What is not here: sessions. Their rules stand in [`session_core`], whose [`Session`](session_core::Session) this
//! crate's [`Session`] derefs to.
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
//! A handler that doesn't ask for the session costs nothing: no signature is checked, no header sent. The session is
//! closed when the handler has returned its response, whatever its status, and before the body streams.
//!
//! With [`SessionLayer::stored`] sessions are on the server and the cookie holds an id. A handler whose store gives no answer
//! is not called, and its client gets 503; one that can do without takes [`BestEffort`].
//!
//! Several sessions in one application: mark one layer with a type of yours, and ask for `Session<ThatType>`; see
//! [`SessionLayer::marked`].

mod extract;
mod layer;

pub use extract::{BestEffort, Error, MissingLayer, Session, SessionRejection};
pub use layer::{SessionLayer, SessionService};
#[doc(no_inline)]
pub use session_core;
#[doc(no_inline)]
pub use session_core::{Config, SecretKey, Sessions};
#[doc(no_inline)]
pub use session_store;
#[doc(no_inline)]
pub use session_store::MemoryStore;
