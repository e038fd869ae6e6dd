//! Configuration by code. What a format cannot keep, and what browsers refuse, does not build.

pub(crate) mod encryption;
mod keys;
mod lifetimes;
mod rename;
mod start;
mod stored;

use crate::error::config::refuse_if;
use std::sync::RwLock;

use crate::builder::encryption::Encryption;
use crate::cookie::attributes::{Attributes, Prefix, SameSite};
use crate::cookie::rename::PreviousCookie;
use crate::cookie::template::CookieTemplate;
use crate::env::{Clock, EntropySource};
use crate::error::config::{ConfigError, Warning};
use crate::keys::ring::KeyRing;
use crate::record::policy::Stored;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::token::flask;
use crate::token::key_context::KeyContext;
use crate::token::keyed::Keys;
use crate::token::lifetime::{DEFAULT_IDLE, Lifetime, Refresh};
use crate::token::mac::Digest;
use crate::token::nonce::Nonces;

/// Builds [`Sessions`]. From [`Sessions::builder`] with our defaults, from [`Sessions::flask_builder`] with Flask's.
///
/// ```
/// use std::time::Duration;
/// use session_core::{Prefix, Refresh, SameSite, SecretKey, Sessions};
///
/// let sessions = Sessions::builder(SecretKey::generate().unwrap())
///     .cookie_name("admin")
///     .same_site(SameSite::Strict)
///     .idle_lifetime(Duration::from_secs(30 * 60))
///     .absolute_lifetime(Duration::from_secs(12 * 60 * 60))
///     .build()
///     .unwrap();
/// assert_eq!(sessions.cookie_name(), "__Host-admin");
///
/// // A __Host- cookie has no domain: that does not build.
/// let key = SecretKey::generate().unwrap();
/// assert!(Sessions::builder(key).domain("example.com").build().is_err());
/// ```
#[must_use = "nothing is configured before .build()"]
pub struct Builder {
    pub(crate) flask: bool,
    pub(crate) ring: KeyRing,
    pub(crate) cookie: Attributes,
    lifetime: Lifetime,
    context: Option<String>,
    digest: Option<Digest>,
    salt: Option<Vec<u8>>,
    pub(crate) encryption: Encryption,
    pub(crate) renamed_from: Option<PreviousCookie>,
    max_cookie_size: Option<usize>,
    cache_headers: bool,
    clear_site_data: bool,
    plain_http: bool,
    warnings_are_errors: bool,
    pub(crate) stored: Stored,
    clock: Option<Box<dyn Clock>>,
    random: Option<Box<dyn EntropySource>>,
}

impl Builder {
    pub(crate) fn new(ring: KeyRing) -> Self {
        Self {
            flask: false,
            ring,
            cookie: Attributes {
                prefix: Prefix::Host,
                name: "session".to_owned(),
                domain: None,
                path: "/".to_owned(),
                secure: true,
                http_only: true,
                same_site: Some(SameSite::Lax),
                partitioned: false,
            },
            lifetime: Lifetime {
                idle: DEFAULT_IDLE,
                permanent_idle: None,
                anonymous_idle: None,
                absolute: None,
                refresh: Refresh::AfterTenth,
                refresh_permanent_only: false,
                permanent: false,
                not_before: None,
                epoch: 0,
                skew: 60,
            },
            context: None,
            digest: None,
            salt: None,
            encryption: Encryption::default(),
            renamed_from: None,
            max_cookie_size: None,
            cache_headers: true,
            clear_site_data: false,
            plain_http: false,
            warnings_are_errors: false,
            stored: Stored::default(),
            #[cfg(feature = "os")]
            clock: Some(Box::new(crate::env::OsClock)),
            #[cfg(not(feature = "os"))]
            clock: None,
            #[cfg(feature = "os")]
            random: Some(Box::new(crate::env::OsEntropy)),
            #[cfg(not(feature = "os"))]
            random: None,
        }
    }

