//! The id that a browser holds: 48 random bytes, stamped and signed as our cookies are.
//!
//! ```text
//! cookie = b64u(selector 16, verifier 32) "." stamp "." signature        64 + 1 + 24 + 1 + 43 = 133 bytes
//! ```
//!
//! The selector names the record and never changes. The verifier opens the record, and a renewal
//! replaces it. Neither prints.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::base64;
use crate::env::{EntropyError, EntropySource};
use crate::error::Rejected;
use crate::record_key::RecordKey;
use crate::token::format::{Format, Formats};
use crate::token::mac::{Freshness, Signer};
use crate::token::segments::Segments;
use crate::token::stamp;
use crate::token::stamp::Stamp;

const SELECTOR: usize = 16;
const VERIFIER: usize = 32;
const BYTES: usize = SELECTOR + VERIFIER;
/// The length of an id in base64url. 48 bytes leave no remainder, so each id has exactly one text.
const ENCODED_LEN: usize = 64;
/// The length of a cookie's value.
pub(crate) const COOKIE_LEN: usize = ENCODED_LEN + 1 + stamp::DIGITS + 1 + 43;

/// A selector and a verifier.
#[derive(Clone)]
pub(crate) struct Id(pub(crate) [u8; BYTES]);

/// SHA-256 of a verifier, as a record holds it. Compared in constant time.
#[derive(Clone, Copy)]
pub(crate) struct VerifierHash(pub(crate) [u8; 32]);

impl PartialEq for VerifierHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Id {
    /// Generates an id. All of its bytes come from the random source.
    pub(crate) fn generate(random: &dyn EntropySource) -> Result<Self, EntropyError> {
        let mut bytes = [0; BYTES];
        random.fill(&mut bytes[..SELECTOR])?;
        random.fill(&mut bytes[SELECTOR..])?;
        Ok(Self(bytes))
    }

    /// Returns an id with this selector and a new verifier.
    pub(crate) fn with_new_verifier(
        &self,
        random: &dyn EntropySource,
    ) -> Result<Self, EntropyError> {
        let mut id = self.clone();
        random.fill(&mut id.0[SELECTOR..])?;
        Ok(id)
    }

    /// Returns the key of the record that the selector names.
    pub(crate) fn record_key(&self) -> RecordKey {
        RecordKey::of_selector(&self.0[..SELECTOR])
    }

    pub(crate) fn verifier_hash(&self) -> VerifierHash {
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

    /// Reads a cookie's value. Checks its length, then its alphabet, then its signature. The caller
    /// checks its times.
    pub(crate) fn open(
        signer: &Signer,
        cookie: &[u8],
        now: u64,
    ) -> Result<(Self, Stamp, Freshness), Rejected> {
        let cookie = Segments::split(cookie, COOKIE_LEN)?;
        let Segments {
            payload,
            stamp,
            signature,
            ..
        } = cookie;
        let lengths = (payload.len(), stamp.len(), signature.len());
        // The cheapest checks come first: a cookie without the form of an id costs no signature.
        if lengths != (ENCODED_LEN, stamp::DIGITS, signer.signature_len) {
            return Err(Rejected::Malformed);
        }
        if !base64::is_base64url(stamp) {
            return Err(Rejected::Malformed);
        }
        let (mut id, mut stamp_bytes) = ([0; BYTES], [0; stamp::BYTES]);
        if !base64::decode_exact(payload, &mut id) {
            return Err(signer.rejection(cookie, now));
        }
        let freshness = signer.verify(cookie, now)?;
        // Signed by us, but not a stamp that this version writes.
        if !base64::decode_exact(stamp, &mut stamp_bytes) {
            return Err(Rejected::Unreadable);
        }
        match Stamp::decode(stamp_bytes) {
            Some(stamp) => Ok((Self(id), stamp, freshness)),
            None => Err(Rejected::Unreadable),
        }
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

impl Formats {
    /// Returns the keys that sign ids.
    pub(crate) fn signer(&self) -> &Signer {
        match &self.current {
            Format::Signed(signer) | Format::Flask(signer) => signer,
            Format::Encrypted(_) => unreachable!("ids are not encrypted"),
        }
    }
}
