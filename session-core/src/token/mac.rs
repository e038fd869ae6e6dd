//! Signatures: HMAC (RFC 2104). A key is hashed once, into a state. Tags are compared in constant time.

use hmac::block_api::HmacCore;
use hmac::digest::Output;
use hmac::digest::block_api::{Block, Buffer, FixedOutputCore, UpdateCore};
use hmac::{EagerHash, KeyInit};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::base64;
use crate::error::Rejected;
use crate::keys::ring::{DerivedKeys, KeyRing};
use crate::keys::secret::Secret;
use crate::token::segments::Segments;

/// The hash of Flask's signature: `digest_method` of `SecureCookieSessionInterface`. Our own formats always use SHA-256.
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
    /// Flask's default. Sound inside HMAC (RFC 6194, section 3.3), but some organisations do not allow it.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// Bytes of a tag.
    fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// The key of an HMAC, as the state of a hash that has read it. States and their copies are wiped on drop, by the hashes'
/// feature `zeroize`.
///
/// Each state is in a box, so that a move copies a pointer. A state that moved would stay behind on the stack, from where it
/// could be copied into the unused bytes of another value.
#[derive(Clone)]
pub(crate) enum MacKey {
    Sha1(Box<HmacCore<Sha1>>),
    Sha256(Box<HmacCore<Sha256>>),
    Sha512(Box<HmacCore<Sha512>>),
}

impl MacKey {
    // Not inlined, so that its values are below the caller's frame, where `wipe_stack` overwrites them.
    #[inline(never)]
    pub(crate) fn new(digest: Digest, key: &[u8]) -> Self {
        match digest {
            Digest::Sha1 => Self::Sha1(keyed(key)),
            Digest::Sha256 => Self::Sha256(keyed(key)),
            Digest::Sha512 => Self::Sha512(keyed(key)),
        }
    }

    /// Returns the tag of a text.
    pub(crate) fn tag(&self, text: &[u8]) -> Tag {
        match self {
            Self::Sha1(state) => hmac_in_blocks(state, text),
            Self::Sha256(state) => hmac_in_blocks(state, text),
            Self::Sha512(state) => hmac_in_blocks(state, text),
        }
    }
}

fn keyed<D: EagerHash>(key: &[u8]) -> Box<HmacCore<D>> {
    match HmacCore::new_from_slice(key) {
        Ok(state) => Box::new(state),
        // A key that is longer than a block is hashed first (RFC 2104, section 2).
        Err(never) => unreachable!("HMAC accepts keys of any length: {never}"),
    }
}

/// Returns the HMAC of a whole text. `hmac::Hmac` returns the same; it also carries a buffer for text that is still to come.
fn hmac_in_blocks<D: EagerHash>(state: &HmacCore<D>, text: &[u8]) -> Tag {
    let (mut mac, mut output) = (state.clone(), Output::<HmacCore<D>>::default());
    let (blocks, rest) = Block::<HmacCore<D>>::slice_as_chunks(text);
    mac.update_blocks(blocks);
    mac.finalize_fixed_core(&mut Buffer::<HmacCore<D>>::new(rest), &mut output);
    let mut tag = Tag {
        bytes: [0; 64],
        length: output.len(),
    };
    tag.bytes[..output.len()].copy_from_slice(&output);
    tag
}

/// A message authentication code.
pub(crate) struct Tag {
    /// Zero behind `length`.
    pub(super) bytes: [u8; 64],
    length: usize,
}

impl Tag {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Returns whether two tags are equal.
    fn matches(&self, other: &Self) -> bool {
        // In constant time. A comparison that ends at the first difference tells an attacker, who measures how long it takes,
        // how many bytes of a guess are right, and so lets a signature be found byte by byte.
        let (ours, _) = self.bytes.as_chunks();
        let (theirs, _) = other.bytes.as_chunks();
        let mut difference = 0;
        for (ours, theirs) in ours.iter().zip(theirs) {
            difference |= u128::from_ne_bytes(*ours) ^ u128::from_ne_bytes(*theirs);
        }
        // The length is public: the configured digest decides it.
        self.length == other.length && difference.ct_eq(&0).into()
    }
}

