//! Expired records, tombstones and notes are removed as the store is used.

use super::*;

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
        assert_eq!(store.load(key(1), later).await.unwrap(), Loaded::NotFound);
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

/// The end of a session removes its note, so that logins and logouts leave only tombstones.
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
