//! A request that has a session in a store, the response of a handler, and the session that it leaves.
//!
//! The functions take a [`SessionBackend`], so they work for sessions in cookies as well. Give a clone of it to the layer of the
//! application, by `SessionLayer::from`.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use session_core::{SecretKey, Sessions};
//! use session_store::testing::{ManualClock, stored};
//! use session_store::{MemoryStore, SessionBackend};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let time = ManualClock::at(1_700_000_000);
//! let sessions = Sessions::builder(SecretKey::generate()?).clock(time.clone()).build_stored()?;
//! let backend = SessionBackend::stored(sessions, Arc::new(MemoryStore::new()));
//!
//! // The request of a user who is logged in.
//! let request = stored::request(&backend, |session| session.log_in("ada")).await?;
//!
//! // The application handles it.
//! let response = stored::respond(&backend, &request, |session| session.cycle_id()).await?;
//!
//! // The session now, and after its end.
//! let session = stored::reopen(&backend, &response).await?;
//! assert_eq!(session.user().as_deref(), Some("ada"));
//! time.advance(Duration::from_secs(32 * 24 * 60 * 60));
//! assert!(stored::reopen(&backend, &response).await?.is_empty());
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use http::HeaderMap;
use session_core::{Error, Session, StoredSessions};

use crate::adapter::backend::SessionBackend;
use crate::memory::MemoryStore;

/// Returns stored sessions for examples and tests: our own format with its defaults, with the fixed and published key of
/// [`testing::sessions`](crate::testing::sessions). Use them only where nothing needs protection.
///
/// ```
/// use session_store::testing::stored;
///
/// assert_eq!(stored::sessions().cookie_name(), "__Host-session");
/// ```
#[must_use]
pub fn sessions() -> StoredSessions {
    session_core::testing::stored_sessions()
}

/// Returns a backend with [`sessions`] and a memory store of its own. Give one clone to the layer, and another to
/// [`request`] or [`respond`].
///
/// ```
/// use session_store::testing::stored;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let backend = stored::backend();
/// let request = stored::request(&backend, |session| session.insert("a", 1)).await.unwrap();
/// let other = stored::backend();
/// assert!(!backend.open(&backend.exchange(&request)).await.unwrap().is_empty());
/// assert!(other.open(&other.exchange(&request)).await.unwrap().is_empty()); // its store is empty
/// # }
/// ```
#[must_use]
pub fn backend() -> SessionBackend {
    SessionBackend::stored(sessions(), Arc::new(MemoryStore::new()))
}

/// Returns the headers of a request whose cookie opens the session that `fill` filled. They are empty if `fill` left the
/// session as it was: it then has no cookie.
///
/// # Errors
/// As [`respond`].
///
/// ```
/// # use session_store::testing::stored;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let backend = stored::backend();
/// let request = stored::request(&backend, |session| session.insert("username", "ada")).await.unwrap();
/// let session = backend.open(&backend.exchange(&request)).await.unwrap();
/// assert_eq!(session.get::<String>("username").unwrap().unwrap(), "ada");
/// # }
/// ```
pub async fn request<T>(
    backend: &SessionBackend,
    fill: impl FnOnce(&Session) -> Result<T, Error>,
) -> Result<HeaderMap, Error> {
    let response = respond(backend, &HeaderMap::new(), fill).await?;
    Ok(session_core::testing::next_request(&response))
}

/// Handles one request as an application does: opens its session, calls the handler, and closes the session. Returns the
/// headers of the response.
///
/// # Errors
/// The error of `handler`, or of the session's open or close, as [`Error::Unavailable`] when the store does not answer.
///
/// ```
/// use session_core::Session;
/// use session_store::testing::stored;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let backend = stored::backend();
/// let request = stored::request(&backend, |session| session.insert("username", "ada")).await.unwrap();
/// let response = stored::respond(&backend, &request, Session::clear).await.unwrap();
/// assert!(response["set-cookie"].to_str().unwrap().contains("; Max-Age=0;"));
/// # }
/// ```
pub async fn respond<T>(
    backend: &SessionBackend,
    request: &HeaderMap,
    handler: impl FnOnce(&Session) -> Result<T, Error>,
) -> Result<HeaderMap, Error> {
    let exchange = backend.exchange(request);
    handler(&backend.open(&exchange).await?)?;
    let mut response = HeaderMap::new();
    backend.close(exchange).await.apply(&mut response)?;
    Ok(response)
}

/// Returns the session that a response leaves in a browser that had none. It is empty if the response sets no session or
/// deletes it. It can be read and takes no change ([`Error::TooLate`]): no response would send it.
///
/// # Errors
/// [`Error::Unavailable`] when the store does not answer.
///
/// ```
/// # use session_store::testing::stored;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let backend = stored::backend();
/// # let handler = |session: &session_core::Session| session.insert("username", "ada");
/// let response = stored::respond(&backend, &http::HeaderMap::new(), handler).await.unwrap();
/// assert!(stored::reopen(&backend, &response).await.unwrap().contains_key("username"));
/// # }
/// ```
pub async fn reopen(backend: &SessionBackend, response: &HeaderMap) -> Result<Session, Error> {
    let request = session_core::testing::next_request(response);
    backend.open(&backend.exchange(&request)).await
}
