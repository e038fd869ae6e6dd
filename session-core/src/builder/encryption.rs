//! What is configured about encryption.

/// What is configured about encryption.
#[derive(Debug, Clone, Default)]
pub(crate) struct Encryption {
    /// Encrypted, filled up to a multiple of so many bytes.
    pub(crate) block: Option<usize>,
    /// Until when signed cookies are read besides encrypted ones.
    pub(crate) signed_until: Option<u64>,
    /// Until when encrypted cookies are read besides signed ones.
    pub(crate) encrypted_until: Option<u64>,
}

#[cfg(feature = "encryption")]
mod builder {
    use std::time::SystemTime;

    use crate::builder::Builder;
    use crate::env::unix;

    /// For sessions that nobody reads without the key (feature `encryption`). Not in Flask's format.
    impl Builder {
        /// Encrypts the session: its cookie, or with a store its record, is encrypted and authenticated by AES-256-GCM-SIV
        /// (RFC 8452), and tells neither what is in it nor when it began. Default: signed, readable for its user.
        ///
        /// A cookie is never compressed then, since its length would tell of its content: it holds 3,015 octets of JSON, under the
        /// default name and without padding. [`padding`](Self::padding) hides more of the length. Signed cookies don't count any more: [`accept_signed_until`](Self::accept_signed_until) is the
        /// way from one to the other.
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
            self.encryption.block.get_or_insert(1);
            self
        }

        /// Encrypts, and fills the content up to a multiple of `block` bytes, 1 to 1024, so that the length of a cookie or record
        /// tells less of it. Larger and smaller numbers count as the nearest. Default: 1, nothing is filled up.
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
            self.encryption.block = Some(block.clamp(1, 1024));
            self
        }

        /// Accepts signed sessions besides encrypted ones, until that second: the way from signed to encrypted, without logging
        /// anybody out. A signed session is encrypted when it is next written. Which of them a cookie is, its form tells, never a
        /// failed decryption.
        ///
        /// First every server learns to read encrypted cookies, by [`accept_encrypted_until`](Self::accept_encrypted_until); then
        /// each begins to write them. The way back is the same way.
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

        /// Accepts encrypted sessions besides signed ones, until that second: for servers that don't write them yet, or no more. Each
        /// signed cookie that is written meanwhile and would be too large encrypted is an
        /// [event](crate::EventKind::TooLargeToEncrypt).
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
}
