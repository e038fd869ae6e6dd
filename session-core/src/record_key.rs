//! The key of a stored session's record.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::base64;

/// The key under which a store holds a record, for the record's whole life: SHA-256 of the selector
/// that the browser holds. It opens nothing, since nobody can make a cookie from it.
///
/// ```
/// use session_core::RecordKey;
///
/// let key = RecordKey::from_bytes([7; 32]);
/// assert_eq!(key.as_bytes(), &[7; 32]);
/// assert_eq!(format!("{key:?}"), "RecordKey(..)"); // ids don't print, not even hashed ones
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey([u8; 32]);

/// The length of a key in base64url, without padding.
const TEXT_LEN: usize = 43;

impl RecordKey {
    pub(crate) fn of_selector(selector: &[u8]) -> Self {
        Self(Sha256::digest(selector).into())
    }

    /// Returns the key of these bytes, which a store has saved.
    ///
    /// ```
    /// let bytes = [1; 32];
    /// assert_eq!(session_core::RecordKey::from_bytes(bytes), session_core::RecordKey::from_bytes([1; 32]));
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes for a store to save.
    ///
    /// ```
    /// assert_eq!(session_core::RecordKey::from_bytes([1; 32]).as_bytes().len(), 32);
    /// ```
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the key as 43 characters of base64url, for a form in a page that lists a user's
    /// sessions. There is no `Display`, so that no key is logged by accident.
    ///
    /// ```
    /// use session_core::RecordKey;
    ///
    /// let key = RecordKey::from_bytes([7; 32]);
    /// assert_eq!(key.to_text(), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
    /// assert_eq!(RecordKey::from_text(&key.to_text()), Some(key));
    /// ```
    #[must_use]
    pub fn to_text(&self) -> String {
        base64::encode(&self.0)
    }

    /// Reads the text of a key. Returns `None` for text that [`to_text`](Self::to_text) does not
    /// write.
    ///
    /// ```
    /// assert_eq!(session_core::RecordKey::from_text("7"), None);
    /// ```
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if text.len() != TEXT_LEN {
            return None;
        }
        let bytes = base64::decode(text.as_bytes())?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}
