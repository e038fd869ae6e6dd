//! The headers of a response besides `Set-Cookie`.

use crate::builder::Builder;

/// Other headers of the response.
impl Builder {
    /// Writes `Cache-Control` into responses: `private` if the session was accessed and the handler set none, `no-store` with
    /// the session's `Set-Cookie`. Default: true; in Flask's format false, since Flask sets only `Vary`.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use session_core::{SecretKey, Session, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).cache_headers(false).build().unwrap();
    /// let fill = |session: &Session| session.insert("a", 1);
    /// let response = testing::respond(&sessions, &HeaderMap::new(), fill).unwrap();
    /// assert!(response.contains_key("vary") && !response.contains_key("cache-control"));
    /// ```
    pub fn cache_headers(mut self, cache_headers: bool) -> Self {
        self.cache_headers = cache_headers;
        self
    }

    /// Sends `Clear-Site-Data: "cookies"` with a logout (W3C Clear Site Data). Default: false.
    ///
    /// The browser then deletes all cookies of the registered domain, including those of its other hosts and applications, and
    /// ends sessions that are bound to a device. Browsers obey it over HTTPS and on loopback addresses.
    ///
    /// A logout is a [`clear`](crate::Session::clear) of an accepted session, or its end by
    /// [`require_epoch`](crate::Session::require_epoch), with no value set afterwards: the browser would delete the cookie of a
    /// new session, too.
    ///
    /// ```
    /// # use session_core::{SecretKey, Session, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).clear_site_data(true).build().unwrap();
    /// # let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
    /// let response = testing::respond(&sessions, &request, Session::clear).unwrap();
    /// assert_eq!(response["clear-site-data"], "\"cookies\"");
    /// ```
    pub fn clear_site_data(mut self, clear_site_data: bool) -> Self {
        self.clear_site_data = clear_site_data;
        self
    }
}