    /// Flask's defaults (`Flask.default_config` of Flask 3.1.3).
    pub(crate) fn flask(ring: KeyRing) -> Self {
        let ours = Self::new(ring);
        Self {
            flask: true,
            cookie: Attributes {
                prefix: Prefix::None,
                secure: false,
                same_site: None,
                ..ours.cookie
            },
            lifetime: Lifetime {
                refresh: Refresh::EachRequest,
                refresh_permanent_only: true,
                skew: 0,
                ..ours.lifetime
            },
            max_cookie_size: Some(4093),
            cache_headers: false,
            ..ours
        }
    }

    /// The cookie's name without prefix. Default: `session`.
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

    /// The prefix of the cookie's name. Default: [`Prefix::Host`]; in Flask's format none.
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

    /// Sends the cookie to this host and all its subdomains. Default: to the host that set it, alone. Needs another
    /// prefix than `__Host-`.
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

    /// Sends the cookie to paths below this one. Default: `/`. Needs another prefix than `__Host-`.
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

    /// Over HTTPS only (browsers count loopback addresses as such). Default: true; in Flask's format false.
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

    /// Out of JavaScript's reach. Default: true.
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

    /// Which requests from other sites carry the cookie; `None` leaves it to the browser. Default: [`SameSite::Lax`];
    /// in Flask's format unset.
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

    /// A jar of its own for each site that embeds this one (CHIPS). Default: false. Needs `Secure`.
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

    /// A limit for the whole of Set-Cookie in octets, beyond the 4096 for name and value that browsers have. In our
    /// formats a session that exceeds it is compressed; if it is still too large, that is an error at close, or, if nobody changed
    /// it, an [event](crate::EventKind::NotRewritten), and it stays as it is. In Flask's format a larger one is sent, with an
    /// event; default there: 4093, 0 is off.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use session_core::{Error, SecretKey, Session, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).max_cookie_size(1000).build().unwrap();
    /// let fill = |letters: String| {
    ///     testing::respond(&sessions, &HeaderMap::new(), |session| session.insert("note", letters))
    /// };
    /// assert!(fill("x".repeat(2000)).is_ok()); // compressed
    /// let noise: Vec<u64> = (0..100).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    /// assert!(matches!(fill(format!("{noise:?}")), Err(Error::TooLarge { limit: 1000, .. })));
    /// ```
    pub fn max_cookie_size(mut self, octets: usize) -> Self {
        self.max_cookie_size = (octets > 0).then_some(octets);
        self
    }

    /// Whom the cookies are for, bound into the keys: applications that share a secret and a cookie name, but not their
    /// sessions, have different contexts. Default: empty. Not in Flask's format; see [`salt`](Self::salt).
    ///
    /// ```
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let shop = Sessions::builder(key.clone()).context("shop").build().unwrap();
    /// let blog = Sessions::builder(key).context("blog").build().unwrap();
    /// let request = testing::request(&shop, |session| session.insert("username", "ada")).unwrap();
    /// assert_eq!(blog.open(&request).rejected(), Some(Rejected::BadSignature));
    /// ```
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Flask's format only: `digest_method`, default [`Digest::Sha1`].
    ///
    /// ```
    /// # use session_core::{Digest, Sessions, testing};
    /// let flask = Sessions::flask_builder("dev").digest(Digest::Sha512).build().unwrap();
    /// let request = testing::request(&flask, |session| session.insert("username", "ada")).unwrap();
    /// assert!(Sessions::flask("dev").unwrap().open(&request).rejected().is_some()); // that is SHA-1
    /// ```
    pub fn digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Flask's format only: `salt`, default `cookie-session`.
    ///
    /// ```
    /// # use session_core::{Rejected, Sessions, testing};
    /// let flask = Sessions::flask_builder("dev").salt("admin-session").build().unwrap();
    /// let request = testing::request(&flask, |session| session.insert("username", "ada")).unwrap();
    /// assert_eq!(Sessions::flask("dev").unwrap().open(&request).rejected(), Some(Rejected::BadSignature));
    /// ```
    pub fn salt(mut self, salt: impl Into<Vec<u8>>) -> Self {
        self.salt = Some(salt.into());
        self
    }

