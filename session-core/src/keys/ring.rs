//! The keys of one application: one signs, some others only verify.

use std::time::SystemTime;

use crate::env::unix;
use crate::error::config::{ConfigError, MOST_VERIFY_ONLY, Warning};
use crate::keys::secret::{Secret, SecretKey};

/// The keys of one application: the primary signs, at most 8 others only verify, each until a time or until it is taken
/// out. The type keeps them apart, so no order of a list can make an old key sign (CVE-2025-47278).
///
/// A [`SecretKey`] is a ring of one. [`Sessions::builder`](crate::Sessions::builder) takes a ring, and
/// [`Sessions::set_keys`](crate::Sessions::set_keys) replaces it in a running process. How keys are rotated without logging
/// anybody out, and what to do when one has leaked, stands in `docs/rotation.md`.
///
/// ```
/// use session_core::{KeyRing, SecretKey, Sessions, testing};
///
/// let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
/// let sessions = Sessions::new(old.clone());
/// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
///
/// sessions.set_keys(KeyRing::new(new.clone()).verify_only(old)).unwrap();
/// assert!(sessions.open(&request).contains_key("username"));
/// sessions.set_keys(new).unwrap(); // the old one leaked: it leaves at once
/// assert!(sessions.open(&request).is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct KeyRing {
    pub(crate) primary: Secret,
    pub(crate) verify_only: Vec<VerifyOnly>,
}

/// A key that only verifies, and the second from which on it doesn't.
#[derive(Debug, Clone)]
pub(crate) struct VerifyOnly {
    pub(crate) secret: Secret,
    pub(crate) until: Option<u64>,
}

impl KeyRing {
    /// A ring of one key, which signs and verifies.
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

    /// The same with a Flask application's secret, which may be weak: for [`Sessions::flask`](crate::Sessions::flask)'s
    /// format only.
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

    /// Adds a key that signs nothing and verifies what it signed before, or what other processes sign with it already.
    ///
    /// ```
    /// # use session_core::{KeyRing, SecretKey};
    /// # let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    /// let before = KeyRing::new(old.clone()).verify_only(new.clone()); // every process first learns the new one
    /// let after = KeyRing::new(new).verify_only(old); // then each signs with it
    /// ```
    #[must_use]
    pub fn verify_only(self, key: SecretKey) -> Self {
        self.and(key.0, None)
    }

    /// The same, with an end: from that second on the key counts for nothing, whether or not somebody remembers to take it
    /// out.
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

    /// As [`verify_only`](Self::verify_only) with a Flask application's secret, which may be weak: an entry of
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

    /// Whether a format takes these keys: Flask's takes weak ones, but no empty ones.
    pub(crate) fn check(&self, flask: bool) -> Result<(), ConfigError> {
        let refused = |secret: &Secret| secret.weakness.filter(|_| !flask || secret.is_empty());
        if self.primary.is_empty() {
            return Err(ConfigError::NoKey);
        }
        if let Some(weakness) = refused(&self.primary) {
            return Err(ConfigError::WeakKey(weakness));
        }
        if let Some(weakness) = self.verify_only.iter().find_map(|key| refused(&key.secret)) {
            return Err(ConfigError::WeakFallback(weakness));
        }
        if self.verify_only.len() > MOST_VERIFY_ONLY {
            return Err(ConfigError::TooManyKeys(self.verify_only.len()));
        }
        Ok(())
    }

    pub(crate) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let fallbacks = self
            .verify_only
            .iter()
            .filter_map(|key| key.secret.weakness);
        let primary = self.primary.weakness.map(Warning::WeakKey);
        primary
            .into_iter()
            .chain(fallbacks.map(Warning::WeakFallback))
    }
}

impl From<SecretKey> for KeyRing {
    fn from(primary: SecretKey) -> Self {
        Self::new(primary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t7_keys_do_not_print() {
        let ring = KeyRing::flask("hunter2-hunter2").fallback("hunter2-fallback");
        assert!(!format!("{ring:?}").contains("hunter2"));
    }
}
