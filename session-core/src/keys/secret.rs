//! Secret keys, and what is derived from them.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::error::config::{ConfigError, Weakness};

/// A secret that signs and verifies cookies.
///
/// At least 32 bytes, and none that can be guessed: [`Weakness`] says which are refused. It never prints itself, and is
/// wiped from memory when dropped.
///
/// ```
/// use session_core::SecretKey;
///
/// let key = SecretKey::generate().unwrap();
/// assert_eq!(format!("{key:?}"), "SecretKey(..)");
/// assert!(SecretKey::new("secret").is_err());
/// ```
#[derive(Clone)]
pub struct SecretKey(pub(crate) Secret);

impl SecretKey {
    /// A key from bytes, or from a text, whose UTF-8 bytes are the key (nothing is decoded: that is how Flask reads
    /// `SECRET_KEY`, too).
    ///
    /// An owned text or vector becomes the key's own memory, and is wiped with it, or at once if it is refused. What is
    /// borrowed is copied, and stays the caller's to wipe.
    ///
    /// # Errors
    /// [`ConfigError::NoKey`] when it is empty; [`ConfigError::WeakKey`] when it is shorter than 32 bytes or can be guessed,
    /// as it stands or decoded from base64 or hex; [`Weakness`] says how. `openssl rand -base64 33` makes one that starts.
    ///
    /// ```
    /// use session_core::{ConfigError, SecretKey};
    ///
    /// assert!(matches!(SecretKey::new(vec![0; 64]), Err(ConfigError::WeakKey(_))));
    /// assert!(matches!(SecretKey::new("0123456789abcdef0123456789abcde"), Err(ConfigError::WeakKey(_))));
    /// ```
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, ConfigError> {
        let secret = Secret::new(secret);
        match secret.weakness {
            _ if secret.is_empty() => Err(ConfigError::NoKey),
            Some(weakness) => Err(ConfigError::WeakKey(weakness)),
            None => Ok(Self(secret)),
        }
    }

    /// A new key from the operating system's random source, as 43 characters of base64url: 256 bits.
    ///
    /// The text is the key: print it once with [`expose`](Self::expose), store it as `SECRET_KEY`, and give it to
    /// [`SecretKey::new`] as it is.
    ///
    /// # Errors
    /// [`ConfigError::Entropy`] when the operating system gives no random bytes.
    ///
    /// ```
    /// use session_core::SecretKey;
    ///
    /// let key = SecretKey::generate().unwrap();
    /// assert_eq!(key.expose().len(), 43);
    /// assert!(SecretKey::new(key.expose()).is_ok());
    /// ```
    #[cfg(feature = "os")]
    pub fn generate() -> Result<Self, ConfigError> {
        use crate::env::{EntropySource, OsEntropy};
        let mut bytes = Zeroizing::new([0; 32]);
        OsEntropy
            .fill(&mut bytes[..])
            .map_err(|_| ConfigError::Entropy)?;
        let mut text = Zeroizing::new(Vec::with_capacity(43));
        crate::base64::encode_to(&mut text, &bytes[..]);
        Self::new(&text[..])
    }

    /// The bytes of the key, for storing a generated one. Whoever holds them can forge any session.
    ///
    /// ```
    /// # use session_core::SecretKey;
    /// let key = SecretKey::generate().unwrap();
    /// assert_eq!(SecretKey::new(key.expose()).unwrap().expose(), key.expose());
    /// ```
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A secret of any strength, which knows its weakness: Flask takes any `SECRET_KEY` that is not empty.
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

    /// No secret at all: anybody could sign with it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// K(p) = HMAC-SHA256(secret, "rust-session" 00 01, p, len(name) name, len(context) context). The name in K(4) is
    /// empty: a record outlives its cookie's name.
    ///
    /// Lengths are u32, big-endian, so that no two contexts share a message (REQUIREMENTS S3).
    #[inline(never)] // so that `wipe_stack` finds what is left of it
    pub(crate) fn derive(
        &self,
        purpose: Purpose,
        name: &str,
        context: &str,
    ) -> Zeroizing<[u8; 32]> {
        // A key of any length is right for HMAC, so there is no error to report.
        let mut mac = match Hmac::<Sha256>::new_from_slice(&self.bytes) {
            Ok(mac) => mac,
            Err(never) => unreachable!("HMAC takes keys of any length: {never}"),
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

/// What a derived key is for. The number enters the derivation.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Purpose {
    SignedPayload = 1,
    EncryptedPayload = 2,
    SignedId = 3,
    RecordAtRest = 4,
    LogDigest = 5,
}

/// Overwrites the stack below the caller, where a function that has just returned left its values. Later values would carry
/// what is there into the heap, in bytes that they do not use.
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
    fn s9_weak_keys_are_refused() {
        for (secret, weakness) in [
            (&b"secret"[..], Weakness::Placeholder),
            (b"dev", Weakness::Short(3)),
            (&[0; 32], Weakness::Repetitive),
            (
                b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                Weakness::Repetitive,
            ),
        ] {
            assert_eq!(
                SecretKey::new(secret).unwrap_err(),
                ConfigError::WeakKey(weakness)
            );
            assert_eq!(Secret::new(secret).weakness, Some(weakness));
        }
        assert!(matches!(SecretKey::new(""), Err(ConfigError::NoKey)));
    }

    #[test]
    fn s3_contexts_are_injective() {
        let key = SecretKey::new("u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c").unwrap();
        let derive = |p, name, context| *key.0.derive(p, name, context);
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

    #[test]
    fn t7_keys_do_not_print() {
        let secret = Secret::new("hunter2-hunter2");
        assert!(!format!("{secret:?} {:?}", SecretKey(secret.clone())).contains("hunter2"));
    }
}
