//! Signatures: HMAC with a keyed state that is computed once, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::base64;

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
}

/// The keys of one purpose: the primary signs, all verify.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) digest: Digest,
    pub(crate) primary: KeyedMac,
    pub(crate) verify_only: Vec<KeyedMac>,
}

impl Signer {
    /// Splits `text.signature` and gives the text if a key of the ring signed it. The signature must be exactly as long
    /// as the digest says; the caller has checked the alphabet.
    pub(crate) fn verified<'a>(&self, signed: &'a [u8]) -> Option<&'a [u8]> {
        let (text, signature) = signed.split_at_checked(signed.len().checked_sub(self.digest.digits())?)?;
        let text = text.strip_suffix(b".")?;
        let mut buffer = [0; 66];
        let signature = base64::decode_into(signature, &mut buffer)?;
        let mut keys = std::iter::once(&self.primary).chain(&self.verify_only);
        keys.any(|key| key.code(text).as_slice().ct_eq(signature).into()).then_some(text)
    }

    /// Appends `.signature` of the text from `start` on.
    pub(crate) fn sign(&self, text: &mut String, start: usize) {
        let code = self.primary.code(&text.as_bytes()[start..]);
        text.push('.');
        base64::encode_to(text, code.as_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flask_check_values() {
        for (digest, signature) in [
            (Digest::Sha1, "D3QXMI0ZQYNZDxORB__kVZyT7hk"),
            (Digest::Sha256, "0eObDVXBA3yWI_ebb3lyW-bwVmSAwaLR-plEpBwKn60"),
        ] {
            let derived = KeyedMac::new(digest, b"dev").code(b"cookie-session");
            let primary = KeyedMac::new(digest, derived.as_slice());
            let signer = Signer { digest, primary, verify_only: Vec::new() };
            let mut text = "eyJhIjoxfQ.ZVPxAA".to_owned();
            signer.sign(&mut text, 0);
            assert_eq!(text, format!("eyJhIjoxfQ.ZVPxAA.{signature}"));
            assert_eq!(signer.verified(text.as_bytes()), Some(&b"eyJhIjoxfQ.ZVPxAA"[..]));
        }
    }

    #[test]
    fn s7_the_primary_signs_and_all_verify() {
        let mac = |key| KeyedMac::new(Digest::Sha256, key);
        let old = Signer { digest: Digest::Sha256, primary: mac(b"old"), verify_only: vec![] };
        let new = Signer {
            digest: Digest::Sha256,
            primary: mac(b"new"),
            verify_only: vec![mac(b"older"), mac(b"old")],
        };
        let mut by_old = "a.b".to_owned();
        old.sign(&mut by_old, 0);
        let mut by_new = "a.b".to_owned();
        new.sign(&mut by_new, 0);
        assert!(new.verified(by_old.as_bytes()).is_some() && new.verified(by_new.as_bytes()).is_some());
        assert!(old.verified(by_new.as_bytes()).is_none());
    }

    #[test]
    fn digits_are_what_base64_makes() {
        for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
            let mut text = String::new();
            base64::encode_to(&mut text, KeyedMac::new(digest, b"k").code(b"").as_slice());
            assert_eq!(text.len(), digest.digits());
        }
    }
}
