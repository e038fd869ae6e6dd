//! The ways to begin: sessions with defaults, and builders with them.

use crate::builder::Builder;
#[cfg(feature = "os")]
use crate::error::config::ConfigError;
use crate::keys::ring::KeyRing;
use crate::sessions::Sessions;

impl Sessions {
    /// Builds sessions in our own format with its defaults: the cookie `__Host-session`, `Path=/`, `Secure`, `HttpOnly`,
    /// `SameSite=Lax`; an idle lifetime of 31 days, which begins again when a session is used after a tenth of it.
    ///
    /// ```
    /// use session_core::{SecretKey, Sessions};
    ///
    /// let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// assert_eq!(sessions.cookie_name(), "__Host-session");
    /// ```
    #[cfg(feature = "os")]
    #[must_use]
    pub fn new(key: crate::keys::secret_key::SecretKey) -> Self {
        match Self::builder(key).build() {
            Ok(sessions) => sessions,
            // A `SecretKey` is never weak, and the defaults are constant: the example runs all that could fail.
            Err(error) => unreachable!("the defaults are valid: {error}"),
        }
    }

    /// Builds sessions in the format of Flask 3.1 with its defaults and rules, byte for byte: they read and write the cookies
    /// of a Flask application that has this `SECRET_KEY`. A weak secret is a [warning](Self::warnings), since Flask accepts it.
    ///
    /// # Errors
    /// [`ConfigError::NoKey`](crate::ConfigError::NoKey) when the secret is empty. Flask would run without sessions.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, header};
    /// use session_core::Sessions;
    ///
    /// let sessions = Sessions::flask("dev").unwrap();
    /// assert_eq!(sessions.warnings().len(), 1); // the key is weak
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

    /// Begins a configuration with our own format and its defaults, which [`new`](Self::new) lists.
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

    /// Begins a configuration with Flask's format and defaults. Each secret that is not empty builds, as in Flask.
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
}
