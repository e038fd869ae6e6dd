//! The key that an application configures.

use std::fmt;

#[cfg(feature = "os")]
use zeroize::Zeroizing;

use crate::error::config::ConfigError;
use crate::keys::secret::Secret;

/// A secret that signs and verifies cookies.
///
/// It has at least 32 bytes and cannot be guessed: [`Weakness`](crate::Weakness) lists the keys that are refused. `Debug` does not print it,
/// and it is wiped from memory when it is dropped.
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
    /// Makes a key from bytes, or from the UTF-8 bytes of a text. Nothing is decoded; Flask reads `SECRET_KEY` in this way,
    /// too.
    ///
    /// An owned text or vector becomes the key's memory and is wiped with it; if the key is refused, it is wiped at once. A
    /// borrowed one is copied, and wiping the original is left to the caller.
    ///
    /// # Errors
    /// [`ConfigError::NoKey`] when it is empty; [`ConfigError::WeakKey`] when it is shorter than 32 bytes or can be guessed,
    /// as it is or decoded from base64 or hex; [`Weakness`](crate::Weakness) says how. `openssl rand -base64 33` prints a key that is accepted.
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

    /// Generates a key from the operating system's random source: 256 bits, as 43 characters of base64url.
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
        if OsEntropy.fill(&mut bytes[..]).is_err() {
            return Err(ConfigError::Entropy);
        }
        Self::new(crate::base64::encode(&bytes[..]))
    }

    /// Returns the bytes of the key, to store a generated one. Everyone who has them can forge any session.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::config::Weakness;
    use crate::keys::secret::Purpose;

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
