//! Keys that only verify.

use std::time::SystemTime;

use crate::builder::Builder;
use crate::keys::secret_key::SecretKey;

impl Builder {
    /// A key that signed cookies which still count, and signs no new ones: the previous key, while it is being replaced.
    /// At most 8. A cookie is signed by the primary key when it is next written, never because it was read.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    /// # let before = Sessions::new(old.clone());
    /// # let request = testing::request(&before, |session| session.insert("username", "ada")).unwrap();
    /// let sessions = Sessions::builder(new).verify_only(old).build().unwrap();
    /// assert!(sessions.open(&request).contains_key("username")); // a cookie signed with the old key
    /// ```
    pub fn verify_only(mut self, key: SecretKey) -> Self {
        self.ring = self.ring.verify_only(key);
        self
    }

    /// The same, with an end: from that second on the key counts for nothing.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use session_core::{SecretKey, Sessions};
    /// # let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    /// let end = SystemTime::now() + Duration::from_secs(31 * 24 * 60 * 60); // one idle lifetime
    /// assert!(Sessions::builder(new).verify_only_until(old, end).build().is_ok());
    /// ```
    pub fn verify_only_until(mut self, key: SecretKey, end: SystemTime) -> Self {
        self.ring = self.ring.verify_only_until(key, end);
        self
    }

    /// The same with a Flask application's secret, which may be weak: an entry of `SECRET_KEY_FALLBACKS`.
    ///
    /// ```
    /// # use session_core::{Sessions, testing};
    /// # let before = Sessions::flask("old").unwrap();
    /// # let request = testing::request(&before, |session| session.insert("username", "ada")).unwrap();
    /// let sessions = Sessions::flask_builder("new").fallback("old").build().unwrap();
    /// assert!(sessions.open(&request).contains_key("username")); // a cookie signed with "old"
    /// ```
    pub fn fallback(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.ring = self.ring.fallback(secret);
        self
    }
}
