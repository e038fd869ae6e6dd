//! The headers that a session sends with a response.

use http::HeaderValue;

use crate::error::Error;
use crate::event::{Event, EventKind, LogDigest};
use crate::response::headers::{
    CLEAR_SITE_DATA, ResponseHeaders, SET_COOKIE, append, no_store, private, vary_cookie,
};

/// The headers that a session sends with a response, or the error that replaces the response.
///
/// ```
/// # use session_core::{SecretKey, Sessions};
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
/// # let mut response = http::HeaderMap::new();
/// let _session = exchange.open().done().unwrap().unwrap(); // accessed, and left empty
/// let mut outgoing = exchange.close().done().unwrap();
/// outgoing.apply(&mut response).unwrap();
/// assert_eq!(response["vary"], "Cookie");
/// assert_eq!(response["cache-control"], "private");
/// ```
#[must_use = "the session's cookie is lost if this is not applied to the response"]
#[derive(Debug, Default)]
pub struct Outgoing {
    // The rare fields are boxed: this value is moved several times on its way to the response.
    pub(crate) error: Option<Box<Error>>,
    /// Whether the response depends on the session: it was accessed, or its cookie is set.
    pub(crate) vary: bool,
    pub(crate) set_cookie: Option<HeaderValue>,
    /// Deletes the cookie of the previous name.
    pub(crate) old_cookie: Option<Box<HeaderValue>>,
    /// Whether to set Cache-Control.
    pub(crate) cache_headers: bool,
    /// Whether to send `Clear-Site-Data` with the cookie.
    pub(crate) clear_site_data: bool,
    pub(crate) events: Vec<Event>,
}

impl Outgoing {
    /// Writes `Vary`, `Set-Cookie` and `Cache-Control` into the response's headers. A second call writes nothing.
    ///
    /// # Errors
    /// The error of the close, before any header is changed; or [`Error::TooManyHeaders`]. Replace the response by one
    /// with the status [`Error::status`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// # let session = exchange.open().done().unwrap().unwrap();
    /// # session.insert("a", 1).unwrap();
    /// # let mut outgoing = exchange.close().done().unwrap();
    /// let mut response = http::HeaderMap::new();
    /// response.insert("vary", "Accept".parse().unwrap());
    /// outgoing.apply(&mut response).unwrap();
    /// assert_eq!(response["vary"], "Accept, Cookie");
    /// assert_eq!(response["cache-control"], "no-store");
    /// ```
    pub fn apply(&mut self, headers: &mut impl ResponseHeaders) -> Result<(), Error> {
        if let Some(error) = &self.error {
            return Err(*error.clone());
        }
        if std::mem::take(&mut self.vary) {
            vary_cookie(headers)?;
            if self.cache_headers && self.set_cookie.is_none() {
                private(headers)?;
            }
        }
        let Some(cookie) = self.set_cookie.take() else {
            return Ok(());
        };
        append(headers, &SET_COOKIE, cookie)?;
        if let Some(cookie) = self.old_cookie.take() {
            append(headers, &SET_COOKIE, *cookie)?;
        }
        if std::mem::take(&mut self.clear_site_data) {
            let cookies = HeaderValue::from_static("\"cookies\"");
            append(headers, &CLEAR_SITE_DATA, cookies)?;
        }
        if self.cache_headers && no_store(headers)? {
            self.events.push(Event {
                kind: EventKind::CacheControlReplaced,
                digest: LogDigest::default(),
                record: None,
            });
        }
        Ok(())
    }

    /// Returns the events of this request, all of them once [`apply`](Self::apply) was called.
    ///
    /// ```
    /// # use session_core::{EventKind, SecretKey, Sessions};
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// # let session = exchange.open().done().unwrap().unwrap();
    /// # session.insert("a", 1).unwrap();
    /// # let mut outgoing = exchange.close().done().unwrap();
    /// let mut response = http::HeaderMap::new();
    /// response.insert("cache-control", "public".parse().unwrap());
    /// outgoing.apply(&mut response).unwrap();
    /// assert_eq!(outgoing.events().last().unwrap().kind, EventKind::CacheControlReplaced);
    /// ```
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}
