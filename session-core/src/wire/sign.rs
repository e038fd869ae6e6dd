//! Signatures: HMAC with a keyed state that is computed once, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};

use super::{base64, payload};
use crate::error::Rejected;
use crate::key::Secret;
use crate::ring::KeyRing;

/// The hash under Flask's signature: `digest_method` of `SecureCookieSessionInterface`. Our own formats have SHA-256.
///
/// ```
/// use session_core::{Digest, Sessions, testing::{self, Time}};
///
/// let builder = Sessions::flask_builder("dev").clock(Time::at(1_700_000_000));
/// let cookie = testing::set_cookie(builder.digest(Digest::Sha256));
/// assert!(cookie.starts_with("session=eyJhIjoxfQ.ZVPxAA.0eObDVXBA3yWI_ebb3lyW-bwVmSAwaLR-plEpBwKn60;"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digest {
    /// Flask's default. Sound inside HMAC (RFC 6194, section 3.3), but not everybody is allowed to use it.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// Digits of a signature in base64url: of 20, 32 or 64 bytes.
    pub(crate) const fn digits(self) -> usize {
        match self {
            Self::Sha1 => 27,
            Self::Sha256 => 43,
            Self::Sha512 => 86,
        }
    }
}

/// A keyed HMAC.
#[derive(Clone)]
pub(crate) enum KeyedMac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl KeyedMac {
    pub(crate) fn new(digest: Digest, key: &[u8]) -> Self {
        // HMAC takes keys of any length: longer than the block are hashed (RFC 2104, section 2).
        let keyed = match digest {
            Digest::Sha1 => Hmac::new_from_slice(key).map(Self::Sha1),
            Digest::Sha256 => Hmac::new_from_slice(key).map(Self::Sha256),
            Digest::Sha512 => Hmac::new_from_slice(key).map(Self::Sha512),
        };
        match keyed {
            Ok(keyed) => keyed,
            Err(never) => unreachable!("HMAC takes keys of any length: {never}"),
        }
    }

    /// The code of a text, in the first bytes of a buffer, and its length.
    pub(crate) fn code(&self, text: &[u8]) -> Code {
        fn finish<M: Mac + Clone>(keyed: &M, text: &[u8]) -> Code {
            let mut mac = keyed.clone();
            mac.update(text);
            let code = mac.finalize().into_bytes();
            let mut bytes = [0; 64];
            bytes[..code.len()].copy_from_slice(&code);
            Code { bytes, length: code.len() }
        }
        match self {
            Self::Sha1(keyed) => finish(keyed, text),
            Self::Sha256(keyed) => finish(keyed, text),
            Self::Sha512(keyed) => finish(keyed, text),
        }
    }
}

/// A message authentication code.
pub(crate) struct Code {
    bytes: [u8; 64],
    length: usize,
}

impl Code {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Whether these digits are this code, in constant time: it has one text, and that is compared.
    fn is(&self, digits: &[u8]) -> bool {
        const MOST: usize = 96;
        let mut texts = [[0; MOST]; 2];
        let [ours, theirs] = &mut texts;
        let Some(theirs) = theirs.get_mut(..digits.len()) else { return false };
        theirs.copy_from_slice(digits);
        let length = base64::encode_into(self.as_slice(), ours);
        // In a few words instead of byte by byte.
        let [ours, theirs] = texts.each_ref().map(|text| text.as_chunks().0);
        let equal = ours.iter().zip(theirs);
        let equal = equal.map(|(a, b)| u128::from_ne_bytes(*a).ct_eq(&u128::from_ne_bytes(*b)));
        length == digits.len() && equal.fold(Choice::from(1), |all, equal| all & equal).into()
    }
}

/// Which key of a ring made a cookie: one that the primary did not make is made anew when it is next written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignedBy {
    Primary,
    Other,
}

/// The keys of one purpose: the primary signs, all verify, the others until their ends.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) digest: Digest,
    primary: KeyedMac,
    verify_only: Vec<(KeyedMac, Option<u64>)>,
}

