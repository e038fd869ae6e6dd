//! What the browser holds: an id, signed and stamped as our cookies are.
//!
//! ```text
//! cookie   = b64u(selector 16, verifier 32) "." stamp "." signature      64 + 1 + 24 + 1 + 43 = 133 octets
//! ```
//!
//! The selector finds the record and never changes; the verifier opens it and does. Neither prints.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::base64;
use crate::env::{EntropyError, EntropySource};
use crate::error::Rejected;
use crate::record_key::RecordKey;
use crate::token::mac::{Freshness, Signer};
use crate::token::segments::Segments;
use crate::token::stamp;
use crate::token::stamp::Stamp;

const SELECTOR: usize = 16;
const VERIFIER: usize = 32;
const BYTES: usize = SELECTOR + VERIFIER;
/// Digits of an id in base64url: no remainder, so there is one text for one id.
const DIGITS: usize = 64;
/// Octets of a cookie's value.
pub(crate) const LENGTH: usize = DIGITS + 1 + stamp::DIGITS + 1 + 43;

/// Selector and verifier.
#[derive(Clone)]
pub(crate) struct Id(pub(crate) [u8; BYTES]);

/// SHA-256 of a verifier: what a record holds. Compared in constant time.
#[derive(Clone, Copy)]
pub(crate) struct VerifierHash(pub(crate) [u8; 32]);

impl PartialEq for VerifierHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Id {
    /// A new one. Its bytes are the random source's, all of them (REQUIREMENTS T1).
    pub(crate) fn generate(random: &dyn EntropySource) -> Result<Self, EntropyError> {
        let mut bytes = [0; BYTES];
        random.fill(&mut bytes[..SELECTOR])?;
        random.fill(&mut bytes[SELECTOR..])?;
        Ok(Self(bytes))
    }

    /// The same selector with a new verifier.
    pub(crate) fn renewed(&self, random: &dyn EntropySource) -> Result<Self, EntropyError> {
        let mut id = self.clone();
        random.fill(&mut id.0[SELECTOR..])?;
        Ok(id)
    }

    pub(crate) fn key(&self) -> RecordKey {
        RecordKey::of(&self.0[..SELECTOR])
    }

    pub(crate) fn hash(&self) -> VerifierHash {
        VerifierHash(Sha256::digest(&self.0[SELECTOR..]).into())
    }

    /// Appends the cookie's value.
    pub(crate) fn write(&self, signer: &Signer, out: &mut Vec<u8>, stamp: &Stamp) {
        let start = out.len();
        base64::encode_to(out, &self.0);
        out.push(b'.');
        base64::encode_to(out, &stamp.encode());
        signer.sign(out, start);
    }

    /// Reads a cookie's value: length, alphabet, signature; in this order. Whether its stamp speaks against it is left to judge.
    pub(crate) fn open(
        signer: &Signer,
        cookie: &[u8],
        now: u64,
    ) -> Result<(Self, Stamp, Freshness), Rejected> {
        let cookie = Segments::split(cookie, LENGTH)?;
        let Segments {
            payload,
            stamp,
            signature,
            ..
        } = cookie;
        let lengths = (payload.len(), stamp.len(), signature.len());
        if lengths != (DIGITS, stamp::DIGITS, signer.digest.encoded_len()) {
            return Err(Rejected::Malformed);
        }
        if !base64::is_base64url(stamp) {
            return Err(Rejected::Malformed);
        }
        let id = base64::decode_array(payload).ok_or_else(|| signer.rejection(cookie, now))?;
        let by = signer.verify(cookie, now)?;
        let stamp = base64::decode_array(stamp)
            .and_then(Stamp::decode)
            .ok_or(Rejected::Unreadable)?;
        Ok((Self(id), stamp, by))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Id(..)")
    }
}

impl fmt::Debug for VerifierHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifierHash(..)")
    }
}
