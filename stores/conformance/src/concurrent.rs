//! Concurrent verbs on one record, and on a thousand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session_core::protocol::{Inserted, Loaded, Outcome, Record, Updated};
use session_store::DeleteScope;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::rng::Rng;
use crate::store_under_test::{
    DAY, HOUR, NOW, StoreUnderTest, broken, concurrently, expect, hold, key, of_user, record,
    tombstone,
};

// Tasks begin together at a barrier and yield between their steps, so that in most rounds they overlap. A round that does not
// overlap proves nothing, which is why there are many.

/// Of concurrent inserts, repeated ones among them, one creates the record.
pub(crate) async fn one_insert_wins(store: StoreUnderTest) {
    for round in 0..10 {
        let replies = concurrently(32, |number| {
            let store = store.clone();
            async move { store.insert(key(round), &record(number), NOW).await }
        });
        let replies = replies.await;
        let done: Vec<_> = (0..32_u64)
            .zip(&replies)
            .filter(|(_, reply)| **reply == Inserted::Done)
            .collect();
        expect(
            "insert, 32 concurrent: one is Inserted::Done",
            &done.len(),
            &1,
        );
        let winner = done[0].0;
        for (number, reply) in (0..).zip(&replies) {
            if number != winner {
                let wanted = Inserted::Exists(record(winner));
                expect(
                    "insert, 32 concurrent: the others return the record that was created",
                    reply,
                    &wanted,
                );
            }
        }
    }
}

/// No write is lost or takes effect twice.
pub(crate) async fn concurrent_updates_lose_nothing(store: StoreUnderTest) {
    const WRITERS: u64 = 64;
    const EACH: u64 = 8;
    fn with(version: u64, sum: u64) -> Record {
        Record {
            body: sum.to_le_bytes().into(),
            ..record(version)
        }
    }
    fn sum(record: &Record) -> u64 {
        u64::from_le_bytes((*record.body).try_into().unwrap())
    }
    store.insert(key(1), &with(u64::MAX, 0), NOW).await;
    concurrently(WRITERS, |writer| {
        let store = store.clone();
        async move {
            let mut rng = Rng(writer);
            for number in 0..EACH {
                let mut base = store.live(key(1)).await;
                let mut conflicts = 0;
                let version = writer * EACH + number;
                loop {
                    yield_now().await;
                    let next = with(version, sum(&base) + 1);
                    match store.update(key(1), base.version, &next, NOW).await {
                        Updated::Done => break,
                        Updated::Conflict(newer) => {
                            // Sums only grow, so the larger sum is that of the newer record.
                            hold(
                                "update, another version there: a conflict returns the record that stopped the update, or a newer one",
                                sum(&newer) > sum(&base),
                            );
                            base = newer;
                            // Backs off, as clients do; otherwise almost all updates would be conflicts.
                            conflicts += 1;
                            sleep(Duration::from_micros(rng.below(1_000 * conflicts))).await;
                        }
                        Updated::Gone => broken("update, a live record there", " returned Gone".to_owned()),
                    }
                }
            }
        }
    })
    .await;
    let rule = "update, 64 concurrent writers of one record: each Done takes effect once";
    expect(rule, &sum(&store.live(key(1)).await), &(WRITERS * EACH));
}

pub(crate) async fn a_thousand_concurrent_sessions(store: StoreUnderTest) {
    const SESSIONS: u64 = 1_000;
    const USERS: u64 = 100;
    const ROUNDS: u64 = 2;
    concurrently(SESSIONS, |number| {
        let store = store.clone();
        async move {
            let user = format!("user {}", number % USERS);
            store.log_in(number, &user).await;
            for round in 1..=ROUNDS {
                let base = number + SESSIONS * (round - 1);
                let mut next = of_user(number + SESSIONS * round, &user);
                next.expires += round;
                let updated = store.update(key(number), base, &next, NOW).await;
                expect(
                    "update, its version there, 1000 writers of as many records",
                    &updated,
                    &Updated::Done,
                );
                let loaded = store.load(key(number), NOW).await;
                expect(
                    "load returns a write that was acknowledged before",
                    &loaded,
                    &Loaded::Live(next),
                );
            }
            let touched = store.touch(key(number), NOW + DAY, NOW).await;
            expect(
                "touch, a live record there, 1000 concurrent",
                &touched,
                &Outcome::Done,
            );
        }
    })
    .await;
    let ended = concurrently(USERS, |number| {
        let store = store.clone();
        async move {
            let user = format!("user {number}");
            let listed = store.list(&user, usize::MAX, NOW).await;
            expect("list, of 1000 records of 100 users", &listed.len(), &10);
            let extended = listed.iter().all(|listed| listed.expires == NOW + DAY);
            hold("list returns the `expires` that touch wrote", extended);
            store
                .delete_owned(&user, DeleteScope::AllBut(key(number)), NOW)
                .await
        }
    });
    expect(
        "delete_owned, 100 concurrent users",
        &ended.await.iter().sum(),
        &(SESSIONS - USERS),
    );
}

/// Of all verbs that replace or delete one version, one succeeds.
pub(crate) async fn one_write_of_a_version_wins(store: StoreUnderTest) {
    for round in 0..50 {
        let place = key(round);
        store.insert(place, &record(0), NOW).await;
        let written = concurrently(8, |task| {
            let store = store.clone();
            async move {
                match task % 2 {
                    0 => store.update(place, 0, &record(task + 1), NOW).await,
                    _ => store.delete_version(place, 0, NOW).await,
                }
            }
        });
        let winners = written
            .await
            .iter()
            .filter(|written| **written == Updated::Done)
            .count();
        expect(
            "concurrent updates and deletes of one version: one is Done",
            &(winners as u64),
            &1,
        );
    }
}

/// After a delete was acknowledged, no write under way takes effect.
pub(crate) async fn a_delete_among_updates_is_final(store: StoreUnderTest) {
    for round in 0..25 {
        let place = key(round);
        store.insert(place, &record(0), NOW).await;
        let versions = Arc::new(AtomicU64::new(1));
        concurrently(8, |task| {
            let (store, versions) = (store.clone(), versions.clone());
            async move {
                if task == 0 {
                    // The progress of the others at the delete differs from round to round.
                    for _ in 0..round % 8 {
                        store.load(place, NOW).await;
                        yield_now().await;
                    }
                    let deleted = store.delete(place, NOW).await;
                    expect(
                        "delete among updates, a live record there",
                        &deleted,
                        &Outcome::Done,
                    );
                    let loaded = store.load(place, NOW).await;
                    expect(
                        "load after a delete among updates",
                        &loaded,
                        &tombstone(NOW),
                    );
                    return;
                }
                for _ in 0..8 {
                    let next = record(versions.fetch_add(1, Ordering::Relaxed));
                    if let Loaded::Live(base) = store.load(place, NOW).await {
                        yield_now().await;
                        store.update(place, base.version, &next, NOW).await;
                    }
                    store.touch(place, NOW + DAY, NOW).await;
                    let inserted = store.insert(place, &next, NOW).await;
                    hold(
                        "insert, a record or a tombstone there: not Done",
                        inserted != Inserted::Done,
                    );
                }
            }
        })
        .await;
        let loaded = store.load(place, NOW).await;
        expect(
            "delete is final, whatever writes were under way",
            &loaded,
            &tombstone(NOW),
        );
        store.touch(place, NOW + HOUR, NOW).await;
    }
}
