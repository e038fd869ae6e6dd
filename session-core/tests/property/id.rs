//! The id of a stored session: accepted exactly where the naive implementation accepts it. Then,
//! and only then, the store is asked for the record under SHA-256 of the selector, and SHA-256 of
//! the verifier opens it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use session_core::{
    Rejected, StoredSessions,
    protocol::{Loaded, Record, Step, StoreReply, StoreRequest},
};
use sha2::{Digest, Sha256};

use super::naive::bytes::encode;
use super::naive::{self, ID, NAME, signed};
use super::{Input, NOW, assert_refused, ours, request};

pub static STORED: LazyLock<StoredSessions> = LazyLock::new(|| ours().build_stored().unwrap());

/// The first byte chooses how the rest is used: as a whole value; or, signed with the right key, as
/// a change of a valid stamp and an id; or as a whole text.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let value = match input.byte() % 3 {
        0 => input.0.to_vec(),
        1 => {
            let stamp = input.changed(naive::stamp_now());
            signed(&ID, &[&encode(input.0)[..], b".", &encode(&stamp)].concat())
        }
        _ => signed(&ID, input.0),
    };
    let Some(request) = request(NAME, &value) else {
        return;
    };
    let exchange = || STORED.exchange(&request);
    let Some((selector, verifier, stamp)) = naive::open_id(&value) else {
        return assert_refused(&exchange().open().done().unwrap().unwrap());
    };
    let hash: [u8; 32] = Sha256::digest(verifier).into();
    let mut wrong = hash;
    wrong[usize::from(value[0]) % 32] ^= 1;
    for (hash, rejected) in [(hash, None), (wrong, Some(Rejected::Gone))] {
        let exchange = exchange();
        let Step::Pending(ask) = exchange.open() else {
            panic!("the store must be asked")
        };
        let StoreRequest::Load { key, now } = ask.request() else {
            panic!("{:?}", ask.request())
        };
        assert_eq!(
            (key.as_bytes(), *now),
            (&Sha256::digest(selector).into(), NOW)
        );
        let record = record(NOW, body(&hash, b"{\"a\":1}"));
        let session = ask
            .reply(StoreReply::Loaded(Loaded::Live(record)))
            .done()
            .unwrap()
            .unwrap();
        assert_eq!(
            (session.rejected(), session.len()),
            (rejected, usize::from(rejected.is_none()))
        );
        let written = session.written().filter(|_| rejected.is_none());
        assert!(
            written.is_none_or(
                |then| then == std::time::UNIX_EPOCH + Duration::from_secs(stamp.issued)
            )
        );
    }
}

/// The smallest body: no flags, epoch 0, generated and indexed now, one write.
pub fn body(hash: &[u8; 32], json: &[u8]) -> Vec<u8> {
    let mut body = vec![1, 0, 0, 0, 0, 0];
    body.extend([NOW.to_be_bytes(), NOW.to_be_bytes()].concat());
    body.extend(hash);
    body.extend([1, 0, 0, 0, 0, 0, 0, 0, 7]);
    body.extend(json);
    body
}

pub fn record(created: u64, body: impl Into<Arc<[u8]>>) -> Record {
    let (expires, body) = (NOW + 1000, body.into());
    Record {
        version: 1,
        expires,
        created,
        seen: created,
        user: None,
        label: None,
        body,
    }
}
