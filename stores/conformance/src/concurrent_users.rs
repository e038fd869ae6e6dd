//! Concurrent verbs about a user's records.

use std::collections::BTreeSet;

use session_core::protocol::{Loaded, TrimResult, Updated};
use session_store::DeleteScope;
use tokio::task::yield_now;

use crate::store_under_test::{
    HOUR, NOW, StoreUnderTest, concurrently, expect, hold, key, of_user, record, tombstone,
};

/// Concurrent trims end the surplus, and no record more.
pub(crate) async fn concurrent_trims_leave_the_newest(store: StoreUnderTest) {
    for round in 0..5 {
        let user = format!("user {round}");
        for number in 100 * round..100 * round + 40 {
            store.log_in(number, &user).await;
        }
        let trimmed = concurrently(16, |task| {
            let (store, user) = (store.clone(), user.clone());
            async move { store.trim(&user, 5, key(100 * round + task), NOW).await }
        });
        let trimmed: Vec<TrimResult> = trimmed.await;
        let newest = (100 * round + 35..100 * round + 40)
            .map(key)
            .collect::<Vec<_>>();
        expect(
            "trim to 5, 16 concurrent: the newest 5 are left",
            &store.keys(&user).await,
            &newest,
        );
        let ended = trimmed.iter().map(|trimmed| trimmed.ended).sum::<u64>();
        expect(
            "trim, 16 concurrent: each record is in the count of one call",
            &ended,
            &35,
        );
        let alive = trimmed.iter().any(|trimmed| trimmed.alive);
        hold(
            "trim, 16 concurrent: `alive` is false for an ended record, whichever call ended it",
            !alive,
        );
    }
}

/// Each login indexes, inserts and trims. Three records are left, and the trims of these three returned that they are alive.
pub(crate) async fn concurrent_logins_leave_three(store: StoreUnderTest) {
    for round in 0..5 {
        let user = format!("user {round}");
        let logins = concurrently(16, |task| {
            let (store, user) = (store.clone(), user.clone());
            async move {
                let mut alive = BTreeSet::new();
                let mut ended = 0;
                for number in (0..3).map(|number| 100 * round + 3 * task + number) {
                    store.log_in(number, &user).await;
                    yield_now().await;
                    let trimmed = store.trim(&user, 3, key(number), NOW).await;
                    ended += trimmed.ended;
                    alive.extend(trimmed.alive.then_some(key(number)));
                }
                (alive, ended)
            }
        });
        let logins = logins.await;
        let left = store.keys(&user).await;
        expect(
            "trim to 3 after each of 48 concurrent logins: 3 are left",
            &left.len(),
            &3,
        );
        let ended = logins.iter().map(|(_, ended)| ended).sum::<u64>();
        expect(
            "trim to 3 after each of 48 concurrent logins: 45 were ended",
            &ended,
            &45,
        );
        let alive: BTreeSet<_> = logins.into_iter().flat_map(|(alive, _)| alive).collect();
        hold(
            "trim: `alive` was true for each record that is left",
            left.iter().all(|key| alive.contains(key)),
        );
    }
}

/// A record that logs in again after a trim has read the list is the newest, so the trim spares it, though it was surplus.
pub(crate) async fn a_trim_spares_a_session_that_logs_in_again(store: StoreUnderTest) {
    const SESSIONS: u64 = 20;
    for round in 0..40 {
        let user = format!("user {round}");
        let back = key(100 * round + SESSIONS - 2);
        for number in 0..SESSIONS {
            store.log_in(100 * round + number, &user).await;
        }
        concurrently(2, |task| {
            let (store, user) = (store.clone(), user.clone());
            async move {
                if task == 0 {
                    store.trim(&user, 1, back, NOW).await;
                    return;
                }
                let Loaded::Live(base) = store.load(back, NOW).await else {
                    return;
                };
                // The progress of the trim at this moment differs from round to round.
                for _ in 0..round % 10 {
                    store.list(&user, 1, NOW).await;
                    yield_now().await;
                }
                store.index(&user, back, NOW + HOUR, NOW).await;
                store
                    .update(back, base.version, &record(1 << 32), NOW)
                    .await;
                let returned = store
                    .update(back, 1 << 32, &of_user(1 << 33, &user), NOW)
                    .await;
                if returned == Updated::Done {
                    store.trim(&user, 1, back, NOW).await;
                }
            }
        })
        .await;
        let left = store.keys(&user).await.len();
        expect(
            "trim ends nothing that was among the newest when it looked",
            &left,
            &1,
        );
    }
}

/// A session that had logged in before the deletion began is ended; a concurrent login is either whole or ended.
pub(crate) async fn delete_all_among_logins(store: StoreUnderTest) {
    for round in 0..8 {
        let user = format!("user {round}");
        let early = move || (0..20).map(move |number| key(100 * round + number));
        for number in 0..20 {
            store.log_in(100 * round + number, &user).await;
        }
        concurrently(9, |task| {
            let (store, user) = (store.clone(), user.clone());
            async move {
                if task == 0 {
                    let ended = store.delete_owned(&user, DeleteScope::All, NOW).await;
                    hold(
                        "delete_owned among logins: ends all whose login was acknowledged before",
                        ended >= 20,
                    );
                    for key in early() {
                        let loaded = store.load(key, NOW).await;
                        expect(
                            "load after delete_owned among logins",
                            &loaded,
                            &tombstone(NOW),
                        );
                    }
                } else {
                    for number in 0..5 {
                        store
                            .log_in(100 * round + 20 + 5 * task + number, &user)
                            .await;
                    }
                }
            }
        })
        .await;
        let listed = store.keys(&user).await;
        for number in (100 * round + 25)..(100 * round + 65) {
            let live = store.load(key(number), NOW).await != tombstone(NOW);
            let rule =
                "delete_owned among logins: a live record is listed, and an ended one is not";
            expect(rule, &listed.contains(&key(number)), &live);
        }
    }
}
