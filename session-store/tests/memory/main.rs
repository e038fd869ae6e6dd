//! The memory store: the contract, the store beside the plainest model of one, and what it promises beyond the contract.

#![allow(clippy::unwrap_used, clippy::panic)]

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

/// Full: what grows is refused, the rest goes on, nobody loses a session, and there is room again after an end.
#[tokio::test]
async fn bounded() {
    let store = MemoryStore::with_limit(10_000).anonymous_limit(10_000);
    for number in 0..4 {
        assert_eq!(
            store
                .insert(key(number), &sized(number, 1_500), NOW)
                .await
                .unwrap(),
            Inserted::Done
        );
    }
    let full = |error: StoreError| {
        let message = "the memory store is full: it may take 10000 bytes; let it take more (MemoryStore::with_limit), \
                       let idle sessions end sooner, or keep them in a database";
        assert_eq!(error.to_string(), message);
    };
    for _ in 0..100 {
        full(
            store
                .insert(key(9), &sized(9, 1_500), NOW)
                .await
                .unwrap_err(),
        );
    }
    full(
        store
            .update(key(1), 1, &sized(5, 5_000), NOW)
            .await
            .unwrap_err(),
    );
    full(
        store
            .index(&"x".repeat(2_000), key(9), NOW, NOW)
            .await
            .unwrap_err(),
    );
    for number in 0..4 {
        assert_eq!(
            store.load(key(number), NOW).await.unwrap(),
            Loaded::Live(sized(number, 1_500))
        );
    }
    assert_eq!(store.load(key(9), NOW).await.unwrap(), Loaded::Absent);
    assert_eq!(store.list(&"x".repeat(2_000), 9, NOW).await.unwrap(), []);

    // What can be told without room is told.
    assert_eq!(
        store.insert(key(1), &sized(9, 9_000), NOW).await.unwrap(),
        Inserted::Exists(sized(1, 1_500))
    );
    let conflict = Updated::Conflict(sized(1, 1_500));
    assert_eq!(
        store
            .update(key(1), 7, &sized(9, 9_000), NOW)
            .await
            .unwrap(),
        conflict
    );
    assert_eq!(
        store
            .update(key(9), 1, &sized(9, 9_000), NOW)
            .await
            .unwrap(),
        Updated::Gone
    );
    assert_eq!(
        store
            .update(key(1), 1, &sized(11, 1_500), NOW)
            .await
            .unwrap(),
        Updated::Done
    );
    assert_eq!(
        store.touch(key(1), NOW + DAY, NOW).await.unwrap(),
        Outcome::Done
    );

    // A deletion gives the data back, though not the tombstone.
    let used = store.used_bytes();
    assert_eq!(store.delete(key(0), NOW).await.unwrap(), Outcome::Done);
    assert_eq!(store.used_bytes(), used - 1_500);
    assert_eq!(
        store.insert(key(9), &sized(9, 1_500), NOW).await.unwrap(),
        Inserted::Done
    );
}

