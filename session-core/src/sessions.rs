//! Configured once: the two doors of a request.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::builder::{Builder, refuse_if};
use crate::cookie::rename::Old;
use crate::cookie::template::CookieTemplate;
use crate::env::{Clock, EntropyError, EntropySource, unix};
use crate::error::{ConfigError, Error, Rejected};
use crate::event::LogDigest;
use crate::exchange::Exchange;
use crate::keys::ring::KeyRing;
use crate::keys::weakness::Weakness;
use crate::record::policy::Stored;
use crate::session::handle::{Session, Shared};
use crate::session::state::{Accepted, Origin, State};
use crate::token::aead::NONCE;
use crate::token::format::Wires;
use crate::token::keyed::{Format, Keys, Name};
use crate::token::lifetime::Lifetime;
use crate::token::mac::SignedBy;
use crate::token::nonce::Nonces;

/// Sessions in a cookie, configured and validated once. Cheap to clone.
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
pub struct Sessions(pub(crate) Arc<Core>);

/// What a configuration comes to.
pub(crate) struct Core {
    pub(crate) format: Format,
    pub(crate) keys: RwLock<Arc<Keys>>,
    pub(crate) nonces: Nonces,
    /// None: sessions are in their cookies.
    pub(crate) stored: Option<Stored>,
    pub(crate) lifetime: Lifetime,
    pub(crate) cookie: CookieTemplate,
    /// The same under its old name.
    pub(crate) old: Option<Old>,
    /// A limit for the whole of Set-Cookie: an error in our formats, an event in Flask's.
    pub(crate) max_cookie_size: Option<usize>,
    /// Whether Cache-Control is ours to set.
    pub(crate) cache_headers: bool,
    /// Whether a logout has the browser delete all cookies.
    pub(crate) clear_site_data: bool,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) random: Box<dyn EntropySource>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) warnings_are_errors: bool,
}

/// More cookies of our name than this are counted but not looked at: each would cost a signature.
const MOST_COOKIES: usize = 4;

impl Sessions {
    /// Our format with our defaults: cookie `__Host-session`, `Path=/`, `Secure`, `HttpOnly`, `SameSite=Lax`, idle
    /// lifetime 31 days, refreshed after a tenth of it.
    ///
    /// ```
    /// use session_core::{SecretKey, Sessions};
    ///
    /// let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// assert_eq!(sessions.cookie_name(), "__Host-session");
    /// ```
    #[cfg(feature = "os")]
    #[must_use]
    pub fn new(key: crate::keys::secret::SecretKey) -> Self {
        match Self::builder(key).build() {
            Ok(sessions) => sessions,
            Err(error) => unreachable!("the defaults are valid: {error}"),
        }
    }

    /// Flask 3.1's format, defaults and rules, byte for byte: reads and writes the cookies of a Flask application with
    /// this `SECRET_KEY`.
    ///
    /// # Errors
    /// [`ConfigError::NoKey`](crate::ConfigError::NoKey) when the secret is empty. Flask would run without sessions.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, header};
    /// use session_core::Sessions;
    ///
    /// let sessions = Sessions::flask("dev").unwrap();
    /// assert_eq!(sessions.warnings().len(), 1); // Flask takes any key; we say that this one is weak
    ///
    /// let session = sessions.open(&HeaderMap::new());
    /// session.insert("a", 1).unwrap();
    /// let mut response = HeaderMap::new();
    /// sessions.close(&session, &mut response).unwrap();
    /// assert!(response[header::SET_COOKIE].to_str().unwrap().starts_with("session=eyJhIjoxfQ."));
    /// ```
    #[cfg(feature = "os")]
    pub fn flask(secret: impl Into<Vec<u8>>) -> Result<Self, ConfigError> {
        Self::flask_builder(secret).build()
    }

    /// Our format, to be configured.
    ///
    /// ```
    /// use session_core::{SameSite, SecretKey, Sessions};
    ///
    /// let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).cookie_name("shop").same_site(SameSite::Strict).build().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-shop");
    /// ```
    pub fn builder(keys: impl Into<KeyRing>) -> Builder {
        Builder::new(keys.into())
    }

    /// Flask's format with Flask's defaults, to be configured. Any secret that is not empty is taken, as Flask does.
    ///
    /// ```
    /// use session_core::Sessions;
    ///
    /// let sessions = Sessions::flask_builder("dev").fallback("the old one").secure(true).build().unwrap();
    /// assert!(sessions.is_flask());
    /// assert!(Sessions::flask_builder("").build().is_err());
    /// ```
    pub fn flask_builder(secret: impl Into<Vec<u8>>) -> Builder {
        Builder::flask(KeyRing::flask(secret))
    }

    /// Opens the session of a request, or a new, empty one: the first door. Never fails: a cookie that is not accepted
    /// gives an empty session that [knows why](Session::rejected).
    ///
    /// Reads the headers `Cookie` and nothing else.
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

