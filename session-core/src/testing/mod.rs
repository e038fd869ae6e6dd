//! For the tests of applications (feature `testing`): a clock to move, a session built from values, the session that a
//! response leaves behind, and a jar with a browser's rules.
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
//! // A request of somebody who is logged in.
//! let request = testing::request(&sessions, |session| session.insert("username", "ada"))?;
//!
//! // What the application does: open, change, close.
//! let response = testing::respond(&sessions, &request, |session| {
//!     session.increment("visits", 1)?;
//!     Ok(())
//! })?;
//!
//! // What is in the session now; and what a browser would make of the response.
//! assert_eq!(testing::reopen(&sessions, &response).to_json(), r#"{"username":"ada","visits":1}"#);
//! let mut jar = CookieJar::new("https://example.com", time.clone());
//! jar.receive(&response);
//! assert_eq!(sessions.open(&jar.request()).get::<i64>("visits")?, Some(1));
//! time.advance(Duration::from_secs(32 * 24 * 60 * 60));
//! assert!(sessions.open(&jar.request()).is_empty());
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cookie::SameSite;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::builder::Builder;
use crate::env::{Clock, unix};
use crate::error::Error;
use crate::record::store::{Inserted, StoreReply};
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::step::Step;
use crate::stored_sessions::StoredSessions;

/// A clock that stands still until it is moved. Clones are the same clock.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use session_core::{Clock, testing::ManualClock};
///
/// let time = ManualClock::at(100);
/// time.clone().advance(Duration::from_secs(5));
/// assert_eq!(time.now(), UNIX_EPOCH + Duration::from_secs(105));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// So many seconds after 1970.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing::ManualClock};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).clock(ManualClock::at(0)).build().unwrap();
    /// assert_eq!(sessions.open(&http::HeaderMap::new()).created(), Some(std::time::UNIX_EPOCH));
    /// ```
    #[must_use]
    pub fn at(unix_seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(unix_seconds)))
    }

    /// Moves it to so many seconds after 1970, forwards or back.
    ///
    /// ```
    /// # use session_core::{Clock, testing::ManualClock};
    /// let time = ManualClock::at(100);
    /// time.set(50);
    /// assert_eq!(time.now(), ManualClock::at(50).now());
    /// ```
    pub fn set(&self, unix_seconds: u64) {
        self.0.store(unix_seconds, Ordering::SeqCst);
    }

    /// Moves it forwards, by whole seconds.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Clock, testing::ManualClock};
    /// let time = ManualClock::at(100);
    /// time.advance(Duration::from_millis(2_900));
    /// assert_eq!(time.now(), ManualClock::at(102).now());
    /// ```
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_secs(self.0.load(Ordering::SeqCst)))
            .unwrap_or(UNIX_EPOCH)
    }
}

/// A request's headers with the cookie of a session that `fill` has filled, even if it stayed empty.
///
/// # Errors
/// What `fill` returns, or [`Error::TooLarge`].
///
/// ```
/// # use session_core::{SecretKey, Sessions, testing};
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
/// assert_eq!(sessions.open(&request).get::<String>("username").unwrap().unwrap(), "ada");
/// ```
pub fn request<T>(
    sessions: &Sessions,
    fill: impl FnOnce(&Session) -> Result<T, Error>,
) -> Result<HeaderMap, Error> {
    let session = sessions.open(&HeaderMap::new());
    fill(&session)?;
    let pair =
        HeaderValue::try_from(session.pair()?).map_err(|_| Error::TooManyHeaders("Cookie"))?;
    Ok(HeaderMap::from_iter([(COOKIE, pair)]))
}

/// One request: opens its session, runs the handler, closes. The response's headers.
///
/// # Errors
/// What `handler` returns, or what [`Sessions::close`] does.
///
/// ```
/// use session_core::{SecretKey, Session, Sessions, testing};
///
/// let sessions = Sessions::new(SecretKey::generate().unwrap());
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