/// Whether the primary key made a cookie. An outdated one is re-encoded when its session is next written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Current,
    Outdated,
}

/// The keys that sign and verify for one purpose.
#[derive(Clone)]
pub(crate) struct Signer {
    /// Bytes of a tag.
    tag_len: usize,
    /// Characters of a signature.
    pub(crate) signature_len: usize,
    keys: DerivedKeys<MacKey>,
}

impl Signer {
    /// Derives a key from each secret of a ring.
    pub(crate) fn new(digest: Digest, ring: &KeyRing, derive: impl Fn(&Secret) -> MacKey) -> Self {
        Self {
            tag_len: digest.len(),
            signature_len: base64::encoded_len(digest.len()),
            keys: DerivedKeys::new(ring, derive),
        }
    }

    /// Verifies a signature, and returns whether the primary key made it.
    pub(crate) fn verify(&self, cookie: Segments<'_>, now: u64) -> Result<Freshness, Rejected> {
        let mut signature = Tag {
            bytes: [0; 64],
            length: self.tag_len,
        };
        if !base64::decode_exact(cookie.signature, &mut signature.bytes[..self.tag_len]) {
            return Err(if base64::is_base64url(cookie.signature) {
                Rejected::BadSignature
            } else {
                Rejected::Malformed
            });
        }
        if self.keys.primary.tag(cookie.signed).matches(&signature) {
            return Ok(Freshness::Current);
        }
        for key in self.keys.others(now) {
            if key.tag(cookie.signed).matches(&signature) {
                return Ok(Freshness::Outdated);
            }
        }
        Err(Rejected::BadSignature)
    }

    /// Returns why a cookie with an undecodable payload is rejected. It is `Unreadable` only if its signature is valid; otherwise
    /// an attacker's text would be reported as ours.
    pub(crate) fn rejection(&self, cookie: Segments<'_>, now: u64) -> Rejected {
        if !base64::is_base64url(cookie.encoded) {
            return Rejected::Malformed;
        }
        match self.verify(cookie, now) {
            Ok(_) => Rejected::Unreadable,
            Err(rejected) => rejected,
        }
    }

    /// Appends a dot and the signature of the text from `start` on.
    pub(crate) fn sign(&self, text: &mut Vec<u8>, start: usize) {
        let tag = self.keys.primary.tag(&text[start..]);
        text.push(b'.');
        base64::encode_to(text, tag.as_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, Mac};
    use proptest::prelude::*;

    fn signer(digest: Digest, ring: KeyRing) -> Signer {
        let derived = |secret: &Secret| MacKey::new(digest, &secret.bytes).tag(b"cookie-session");
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
                let tag = MacKey::new(digest, &key).tag(&text);
                prop_assert_eq!(tag.as_slice(), expected);
            }
        }

        /// Any other signature is another code, also of another length.
        #[test]
        fn codes_are_compared_whole(code in prop::collection::vec(any::<u8>(), 1..=64), at in 0..64_usize, bit in 0..8) {
            fn tag(code: &[u8]) -> Tag {
                let mut bytes = [0; 64];
                bytes[..code.len()].copy_from_slice(code);
                Tag { bytes, length: code.len() }
            }
            let mut other = code.clone();
            prop_assert!(tag(&code).matches(&tag(&other)));
            let at = at % code.len();
            other[at] ^= 1_u8 << bit;
            prop_assert!(!tag(&code).matches(&tag(&other)));
            prop_assert!(!tag(&code).matches(&tag(&code[1..])));
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
            base64::encode_to(&mut text, MacKey::new(digest, b"k").tag(b"").as_slice());
            assert_eq!(
                text.len(),
                signer(digest, KeyRing::flask("dev")).signature_len
            );
        }
    }
}
