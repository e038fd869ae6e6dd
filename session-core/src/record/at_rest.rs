//! A record at rest: the body as it is, or encrypted.
//!
//! ```text
//! body   = 01 ...                                                         as `body` says
//! encrypted = 02, key id 4, nonce 12, AES-256-GCM-SIV(expires u64, body), tag 16
//! ```
//!
//! Encrypted for its place: the record's key, when it was created, its user and its label are associated with it, so that no record
//! can be put in place of another. The second at which it expires is encrypted beside the body and not associated, since a store
//! keeps the later of two: whoever writes to the store can shorten a session, and not lengthen it. So an encrypted record is
//! extended by writing it. The key's id says which of the ring's keys opens it.

use crate::record::body;
use crate::record::body::Body;
use crate::record_key::RecordKey;
use crate::token::aead::NONCE;
use crate::token::mac::Freshness;
use crate::token::record_codec::RecordCodec;

const ENCRYPTED: u8 = 2;
const KEY_ID: usize = 4;

/// Where a body lies.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) key: RecordKey,
    pub(crate) created: u64,
    pub(crate) user: Option<&'a str>,
    pub(crate) label: Option<&'a str>,
}

impl Place<'_> {
    /// Injective: a text is preceded by whether it is there, and by its length.
    fn associated(&self) -> Vec<u8> {
        let mut bytes = [&self.key.as_bytes()[..], &self.created.to_be_bytes()].concat();
        for text in [self.user, self.label] {
            bytes.push(u8::from(text.is_some()));
            let text = text.unwrap_or_default().as_bytes();
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text);
        }
        bytes
    }
}

/// What was kept.
pub(crate) struct Kept {
    pub(crate) body: Body,
    /// Whether it would be kept otherwise today.
    pub(crate) outdated: bool,
    /// The second at which the record expires, where that was encrypted.
    pub(crate) expires: Option<u64>,
}

impl RecordCodec {
    /// The bytes of a body as they are kept. `nonce` is there if they are encrypted.
    pub(crate) fn keep(
        &self,
        body: &Body,
        place: Place<'_>,
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
            &place.associated(),
            &[&expires.to_be_bytes(), &plain],
        );
        bytes
    }

    /// Reads what was kept. `None` for what cannot be read, and for what is kept in a way that is not accepted.
    pub(crate) fn read(&self, bytes: &[u8], place: Place<'_>, now: u64) -> Option<Kept> {
        let also = self
            .also
            .as_ref()
            .filter(|(_, until)| now < *until)
            .map(|(cipher, _)| cipher);
        match bytes {
            [body::ENCODING, ..] => {
                let outdated = self.encrypted.is_some();
                if outdated && also.is_none() {
                    return None;
                }
                Some(Kept {
                    body: Body::decode(bytes)?,
                    outdated,
                    expires: None,
                })
            }
            [ENCRYPTED, rest @ ..] => {
                let cipher = self
                    .encrypted
                    .as_ref()
                    .or_else(|| also.and_then(Option::as_ref))?;
                let (id, encrypted) = rest.split_first_chunk::<KEY_ID>()?;
                let mut encrypted = encrypted.to_vec();
                let (text, by) = cipher.open_by(*id, &mut encrypted, &place.associated(), now)?;
                let (expires, body) = text.split_first_chunk()?;
                let expires = Some(u64::from_be_bytes(*expires));
                let outdated = by == Freshness::Outdated || self.encrypted.is_none();
                Some(Kept {
                    body: Body::decode(body)?,
                    outdated,
                    expires,
                })
            }
            _ => None,
        }
    }
}
