//! The keys of one application, and the keys of one purpose that are derived from them.
//!
//! One key is the primary: it signs and encrypts. At most 8 others only verify and decrypt, each until its end. The types
//! keep them apart, so no order of a list can make an old key sign.

use std::time::SystemTime;

use crate::env::unix;
use crate::keys::secret::{Secret, wipe_stack};
use crate::keys::secret_key::SecretKey;

/// The keys of one application: the primary signs, and at most 8 others only verify, each until a time or until it is
/// removed. The type keeps them apart, so no order of a list can make an old key sign (CVE-2025-47278).
///
/// A [`SecretKey`] converts into a ring of one key. [`Sessions::builder`](crate::Sessions::builder) takes a ring, and
/// [`Sessions::set_keys`](crate::Sessions::set_keys) replaces it in a running process. `docs/rotation.md` shows how to
/// rotate keys while all users stay logged in, and what to do when a key has leaked.
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
/// sessions.set_keys(new).unwrap(); // the old one leaked: remove it at once
/// assert!(sessions.open(&request).is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct KeyRing {
    pub(crate) primary: Secret,
    pub(crate) verify_only: Vec<VerifyOnly>,
}

/// A key that only verifies, before the second `until`.
#[derive(Debug, Clone)]
pub(crate) struct VerifyOnly {
    pub(crate) secret: Secret,
    pub(crate) until: Option<u64>,
}

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

/// The keys of one purpose: one for each secret of a ring.
#[derive(Clone)]
pub(crate) struct DerivedKeys<K> {
    pub(crate) primary: K,
    verify_only: Vec<(K, Option<u64>)>,
}

impl<K> DerivedKeys<K> {
    pub(crate) fn new(ring: &KeyRing, derive: impl Fn(&Secret) -> K) -> Self {
        // Wiped after each key, before anything is stored: the unused bytes of a value on the heap could otherwise carry
        // the key, see `wipe_stack`.
        let primary = derive(&ring.primary);
        wipe_stack();
        let mut verify_only = Vec::with_capacity(ring.verify_only.len());
        for VerifyOnly { secret, until } in &ring.verify_only {
            let key = derive(secret);
            wipe_stack();
            verify_only.push((key, *until));
        }
        Self {
            primary,
            verify_only,
        }
    }

    /// Returns the other keys that are valid at `now`.
    pub(crate) fn others(&self, now: u64) -> impl Iterator<Item = &K> {
        let keys = self.verify_only.iter();
        keys.filter_map(move |(key, until)| until.is_none_or(|until| now < until).then_some(key))
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
