//! Secrets, and the keys that are derived from them.
//!
//! The secret itself signs and encrypts nothing in our formats. Each purpose has a key of its own, so that a text that was
//! made for one purpose, cookie name or context is never valid for another:
//!
//! ```text
//! K(p)    = HMAC-SHA256(secret, message)
//! message = "rust-session" 00 01, p u8, length u32, cookie name, length u32, context
//! p       = 1 signed payload, 2 encrypted payload, 3 signed id, 4 record at rest, 5 log digest
//! ```
//!
//! Lengths are big-endian. They make the message unambiguous: two different pairs of name and context have different
//! messages. In K(4) the name is empty, because a record stays where it is when its cookie is renamed.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::error::config::Weakness;

/// A secret of any strength, with its weakness. Flask accepts each `SECRET_KEY` that is not empty.
#[derive(Clone)]
pub(crate) struct Secret {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) weakness: Option<Weakness>,
}

impl Secret {
    pub(crate) fn new(secret: impl Into<Vec<u8>>) -> Self {
        let bytes = Zeroizing::new(secret.into());
        let weakness = Weakness::of(&bytes);
        Self { bytes, weakness }
    }

    /// Returns whether there is no secret at all, so that everyone could sign.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Derives K(p) for a cookie name and a context.
    // Not inlined, so that its values are below the caller's frame, where `wipe_stack` overwrites them.
    #[inline(never)]
    pub(crate) fn derive(
        &self,
        purpose: Purpose,
        name: &str,
        context: &str,
    ) -> Zeroizing<[u8; 32]> {
        // HMAC accepts a key of any length (RFC 2104, section 2), so there is no error to report.
        let mut mac = match Hmac::<Sha256>::new_from_slice(&self.bytes) {
            Ok(mac) => mac,
            Err(never) => unreachable!("HMAC accepts keys of any length: {never}"),
        };
        mac.update(b"rust-session\x00\x01");
        mac.update(&[purpose as u8]);
        for part in [name, context] {
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&mac.finalize().into_bytes());
        key
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The purpose of a derived key; its number is a part of the derivation.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Purpose {
    SignedPayload = 1,
    EncryptedPayload = 2,
    SignedId = 3,
    RecordAtRest = 4,
    LogDigest = 5,
}

/// Overwrites the stack below the caller's frame, where a function that has just returned left its values.
///
/// Without it the bytes of a key stay there, and a later value can carry them into the heap in its unused bytes.
#[inline(never)]
pub(crate) fn wipe_stack() {
    let mut below = [0_u8; 16 << 10];
    below.zeroize();
    std::hint::black_box(&below);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_contexts_are_injective() {
        let key = Secret::new("u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c");
        let derive = |p, name, context| *key.derive(p, name, context);
        assert_eq!(
            derive(Purpose::SignedPayload, "a", "b"),
            derive(Purpose::SignedPayload, "a", "b")
        );
        assert_ne!(
            derive(Purpose::SignedPayload, "ab", ""),
            derive(Purpose::SignedPayload, "a", "b")
        );
        assert_ne!(
            derive(Purpose::SignedPayload, "", "ab"),
            derive(Purpose::SignedPayload, "ab", "")
        );
        assert_ne!(
            derive(Purpose::SignedPayload, "a", "b"),
            derive(Purpose::LogDigest, "a", "b")
        );
    }
}
