//! A browser's cookie jar, by the rules of RFC 6265bis.

use std::cmp::Reverse;

use cookie::{Cookie, SameSite};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::env::{Clock, unix};

/// Browsers forget each cookie after 400 days at the latest (RFC 6265bis, section 5.5).
const LONGEST_SECONDS: u64 = 34_560_000;

/// The cookie jar of a browser, for one origin: it accepts or refuses the cookies of a response, forgets those that have
/// expired, and sends the others to the paths that they are for (RFC 6265bis, sections 5.7 and 5.8).
///
/// It has only one origin, so it does not simulate `SameSite` or requests to other hosts.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
/// use session_core::testing::{CookieJar, ManualClock};
///
/// let mut jar = CookieJar::new("http://example.com", ManualClock::at(1_700_000_000));
/// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1"))]));
/// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("b=2; Secure"))]));
/// assert_eq!(jar.request()["cookie"], "a=1"); // the origin is not secure, so `b` was refused
/// ```
#[derive(Debug)]
pub struct CookieJar<C> {
    host: String,
    secure: bool,
    clock: C,
    cookies: Vec<StoredCookie>,
}

#[derive(Debug)]
struct StoredCookie {
    name: String,
    value: String,
    domain: Option<String>,
    path: String,
    /// Unix seconds. `None`: when the browser is closed.
    expires: Option<u64>,
}

impl<C: Clock> CookieJar<C> {
    /// Returns an empty jar for an origin such as `https://example.com` or `http://127.0.0.1:5000`. As in browsers, a loopback
    /// address is secure without HTTPS.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
    /// # use session_core::testing::{CookieJar, ManualClock};
    /// let mut jar = CookieJar::new("http://127.0.0.1:5000", ManualClock::at(1_700_000_000));
    /// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1; Secure"))]));
    /// assert_eq!(jar.get("a"), Some("1"));
    /// ```
    pub fn new(origin: &str, clock: C) -> Self {
        let (scheme, rest) = origin.split_once("://").unwrap_or(("https", origin));
        let (authority, _path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host_of(authority);
        let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "::1");
        Self {
            host: host.to_ascii_lowercase(),
            secure: scheme == "https" || is_loopback,
            clock,
            cookies: Vec::new(),
        }
    }

    /// Takes the cookies of a response to a request for `/`: stores them, refuses them or, if they have expired, deletes those
    /// of their name, domain and path.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::testing::{CookieJar, ManualClock};
    /// # let time = ManualClock::at(1_700_000_000);
    /// # let mut jar = CookieJar::new("https://example.com", time.clone());
    /// # use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
    /// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1; Max-Age=60"))]));
    /// time.advance(Duration::from_secs(60));
    /// assert_eq!(jar.get("a"), None);
    /// ```
    pub fn receive(&mut self, response: &HeaderMap) {
        for header in response.get_all(SET_COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            let Ok(cookie) = Cookie::parse(text) else {
                continue;
            };
            if self.accepts(&cookie) {
                self.store(&cookie);
            }
        }
    }

    fn accepts(&self, cookie: &Cookie<'_>) -> bool {
        // Browsers enforce a prefix in upper and lower case (RFC 6265bis, section 5.7).
        let name = cookie.name().to_ascii_lowercase();
        let is_host = name.starts_with("__host-");
        let needs_secure = is_host
            || name.starts_with("__secure-")
            || cookie.same_site() == Some(SameSite::None)
            || cookie.partitioned() == Some(true);
        let secure = cookie.secure() == Some(true);
        if needs_secure && !secure {
            return false;
        }
        if secure && !self.secure {
            return false;
        }
        if is_host && (cookie.domain().is_some() || cookie.path() != Some("/")) {
            return false;
        }
        if cookie.name().len() + cookie.value().len() > 4096 {
            return false;
        }
        match cookie.domain() {
            Some(domain) => self.is_in(&domain.to_ascii_lowercase()),
            None => true,
        }
    }

    /// Whether the jar's host is this domain or one of its subdomains.
    fn is_in(&self, domain: &str) -> bool {
        if self.host == domain {
            return true;
        }
        // An IPv6 address has no subdomains.
        self.host.ends_with(&format!(".{domain}")) && !self.host.contains(':')
    }

    fn store(&mut self, cookie: &Cookie<'_>) {
        let now = self.now();
        // RFC 6265bis, section 5.6.4: a path that does not begin with a slash is as good as none.
        let path = match cookie.path() {
            Some(path) if path.starts_with('/') => path,
            _ => "/",
        };
        let cookie = StoredCookie {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            domain: cookie.domain().map(str::to_ascii_lowercase),
            path: path.to_owned(),
            expires: expiry(cookie, now),
        };
        self.cookies.retain(|old| !old.is_replaced_by(&cookie));
        if !cookie.is_expired(now) {
            self.cookies.push(cookie);
        }
    }

