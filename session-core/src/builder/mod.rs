//! Configuration in code. Each setting has a method, and `build` checks all of them together: a cookie that browsers refuse
//! and a setting that the format does not support are errors at start, not in a response.

mod build;
mod check;
mod cookie;
mod encryption;
mod environment;
mod in_use;
mod keys;
mod lifetimes;
mod rename;
mod response;
mod start;
mod stored;

use std::fmt;

use crate::builder::encryption::Encryption;
use crate::cookie::attributes::{Attributes, Prefix, SameSite};
use crate::cookie::rename::PreviousCookie;
use crate::env::{Clock, EntropySource};
use crate::keys::ring::KeyRing;
use crate::record::policy::StorePolicy;
use crate::token::lifetime::{DEFAULT_IDLE, Lifetime, Refresh};
use crate::token::mac::Digest;

/// Builds [`Sessions`](crate::Sessions) or, for sessions in a store, [`StoredSessions`](crate::StoredSessions).
///
/// [`Sessions::builder`](crate::Sessions::builder) begins with the defaults of our own format,
/// [`Sessions::flask_builder`](crate::Sessions::flask_builder) with those of Flask.
///
/// ```
/// use std::time::Duration;
/// use session_core::{SameSite, SecretKey, Sessions};
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
/// // Browsers refuse a __Host- cookie that has a domain, so this does not build.
/// let key = SecretKey::generate().unwrap();
/// assert!(Sessions::builder(key).domain("example.com").build().is_err());
/// ```
#[must_use = "nothing is configured before .build()"]
pub struct Builder {
    pub(crate) flask: bool,
    ring: KeyRing,
    cookie: Attributes,
    lifetime: Lifetime,
    // `None` is the format's default, so that `check` finds a setting that was set where the format does not support it.
    context: Option<String>,
    digest: Option<Digest>,
    salt: Option<Vec<u8>>,
    encryption: Encryption,
    renamed_from: Option<PreviousCookie>,
    max_cookie_size: Option<usize>,
    cache_headers: bool,
    clear_site_data: bool,
    plain_http: bool,
    warnings_are_errors: bool,
    stored: StorePolicy,
    clock: Option<Box<dyn Clock>>,
    random: Option<Box<dyn EntropySource>>,
    /// What stands before each setting's name where errors name it: the prefix of environment variables.
    prefix: String,
}

impl Builder {
    /// The defaults of our own format.
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
                absolute: u64::MAX,
                refresh: Refresh::AfterTenth,
                refresh_permanent_only: false,
                permanent: false,
                not_before: None,
                epoch: 0,
                // Seconds by which another server's clock may be ahead of ours.
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
            stored: StorePolicy::default(),
            clock: environment::default_clock(),
            random: environment::default_random(),
            prefix: String::new(),
        }
    }

    /// Makes errors name environment variables with this prefix.
    pub(crate) fn variables(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// The defaults of Flask 3.1.3 (`Flask.default_config`).
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
                // itsdangerous rejects each cookie from the future, however close.
                skew: 0,
                ..ours.lifetime
            },
            max_cookie_size: Some(4093),
            cache_headers: false,
            ..ours
        }
    }
}

impl fmt::Debug for Builder {
    /// Shows no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("cookie", &self.cookie)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