    /// Closes a session: the second door. Every later change is [`Error::TooLate`]; what is to be sent goes into the
    /// response's headers: `Vary`, then `Set-Cookie` and `Cache-Control`. What counts is the configuration that opened the
    /// session.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the session does not fit into a cookie. No header is touched; answer with
    /// [`Error::status`] instead of the response. [`Error::NotACookie`] when it comes from an exchange with a store.
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
        if session.core().stored.is_some() {
            return Err(Error::NotACookie);
        }
        session.close(true).apply(response)
    }

    /// Begins an exchange, one request and its response: what adapters use. Keeps handles of the Cookie headers; parses
    /// and computes nothing.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let (sessions, request) = (Sessions::new(SecretKey::generate().unwrap()), http::HeaderMap::new());
    /// # let mut response = http::HeaderMap::new();
    /// let exchange = sessions.exchange(&request);
    /// let mut outgoing = exchange.close().done().unwrap();
    /// outgoing.apply(&mut response).unwrap();
    /// assert!(response.is_empty()); // nobody asked for the session
    /// ```
    #[must_use]
    pub fn exchange(&self, request: &HeaderMap) -> Exchange {
        self.exchange_of(request.get_all(COOKIE).iter().cloned())
    }

    /// The same from the values of all Cookie headers: for a framework with other header types.
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

    /// Replaces all keys from now on, in this process and in all clones: what is under way ends with either the old or the
    /// new ones. Gives what is doubtful about the new ones, to be told as [`warnings`](Self::warnings) are.
    ///
    /// What an old key signed counts only if the ring still has that key; [`KeyRing`] says how to get from one to the next.
    ///
    /// # Errors
    /// [`ConfigError`] as [`Builder::build`]: the keys stay as they were.
    ///
    /// ```
    /// # use session_core::{ConfigError, KeyRing, SecretKey, Sessions, testing};
    /// # let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    /// let sessions = Sessions::new(old.clone());
    /// # let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
    /// sessions.set_keys(KeyRing::new(new.clone()).verify_only(old)).unwrap();
    /// assert!(sessions.open(&request).contains_key("username"));
    ///
    /// let many = (0..9).fold(KeyRing::new(new), |ring, _| ring.verify_only(SecretKey::generate().unwrap()));
    /// assert!(matches!(sessions.set_keys(many), Err(ConfigError::TooManyKeys(9))));
    /// assert!(sessions.open(&request).contains_key("username")); // as before
    /// ```
    pub fn set_keys(&self, keys: impl Into<KeyRing>) -> Result<Vec<Warning>, ConfigError> {
        self.0.set_keys(&keys.into())
    }

    /// What is doubtful about the configuration, to be told once at start.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// assert!(Sessions::new(SecretKey::generate().unwrap()).warnings().is_empty());
    /// let flask = Sessions::flask("dev").unwrap();
    /// assert!(flask.warnings()[0].to_string().starts_with("SECRET_KEY is weak: it has 3 bytes"));
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// The name of the cookie, prefix and all.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// assert_eq!(Sessions::flask("dev").unwrap().cookie_name(), "session");
    /// assert_eq!(Sessions::new(SecretKey::generate().unwrap()).cookie_name(), "__Host-session");
    /// ```
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        self.0.cookie.name()
    }

    /// Whether cookies are in Flask's format.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// assert!(Sessions::flask("dev").unwrap().is_flask());
    /// assert!(!Sessions::new(SecretKey::generate().unwrap()).is_flask());
    /// ```
    #[must_use]
    pub fn is_flask(&self) -> bool {
        self.0.format.is_flask()
    }
}

impl Core {
    /// The session that these Cookie headers hold, or an empty one.
    pub(crate) fn open<'a, I: Iterator<Item = &'a HeaderValue>>(
        self: &Arc<Self>,
        headers: impl Fn() -> I,
    ) -> Session {
        let now = self.now().as_secs();
        let fresh = || State::new(&self.lifetime, now);
        // Filled where it stands, since it is large.
        let mut shared = Shared {
            core: self.clone(),
            origin: Origin::NONE,
            state: fresh().into(),
        };
        let Shared { origin, state, .. } = &mut shared;
        let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut to_refresh = None;
        let found = self.first(headers, origin, now, |wires, header, value| {
            let by = wires.open(value, &self.lifetime, now, &mut state.stamp, &mut state.map)?;
            // Few are due, so the others don't pay for a handle.
            let due = self.lifetime.refresh_due(&state.stamp, now);
            to_refresh = if due {
                Accepted::new(header, value)
            } else {
                None
            };
            Ok((by, state.stamp.created))
        });
        match found {
            true => (origin.stamp, origin.to_refresh) = (Some(state.stamp), to_refresh),
            false => *state = fresh(),
        }
        Session::of(shared)
    }