    /// Whether `Cache-Control` is set: `private` where a session was accessed and the handler set none, `no-store` with
    /// our Set-Cookie. Default: true; in Flask's format false, as Flask sets `Vary` only.
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

    /// Whether a logout also sends `Clear-Site-Data: "cookies"` (W3C Clear Site Data): the browser then deletes every cookie
    /// of the whole registered domain, those of its other hosts and applications, too, and ends sessions that are bound to a
    /// device. Browsers obey it over HTTPS and on loopback addresses. Default: false.
    ///
    /// A logout is a [`clear`](crate::Session::clear) of a session that was accepted, or the end that
    /// [`require_epoch`](crate::Session::require_epoch) makes of it, with nothing set after it: a new session's cookie would
    /// be deleted with the others.
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

    /// For plain HTTP on other hosts than this one: drops the prefix and `Secure`. Whoever listens on the way can take
    /// the session over; [`Sessions::warnings`] says so. `localhost`, `127.0.0.1` and `[::1]` don't need it.
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

    /// Whether what [`Sessions::warnings`] would say is an error instead: of [`build`](Self::build), and of
    /// [`Sessions::set_keys`] for what is doubtful about new keys. For a Flask application, whose key may be weak, and
    /// for whoever wants no doubtful configuration in production. Default: false.
    ///
    /// ```
    /// # use session_core::{ConfigError, Sessions, Warning, Weakness};
    /// assert!(Sessions::flask_builder("dev").build().is_ok()); // with a warning
    /// let error = Sessions::flask_builder("dev").warnings_are_errors(true).build().unwrap_err();
    /// assert_eq!(error, ConfigError::Warning(Warning::WeakKey(Weakness::Short(3))));
    /// ```
    pub fn warnings_are_errors(mut self, warnings_are_errors: bool) -> Self {
        self.warnings_are_errors = warnings_are_errors;
        self
    }

    /// The clock. Default: the operating system's (feature `os`).
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let then = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    /// let sessions = Sessions::builder(key).clock(move || then).build().unwrap();
    /// assert_eq!(sessions.open(&http::HeaderMap::new()).created(), Some(then));
    /// ```
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// The random source. Default: the operating system's (feature `os`).
    ///
    /// ```
    /// # use session_core::{Error, EntropyError, EntropySource, SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// struct Broken;
    /// impl EntropySource for Broken {
    ///     fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> { Err(EntropyError) }
    /// }
    /// let session = Sessions::builder(key).random(Broken).build().unwrap().open(&http::HeaderMap::new());
    /// assert_eq!(session.flash("Saved", "success"), Err(Error::Entropy(EntropyError)));
    /// ```
    pub fn random(mut self, random: impl EntropySource + 'static) -> Self {
        self.random = Some(Box::new(random));
        self
    }

    /// Checks everything and builds.
    ///
    /// # Errors
    /// [`ConfigError`]: no key, a weak key, too many keys, a cookie that browsers refuse, a setting that the format
    /// cannot keep, a missing clock or random source; with [`warnings_are_errors`](Self::warnings_are_errors) what would
    /// be a warning.
    ///
    /// ```
    /// # use session_core::{SameSite, Sessions};
    /// let error = Sessions::flask_builder("dev").same_site(SameSite::None).build().unwrap_err();
    /// assert!(error.to_string().contains("SameSite=None needs Secure"));
    /// ```
    pub fn build(self) -> Result<Sessions, ConfigError> {
        if let Some(setting) = self.stored.changed() {
            return Err(ConfigError::Format {
                setting,
                format: "a cookie session",
                why: "it is for sessions in a store: use build_stored",
            });
        }
        self.settings(None)
            .map(|settings| Sessions(settings.into()))
    }