    /// Returns the headers of a request for `/`.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
    /// # use session_core::testing::{CookieJar, ManualClock};
    /// let mut jar = CookieJar::new("https://example.com", ManualClock::at(1_700_000_000));
    /// assert!(jar.request().is_empty());
    /// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1"))]));
    /// assert_eq!(jar.request()["cookie"], "a=1");
    /// ```
    pub fn request(&self) -> HeaderMap {
        self.request_to("/")
    }

    /// Returns the headers of a request for a path: one `Cookie` header, or none. Cookies with longer paths come first.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
    /// # use session_core::testing::{CookieJar, ManualClock};
    /// # let mut jar = CookieJar::new("https://example.com", ManualClock::at(1_700_000_000));
    /// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1; Path=/shop"))]));
    /// assert_eq!(jar.request_to("/shop/cart")["cookie"], "a=1");
    /// assert!(jar.request_to("/shopping").is_empty());
    /// ```
    pub fn request_to(&self, path: &str) -> HeaderMap {
        let now = self.now();
        let mut cookies = Vec::new();
        for cookie in &self.cookies {
            if cookie.is_sent_to(path) && !cookie.is_expired(now) {
                cookies.push(cookie);
            }
        }
        // A stable sort: of one length, the older cookie comes first (RFC 6265bis, section 5.8.3).
        cookies.sort_by_key(|cookie| Reverse(cookie.path.len()));
        let mut pairs = Vec::new();
        for cookie in cookies {
            pairs.push(format!("{}={}", cookie.name, cookie.value));
        }
        let mut request = HeaderMap::new();
        if !pairs.is_empty()
            && let Ok(line) = HeaderValue::try_from(pairs.join("; "))
        {
            request.insert(COOKIE, line);
        }
        request
    }

    /// Returns the value of the cookie that a request for `/` would carry under this name.
    ///
    /// ```
    /// # use session_core::testing::{self, CookieJar, ManualClock};
    /// # let handler = |session: &session_core::Session| session.insert("username", "ada");
    /// let response = testing::respond(&testing::sessions(), &http::HeaderMap::new(), handler).unwrap();
    /// let mut jar = CookieJar::new("https://example.com", ManualClock::at(1_700_000_000));
    /// jar.receive(&response);
    /// assert!(jar.get("__Host-session").is_some() && jar.get("session").is_none());
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        let now = self.now();
        for cookie in &self.cookies {
            if cookie.name == name && cookie.path == "/" && !cookie.is_expired(now) {
                return Some(&cookie.value);
            }
        }
        None
    }

    /// Closes the browser: deletes the cookies that have no expiry date.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
    /// # use session_core::testing::{CookieJar, ManualClock};
    /// # let mut jar = CookieJar::new("https://example.com", ManualClock::at(1_700_000_000));
    /// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1"))]));
    /// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("b=2; Max-Age=60"))]));
    /// jar.close_browser();
    /// assert_eq!(jar.request()["cookie"], "b=2");
    /// ```
    pub fn close_browser(&mut self) {
        self.cookies.retain(|cookie| cookie.expires.is_some());
    }

    fn now(&self) -> u64 {
        unix(self.clock.now()).as_secs()
    }
}

impl StoredCookie {
    fn is_expired(&self, now: u64) -> bool {
        match self.expires {
            Some(expires) => expires <= now,
            None => false,
        }
    }

    fn is_replaced_by(&self, new: &Self) -> bool {
        (&self.name, &self.domain, &self.path) == (&new.name, &new.domain, &new.path)
    }

    /// Whether `path` is the cookie's path or below it (RFC 6265bis, section 5.1.4): `/shop` is not above `/shopping`.
    fn is_sent_to(&self, path: &str) -> bool {
        match path.strip_prefix(&*self.path) {
            Some(rest) => rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'),
            None => false,
        }
    }
}

/// Returns the host of `host:port`.
fn host_of(authority: &str) -> &str {
    // `[::1]:5000`: an IPv6 address has colons of its own.
    if let Some(rest) = authority.strip_prefix('[')
        && let Some((address, _port)) = rest.split_once(']')
    {
        return address;
    }
    match authority.split_once(':') {
        Some((host, _port)) => host,
        None => authority,
    }
}

/// Returns the second at which a cookie expires; `None`: when the browser is closed.
fn expiry(cookie: &Cookie<'_>, now: u64) -> Option<u64> {
    let expires = match (cookie.max_age(), cookie.expires_datetime()) {
        // Max-Age takes precedence over Expires (RFC 6265bis, section 5.7).
        (Some(age), _) => now.saturating_add_signed(age.whole_seconds()),
        (None, Some(date)) => u64::try_from(date.unix_timestamp()).unwrap_or(0),
        (None, None) => return None,
    };
    Some(expires.min(now.saturating_add(LONGEST_SECONDS)))
}
