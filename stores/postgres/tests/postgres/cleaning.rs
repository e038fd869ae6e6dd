//! L10: expired records are removed in batches, beside other work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session_core::testing::ManualClock;
use session_core::{
    SecretKey, Sessions,
    protocol::{Inserted, Loaded, Outcome, Record, Updated},
};
use session_store::{Store, clean};
use tokio::time::timeout;

use crate::tools::*;

/// Two cleaners run concurrently, while sessions are read and written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l10_twenty_thousand_go_while_others_work() {
    let Some((store, table)) = store().await else {
        return;
    };
    let (store, pool) = (Arc::new(store), pool(server().unwrap().port(), 1));
    run(&pool, &format!(
        "INSERT INTO {table} (key, ver, seq, dead, expires, created, seen, owner, body) \
         SELECT sha256(int4send(n)), n, n, n % 2 = 0, {NOW} - n, 0, 0, CASE n % 2 WHEN 1 THEN 'eve'::bytea END, '' \
         FROM generate_series(1, 20000) AS n"
    )).await;
    for number in 0..20 {
        store
            .insert(key(number), &record(0, Some("ada")), NOW)
            .await
            .unwrap();
    }
    let cleaned = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let (store, cleaned) = (store.clone(), cleaned.clone());
            tokio::spawn(async move {
                let mut version = 0;
                while version == 0 || !cleaned.load(Ordering::Relaxed) {
                    for number in worker * 5..(worker + 1) * 5 {
                        let next = record(version + 1, Some("ada"));
                        assert_eq!(
                            store
                                .update(key(number), version, &next, NOW)
                                .await
                                .unwrap(),
                            Updated::Done
                        );
                        assert_eq!(
                            store.load(key(number), NOW).await.unwrap(),
                            Loaded::Live(next)
                        );
                    }
                    // Expired records are also ended beside the cleaners, in another order.
                    store
                        .trim("eve", 5_000, key(worker * 5), NOW - 20_001)
                        .await
                        .unwrap();
                    version += 1;
                }
                version
            })
        })
        .collect();
    let cleaners: Vec<_> = (0..2)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                loop {
                    let removed = store.delete_expired(NOW, 500).await.unwrap();
                    assert!(removed <= 500);
                    sum += removed;
                    if removed < 500 {
                        return sum;
                    }
                }
            })
        })
        .collect();
    let mut sum = 0;
    for cleaner in cleaners {
        sum += cleaner.await.unwrap();
    }
    cleaned.store(true, Ordering::Relaxed);
    for (worker, versions) in workers.into_iter().enumerate() {
        let version = versions.await.unwrap();
        for number in worker * 5..(worker + 1) * 5 {
            let expected = record(version, Some("ada"));
            assert_eq!(
                store.load(key(number as u64), NOW).await.unwrap(),
                Loaded::Live(expected)
            );
        }
    }
    // A row that another transaction held is left for the next round.
    sum += store.delete_expired(NOW, usize::MAX).await.unwrap();
    assert!(sum <= 20_000);
    assert_eq!(
        number(
            &pool,
            &format!("SELECT count(*) FROM {table} WHERE expires < {NOW}")
        )
        .await,
        0
    );
}

/// Records are found by the hour, but removed by the second.
#[tokio::test]
async fn to_the_second() {
    let Some((store, _)) = store().await else {
        return;
    };
    let hour = NOW - NOW % HOUR;
    let ends = [hour - 1, hour, hour + 1, hour + HOUR - 1, hour + HOUR];
    // Those that stay come first.
    for (number, expires) in (0..).zip(ends.into_iter().rev()) {
        store
            .insert(
                key(number),
                &Record {
                    expires,
                    ..record(1, None)
                },
                0,
            )
            .await
            .unwrap();
    }
    for (before, removed) in [
        (hour - 1, 0),
        (hour, 1),
        (hour, 0),
        (hour + 1, 1),
        (hour + HOUR - 1, 1),
        (hour + HOUR, 1),
        (hour + HOUR, 0),
        (u64::MAX, 1),
    ] {
        assert_eq!(
            store.delete_expired(before, 1).await.unwrap(),
            removed,
            "{before}"
        );
    }
}

/// A row that another transaction holds is skipped: a cleaner waits for no lock.
#[tokio::test]
async fn what_is_locked_is_left_for_the_next_time() {
    let Some((store, table)) = store().await else {
        return;
    };
    for number in 0..10 {
        store
            .insert(key(number), &record(number, None), NOW)
            .await
            .unwrap();
    }
    let mut other = pool(server().unwrap().port(), 1).get().await.unwrap();
    let transaction = other.transaction().await.unwrap();
    transaction
        .execute(&format!("SELECT 1 FROM {table} LIMIT 3 FOR UPDATE"), &[])
        .await
        .unwrap();
    let clean = timeout(
        Duration::from_secs(30),
        store.delete_expired(NOW + 2 * HOUR, 100),
    );
    assert_eq!(clean.await.unwrap().unwrap(), 7);
    transaction.commit().await.unwrap();
    assert_eq!(store.delete_expired(NOW + 2 * HOUR, 100).await.unwrap(), 3);
}

/// An INSERT that arrives long after its client is gone finds the tombstone, which cleaning leaves for an hour.
#[tokio::test]
async fn a_late_insert_revives_nothing() {
    let Some((store, _)) = store().await else {
        return;
    };
    let store: Arc<dyn Store> = Arc::new(store);
    let time = ManualClock::at(NOW);
    let builder = Sessions::builder(SecretKey::generate().unwrap()).clock(time.clone());
    let sessions = builder.build_stored().unwrap();
    store.insert(key(1), &record(1, None), NOW).await.unwrap();
    assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
    for (after, expected) in [
        (135, Inserted::Tombstone),
        (3_660, Inserted::Tombstone),
        (3_661, Inserted::Done),
    ] {
        time.set(NOW + after);
        // When this one is gone, a round of cleaning is over.
        let expired = Record {
            expires: NOW - 3_601,
            ..record(1, None)
        };
        store.insert(key(2), &expired, NOW - 3_700).await.unwrap();
        let cleaning = tokio::spawn(clean(
            sessions.clone(),
            store.clone(),
            Duration::from_secs(3_600),
        ));
        while store.load(key(2), NOW - 3_700).await.unwrap() != Loaded::NotFound {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cleaning.abort();
        assert_eq!(
            store
                .insert(key(1), &record(2, None), NOW + after)
                .await
                .unwrap(),
            expected,
            "{after} s"
        );
    }
}
