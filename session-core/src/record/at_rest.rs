//! How a store holds a record's body: plain or encrypted.
//!
//! ```text
//! plain     = 01 ...                                      the body, as `body` describes it
//! encrypted = 02, key id 4, nonce 12, AES-256-GCM-SIV(expires u64, 01 ..., spaces), tag 16
//! ```
//!
//! The key id says which key of the ring decrypts. The record's key, its creation time, its user
//! and its label are associated data: an attacker who can write to the store cannot put one record
//! in place of another.
//!
//! The second at which the record expires is encrypted beside the body. It is not associated data,
//! because the column may hold a later time than the last write's (a store keeps the later of two),
//! and the body could then not be decrypted. The core takes the earlier of both. So an attacker who
//! can write to the store can shorten a session and not lengthen it. To extend an encrypted record,
//! its body is written again.

use crate::record::body;
use crate::record::body::Body;
use crate::record::store::Record;
use crate::record_key::RecordKey;
use crate::token::aead::{Cipher, NONCE};
use crate::token::mac::Freshness;
use crate::token::record_codec::RecordCodec;

/// The first byte of an encrypted body. A plain one begins with [`body::ENCODING`].
const ENCRYPTED: u8 = 2;
const KEY_ID: usize = 4;

impl Record {
    /// Returns whether the body is encrypted, so that only its key can read it. For an operator's tool.
    ///
    /// ```
    /// use session_core::protocol::Record;
    ///
    /// let record = Record { version: 1, expires: 9, created: 1, seen: 1, user: None, label: None, body: [1, 0].into() };
    /// assert!(!record.is_encrypted());
    /// ```
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.body.first() == Some(&ENCRYPTED)
    }
}

/// The record that a body belongs to. Encryption binds the body to it, as associated data (AAD).
#[derive(Clone, Copy)]
pub(crate) struct RecordContext<'a> {
    pub(crate) key: RecordKey,
    pub(crate) created: u64,
    pub(crate) user: Option<&'a str>,
    pub(crate) label: Option<&'a str>,
}

impl RecordContext<'_> {
    /// Returns the associated data:
    ///
    /// ```text
    /// AAD  = record key 32, created u64, text(user), text(label)
    /// text = 00, 00 00 00 00 00 00 00 00        there is none
    ///      | 01, length u64, UTF-8              there is one, which may be empty
    /// ```
    fn associated_data(&self) -> Vec<u8> {
        let mut bytes = [&self.key.as_bytes()[..], &self.created.to_be_bytes()].concat();
        // Presence and length come first, so two contexts never share their bytes.
        for text in [self.user, self.label] {
            bytes.push(u8::from(text.is_some()));
            let text = text.unwrap_or_default().as_bytes();
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text);
        }
        bytes
    }
}

/// A body as it was read from a store.
pub(crate) struct StoredBody {
    pub(crate) body: Body,
    /// Whether the current configuration would write it differently: encrypted or plain, or with
    /// another key.
    pub(crate) outdated: bool,
    /// The second at which the record expires, if the body was encrypted.
    pub(crate) expires: Option<u64>,
}

impl RecordCodec {
    /// Returns the bytes that a store holds for this body. Encrypts it if so configured; `nonce`
    /// must be given then.
    pub(crate) fn encode(
        &self,
        body: &Body,
        context: RecordContext<'_>,
        expires: u64,
        nonce: Option<[u8; NONCE]>,
    ) -> Vec<u8> {
        let plain = body.encode();
        let (Some(cipher), Some(nonce)) = (&self.encrypted, nonce) else {
            return plain;
        };
        let mut bytes = [&[ENCRYPTED][..], &cipher.id()].concat();
        cipher.encrypt(
            &mut bytes,
            nonce,
            &context.associated_data(),
            &[&expires.to_be_bytes(), &plain],
        );
        bytes
    }

    /// Reads the bytes that a store holds. Returns `None` if they cannot be read, and if they are
    /// plain or encrypted where the configuration does not accept that.
    pub(crate) fn decode(
        &self,
        bytes: &[u8],
        context: RecordContext<'_>,
        now: u64,
    ) -> Option<StoredBody> {
        match bytes {
            [body::ENCODING, ..] => self.decode_plain(bytes, now),
            [ENCRYPTED, rest @ ..] => self.decrypt(rest, context, now),
            _ => None,
        }
    }

    fn decode_plain(&self, bytes: &[u8], now: u64) -> Option<StoredBody> {
        let outdated = self.encrypted.is_some();
        // Else an attacker who can write to the store could replace an encrypted record by a plain
        // one.
        if outdated && self.also_accepted(now).is_none() {
            return None;
        }
        Some(StoredBody {
            body: Body::decode(bytes)?,
            outdated,
            expires: None,
        })
    }

    /// Decrypts the bytes after the first one.
    fn decrypt(&self, bytes: &[u8], context: RecordContext<'_>, now: u64) -> Option<StoredBody> {
        let cipher = match &self.encrypted {
            Some(cipher) => cipher,
            // Records are written plain, and encrypted ones are accepted until a certain time.
            None => self.also_accepted(now)?.as_ref()?,
        };
        let (key_id, encrypted) = bytes.split_first_chunk::<KEY_ID>()?;
        let mut encrypted = encrypted.to_vec();
        let associated = context.associated_data();
        let (text, freshness) = cipher.open_by(*key_id, &mut encrypted, &associated, now)?;
        let (expires, body) = text.split_first_chunk()?;
        Some(StoredBody {
            body: Body::decode(body)?,
            outdated: freshness == Freshness::Outdated || self.encrypted.is_none(),
            expires: Some(u64::from_be_bytes(*expires)),
        })
    }

    /// Returns the other form that is accepted now, if any: `Some(None)` is plain,
    /// `Some(Some(cipher))` encrypted.
    fn also_accepted(&self, now: u64) -> Option<&Option<Cipher>> {
        match &self.also {
            Some((form, until)) if now < *until => Some(form),
            _ => None,
        }
    }
}
