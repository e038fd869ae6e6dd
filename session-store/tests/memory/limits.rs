//! The limits of the store, in all and for sessions without a user.

use super::*;

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
        let message = "the memory store is full: its limit is 10000 bytes; raise it (MemoryStore::with_limit), let idle \
                       sessions end sooner, or store them in a database";
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
    assert_eq!(store.load(key(9), NOW).await.unwrap(), Loaded::NotFound);
    assert_eq!(store.list(&"x".repeat(2_000), 9, NOW).await.unwrap(), []);

    // Verbs that need no memory still work.
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
        "the memory store is full of sessions without a user: their limit is 51200 of its 102400 bytes, the rest is for \
         users who log in; raise it (MemoryStore::anonymous_limit), let them end sooner (Builder::anonymous_lifetime), or \
         store sessions in a database"
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
