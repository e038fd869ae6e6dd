//! The cookie: its name, its attributes and its size. `cookie::attributes` has the rules of browsers.

use crate::builder::Builder;
use crate::cookie::attributes::{Prefix, SameSite};

/// The cookie's name and attributes.
impl Builder {
    /// Sets the name of the cookie, without its prefix. Default: `session`.
    ///
    /// A name that browsers refuse, such as an empty one or one with a `;`, is a
    /// [`ConfigError::Cookie`](crate::ConfigError::Cookie).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).cookie_name("admin").build().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-admin");
    /// ```
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie.name = name.into();
        self
    }

    /// Sets the prefix of the cookie's name. Default: [`Prefix::Host`]; in Flask's format [`Prefix::None`].
    ///
    /// [`Prefix`] says what else browsers require of a cookie with each prefix. A cookie that does not meet it is a
    /// [`ConfigError::Cookie`](crate::ConfigError::Cookie).
    ///
    /// ```
    /// # use session_core::{Prefix, Sessions};
    /// let sessions = Sessions::flask_builder("dev").prefix(Prefix::Secure).secure(true).build().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Secure-session");
    /// ```
    pub fn prefix(mut self, prefix: Prefix) -> Self {
        self.cookie.prefix = prefix;
        self
    }

    /// Sends the cookie to this host and to all its subdomains. Default: only to the host that set it.
    ///
    /// A domain is an error with a prefix that begins with `__Host-`.
    ///
    /// ```
    /// # use session_core::{Prefix, SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let builder = Sessions::builder(key).prefix(Prefix::Secure).domain("example.com");
    /// assert!(testing::set_cookie(builder).contains("; Domain=example.com"));
    /// ```
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.cookie.domain = Some(domain.into());
        self
    }

    /// Sends the cookie only to this path and the paths below it. Default: `/`.
    ///
    /// Another path is an error with a prefix that begins with `__Host-`.
    ///
    /// ```
    /// # use session_core::{Prefix, SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let builder = Sessions::builder(key).prefix(Prefix::Secure).path("/shop");
    /// assert!(testing::set_cookie(builder).contains("; Path=/shop"));
    /// ```
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.cookie.path = path.into();
        self
    }

    /// Sends the cookie over HTTPS only; browsers treat loopback addresses as HTTPS. Default: true; in Flask's format false.
    ///
    /// False is an error with a prefix, with `SameSite=None` and with [`partitioned`](Self::partitioned). For plain HTTP see
    /// [`insecure_plain_http`](Self::insecure_plain_http).
    ///
    /// ```
    /// # use session_core::{Sessions, testing};
    /// let builder = Sessions::flask_builder("dev").secure(true);
    /// assert!(testing::set_cookie(builder).contains("; Secure"));
    /// ```
    pub fn secure(mut self, secure: bool) -> Self {
        self.cookie.secure = secure;
        self
    }

    /// Hides the cookie from JavaScript. Default: true.
    ///
    /// False is an error with [`Prefix::Http`] and [`Prefix::HostHttp`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let builder = Sessions::builder(key).http_only(false);
    /// assert!(!testing::set_cookie(builder).contains("HttpOnly"));
    /// ```
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.cookie.http_only = http_only;
        self
    }

    /// Sets which requests from other sites carry the cookie; `None` leaves the attribute out, so that the browser decides.
    /// Default: [`SameSite::Lax`]; in Flask's format left out.
    ///
    /// [`SameSite::None`] is an error without [`secure`](Self::secure).
    ///
    /// ```
    /// # use session_core::{SameSite, SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let builder = || Sessions::builder(key.clone());
    /// assert!(testing::set_cookie(builder().same_site(SameSite::Strict)).contains("; SameSite=Strict"));
    /// assert!(testing::set_cookie(builder().same_site(SameSite::None)).contains("; SameSite=None"));
    /// assert!(!testing::set_cookie(builder().same_site(None)).contains("SameSite")); // unset, not SameSite=None
    /// ```
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.cookie.same_site = same_site.into();
        self
    }

    /// Gives each site that embeds this one a cookie of its own (CHIPS, `Partitioned`). Default: false.
    ///
    /// True is an error without [`secure`](Self::secure).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let builder = Sessions::builder(key).partitioned(true);
    /// assert!(testing::set_cookie(builder).contains("; Partitioned"));
    /// ```
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.cookie.partitioned = partitioned;
        self
    }

    /// Removes the prefix and `Secure`, for plain HTTP on hosts other than this one. Default: off.
    ///
    /// An attacker on the network path can then copy the session and use it; [`Sessions::warnings`](crate::Sessions::warnings)
    /// says so. Browsers accept `Secure` cookies from `localhost`, `127.0.0.1` and `[::1]`, so development on the same host does
    /// not need it.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, Warning};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).insecure_plain_http().build().unwrap();
    /// assert_eq!(sessions.cookie_name(), "session");
    /// assert_eq!(sessions.warnings(), [Warning::PlainHttp]);
    /// ```
    pub fn insecure_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Limits the whole `Set-Cookie` header, in bytes; 0 is no limit. Browsers limit name and value to 4,096 bytes in any case.
    /// Default: no limit; in Flask's format 4,093.
    ///
    /// In our own format a signed cookie above the limit is compressed. If it is still too large, closing a changed session is
    /// [`Error::TooLarge`](crate::Error::TooLarge); an unchanged one stays as it is, with the event
    /// [`NotRewritten`](crate::EventKind::NotRewritten). In Flask's format a larger cookie is sent, with an event, as Flask
    /// does.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use session_core::{Error, SecretKey, Session, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).max_cookie_size(1000).build().unwrap();
    /// let fill = |text: String| {
    ///     testing::respond(&sessions, &HeaderMap::new(), |session| session.insert("note", text))
    /// };
    /// assert!(fill("x".repeat(2000)).is_ok()); // compressed
    /// let noise: Vec<u64> = (0..100).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    /// assert!(matches!(fill(format!("{noise:?}")), Err(Error::TooLarge { limit: 1000, .. })));
    /// ```
    pub fn max_cookie_size(mut self, bytes: usize) -> Self {
        // As in Flask, 0 turns the limit off.
        self.max_cookie_size = (bytes > 0).then_some(bytes);
        self
    }
}
