//! Helpers for the tests of applications (feature `testing`): sessions to try things with, a request that has a session, the
//! session that a response leaves, a clock that a test moves, and the cookie jar of a browser.
//!
//! ```
//! use std::time::Duration;
//! use session_core::testing::{self, CookieJar, ManualClock};
//! use session_core::{SecretKey, Sessions};
//!
//! # fn main() -> Result<(), session_core::Error> {
//! let time = ManualClock::at(1_700_000_000);
//! let key = SecretKey::generate().unwrap();
//! let sessions = Sessions::builder(key).clock(time.clone()).build().unwrap();
//!
//! // The request of a user who is logged in.
//! let request = testing::request(&sessions, |session| session.log_in("ada"))?;
//!
//! // The application handles it.
//! let response = testing::respond(&sessions, &request, |session| session.increment("visits", 1))?;
//!
//! // The session now.
//! let session = testing::reopen(&sessions, &response);
//! assert_eq!((session.user().as_deref(), session.get("visits")?), (Some("ada"), Some(1)));
//!
//! // A browser stores the cookie, and forgets it when it has expired.
//! let mut jar = CookieJar::new("https://example.com", time.clone());
//! jar.receive(&response);
//! assert_eq!(sessions.open(&jar.request()).get("visits")?, Some(1));
//! time.advance(Duration::from_secs(32 * 24 * 60 * 60));
//! assert!(sessions.open(&jar.request()).is_empty());
//! # Ok(())
//! # }
//! ```

mod clock;
mod jar;

use crate::cookie::template::Expiry;
use crate::rules::close;
use crate::token::content::Content;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::builder::Builder;
use crate::error::Error;
#[cfg(feature = "os")]
use crate::keys::secret_key::SecretKey;
use crate::record::store::{Inserted, StoreReply};
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::step::Step;
use crate::stored_sessions::StoredSessions;

pub use crate::testing::clock::ManualClock;
pub use crate::testing::jar::CookieJar;

/// Returns sessions for examples and tests: our own format with its defaults, signed with a fixed key (feature `os`).
///
/// Each call returns sessions with one and the same key, so one value opens what another wrote. The key is published with this
/// crate: use these sessions only where nothing needs protection.
///
/// ```
/// use session_core::testing;
///
/// let request = testing::request(&testing::sessions(), |session| session.insert("username", "ada")).unwrap();
/// assert!(testing::sessions().open(&request).contains_key("username"));
/// ```
#[cfg(feature = "os")]
#[must_use]
pub fn sessions() -> Sessions {
    Sessions::new(published_key())
}

/// Returns stored sessions with the key of [`sessions`]: for `session_store::testing`, which has the stores, and for examples
/// (feature `os`).
///
/// ```
/// assert_eq!(session_core::testing::stored_sessions().cookie_name(), "__Host-session");
/// ```
#[cfg(feature = "os")]
#[must_use]
pub fn stored_sessions() -> StoredSessions {
    match Sessions::builder(published_key()).build_stored() {
        Ok(sessions) => sessions,
        // The key is strong and the defaults are constant: the example runs all that could fail.
        Err(error) => unreachable!("the defaults are valid: {error}"),
    }
}

#[cfg(feature = "os")]
fn published_key() -> SecretKey {
    use crate::keys::secret::Secret;
    // Random, since a key that can be guessed is refused here, too.
    const KEY: &str = "Xmp5vfjd+RY+1ihDD/mXVPwX0klX3yumkjGxx7jIYBYv";
    SecretKey(Secret::new(KEY))
}

/// Returns the headers of a request whose cookie has the session that `fill` filled, even if the session stayed empty.
///
/// # Errors
/// The error of `fill`, or [`Error::TooLarge`].
///
/// ```
/// # use session_core::testing;
/// # let sessions = testing::sessions();
/// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
/// assert_eq!(sessions.open(&request).get::<String>("username").unwrap().unwrap(), "ada");
/// ```
pub fn request<T>(
    sessions: &Sessions,
    fill: impl FnOnce(&Session) -> Result<T, Error>,
) -> Result<HeaderMap, Error> {
    let session = sessions.open(&HeaderMap::new());
    fill(&session)?;
    // Not by closing the session: that sends no cookie for an empty one.
    let Ok(pair) = HeaderValue::try_from(pair(&session)?) else {
        return Err(Error::TooManyHeaders("Cookie"));
    };
    Ok(HeaderMap::from_iter([(COOKIE, pair)]))
}

