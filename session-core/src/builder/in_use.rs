//! The configuration in use: the keys that replace its keys, and what it tells the application.

use std::fmt;
use std::sync::{Arc, PoisonError};

use crate::error::config::{ConfigError, Warning, refuse_if};
use crate::keys::ring::KeyRing;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::token::keyed::Keys;

impl Sessions {
    /// Replaces all keys, in this value and in all its clones, and returns the warnings about the new ones. A request that is
    /// running ends with either the old or the new keys.
    ///
    /// A cookie stays valid only if the new ring has the key that signed it; [`KeyRing`] shows how to rotate keys.
    ///
    /// # Errors
    /// [`ConfigError`] as [`Builder::build`](crate::Builder::build); the keys stay as they were.
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

    /// Returns the warnings about the configuration. Report them once, at start.
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

    /// Returns the name of the cookie, with its prefix.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// assert_eq!(Sessions::flask("dev").unwrap().cookie_name(), "session");
    /// assert_eq!(Sessions::new(SecretKey::generate().unwrap()).cookie_name(), "__Host-session");
    /// ```
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.0.cookie.name
    }

    /// Returns what tells the cookie apart from others in a browser (RFC 6265bis, section 5.7): its name, path and domain.
    /// Two configurations with one scope overwrite each other's cookie.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// assert_eq!(Sessions::flask("dev").unwrap().cookie_scope(), "session; Path=/");
    /// ```
    #[must_use]
    pub fn cookie_scope(&self) -> String {
        self.0.cookie_scope()
    }

    /// Returns a number that this value shares with its clones, and with no other sessions that exist at the time.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// let (one, other) = (Sessions::flask("dev").unwrap(), Sessions::flask("dev").unwrap());
    /// assert_eq!(one.instance(), one.clone().instance());
    /// assert_ne!(one.instance(), other.instance());
    /// ```
    #[must_use]
    pub fn instance(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Returns whether cookies are in Flask's format.
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

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Settings {
    pub(crate) fn cookie_scope(&self) -> String {
        let mut scope = self.cookie.name.clone();
        // Without a value it is all ASCII.
        let removal = self.cookie.removal.to_str().unwrap_or_default();
        for attribute in removal.split("; ") {
            if attribute.starts_with("Path=") || attribute.starts_with("Domain=") {
                scope.push_str("; ");
                scope.push_str(attribute);
            }
        }
        scope
    }

    pub(crate) fn set_keys(&self, ring: &KeyRing) -> Result<Vec<Warning>, ConfigError> {
        ring.check(self.format.is_flask())?;
        let warnings = refuse_if(self.warnings_are_errors, ring.warnings().collect())?;
        let keys = Keys::new(&self.format, ring);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
        Ok(warnings)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("cookie", &self.cookie.name)
            .field("flask", &self.format.is_flask())
            .field("stored", &self.stored)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
