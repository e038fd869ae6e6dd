//! Flask's sessions for [hyper](https://docs.rs/hyper) 1: one wrapper around a service, one method of the request.
//!
//! What is not here: sessions. Their rules stand in [`session_core`], whose [`Session`] handlers get as it is.
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
//! A handler that doesn't ask for the session costs nothing: no signature is checked, no header sent. The session is
//! closed when the handler has returned its response, whatever its status, and before the body streams.
//!
//! What a handler returns as `Err` is a response too, and its session is saved as on any other: [`Error`] knows which one,
//! an error of yours says so by [`IntoResponse`]. hyper alone would cut the connection. Only a panic does that now; the
//! session is then left as it was.
//!
//! With [`SessionLayer::stored`] sessions are on the server and the cookie holds an id. A handler whose store gives no answer
//! gets an error that becomes 503; one that can do without asks by
//! [`session_best_effort`](RequestSession::session_best_effort).
//!
//! Several sessions in one application: mark one layer with a type of yours, wrap by both, and ask by
//! [`session_of`](RequestSession::session_of); see [`SessionLayer::marked`].

mod error;
mod layer;
mod request;

pub use error::{Error, IntoResponse};
pub use layer::{SessionLayer, SessionService};
pub use request::RequestSession;
#[doc(no_inline)]
pub use session_core;
#[doc(no_inline)]
pub use session_core::{Config, SecretKey, Session, Sessions};
#[doc(no_inline)]
pub use session_store;
#[doc(no_inline)]
pub use session_store::MemoryStore;