/// A request with an id of these sessions, as if a store had it: for the examples of this crate.
#[doc(hidden)]
#[must_use]
pub fn stored_request(sessions: &StoredSessions) -> HeaderMap {
    let exchange = sessions.exchange(&HeaderMap::new());
    let mut response = HeaderMap::new();
    if let Some(Ok(session)) = exchange.open().done() {
        let _ = session.insert("a", 1);
    }
    if let Step::Pending(ask) = exchange.close() {
        let closed = ask.answer(StoreReply::Inserted(Inserted::Done)).done();
        let _ = closed.map(|mut outgoing| outgoing.apply(&mut response));
    }
    let pair = response
        .get(SET_COOKIE)
        .and_then(|header| header.as_bytes().split(|byte| *byte == b';').next());
    let pair = pair.and_then(|pair| HeaderValue::from_bytes(pair).ok());
    pair.into_iter().map(|pair| (COOKIE, pair)).collect()
}

/// Set-Cookie of a new session with one value, or the text of the error: for the examples of this crate.
#[doc(hidden)]
#[must_use]
pub fn set_cookie(builder: Builder) -> String {
    let sessions = match builder.build() {
        Ok(sessions) => sessions,
        Err(error) => return error.to_string(),
    };
    match respond(&sessions, &HeaderMap::new(), |session| {
        session.insert("a", 1)
    }) {
        Ok(response) => response
            .get(SET_COOKIE)
            .map(|header| String::from_utf8_lossy(header.as_bytes()).into_owned())
            .unwrap_or_default(),
        Err(error) => error.to_string(),
    }
}

/// The session that a response leaves in a browser that had none: Flask's `session_transaction`. Empty if the response
/// sets none or deletes it.
///
/// ```
/// # use session_core::{SecretKey, Sessions, testing};
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// # let handler = |session: &session_core::Session| session.insert("username", "ada");
/// let response = testing::respond(&sessions, &http::HeaderMap::new(), handler).unwrap();
/// assert!(testing::reopen(&sessions, &response).contains_key("username"));
/// ```
#[must_use]
pub fn reopen(sessions: &Sessions, response: &HeaderMap) -> Session {
    let pairs = response.get_all(SET_COOKIE).iter().filter_map(|header| {
        let pair = header.as_bytes().split(|byte| *byte == b';').next()?;
        let empty = pair.ends_with(b"=");
        HeaderValue::from_bytes(pair).ok().filter(|_| !empty)
    });
    sessions.open(&pairs.map(|pair| (COOKIE, pair)).collect())
}

/// A browser's jar for one incoming: takes and refuses cookies, forgets them in time, sends them to the paths they are
/// for (RFC 6265bis, section 5.7 and 5.8).
///
/// It knows one incoming, so neither SameSite nor other hosts are played.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
/// use session_core::testing::{CookieJar, ManualClock};
///
/// let mut jar = CookieJar::new("http://example.com", ManualClock::at(1_700_000_000));
/// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1"))]));
/// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("b=2; Secure"))]));
/// assert_eq!(jar.request()["cookie"], "a=1"); // no HTTPS, so no Secure
/// ```
#[derive(Debug)]
pub struct CookieJar<C> {
    host: String,
    secure: bool,
    clock: C,
    cookies: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    name: String,
    value: String,
    domain: Option<String>,
    path: String,
    /// Unix seconds; none: until the browser is closed.
    expires: Option<u64>,
}

