//! A record at rest: the body as it is, or sealed.
//!
//! ```text
//! body   = 01 ...                                                         as `body` says
//! sealed = 02, key id 4, nonce 12, AES-256-GCM-SIV(body), tag 16
//! ```
//!
//! Sealed for its place: the record's key, when it was created and its owner are associated with it, so that no record can be
//! put in place of another. The key's id says which of the ring's keys opens it.

use super::body::{self, Body};
use super::question::RecordKey;
use crate::keys::Records;
use crate::wire::seal::NONCE;
use crate::wire::sign::SignedBy;

const SEALED: u8 = 2;
const KEY_ID: usize = 4;

/// Where a body lies.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) key: RecordKey,
    pub(super) created: u64,
    pub(super) owner: Option<&'a str>,
}

impl Place<'_> {
    /// Injective: all before the owner has one length.
    fn associated(&self) -> Vec<u8> {
        let owner = self.owner.map(str::as_bytes);
        let fixed = [&self.key.as_bytes()[..], &self.created.to_be_bytes(), &[u8::from(owner.is_some())]];
        [&fixed.concat()[..], owner.unwrap_or_default()].concat()
    }
}

impl Records {
    /// The bytes of a body as they are kept. `nonce` is there if they are sealed.
    pub(super) fn keep(&self, body: &Body, place: Place<'_>, nonce: Option<[u8; NONCE]>) -> Vec<u8> {
        let plain = body.encode();
        let (Some(sealer), Some(nonce)) = (&self.sealed, nonce) else { return plain };
        let mut bytes = [&[SEALED][..], &sealer.id()].concat();
        sealer.seal(&mut bytes, nonce, &place.associated(), &[&plain]);
        bytes
    }

    /// Reads what was kept, and tells whether it would be kept otherwise today. `None` for what cannot be read, and for what is
    /// kept in a way that is not accepted.
    pub(super) fn read(&self, bytes: &[u8], place: Place<'_>, now: u64) -> Option<(Body, bool)> {
        let also = self.also.as_ref().filter(|(_, until)| now < *until).map(|(sealer, _)| sealer);
        match bytes {
            [body::ENCODING, ..] => {
                let outdated = self.sealed.is_some();
                if outdated && also.is_none() {
                    return None;
                }
                Some((Body::decode(bytes)?, outdated))
            }
            [SEALED, rest @ ..] => {
                let sealer = self.sealed.as_ref().or_else(|| also.and_then(Option::as_ref))?;
                let (id, sealed) = rest.split_first_chunk::<KEY_ID>()?;
                let mut sealed = sealed.to_vec();
                let (body, by) = sealer.open_by(*id, &mut sealed, &place.associated(), now)?;
                Some((Body::decode(body)?, by == SignedBy::Other || self.sealed.is_none()))
            }
            _ => None,
        }
    }
}
