//! How an application puts a ring of keys together, and rotates them.

use std::time::SystemTime;

use crate::env::unix;
use crate::keys::ring::{KeyRing, VerifyOnly};
use crate::keys::secret::Secret;
use crate::keys::secret_key::SecretKey;

impl KeyRing {
    /// Makes a ring of one key, which signs and verifies.
    ///
    /// ```
    /// use session_core::{KeyRing, SecretKey, Sessions};
    ///
    /// let ring = KeyRing::new(SecretKey::generate().unwrap());
    /// assert!(Sessions::builder(ring).build().is_ok());
    /// ```
    #[must_use]
    pub fn new(primary: SecretKey) -> Self {
        Self::of(primary.0)
    }

    /// Makes a ring of a Flask application's secret, which may be weak. Only the format of
    /// [`Sessions::flask`](crate::Sessions::flask) accepts it.
    ///
    /// ```
    /// use session_core::{ConfigError, KeyRing, Sessions};
    ///
    /// let sessions = Sessions::flask("old").unwrap();
    /// let warnings = sessions.set_keys(KeyRing::flask("new").fallback("old")).unwrap();
    /// assert_eq!(warnings.len(), 2); // both are weak
    /// assert!(matches!(Sessions::builder(KeyRing::flask("new")).build(), Err(ConfigError::WeakKey(_))));
    /// ```
    #[must_use]
    pub fn flask(secret: impl Into<Vec<u8>>) -> Self {
        Self::of(Secret::new(secret))
    }

    fn of(primary: Secret) -> Self {
        Self {
            primary,
            verify_only: Vec::new(),
        }
    }

    /// Adds a key that signs nothing. It verifies cookies that it signed before, or that other processes already sign with it.
    ///
    /// ```
    /// # use session_core::{KeyRing, SecretKey};
    /// # let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    /// let before = KeyRing::new(old.clone()).verify_only(new.clone()); // first every process accepts the new key
    /// let after = KeyRing::new(new).verify_only(old); // then each signs with it
    /// ```
    #[must_use]
    pub fn verify_only(self, key: SecretKey) -> Self {
        self.and(key.0, None)
    }

    /// Adds a key that only verifies, and only before a time. From that second on it verifies nothing, even if it stays in the
    /// ring.
    ///
    /// ```
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::{KeyRing, Rejected, SecretKey, Sessions, testing};
    /// # let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    /// # let time = testing::ManualClock::at(1_700_000_000);
    /// # let sessions = Sessions::builder(old.clone()).clock(time.clone()).build().unwrap();
    /// # let request = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
    /// let end = UNIX_EPOCH + Duration::from_secs(1_700_000_060);
    /// sessions.set_keys(KeyRing::new(new).verify_only_until(old, end)).unwrap();
    /// assert!(sessions.open(&request).contains_key("a"));
    /// time.set(1_700_000_060);
    /// assert_eq!(sessions.open(&request).rejected(), Some(Rejected::BadSignature));
    /// ```
    #[must_use]
    pub fn verify_only_until(self, key: SecretKey, end: SystemTime) -> Self {
        self.and(key.0, Some(unix(end).as_secs()))
    }

    /// Adds a Flask application's secret, which may be weak, as a key that only verifies: an entry of
    /// `SECRET_KEY_FALLBACKS`.
    ///
    /// ```
    /// # use session_core::{KeyRing, Sessions, testing};
    /// # let before = Sessions::flask("old").unwrap();
    /// # let request = testing::request(&before, |session| session.insert("username", "ada")).unwrap();
    /// let sessions = Sessions::flask("new").unwrap();
    /// sessions.set_keys(KeyRing::flask("new").fallback("old")).unwrap();
    /// assert!(sessions.open(&request).contains_key("username"));
    /// ```
    #[must_use]
    pub fn fallback(self, secret: impl Into<Vec<u8>>) -> Self {
        self.and(Secret::new(secret), None)
    }

    pub(crate) fn and(mut self, secret: Secret, until: Option<u64>) -> Self {
        self.verify_only.push(VerifyOnly { secret, until });
        self
    }
}

impl From<SecretKey> for KeyRing {
    fn from(primary: SecretKey) -> Self {
        Self::new(primary)
    }
}
