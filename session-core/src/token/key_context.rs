//! The part of a configuration that decides which keys are derived.

use crate::token::mac::Digest;

/// The purposes, names and formats for which keys are derived from a ring.
#[derive(Debug, Clone)]
pub(crate) struct KeyContext {
    /// Flask's digest and salt; `None` in our own formats.
    pub(crate) flask: Option<(Digest, Vec<u8>)>,
    /// Whether the cookie holds an id.
    pub(crate) stored: bool,
    /// Whether texts are encrypted, and padded to a multiple of this number of bytes.
    pub(crate) encrypted: Option<usize>,
    /// The second until which the other format is also read: signed if encrypted ones are written, else encrypted.
    pub(crate) other_until: Option<u64>,
    pub(crate) name: String,
    /// The name that the cookie had before.
    pub(crate) previous_name: Option<String>,
    pub(crate) context: String,
}

impl KeyContext {
    pub(crate) fn is_flask(&self) -> bool {
        self.flask.is_some()
    }

    /// Returns whether encrypted sessions are accepted and not written: encryption is about to begin, or was taken back.
    pub(crate) fn is_encrypted_next(&self, now: u64) -> bool {
        self.encrypted.is_none() && self.other_until.is_some_and(|end| now < end)
    }
}