/// Strangers fill their part and no more: whoever logs in finds the rest, and a refusal says which room is full.
#[tokio::test]
async fn a_flood_of_strangers_keeps_nobody_out() {
    let store = MemoryStore::with_limit(100 * 1_024);
    let mut strangers = 0;
    let error = loop {
        match store
            .insert(key(strangers), &sized(strangers, 512), NOW)
            .await
        {
            Ok(_) => strangers += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(
        error.to_string(),
        "the memory store is full of sessions without a user: they may take 51200 of its 102400 bytes, the rest is for \
         those who log in; let them take more (MemoryStore::anonymous_limit) or end sooner (Builder::anonymous_lifetime), or \
         keep sessions in a database"
    );
    assert!(error.is_refused());
    assert_eq!(
        (strangers, store.anonymous_bytes(), store.used_bytes()),
        (50, 51_200, 51_200)
    );
    // One of them may not grow either, but shrink.
    assert!(store.update(key(0), 0, &sized(7, 513), NOW).await.is_err());
    assert_eq!(
        store.update(key(0), 0, &sized(0, 512), NOW).await.unwrap(),
        Updated::Done
    );

    // Those who log in: with a session that they had, which moves over and makes room for a stranger, or without.
    store.index("ada", key(1), NOW + HOUR, NOW).await.unwrap();
    let moved = Record {
        user: Some("ada".into()),
        ..sized(10, 600)
    };
    assert_eq!(
        store.update(key(1), 1, &moved, NOW).await.unwrap(),
        Updated::Done
    );
    assert_eq!(store.anonymous_bytes(), 49 * 1_024);
    assert_eq!(
        store.insert(key(50), &sized(50, 512), NOW).await.unwrap(),
        Inserted::Done
    );
    for number in 100..140 {
        log_in(&store, number, "bob").await;
    }
    assert_eq!(store.list("bob", 99, NOW).await.unwrap().len(), 40);

    // A stranger's tombstone is a stranger's; who stops being a user finds no room wanting.
    assert_eq!(store.delete(key(2), NOW).await.unwrap(), Outcome::Done);
    assert_eq!(store.anonymous_bytes(), 50 * 1_024 - 512);
    assert!(store.insert(key(51), &sized(51, 512), NOW).await.is_err());
    assert_eq!(
        store
            .update(key(1), 10, &sized(11, 600), NOW)
            .await
            .unwrap(),
        Updated::Done
    );
    assert_eq!(
        store.delete_expired(NOW + HOUR, usize::MAX).await.unwrap(),
        1
    );
    assert_eq!(
        store.insert(key(51), &sized(51, 512), NOW).await.unwrap(),
        Inserted::Done
    );
}

/// The strangers' garbage makes room for strangers, however much of others' lies about.
#[tokio::test]
async fn a_room_full_of_garbage_is_not_full() {
    let later = NOW + HOUR + 61;
    let store = MemoryStore::with_limit(10 << 20).anonymous_limit(10 * 520);
    // Keys of the first shards, which are swept first.
    for number in 0..3_000 {
        store
            .insert(key(number % 60 + 256 * number), &owned(number, "ada"), NOW)
            .await
            .unwrap();
    }
    for number in 0..10 {
        store
            .insert(key(63 + 256 * number), &record(number), NOW)
            .await
            .unwrap();
    }
    let stranger = Record {
        expires: later + HOUR,
        ..record(1)
    };
    assert!(store.insert(key(62), &stranger, later - 1).await.is_err());
    assert_eq!(
        store.insert(key(62), &stranger, later).await.unwrap(),
        Inserted::Done
    );
}

/// Many at once, in both rooms, while it is cleaned: nothing is miscounted, and neither limit is passed.
#[test]
fn at_once_not_a_byte_is_miscounted() {
    let store = MemoryStore::with_limit(60_000).anonymous_limit(20_000);
    let (limit, anonymous_limit) = (60_000, 20_000);
    std::thread::scope(|scope| {
        for task in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                block_on(async {
                    for round in 0..5_000_u64 {
                        let (place, size) = (
                            key((task << 32) | (round % 40)),
                            (round * 7_919 % 900) as usize,
                        );
                        let now = NOW + round;
                        let record = Record {
                            expires: now + 100,
                            ..sized(round, size)
                        };
                        let owned = Record {
                            user: Some("ada".into()),
                            ..record.clone()
                        };
                        let next = if round % 3 == 0 { &owned } else { &record };
                        match store.load(place, now).await.unwrap() {
                            Loaded::Live(there) if round % 5 == 0 => store
                                .delete_version(place, there.version, now)
                                .await
                                .map(drop),
                            Loaded::Live(there) => store
                                .update(place, there.version, next, now)
                                .await
                                .map(drop),
                            _ => store.insert(place, next, now).await.map(drop),
                        }
                        .unwrap_or_else(|error| assert!(error.is_refused()));
                        if round % 50 == 0 {
                            store.delete_expired(now, 10).await.unwrap();
                        }
                        assert!(
                            store.used_bytes() <= limit
                                && store.anonymous_bytes() <= anonymous_limit
                        );
                    }
                });
            });
        }
    });
    assert!(
        store.used_bytes() > 20_000 && store.anonymous_bytes() > 1_000,
        "{store:?}"
    );
    block_on(store.delete_expired(u64::MAX, usize::MAX)).unwrap();
    assert_eq!((store.used_bytes(), store.anonymous_bytes()), (0, 0));
}

/// Each counts as user, label, body and 512 bytes; a note as its user and 512. The last byte may be taken.
#[tokio::test]
async fn what_counts() {
    let labelled = Record {
        label: Some("label".into()),
        ..owned(1, "ada")
    };
    for (limit, fits) in [
        (512 + 3 + 512 + 3 + 5 + 8, true),
        (512 + 3 + 512 + 3 + 5 + 7, false),
    ] {
        let store = MemoryStore::with_limit(limit);
        store.index("ada", key(1), NOW, NOW).await.unwrap();
        assert_eq!(store.used_bytes(), 512 + 3);
        assert_eq!(store.insert(key(1), &labelled, NOW).await.is_ok(), fits);
        assert_eq!(store.used_bytes() == limit, fits);
    }
}