impl<C: Clock> CookieJar<C> {
    /// A jar for an incoming such as `https://example.com` or `http://127.0.0.1:5000`. Loopback counts as secure, as in
    /// browsers.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
    /// # use session_core::testing::{CookieJar, ManualClock};
    /// let mut jar = CookieJar::new("http://127.0.0.1:5000", ManualClock::at(1_700_000_000));
    /// jar.receive(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1; Secure"))]));
    /// assert_eq!(jar.get("a"), Some("1"));
    /// ```
    pub fn new(incoming: &str, clock: C) -> Self {
        let (scheme, host) = incoming.split_once("://").unwrap_or(("https", incoming));
        let host = host.split('/').next().unwrap_or(host);
        let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((address, _)) => address,
            None => host.split(':').next().unwrap_or(host),
        };
        let secure = scheme == "https" || matches!(host, "localhost" | "127.0.0.1" | "::1");
        Self {
            host: host.to_ascii_lowercase(),
            secure,
            clock,
            cookies: Vec::new(),
        }
    }

    /// Takes what a response to a request for `/` sets.
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
        let now = unix(self.clock.now()).as_secs();
        for header in response.get_all(SET_COOKIE) {
            let Some(cookie) = header
                .to_str()
                .ok()
                .and_then(|text| cookie::Cookie::parse(text).ok())
            else {
                continue;
            };
            if !self.accepts(&cookie) {
                continue;
            }
            let expires = match (cookie.max_age(), cookie.expires_datetime()) {
                (Some(age), _) => {
                    Some(now.saturating_add_signed(age.whole_seconds().min(34_560_000)))
                }
                (None, Some(at)) => Some(
                    u64::try_from(at.unix_timestamp())
                        .unwrap_or(0)
                        .min(now + 34_560_000),
                ),
                (None, None) => None,
            };
            let kept = Kept {
                name: cookie.name().to_owned(),
                value: cookie.value().to_owned(),
                domain: cookie.domain().map(str::to_ascii_lowercase),
                path: cookie
                    .path()
                    .filter(|path| path.starts_with('/'))
                    .unwrap_or("/")
                    .to_owned(),
                expires,
            };
            self.cookies.retain(|old| {
                (&old.name, &old.domain, &old.path) != (&kept.name, &kept.domain, &kept.path)
            });
            if expires.is_none_or(|at| at > now) {
                self.cookies.push(kept);
            }
        }
    }

    fn accepts(&self, cookie: &cookie::Cookie<'_>) -> bool {
        let name = cookie.name().to_ascii_lowercase();
        let secure = cookie.secure() == Some(true);
        let host_only = cookie.domain().is_none();
        let domain = cookie.domain().map(str::to_ascii_lowercase);
        let matches = |domain: &String| {
            self.host == *domain
                || (self.host.ends_with(&format!(".{domain}")) && !self.host.contains(':'))
        };
        cookie.name().len() + cookie.value().len() <= 4096
            && (!secure || self.secure)
            && domain.as_ref().is_none_or(matches)
            && (!name.starts_with("__secure-") || secure)
            && (!name.starts_with("__host-") || (secure && host_only && cookie.path() == Some("/")))
            && (cookie.same_site() != Some(SameSite::None) || secure)
            && (cookie.partitioned() != Some(true) || secure)
    }

    /// The headers of a request for `/`.
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

    /// The headers of a request for a path: one `Cookie`, if there is any; longer paths first.
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
        let now = unix(self.clock.now()).as_secs();
        let sent = |kept: &&Kept| {
            let below = path.strip_prefix(&*kept.path);
            kept.expires.is_none_or(|at| at > now)
                && below.is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('/') || kept.path.ends_with('/')
                })
        };
        let mut cookies: Vec<&Kept> = self.cookies.iter().filter(sent).collect();
        cookies.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        let pairs: Vec<String> = cookies
            .iter()
            .map(|kept| format!("{}={}", kept.name, kept.value))
            .collect();
        let header = HeaderValue::try_from(pairs.join("; "))
            .ok()
            .filter(|header| !header.is_empty());
        header.into_iter().map(|header| (COOKIE, header)).collect()
    }

    /// The value of a cookie that a request for `/` would carry.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing::{self, CookieJar, ManualClock}};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let handler = |session: &session_core::Session| session.insert("username", "ada");
    /// # let response = testing::respond(&sessions, &http::HeaderMap::new(), handler).unwrap();
    /// let mut jar = CookieJar::new("https://example.com", ManualClock::at(1_700_000_000));
    /// jar.receive(&response);
    /// assert!(jar.get("__Host-session").is_some() && jar.get("session").is_none());
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        let now = unix(self.clock.now()).as_secs();
        let kept = self
            .cookies
            .iter()
            .find(|kept| kept.name == name && kept.path == "/")?;
        kept.expires
            .is_none_or(|at| at > now)
            .then_some(&*kept.value)
    }

    /// Ends the browser: what has no expiry date is forgotten.
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
        self.cookies.retain(|kept| kept.expires.is_some());
    }
}
