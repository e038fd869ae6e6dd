//! Signatures: HMAC with a keyed state that is computed once, compared in constant time.

use hmac::block_api::HmacCore;
use hmac::digest::Output;
use hmac::digest::block_api::{Block, Buffer, FixedOutputCore, UpdateCore};
use hmac::{EagerHash, KeyInit};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::base64;
use crate::error::Rejected;
use crate::keys::ring::KeyRing;
use crate::keys::secret::{Secret, wipe_stack};
use crate::token::format::Segments;
use crate::token::payload;

/// The hash under Flask's signature: `digest_method` of `SecureCookieSessionInterface`. Our own formats have SHA-256.
///
/// ```
/// use session_core::{Digest, Sessions, testing::{self, ManualClock}};
///
/// let builder = Sessions::flask_builder("dev").clock(ManualClock::at(1_700_000_000));
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
    pub(crate) const fn encoded_len(self) -> usize {
        match self {
            Self::Sha1 => 27,
            Self::Sha256 => 43,
            Self::Sha512 => 86,
        }
    }

    /// A code from its one text.
    fn decode(self, signature: &[u8]) -> Option<Tag> {
        Some(match self {
            Self::Sha1 => Tag::new(&base64::decode_array::<20>(signature)?),
            Self::Sha256 => Tag::new(&base64::decode_array::<32>(signature)?),
            Self::Sha512 => Tag::new(&base64::decode_array::<64>(signature)?),
        })
    }
}

/// A keyed HMAC. Its states, and the copies of them that `code` works with, are wiped by the hashes' feature `zeroize`.
///
/// Each in a block of its own: what moves is a pointer. A state that moved would stay behind on the stack, and be copied
/// from there into the unused bytes of some other value.
#[derive(Clone)]
pub(crate) enum MacKey {
    Sha1(Box<HmacCore<Sha1>>),
    Sha256(Box<HmacCore<Sha256>>),
    Sha512(Box<HmacCore<Sha512>>),
}

impl MacKey {
    #[inline(never)] // so that `wipe_stack` finds what is left of it
    pub(crate) fn new(digest: Digest, key: &[u8]) -> Self {
        // HMAC takes keys of any length: longer than the block are hashed (RFC 2104, section 2).
        let keyed = match digest {
            Digest::Sha1 => HmacCore::new_from_slice(key).map(|keyed| Self::Sha1(Box::new(keyed))),
            Digest::Sha256 => {
                HmacCore::new_from_slice(key).map(|keyed| Self::Sha256(Box::new(keyed)))
            }
            Digest::Sha512 => {
                HmacCore::new_from_slice(key).map(|keyed| Self::Sha512(Box::new(keyed)))
            }
        };
        match keyed {
            Ok(keyed) => keyed,
            Err(never) => unreachable!("HMAC takes keys of any length: {never}"),
        }
    }

    /// The code of a text, in the first bytes of a buffer, and its length.
    pub(crate) fn code(&self, text: &[u8]) -> Tag {
        // Block by block, since all of the text is here: `Hmac` would carry a buffer along for what is still to come.
        fn finish<D: EagerHash>(keyed: &HmacCore<D>, text: &[u8]) -> Tag {
            let (mut mac, mut code) = (keyed.clone(), Output::<HmacCore<D>>::default());
            let (blocks, rest) = Block::<HmacCore<D>>::slice_as_chunks(text);
            mac.update_blocks(blocks);
            mac.finalize_fixed_core(&mut Buffer::<HmacCore<D>>::new(rest), &mut code);
            Tag::new(&code)
        }
        match self {
            Self::Sha1(keyed) => finish(keyed, text),
            Self::Sha256(keyed) => finish(keyed, text),
            Self::Sha512(keyed) => finish(keyed, text),
        }
    }
}

/// A message authentication code.
pub(crate) struct Tag {
    bytes: [u8; 64],
    length: usize,
}

impl Tag {
    fn new(code: &[u8]) -> Self {
        let mut bytes = [0; 64];
        bytes[..code.len()].copy_from_slice(code);
        Self {
            bytes,
            length: code.len(),
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// For a code that is a key.
    pub(crate) fn wipe(&mut self) {
        self.bytes.zeroize();
    }

    /// In constant time.
    fn is(&self, other: &Self) -> bool {
        // What is behind the end is zero. In a few words instead of byte by byte.
        let words = [self, other].map(|code| {
            code.bytes
                .as_chunks()
                .0
                .iter()
                .copied()
                .map(u128::from_ne_bytes)
        });
        let [ours, theirs] = words;
        let different = ours
            .zip(theirs)
            .fold(0, |different, (a, b)| different | (a ^ b));
        self.length == other.length && different.ct_eq(&0).into()
    }
}

/// Which key of a ring made a cookie: one that the primary did not make is made anew when it is next written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Current,
    Outdated,
}

/// The keys of one purpose: the primary signs, all verify, the others until their ends.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) digest: Digest,
    primary: MacKey,
    verify_only: Vec<(MacKey, Option<u64>)>,
}

impl Signer {
    /// The keys of a ring, as `derive` makes them of its secrets.
    pub(crate) fn new(digest: Digest, ring: &KeyRing, derive: impl Fn(&Secret) -> MacKey) -> Self {
        let keyed = |secret: &Secret| {
            let keyed = derive(secret);
            wipe_stack();
            keyed
        };
        let verify_only = ring
            .verify_only
            .iter()
            .map(|key| (keyed(&key.secret), key.until))
            .collect();
        Self {
            digest,
            primary: keyed(&ring.primary),
            verify_only,
        }
    }

