//! Encryption of cookies and records.

#[cfg(feature = "encryption")]
use std::time::SystemTime;

#[cfg(feature = "encryption")]
use crate::builder::Builder;
#[cfg(feature = "encryption")]
use crate::env::unix;

/// The settings of encryption. Without the feature `encryption` they stay at their defaults.
#[derive(Debug, Clone, Default)]
pub(super) struct Encryption {
    /// Sessions are written encrypted, and padded to a multiple of this many bytes. `None`: they are written signed.
    pub(super) block: Option<usize>,
    /// Unix seconds until which signed sessions are accepted besides encrypted ones.
    pub(super) signed_until: Option<u64>,
    /// Unix seconds until which encrypted sessions are accepted besides signed ones.
    pub(super) encrypted_until: Option<u64>,
}

/// Encryption (feature `encryption`), so that a session can be read only with the key. Not for Flask's format.
#[cfg(feature = "encryption")]
impl Builder {
    /// Encrypts the session: its cookie, or its record in a store, is encrypted and authenticated by AES-256-GCM-SIV
    /// (RFC 8452). Default: the session is signed, and its user can read it. An error in Flask's format.
    ///
    /// An encrypted cookie shows neither its content nor the time of its creation. It is never compressed, since the length
    /// would then depend on the content: it holds 3,015 bytes of JSON, under the default name and without padding.
    /// [`padding`](Self::padding) hides more of the length. Signed cookies are rejected;
    /// [`accept_signed_until`](Self::accept_signed_until) leads from one to the other.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).encrypted().build().unwrap();
    /// let request = testing::request(&sessions, |session| session.insert("diagnosis", "secret")).unwrap();
    /// assert!(!request["cookie"].to_str().unwrap().contains('.')); // one segment, nothing to read
    /// assert_eq!(sessions.open(&request).get::<String>("diagnosis").unwrap().as_deref(), Some("secret"));
    /// ```
    pub fn encrypted(mut self) -> Self {
        // Not a plain assignment: `padding` may have been called before.
        self.encryption.block.get_or_insert(1);
        self
    }

    /// Encrypts the session, and pads its content to a multiple of `block` bytes, so that the length of a cookie or record
    /// shows less of it. From 1 to 1024; a number outside is replaced by the nearest. Default: 1, no padding. An error in
    /// Flask's format.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).padding(64).build().unwrap();
    /// let length = |name: &str| {
    ///     testing::request(&sessions, |session| session.insert("name", name)).unwrap()["cookie"].len()
    /// };
    /// assert_eq!(length("al"), length("wolfeschlegelsteinhausen"));
    /// ```
    pub fn padding(mut self, block: usize) -> Self {
        // More than 1,024 bytes of padding could fill most of a cookie.
        self.encryption.block = Some(block.clamp(1, 1024));
        self
    }

    /// Accepts signed sessions besides encrypted ones, until `end`, in whole seconds: no user is logged out while a site
    /// changes from signed to encrypted sessions. Default: signed sessions are rejected. An error without
    /// [`encrypted`](Self::encrypted).
    ///
    /// A signed session is encrypted when it is next written. The form of a cookie shows whether it is signed or encrypted; a
    /// failed decryption is never followed by a check of a signature.
    ///
    /// Let each server first accept encrypted sessions, with [`accept_encrypted_until`](Self::accept_encrypted_until), and
    /// only then let each write them. The way back has these two steps, too.
    ///
    /// ```
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let before = Sessions::builder(key.clone()).clock(time.clone()).build().unwrap();
    /// # let request = testing::request(&before, |session| session.insert("a", 1)).unwrap();
    /// # let builder = Sessions::builder(key).clock(time.clone());
    /// let end = UNIX_EPOCH + Duration::from_secs(1_700_000_060);
    /// let sessions = builder.encrypted().accept_signed_until(end).build().unwrap();
    /// assert!(sessions.open(&request).contains_key("a")); // signed
    /// time.set(1_700_000_060);
    /// assert!(sessions.open(&request).is_empty());
    /// ```
    pub fn accept_signed_until(mut self, end: SystemTime) -> Self {
        self.encryption.signed_until = Some(unix(end).as_secs());
        self
    }

    /// Accepts encrypted sessions besides signed ones, until `end`, in whole seconds: for servers that do not write them yet,
    /// or no longer. Default: encrypted sessions are rejected. An error with [`encrypted`](Self::encrypted) and in Flask's
    /// format.
    ///
    /// Until then each signed cookie that would be too large if it were encrypted is reported when it is written, by the event
    /// [`TooLargeToEncrypt`](crate::EventKind::TooLargeToEncrypt).
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// # let others = Sessions::builder(key.clone()).encrypted().build().unwrap();
    /// # let request = testing::request(&others, |session| session.insert("a", 1)).unwrap();
    /// let end = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    /// let sessions = Sessions::builder(key).accept_encrypted_until(end).build().unwrap();
    /// assert!(sessions.open(&request).contains_key("a")); // encrypted by a server that is ahead
    /// ```
    pub fn accept_encrypted_until(mut self, end: SystemTime) -> Self {
        self.encryption.encrypted_until = Some(unix(end).as_secs());
        self
    }
}