/// Another shard's garbage makes room, for an insert, an update and a note.
#[tokio::test]
async fn full_of_garbage_is_not_full() {
    let later = NOW + HOUR + 61;
    for which in 0..3 {
        let store = MemoryStore::with_limit(10_000).anonymous_limit(10_000);
        let stays = Record {
            expires: NOW + DAY,
            ..sized(0, 1_500)
        };
        store.insert(key(0), &stays, NOW).await.unwrap();
        for number in 1..4 {
            store
                .insert(key(number), &sized(number, 1_500), NOW)
                .await
                .unwrap();
        }
        let early = store.insert(key(9), &sized(9, 5_000), later - 1).await;
        assert!(early.is_err(), "a minute for what is under way");
        let answered = match which {
            0 => store
                .insert(key(9), &sized(9, 5_000), later)
                .await
                .map(|answer| answer == Inserted::Done),
            1 => store
                .update(key(0), 0, &sized(9, 5_000), later)
                .await
                .map(|answer| answer == Updated::Done),
            _ => store
                .index(&"x".repeat(5_000), key(9), later, later)
                .await
                .map(|()| true),
        };
        assert!(answered.unwrap());
        assert_eq!(store.load(key(1), later).await.unwrap(), Loaded::Absent);
    }
}

/// L10: each insert removes a few of what ended more than a minute ago, in its shard; more than it adds.
#[tokio::test]
async fn l10_cleared_as_it_is_used() {
    let store = MemoryStore::new();
    let in_one_shard = |number| key(64 * number);
    for number in 0..1_000 {
        store
            .insert(in_one_shard(number), &record(number), NOW)
            .await
            .unwrap();
    }
    for early in [NOW + HOUR, NOW + HOUR + 60] {
        store
            .insert(
                in_one_shard(early),
                &Record {
                    expires: u64::MAX,
                    ..record(1)
                },
                early,
            )
            .await
            .unwrap();
    }
    assert_eq!(store.len(), 1_002, "a minute for what is under way");
    let later = NOW + HOUR + 61;
    store
        .insert(
            key(1),
            &Record {
                expires: u64::MAX,
                ..record(1)
            },
            later,
        )
        .await
        .unwrap();
    assert_eq!(store.len(), 1_003, "another shard");
    let mut inserts = 0;
    while store.len() > 3 + inserts {
        let before = store.len();
        let record = Record {
            expires: u64::MAX,
            ..record(1)
        };
        let number = 10_000 + u64::try_from(inserts).unwrap();
        store
            .insert(in_one_shard(number), &record, later)
            .await
            .unwrap();
        inserts += 1;
        assert_eq!(store.len(), before + 1 - 4);
    }
    assert_eq!(inserts, 250);
}

/// A note goes a day after it was needed, when others are told, and not before.
#[tokio::test]
async fn notes_end() {
    let store = MemoryStore::new();
    store.index("ada", key(1), NOW + HOUR, NOW).await.unwrap();
    let note = store.used_bytes();
    store
        .index("bob", key(2), u64::MAX, NOW + HOUR + DAY)
        .await
        .unwrap();
    assert_eq!(store.used_bytes(), 2 * note);
    store
        .index("bob", key(2), 0, NOW + HOUR + DAY + 1)
        .await
        .unwrap();
    assert_eq!(store.used_bytes(), note);
    // Told at a time beyond `until`: it stays for a day nevertheless.
    store.index("eve", key(3), 0, NOW).await.unwrap();
    store.delete_expired(NOW + DAY, 9).await.unwrap();
    assert_eq!(store.used_bytes(), 2 * note);
    store.delete_expired(NOW + DAY + 1, 9).await.unwrap();
    assert_eq!(store.used_bytes(), note);
}

/// Whoever ends a session takes its note away, so that logging in and out leaves nothing but tombstones.
#[tokio::test]
async fn ended_records_leave_no_notes() {
    let store = MemoryStore::new();
    for number in 0..10 {
        log_in(&store, number, "ada").await;
    }
    assert_eq!(
        store.trim("ada", 4, key(9), NOW).await.unwrap(),
        TrimResult {
            ended: 6,
            alive: true
        }
    );
    assert_eq!(
        store
            .delete_owned("ada", DeleteScope::All, NOW)
            .await
            .unwrap(),
        4
    );
    assert_eq!(store.delete_expired(u64::MAX, 0).await.unwrap(), 0);
    let tombstones = store.used_bytes();
    store.delete_expired(u64::MAX, 10).await.unwrap();
    assert_eq!(store.used_bytes(), 0);
    assert_eq!(tombstones, 10 * 512);
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
