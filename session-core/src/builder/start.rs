//! How [`Sessions`] are made.

use crate::builder::Builder;
#[cfg(feature = "os")]
use crate::error::config::ConfigError;
use crate::keys::ring::KeyRing;
use crate::sessions::Sessions;

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
    pub fn new(key: crate::keys::secret_key::SecretKey) -> Self {
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
}