/// Handles one request as an application does: opens its session, calls the handler, and closes the session. Returns the
/// headers of the response.
///
/// # Errors
/// The error of `handler`, or that of [`Sessions::close`].
///
/// ```
/// use session_core::{Session, testing};
///
/// let sessions = testing::sessions();
/// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
/// let response = testing::respond(&sessions, &request, Session::clear).unwrap();
/// assert!(response["set-cookie"].to_str().unwrap().contains("; Max-Age=0;"));
/// ```
pub fn respond<T>(
    sessions: &Sessions,
    request: &HeaderMap,
    handler: impl FnOnce(&Session) -> Result<T, Error>,
) -> Result<HeaderMap, Error> {
    let session = sessions.open(request);
    handler(&session)?;
    let mut response = HeaderMap::new();
    sessions.close(&session, &mut response)?;
    Ok(response)
}

/// Returns the session that a response leaves in a browser that had none, as Flask's `session_transaction` does. It is empty if
/// the response sets no session or deletes it.
///
/// ```
/// # use session_core::testing;
/// # let sessions = testing::sessions();
/// # let handler = |session: &session_core::Session| session.insert("username", "ada");
/// let response = testing::respond(&sessions, &http::HeaderMap::new(), handler).unwrap();
/// assert!(testing::reopen(&sessions, &response).contains_key("username"));
/// ```
#[must_use]
pub fn reopen(sessions: &Sessions, response: &HeaderMap) -> Session {
    sessions.open(&next_request(response))
}

/// Returns the headers of the request that a browser sends after this response, if it had no cookies before: the cookies that
/// the response sets. [`CookieJar`] does this by all rules of browsers.
///
/// ```
/// # use session_core::testing;
/// # let sessions = testing::sessions();
/// # let handler = |session: &session_core::Session| session.insert("username", "ada");
/// let response = testing::respond(&sessions, &http::HeaderMap::new(), handler).unwrap();
/// assert!(sessions.open(&testing::next_request(&response)).contains_key("username"));
/// ```
#[must_use]
pub fn next_request(response: &HeaderMap) -> HeaderMap {
    let mut request = HeaderMap::new();
    for header in response.get_all(SET_COOKIE) {
        // A removal has an empty value.
        if let Some(pair) = pair_of(header)
            && !pair.as_bytes().ends_with(b"=")
        {
            request.append(COOKIE, pair);
        }
    }
    request
}

/// Returns a request with an id of these sessions, as if a store had its record: for the examples of this crate.
#[doc(hidden)]
#[must_use]
pub fn stored_request(sessions: &StoredSessions) -> HeaderMap {
    let exchange = sessions.exchange(&HeaderMap::new());
    let mut response = HeaderMap::new();
    if let Some(Ok(session)) = exchange.open().done() {
        let _ = session.insert("a", 1);
    }
    if let Step::Pending(insert) = exchange.close()
        && let Some(mut outgoing) = insert.reply(StoreReply::Inserted(Inserted::Done)).done()
    {
        let _ = outgoing.apply(&mut response);
    }
    let mut request = HeaderMap::new();
    if let Some(pair) = response.get(SET_COOKIE).and_then(pair_of) {
        request.insert(COOKIE, pair);
    }
    request
}

/// Returns the `Set-Cookie` header of a new session with one value, or the text of the error: for the examples of this crate.
#[doc(hidden)]
#[must_use]
pub fn set_cookie(builder: Builder) -> String {
    let sessions = match builder.build() {
        Ok(sessions) => sessions,
        Err(error) => return error.to_string(),
    };
    let fill = |session: &Session| session.insert("a", 1);
    match respond(&sessions, &HeaderMap::new(), fill) {
        Ok(response) => match response.get(SET_COOKIE) {
            Some(header) => String::from_utf8_lossy(header.as_bytes()).into_owned(),
            None => String::new(),
        },
        Err(error) => error.to_string(),
    }
}

/// Returns `name=value` of a `Set-Cookie` header.
fn pair_of(header: &HeaderValue) -> Option<HeaderValue> {
    let pair = header.as_bytes().split(|byte| *byte == b';').next()?;
    HeaderValue::from_bytes(pair).ok()
}

/// Returns `name=value` of this session as it is now, empty or not.
fn pair(session: &Session) -> Result<String, Error> {
    let settings = session.settings();
    let now = settings.now().as_secs();
    let state = session.state();
    let content = Content {
        map: &state.map,
        stamp: &close::stamp(settings, &state, now),
        unchanged: None,
    };
    let pair = close::write(settings, session.incoming(), content, Expiry::Browser, now)?;
    Ok(String::from_utf8_lossy(&pair).into_owned())
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "os")]
    #[test]
    fn each_call_of_sessions_has_one_key() {
        use super::{request, sessions};
        let request = request(&sessions(), |session| session.insert("a", 1)).unwrap();
        let session = sessions().open(&request);
        assert_eq!(session.get("a"), Ok(Some(1)));
        assert!(sessions().warnings().is_empty() && sessions().cookie_name() == "__Host-session");
    }
}
