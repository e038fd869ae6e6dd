//! The memory store: the contract, a comparison with a plain model, and its promises beyond the contract.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cleaning;
mod limits;
mod model;

use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, MemoryStore, Store, StoreError};

async fn empty() -> Option<Arc<dyn Store>> {
    Some(Arc::new(MemoryStore::new()))
}

session_store_conformance::conformance_tests!(empty);

const NOW: u64 = 1_700_000_000;
const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    RecordKey::from_bytes(bytes)
}

/// Live for an hour, of nobody.
fn record(version: u64) -> Record {
    let body = version.to_le_bytes().into();
    Record {
        version,
        expires: NOW + HOUR,
        created: NOW,
        seen: NOW,
        user: None,
        label: None,
        body,
    }
}

fn owned(version: u64, user: &str) -> Record {
    Record {
        user: Some(user.into()),
        ..record(version)
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// As the core does it: index, then insert.
async fn log_in(store: &dyn Store, number: u64, user: &str) {
    store
        .index(user, key(number), NOW + HOUR, NOW)
        .await
        .unwrap();
    assert_eq!(
        store
            .insert(key(number), &owned(number, user), NOW)
            .await
            .unwrap(),
        Inserted::Done
    );
}

fn sized(version: u64, size: usize) -> Record {
    Record {
        body: vec![0; size].into(),
        ..record(version)
    }
}

/// Nothing happens before the first poll, and then all of it.
#[test]
fn ready_when_first_polled() {
    let store = MemoryStore::new();
    let mut context = Context::from_waker(Waker::noop());
    let record = record(1);
    drop(store.insert(key(1), &record, NOW));
    assert!(store.is_empty());
    let mut insert = store.insert(key(1), &record, NOW);
    assert!(matches!(
        insert.as_mut().poll(&mut context),
        Poll::Ready(Ok(Inserted::Done))
    ));
    assert_eq!(store.len(), 1);
}

/// T7: neither the store nor an error shows what it holds.
#[tokio::test]
async fn nothing_is_printed() {
    let store = MemoryStore::with_limit(1_500);
    log_in(&store, 1, "ada").await;
    let error = store
        .insert(key(2), &owned(2, "ada"), NOW)
        .await
        .unwrap_err();
    assert_eq!(
        format!("{store:?}"),
        "MemoryStore { used_bytes: 1038, limit: 1500, anonymous_bytes: 0, anonymous_limit: 750, .. }"
    );
    let listed = store.list("ada", 1, NOW).await.unwrap();
    for printed in [
        format!("{store:?}"),
        format!("{error:?} {error}"),
        format!("{listed:?}"),
    ] {
        assert!(
            !printed.contains("ada") && !printed.contains("[1, 0"),
            "{printed}"
        );
    }
}

#[test]
fn an_error_and_its_source() {
    fn check<T: Error + Send + Sync + 'static>(error: T) -> T {
        error
    }
    let plain = check(StoreError::new("no answer"));
    assert!(plain.source().is_none());
    let error = plain.with_source(std::io::Error::other("Key (user)=(ada)"));
    assert_eq!(
        (error.to_string(), format!("{error:?}")),
        ("no answer".into(), "no answer".into())
    );
    let source = error
        .source()
        .unwrap()
        .downcast_ref::<std::io::Error>()
        .unwrap();
    assert_eq!(source.to_string(), "Key (user)=(ada)");
}