    /// Which key of the ring made a signature. It must be exactly as long as the digest says.
    pub(crate) fn verify(&self, cookie: Segments<'_>, now: u64) -> Result<Freshness, Rejected> {
        let Some(signature) = self.digest.decode(cookie.signature) else {
            let is_base64 = base64::is_base64url(cookie.signature);
            return Err(if is_base64 {
                Rejected::BadSignature
            } else {
                Rejected::Malformed
            });
        };
        let signed_by = |key: &MacKey| key.code(cookie.signed).is(&signature);
        if signed_by(&self.primary) {
            return Ok(Freshness::Current);
        }
        let counts = |until: &Option<u64>| until.is_none_or(|until| now < until);
        let mut others = self.verify_only.iter().filter(|(_, until)| counts(until));
        others
            .any(|(key, _)| signed_by(key))
            .then_some(Freshness::Outdated)
            .ok_or(Rejected::BadSignature)
    }

    /// Why a cookie is refused whose payload cannot be decoded.
    pub(crate) fn rejection(&self, cookie: Segments<'_>, now: u64) -> Rejected {
        if !base64::is_base64url(payload::encoded_len(cookie.payload)) {
            return Rejected::Malformed;
        }
        self.verify(cookie, now)
            .err()
            .unwrap_or(Rejected::Unreadable)
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
    use hmac::{Hmac, Mac};
    use proptest::prelude::*;

    fn signer(digest: Digest, ring: KeyRing) -> Signer {
        let derived = |secret: &Secret| MacKey::new(digest, &secret.bytes).code(b"cookie-session");
        Signer::new(digest, &ring, |secret| {
            MacKey::new(digest, derived(secret).as_slice())
        })
    }

    fn verify(signer: &Signer, cookie: &[u8], now: u64) -> Result<Freshness, Rejected> {
        signer.verify(Segments::split(cookie, cookie.len())?, now)
    }

    proptest! {
        /// Block by block is the same as `Hmac` with its buffer.
        #[test]
        fn codes_are_hmacs(key: Vec<u8>, text in prop::collection::vec(any::<u8>(), 0..300)) {
            fn hmac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
                <M as KeyInit>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
            }
            for (digest, expected) in [
                (Digest::Sha1, hmac::<Hmac<Sha1>>(&key, &text)),
                (Digest::Sha256, hmac::<Hmac<Sha256>>(&key, &text)),
                (Digest::Sha512, hmac::<Hmac<Sha512>>(&key, &text)),
            ] {
                let code = MacKey::new(digest, &key).code(&text);
                prop_assert_eq!(code.as_slice(), expected);
            }
        }

        /// Any other signature is another code, also of another length.
        #[test]
        fn codes_are_compared_whole(code in prop::collection::vec(any::<u8>(), 1..=64), at in 0..64_usize, bit in 0..8) {
            let mut other = code.clone();
            prop_assert!(Tag::new(&code).is(&Tag::new(&other)));
            let at = at % code.len();
            other[at] ^= 1_u8 << bit;
            prop_assert!(!Tag::new(&code).is(&Tag::new(&other)));
            prop_assert!(!Tag::new(&code).is(&Tag::new(&code[1..])));
        }
    }

    #[test]
    fn flask_check_values() {
        for (digest, signature) in [
            (Digest::Sha1, "D3QXMI0ZQYNZDxORB__kVZyT7hk"),
            (
                Digest::Sha256,
                "0eObDVXBA3yWI_ebb3lyW-bwVmSAwaLR-plEpBwKn60",
            ),
        ] {
            let signer = signer(digest, KeyRing::flask("dev"));
            let mut text = b"eyJhIjoxfQ.ZVPxAA".to_vec();
            signer.sign(&mut text, 0);
            assert_eq!(text, format!("eyJhIjoxfQ.ZVPxAA.{signature}").as_bytes());
            assert_eq!(verify(&signer, &text, 0), Ok(Freshness::Current));
        }
    }

    #[test]
    fn s7_the_primary_signs_and_all_verify_until_their_ends() {
        let old = signer(Digest::Sha256, KeyRing::flask("old"));
        let secret = |text: &str| Secret::new(text);
        let ring = KeyRing::flask("new")
            .fallback("older")
            .and(secret("old"), Some(100));
        let new = signer(Digest::Sha256, ring);
        let (mut by_old, mut by_new) = (b"a.b".to_vec(), b"a.b".to_vec());
        old.sign(&mut by_old, 0);
        new.sign(&mut by_new, 0);
        for (signer, text, now, expected) in [
            (&new, &by_new, 0, Ok(Freshness::Current)),
            (&new, &by_new, 100, Ok(Freshness::Current)),
            (&new, &by_old, 99, Ok(Freshness::Outdated)),
            (&new, &by_old, 100, Err(Rejected::BadSignature)),
            (&old, &by_new, 0, Err(Rejected::BadSignature)),
        ] {
            assert_eq!(verify(signer, text, now), expected, "{now}");
        }
    }

    #[test]
    fn digits_are_what_base64_makes() {
        for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
            let mut text = Vec::new();
            base64::encode_to(&mut text, MacKey::new(digest, b"k").code(b"").as_slice());
            assert_eq!(text.len(), digest.encoded_len());
        }
    }
}
