//! The browser: the cookies that it got, and the headers that it sends.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};

use crate::base64;
use crate::record::id::VerifierHash;
use crate::record_key::RecordKey;
use crate::stored::model::{ModelStore, Slot};

/// A cookie that a response set.
#[derive(Debug, Clone)]
pub(super) struct Cookie {
    /// `name=value`.
    pub(super) pair: String,
    pub(super) key: RecordKey,
    pub(super) verifier: VerifierHash,
    /// When its session began, as its stamp says.
    pub(super) created: u64,
}

impl Cookie {
    /// Returns `None` for a removal.
    pub(super) fn read(header: &HeaderValue, store: &ModelStore) -> Option<Self> {
        let pair = header
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let (_, value) = pair.split_once('=').unwrap();
        let mut bytes = [0; 48];
        base64::decode_into(value.as_bytes().get(..64)?, &mut bytes).unwrap();
        let key = RecordKey::of_selector(&bytes[..16]);
        let created = match store.slots.get(&key) {
            Some(Slot::Live { record, .. }) => record.created,
            _ => 0,
        };
        let verifier = VerifierHash(Sha256::digest(&bytes[16..]).into());
        Some(Self {
            pair,
            key,
            verifier,
            created,
        })
    }

    /// Returns the headers of a request with this cookie.
    pub(super) fn headers(&self) -> HeaderMap {
        header(&self.pair)
    }

    /// Returns the headers with another selector, so that the signature is wrong.
    pub(super) fn forged(&self) -> HeaderMap {
        let (name, value) = self.pair.split_once('=').unwrap();
        let first = if value.starts_with('A') { "B" } else { "A" };
        header(&format!("{name}={first}{}", &value[1..]))
    }
}

fn header(pair: &str) -> HeaderMap {
    HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())])
}
