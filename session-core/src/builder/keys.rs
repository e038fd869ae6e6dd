//! Keys that only verify, and what is bound into all keys.

use std::time::SystemTime;

use crate::builder::Builder;
use crate::keys::secret_key::SecretKey;
use crate::token::mac::Digest;

/// Keys.
impl Builder {
    /// Adds the previous key, while it is being replaced: it verifies the cookies that it signed, and signs no new ones. At most
    /// 8 such keys; more are [`ConfigError::TooManyKeys`](crate::ConfigError::TooManyKeys).
    ///
    /// A session moves to the primary key when its cookie is next written. Reading alone never writes it.
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

    /// Adds a key that only verifies, as [`verify_only`](Self::verify_only), until `end`, in whole seconds: from that second on
    /// the key is ignored.
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

    /// Adds a Flask application's previous secret, an entry of `SECRET_KEY_FALLBACKS`, as a key that only verifies.
    ///
    /// It may be weak in Flask's format only; in our own format a weak one is
    /// [`ConfigError::WeakFallback`](crate::ConfigError::WeakFallback).
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

    /// Separates applications that share a secret and a cookie name: a cookie of one context is rejected in any other. Default:
    /// empty. An error in Flask's format, where the [`salt`](Self::salt) does this.
    ///
    /// The context is part of the derivation of all keys.
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

    /// Sets the hash function of the signature in Flask's format, itsdangerous' `digest_method`. Default: [`Digest::Sha1`]. An
    /// error in our own format, which always signs with HMAC-SHA256.
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

    /// Sets the salt of the signature's key in Flask's format, Flask's `salt`. Default: `cookie-session`. An error in our own
    /// format, where the [`context`](Self::context) separates applications.
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
}
