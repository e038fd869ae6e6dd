//! Sessions in cookies, as an application configures them.

use std::sync::Arc;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::session::handle::Session;
use crate::settings::Settings;

/// Sessions in cookies: configured and validated once, then cheap to clone.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header};
/// use session_core::{SecretKey, Sessions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = Sessions::new(SecretKey::generate()?);
///
/// let session = sessions.open(&HeaderMap::new()); // never fails
/// assert_eq!(session.increment("visits", 1)?, 1);
/// let mut response = HeaderMap::new();
/// sessions.close(&session, &mut response)?; // Vary, Set-Cookie, Cache-Control
///
/// let cookie = response[header::SET_COOKIE].to_str()?.split(';').next().unwrap();
/// let request = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie)?)]);
/// assert_eq!(sessions.open(&request).increment("visits", 1)?, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sessions(pub(crate) Arc<Settings>);

impl Sessions {
    /// Opens the session of a request, or a new, empty session. It never fails: a cookie that is rejected gives an empty
    /// session that [knows why](Session::rejected).
    ///
    /// Reads the `Cookie` headers only.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue, header::COOKIE};
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let forged = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("__Host-session=forged"))]);
    /// let session = sessions.open(&forged);
    /// assert!(session.is_empty() && session.rejected().is_some());
    /// ```
    #[must_use]
    pub fn open(&self, request: &HeaderMap) -> Session {
        self.0.open(|| request.get_all(COOKIE).iter())
    }

    /// Closes a session and writes `Vary`, `Set-Cookie` and `Cache-Control` into the response's headers. Every later change
    /// is [`Error::TooLate`]. The configuration that opened the session applies.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the session does not fit into a cookie. No header is changed; replace the response by one
    /// with the status [`Error::status`]. [`Error::NotACookie`] when the session is in a store.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use session_core::{Error, SecretKey, Sessions};
    ///
    /// let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let session = sessions.open(&HeaderMap::new());
    /// let noise: Vec<u64> = (0..1000).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    /// session.insert("noise", noise).unwrap();
    /// let error = sessions.close(&session, &mut HeaderMap::new()).unwrap_err();
    /// assert!(matches!(error, Error::TooLarge { limit: 4096, .. }));
    /// ```
    pub fn close(&self, session: &Session, response: &mut HeaderMap) -> Result<(), Error> {
        if session.settings().stored.is_some() {
            return Err(Error::NotACookie);
        }
        session.close(true).apply(response)
    }

    /// Begins an exchange, which is one request and its response. Adapters use it. It keeps handles of the Cookie headers, and
    /// parses and computes nothing.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let (sessions, request) = (Sessions::new(SecretKey::generate().unwrap()), http::HeaderMap::new());
    /// # let mut response = http::HeaderMap::new();
    /// let exchange = sessions.exchange(&request);
    /// let mut outgoing = exchange.close().done().unwrap();
    /// outgoing.apply(&mut response).unwrap();
    /// assert!(response.is_empty()); // the session was not accessed
    /// ```
    #[must_use]
    pub fn exchange(&self, request: &HeaderMap) -> Exchange {
        self.exchange_of(request.get_all(COOKIE).iter().cloned())
    }

    /// Begins an exchange from the values of all Cookie headers, for a framework with other header types.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let request = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
    /// # let line = request["cookie"].to_str().unwrap();
    /// let exchange = sessions.exchange_of(line.parse()); // "__Host-session=eyJhIjoxfQ..."
    /// assert!(exchange.open().done().unwrap().unwrap().contains_key("a"));
    /// ```
    #[must_use]
    pub fn exchange_of(&self, cookies: impl IntoIterator<Item = HeaderValue>) -> Exchange {
        Exchange::new(self.0.clone(), cookies.into_iter())
    }
}