impl Signer {
    /// The keys of a ring, as `derive` makes them of its secrets.
    pub(crate) fn new(digest: Digest, ring: &KeyRing, derive: impl Fn(&Secret) -> KeyedMac) -> Self {
        let verify_only = ring.verify_only.iter().map(|key| (derive(&key.secret), key.until)).collect();
        Self { digest, primary: derive(&ring.primary), verify_only }
    }

    /// Splits `text.signature` and tells which key of the ring signed the text, if one did. The signature must be exactly
    /// as long as the digest says; the caller has checked the alphabet.
    pub(crate) fn verify(&self, signed: &[u8], now: u64) -> Result<SignedBy, Rejected> {
        self.signer_of(signed, now).ok_or(Rejected::BadSignature)
    }

    /// Why a cookie is refused whose payload is not base64.
    pub(crate) fn why_not(&self, cookie: &[u8], payload: &[u8], now: u64) -> Rejected {
        if !base64::are_digits(payload::digits(payload)) {
            return Rejected::Malformed;
        }
        self.verify(cookie, now).err().unwrap_or(Rejected::Unreadable)
    }

    fn signer_of(&self, signed: &[u8], now: u64) -> Option<SignedBy> {
        let (text, signature) = signed.split_at_checked(signed.len().checked_sub(self.digest.digits())?)?;
        let text = text.strip_suffix(b".")?;
        let signed_by = |key: &KeyedMac| key.code(text).is(signature);
        if signed_by(&self.primary) {
            return Some(SignedBy::Primary);
        }
        let counts = |until: &Option<u64>| until.is_none_or(|until| now < until);
        let mut others = self.verify_only.iter().filter(|(_, until)| counts(until));
        others.any(|(key, _)| signed_by(key)).then_some(SignedBy::Other)
    }

    /// Appends `.signature` of the text from `start` on.
    pub(crate) fn sign(&self, text: &mut Vec<u8>, start: usize) {
        let code = self.primary.code(&text[start..]);
        text.push(b'.');
        base64::encode_to(text, code.as_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(digest: Digest, ring: KeyRing) -> Signer {
        let derived = |secret: &Secret| KeyedMac::new(digest, &secret.bytes).code(b"cookie-session");
        Signer::new(digest, &ring, |secret| KeyedMac::new(digest, derived(secret).as_slice()))
    }

    #[test]
    fn flask_check_values() {
        for (digest, signature) in [
            (Digest::Sha1, "D3QXMI0ZQYNZDxORB__kVZyT7hk"),
            (Digest::Sha256, "0eObDVXBA3yWI_ebb3lyW-bwVmSAwaLR-plEpBwKn60"),
        ] {
            let signer = signer(digest, KeyRing::flask("dev"));
            let mut text = b"eyJhIjoxfQ.ZVPxAA".to_vec();
            signer.sign(&mut text, 0);
            assert_eq!(text, format!("eyJhIjoxfQ.ZVPxAA.{signature}").as_bytes());
            assert_eq!(signer.verify(&text, 0), Ok(SignedBy::Primary));
        }
    }

    #[test]
    fn s7_the_primary_signs_and_all_verify_until_their_ends() {
        let old = signer(Digest::Sha256, KeyRing::flask("old"));
        let secret = |text: &str| Secret::new(text);
        let ring = KeyRing::flask("new").fallback("older").and(secret("old"), Some(100));
        let new = signer(Digest::Sha256, ring);
        let (mut by_old, mut by_new) = (b"a.b".to_vec(), b"a.b".to_vec());
        old.sign(&mut by_old, 0);
        new.sign(&mut by_new, 0);
        for (signer, text, now, expected) in [
            (&new, &by_new, 0, Ok(SignedBy::Primary)),
            (&new, &by_new, 100, Ok(SignedBy::Primary)),
            (&new, &by_old, 99, Ok(SignedBy::Other)),
            (&new, &by_old, 100, Err(Rejected::BadSignature)),
            (&old, &by_new, 0, Err(Rejected::BadSignature)),
        ] {
            assert_eq!(signer.verify(text, now), expected, "{now}");
        }
    }

    #[test]
    fn digits_are_what_base64_makes() {
        for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
            let mut text = Vec::new();
            base64::encode_to(&mut text, KeyedMac::new(digest, b"k").code(b"").as_slice());
            assert_eq!(text.len(), digest.digits());
        }
    }
}
