//! Secret keys, and what is derived from them.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::ConfigError;

/// The least length of a key of our own formats, in bytes: HMAC-SHA256's output (RFC 2104, section 3).
const LEAST: usize = 32;

/// Keys that stand in tutorials, templates and generated projects. Compared without case and punctuation, so that
/// `change-me` and `CHANGE_ME` are one entry.
const PLACEHOLDERS: [&str; 12] = [
    "changeme",
    "changethis",
    "secret",
    "secretkey",
    "yoursecretkey",
    "yoursecretkeyhere",
    "supersecret",
    "supersecretkey",
    "mysecretkey",
    "insecure",
    "placeholder",
    "example",
];

/// A secret that signs and verifies cookies.
///
/// At least 32 bytes, and not a placeholder. It never prints itself, and is wiped from memory when dropped.
///
/// ```
/// use session_core::SecretKey;
///
/// let key = SecretKey::new("u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c").unwrap();
/// assert_eq!(format!("{key:?}"), "SecretKey(..)");
/// assert!(SecretKey::new("secret").is_err());
/// ```
#[derive(Clone)]
pub struct SecretKey(pub(crate) Secret);

impl SecretKey {
    /// A key from bytes, or from a text, whose UTF-8 bytes are the key (nothing is decoded: that is how Flask reads
    /// `SECRET_KEY`, too).
    ///
    /// # Errors
    /// [`ConfigError::NoKey`] when it is empty; [`ConfigError::WeakKey`] when it is shorter than 32 bytes, repeats one
    /// short pattern, or is a well-known placeholder.
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
    /// [`ConfigError::Random`] when the operating system gives no random bytes.
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
        use crate::world::{OsRandom, Random};
        let mut bytes = Zeroizing::new([0; 32]);
        OsRandom.fill(&mut bytes[..]).map_err(|_| ConfigError::Random)?;
        let mut text = Zeroizing::new(Vec::with_capacity(43));
        crate::wire::base64::encode_to(&mut text, &bytes[..]);
        Self::new(&text[..])
    }

    /// The bytes of the key, for storing a generated one. Whoever holds them can forge any session.
    ///
    /// ```
    /// let text = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
    /// assert_eq!(session_core::SecretKey::new(text).unwrap().expose(), text.as_bytes());
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

    /// K(p) = HMAC-SHA256(secret, "rust-session" 00 01, p, len(name) name, len(audience) audience). The name in K(4) is
    /// empty: a record outlives its cookie's name.
    ///
    /// Lengths are u32, big-endian, so that no two contexts share a message (REQUIREMENTS S3).
    pub(crate) fn derive(&self, purpose: Purpose, name: &str, audience: &str) -> Zeroizing<[u8; 32]> {
        let mut mac = keyed_sha256(&self.bytes);
        mac.update(b"rust-session\x00\x01");
        mac.update(&[purpose as u8]);
        for part in [name, audience] {
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Zeroizing::new(mac.finalize().into_bytes().into())
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
    SealedPayload = 2,
    SignedId = 3,
    RecordAtRest = 4,
    LogDigest = 5,
}

/// Keyed HMAC-SHA256. A key of any length is right for HMAC, so there is no error to report.
pub(crate) fn keyed_sha256(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(never) => unreachable!("HMAC takes keys of any length: {never}"),
    }
}

/// Why a key is weak.
///
/// ```
/// use session_core::{ConfigError, SecretKey, Weakness};
///
/// let weak = |text: &str| SecretKey::new(text).unwrap_err();
/// assert_eq!(weak("dev"), ConfigError::WeakKey(Weakness::Short(3)));
/// assert_eq!(weak(&"0".repeat(64)), ConfigError::WeakKey(Weakness::Repetitive));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Weakness {
    /// Fewer than 32 bytes.
    #[error("it has {0} bytes, fewer than {LEAST}")]
    Short(usize),
    /// One byte, or one pattern of up to eight bytes, again and again.
    #[error("it repeats one pattern of at most 8 bytes")]
    Repetitive,
    /// A text that stands in tutorials and templates.
    #[error("it is a well-known placeholder")]
    Placeholder,
}

impl Weakness {
    fn of(bytes: &[u8]) -> Option<Self> {
        let letters: String = bytes
            .iter()
            .filter(|b| b.is_ascii_alphabetic())
            .map(|b| b.to_ascii_lowercase() as char)
            .collect();
        let text_only =
            bytes.iter().all(|b| b.is_ascii_alphabetic() || b.is_ascii_punctuation() || *b == b' ');
        if text_only && PLACEHOLDERS.contains(&letters.as_str()) {
            return Some(Self::Placeholder);
        }
        if bytes.len() < LEAST {
            return Some(Self::Short(bytes.len()));
        }
        // Padding a placeholder with digits or repeating it does not make it a secret.
        let repeats = |period: usize| bytes.iter().zip(bytes[period..].iter()).all(|(a, b)| a == b);
        if (1..=8).any(repeats) {
            return Some(Self::Repetitive);
        }
        let whole = |word: &&str| {
            letters.len() >= word.len() * 2
                && letters.as_bytes().chunks(word.len()).all(|c| word.as_bytes().starts_with(c))
        };
        (text_only && PLACEHOLDERS.iter().any(whole)).then_some(Self::Placeholder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s9_weak_keys_are_refused() {
        for (secret, weakness) in [
            ("secret", Weakness::Placeholder),
            ("CHANGE-ME", Weakness::Placeholder),
            ("your_secret_key_here", Weakness::Placeholder),
            ("change-me-change-me-change-me-change-me", Weakness::Placeholder),
            ("your-secret-key-your-secret-key-your-secret-key", Weakness::Placeholder),
            ("dev", Weakness::Short(3)),
            ("0123456789012345678901234567890", Weakness::Short(31)),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Weakness::Repetitive),
            ("abcdabcdabcdabcdabcdabcdabcdabcdabcd", Weakness::Repetitive),
        ] {
            match SecretKey::new(secret) {
                Err(ConfigError::WeakKey(found)) => assert_eq!(found, weakness, "{secret}"),
                other => panic!("{secret}: {other:?}"),
            }
            assert_eq!(Secret::new(secret).weakness, Some(weakness));
        }
        assert!(matches!(SecretKey::new(""), Err(ConfigError::NoKey)));
        assert!(matches!(SecretKey::new([0u8; 32]), Err(ConfigError::WeakKey(Weakness::Repetitive))));
        assert!(SecretKey::new((0..32).collect::<Vec<u8>>()).is_ok());
    }

    #[test]
    fn s3_contexts_are_injective() {
        let key = SecretKey::new((0..32).collect::<Vec<u8>>()).unwrap();
        let derive = |p, name, audience| *key.0.derive(p, name, audience);
        assert_eq!(derive(Purpose::SignedPayload, "a", "b"), derive(Purpose::SignedPayload, "a", "b"));
        assert_ne!(derive(Purpose::SignedPayload, "ab", ""), derive(Purpose::SignedPayload, "a", "b"));
        assert_ne!(derive(Purpose::SignedPayload, "", "ab"), derive(Purpose::SignedPayload, "ab", ""));
        assert_ne!(derive(Purpose::SignedPayload, "a", "b"), derive(Purpose::LogDigest, "a", "b"));
    }

    #[test]
    fn t7_keys_do_not_print() {
        let secret = Secret::new("hunter2-hunter2");
        assert!(!format!("{secret:?} {:?}", SecretKey(secret.clone())).contains("hunter2"));
    }
}