    /// Whether one of our cookies is accepted, the first that is: by which key, and when its session began, tells `open`.
    /// `origin` learns what came, and why the first was not.
    ///
    /// Flask takes the first (Werkzeug's `cookies.get`); we take the first that is valid. A cookie of the old name counts
    /// where none of the new name came, good or bad.
    pub(crate) fn first<'a, I: Iterator<Item = &'a HeaderValue>>(
        &self,
        headers: impl Fn() -> I,
        origin: &mut Origin,
        now: u64,
        mut open: impl FnMut(&Wires, &HeaderValue, &[u8]) -> Result<(SignedBy, u64), Rejected>,
    ) -> bool {
        // Not a copy: nobody's code runs in here.
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut opened = false;
        for header in headers() {
            for value in self.cookie.find(header, self.format.dialect()) {
                origin.cookies += 1;
                if !opened && self.is_looked_at(origin.cookies, &value) {
                    let found = open(&keys.cookie, header, &value);
                    opened = origin.note_opened(&value, found.map(|(by, _)| by));
                }
            }
        }
        if let (Some(old), Some(wires)) = (&self.old, &keys.old) {
            let in_header = |header| {
                let values = old.cookie.find(header, self.format.dialect());
                values.map(move |value| (header, value))
            };
            for (header, value) in headers().flat_map(in_header) {
                origin.old_cookies += 1;
                if !opened && origin.cookies == 0 && self.is_looked_at(origin.old_cookies, &value) {
                    let found = open(wires, header, &value).and_then(|(by, created)| {
                        let by = if now < old.renamed {
                            by
                        } else {
                            SignedBy::Other
                        };
                        if created < old.renamed {
                            Ok(by)
                        } else {
                            Err(Rejected::Revoked)
                        }
                    });
                    opened = origin.note_opened(&value, found);
                }
            }
        }
        opened
    }

    /// How the cookie is called that goes out: as before until it is renamed, unless one of the new name came.
    pub(crate) fn named(&self, origin: &Origin, now: u64) -> (&CookieTemplate, Name) {
        match &self.old {
            Some(old) if now < old.renamed && origin.cookies == 0 => (&old.cookie, Name::Old),
            _ => (&self.cookie, Name::New),
        }
    }

    fn is_looked_at(&self, number: usize, value: &[u8]) -> bool {
        if self.format.is_flask() {
            number == 1 && !value.is_empty()
        } else {
            number <= MOST_COOKIES
        }
    }

    /// The keys of this moment.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_keys(&self, ring: &KeyRing) -> Result<Vec<Warning>, ConfigError> {
        ring.check(self.format.is_flask())?;
        let warnings = refuse_if(self.warnings_are_errors, ring.warnings().collect())?;
        let keys = self.format.keys(ring);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
        Ok(warnings)
    }

    pub(crate) fn nonce(&self) -> Result<[u8; NONCE], EntropyError> {
        self.nonces.draw(&*self.random)
    }

    pub(crate) fn now(&self) -> Duration {
        unix(self.clock.now())
    }

    /// K(5) over the end of a cookie: its signature, if it has one.
    pub(crate) fn digest(&self, tail: &[u8]) -> LogDigest {
        let code = self.keys().log.code(tail);
        let mut digest = [0; 8];
        digest.copy_from_slice(&code.as_slice()[..8]);
        LogDigest(digest)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("cookie", &self.cookie.name())
            .field("flask", &self.format.is_flask())
            .field("stored", &self.stored)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Something doubtful in a configuration that works.
///
/// ```
/// use session_core::{Sessions, Warning, Weakness};
///
/// let sessions = Sessions::flask_builder("dev").insecure_plain_http().build().unwrap();
/// assert_eq!(sessions.warnings(), [Warning::WeakKey(Weakness::Short(3)), Warning::PlainHttp]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// Flask's format runs with a key that our own formats would refuse.
    #[error(
        "SECRET_KEY is weak: {0}; whoever guesses it forges any session; make one with `openssl rand -base64 33`, and \
         keep this one in SECRET_KEY_FALLBACKS for one lifetime"
    )]
    WeakKey(Weakness),
    /// The same of a key that only verifies.
    #[error(
        "a key of SECRET_KEY_FALLBACKS is weak: {0}; whoever guesses it forges any session; leave it out once nobody's \
         cookie needs it"
    )]
    WeakFallback(Weakness),
    /// The cookie goes over plain HTTP, readable and changeable for everybody on the way.
    #[error(
        "insecure_plain_http: the session cookie is sent without Secure and without the prefix __Host-"
    )]
    PlainHttp,
    /// The cookie is one that browsers keep, and that others may misread: a name that is no token, a domain with an underscore,
    /// a path without a slash in front.
    #[error("{setting}: {problem}")]
    Cookie {
        /// The setting, by its configuration key.
        setting: &'static str,
        /// What is doubtful, and what would not be.
        problem: String,
    },
}