    pub(crate) fn settings(mut self, stored: Option<Stored>) -> Result<Settings, ConfigError> {
        self.check_format()?;
        self.ring.check(self.flask)?;
        if self.plain_http {
            (self.cookie.prefix, self.cookie.secure) = (Prefix::None, false);
        }
        let cookie = CookieTemplate::new(&self.cookie)?;
        let previous = self
            .renamed_from
            .take()
            .map(|previous| previous.check(&self.cookie, cookie.name()))
            .transpose()?;
        let warnings = refuse_if(self.warnings_are_errors, self.warnings())?;
        let salt = self.salt.unwrap_or_else(|| flask::SALT.into());
        let format = KeyContext {
            flask: self.flask.then(|| (self.digest.unwrap_or_default(), salt)),
            stored: stored.is_some(),
            encrypted: self.encryption.block,
            other_until: self
                .encryption
                .signed_until
                .or(self.encryption.encrypted_until),
            name: cookie.name().to_owned(),
            previous_name: previous
                .as_ref()
                .map(|previous| previous.cookie.name().to_owned()),
            context: self.context.unwrap_or_default(),
        };
        Ok(Settings {
            keys: RwLock::new(Keys::new(&format, &self.ring).into()),
            format,
            stored,
            warnings,
            warnings_are_errors: self.warnings_are_errors,
            cookie,
            previous,
            lifetime: self.lifetime,
            max_cookie_size: self.max_cookie_size,
            cache_headers: self.cache_headers,
            clear_site_data: self.clear_site_data,
            clock: self.clock.ok_or(ConfigError::Missing("clock"))?,
            random: self.random.ok_or(ConfigError::Missing("random"))?,
            nonces: Nonces::default(),
        })
    }

    fn check_format(&self) -> Result<(), ConfigError> {
        let format = if self.flask {
            "Flask's format"
        } else {
            "our own format"
        };
        const NO_PLACE: &str = "its cookie holds one time only, that of its last writing";
        const ONE_LIFETIME: &str =
            "it has one lifetime for all sessions, PERMANENT_SESSION_LIFETIME: use idle_lifetime";
        const FIXED: &str =
            "it is always HMAC-SHA256 with keys derived for cookie name and context";
        let refused: &[(&str, bool, &str)] = if self.flask {
            &[
                (
                    "absolute_lifetime",
                    self.lifetime.absolute.is_some(),
                    NO_PLACE,
                ),
                (
                    "permanent_lifetime",
                    self.lifetime.permanent_idle.is_some(),
                    ONE_LIFETIME,
                ),
                (
                    "anonymous_lifetime",
                    self.lifetime.anonymous_idle.is_some(),
                    ONE_LIFETIME,
                ),
                (
                    "not_created_before",
                    self.lifetime.not_before.is_some(),
                    NO_PLACE,
                ),
                (
                    "epoch",
                    self.lifetime.epoch > 0,
                    "its cookie has no place for it",
                ),
                ("renamed_from", self.renamed_from.is_some(), NO_PLACE),
                (
                    "encrypted",
                    self.encryption.block.is_some(),
                    "it is what Flask reads",
                ),
                (
                    "accept_encrypted_until",
                    self.encryption.encrypted_until.is_some(),
                    "it is what Flask writes",
                ),
                (
                    "permanent",
                    self.lifetime.permanent,
                    "each session says it by its key _permanent: use set_permanent",
                ),
                (
                    "context",
                    self.context.is_some(),
                    "what is bound into its keys is the salt",
                ),
            ]
        } else {
            &[
                ("digest", self.digest.is_some(), FIXED),
                ("salt", self.salt.is_some(), FIXED),
            ]
        };
        let encrypted = self.encryption.block.is_some();
        let windows = [
            (
                "accept_signed_until",
                self.encryption.signed_until.is_some() && !encrypted,
                "it belongs to encrypted(): without it signed cookies are read anyway",
            ),
            (
                "accept_encrypted_until",
                self.encryption.encrypted_until.is_some() && encrypted,
                "with encrypted() they are read anyway",
            ),
        ];
        match refused.iter().chain(&windows).find(|(_, set, _)| *set) {
            Some((setting, _, why)) => Err(ConfigError::Format {
                setting,
                format,
                why,
            }),
            None => Ok(()),
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let plain = self.plain_http.then_some(Warning::PlainHttp);
        self.ring
            .warnings()
            .chain(plain)
            .chain(self.cookie.warnings())
            .collect()
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("cookie", &self.cookie)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
