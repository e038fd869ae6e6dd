//! T1: ids are random bytes.

use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::env::{EntropyError, OsEntropy};
use crate::error::Error;
use crate::record::id::Id;
use crate::record::store::{Inserted, Record, StoreReply, StoreRequest};
use crate::stored::step::Step;
use crate::stored::tests::{server, visit};

/// T1: all bytes of an id come from the random source, and none is drawn twice.
#[test]
fn t1_ids_are_random_bytes() {
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
    let draws = AtomicU8::new(0);
    let random = move |bytes: &mut [u8]| {
        bytes.fill(draws.fetch_add(1, Relaxed) + 1);
        Ok(())
    };
    let server = server(|builder| builder.random(random));
    let cookie = server.begin(visit);
    let id = cookie.split(['=', '.']).nth(1).unwrap();
    let bytes = crate::base64::decode(id.as_bytes()).unwrap();
    let (write, selector, verifier) = (1, 2, 3);
    assert_eq!(bytes, [vec![selector; 16], vec![verifier; 32]].concat());
    assert_eq!(
        server.record(&cookie).version,
        u64::from_be_bytes([write; 8])
    );
}

/// T1: of a million ids from the operating system's source no two are equal, and each bit is set in
/// half of them, within six standard deviations (500).
#[test]
fn t1_a_million_ids() {
    const MANY: usize = 1_000_000;
    let mut seen = std::collections::HashSet::with_capacity(MANY);
    // How often each byte has each value.
    let mut values = vec![[0_u32; 256]; 48];
    for _ in 0..MANY {
        let bytes = Id::generate(&OsEntropy).unwrap().0;
        let selector: [u8; 16] = bytes[..16].try_into().unwrap();
        assert!(seen.insert(selector), "a selector twice");
        for (counts, byte) in values.iter_mut().zip(bytes) {
            counts[usize::from(byte)] += 1;
        }
    }
    for (at, counts) in values.iter().enumerate() {
        for bit in 0..8 {
            let set: u32 = (0..256)
                .filter(|value| value >> bit & 1 == 1)
                .map(|value| counts[value])
                .sum();
            assert!(
                set.abs_diff(500_000) < 3_000,
                "bit {bit} of byte {at}: {set}"
            );
        }
    }
}

/// A random source repeats itself: another session's record under the new id is not taken over, and
/// no cookie is sent.
#[test]
fn an_id_that_another_has_is_an_error() {
    let server = server(|builder| builder);
    for (own, expected) in [(true, Ok(())), (false, Err(Error::Entropy(EntropyError)))] {
        let (exchange, session) = server.open("");
        visit(&session);
        let Step::Pending(pending) = exchange.close() else {
            panic!("nothing is stored")
        };
        let StoreRequest::Insert { record, .. } = pending.request() else {
            panic!("{:?}", pending.request())
        };
        let version = if own {
            record.version
        } else {
            record.version ^ 1
        };
        let there = Record {
            version,
            ..record.clone()
        };
        let step = pending.reply(StoreReply::Inserted(Inserted::Exists(there)));
        let mut headers = HeaderMap::new();
        assert_eq!(server.drive(step).apply(&mut headers), expected);
        assert_eq!(headers.contains_key(SET_COOKIE), own);
    }
}
