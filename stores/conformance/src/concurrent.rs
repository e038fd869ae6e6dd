//! Many requests at once: on one session, and on a thousand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session_core::protocol::{Inserted, Loaded, Outcome, Record, Updated};
use session_store::DeleteScope;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::rng::Rng;
use crate::store_under_test::{
    DAY, HOUR, NOW, Tested, at_once, broken, dead, expect, hold, key, owned, record,
};

/// Repetitions and requests at once: one creates.
pub(crate) async fn one_insert_wins(store: Tested) {
    for round in 0..10 {
        let answers = at_once(32, |number| {
            let store = store.clone();
            async move { store.insert(key(round), &record(number), NOW).await }
        });
        let answers = answers.await;
        let done: Vec<_> = (0..32_u64)
            .zip(&answers)
            .filter(|(_, answer)| **answer == Inserted::Done)
            .collect();
        expect("insert, 32 at once: one is Inserted::Done", &done.len(), &1);
        let winner = done[0].0;
        for (number, answer) in (0..).zip(&answers) {
            if number != winner {
                let wanted = Inserted::Exists(record(winner));
                expect(
                    "insert, 32 at once: the others meet the one that was created",
                    answer,
                    &wanted,
                );
            }
        }
    }
}

/// Nothing is lost and nothing counts twice.
pub(crate) async fn updates_at_once_all_count(store: Tested) {
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
    at_once(WRITERS, |writer| {
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
                            // Sums only grow, so they tell which record is newer.
                            hold(
                                "update, another version there: a conflict shows what stood in the way or newer",
                                sum(&newer) > sum(&base),
                            );
                            base = newer;
                            // As clients do, lest almost all that is asked be conflicts.
                            conflicts += 1;
                            sleep(Duration::from_micros(rng.below(1_000 * conflicts))).await;
                        }
                        Updated::Gone => broken("update, a live record there", " answered Gone".to_owned()),
                    }
                }
            }
        }
    })
    .await;
    let rule = "update, 64 writers of one record at once: each that is answered Done counts once";
    expect(rule, &sum(&store.live(key(1)).await), &(WRITERS * EACH));
}

pub(crate) async fn a_thousand_sessions_at_once(store: Tested) {
    const SESSIONS: u64 = 1_000;
    const USERS: u64 = 100;
    const ROUNDS: u64 = 2;
    at_once(SESSIONS, |number| {
        let store = store.clone();
        async move {
            let user = format!("user {}", number % USERS);
            store.log_in(number, &user).await;
            for round in 1..=ROUNDS {
                let base = number + SESSIONS * (round - 1);
                let mut next = owned(number + SESSIONS * round, &user);
                next.expires += round;
                let updated = store.update(key(number), base, &next, NOW).await;
                expect(
                    "update, its version there, 1000 writers of as many records",
                    &updated,
                    &Updated::Done,
                );
                let loaded = store.load(key(number), NOW).await;
                expect(
                    "load sees what was answered before",
                    &loaded,
                    &Loaded::Live(next),
                );
            }
            let touched = store.touch(key(number), NOW + DAY, NOW).await;
            expect(
                "touch, a live record there, 1000 at once",
                &touched,
                &Outcome::Done,
            );
        }
    })
    .await;
    let ended = at_once(USERS, |number| {
        let store = store.clone();
        async move {
            let user = format!("user {number}");
            let listed = store.list(&user, usize::MAX, NOW).await;
            expect("list, of 1000 records of 100 users", &listed.len(), &10);
            let extended = listed.iter().all(|listed| listed.expires == NOW + DAY);
            hold("list shows the `expires` that touch gave", extended);
            store
                .delete_owned(&user, DeleteScope::AllBut(key(number)), NOW)
                .await
        }
    });
    expect(
        "delete_owned, 100 users at once",
        &ended.await.iter().sum(),
        &(SESSIONS - USERS),
    );
}

/// Of all that replace or delete the same version, one does.
pub(crate) async fn one_write_of_a_version_wins(store: Tested) {
    for round in 0..50 {
        let place = key(round);
        store.insert(place, &record(0), NOW).await;
        let written = at_once(8, |task| {
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
            "updates and deletes of one version at once: one is Done",
            &(winners as u64),
            &1,
        );
    }
}

/// After a delete was answered, no writer that was under way gets through.
pub(crate) async fn a_delete_among_updates_is_final(store: Tested) {
    for round in 0..25 {
        let place = key(round);
        store.insert(place, &record(0), NOW).await;
        let versions = Arc::new(AtomicU64::new(1));
        at_once(8, |task| {
            let (store, versions) = (store.clone(), versions.clone());
            async move {
                if task == 0 {
                    // How far the others are by then varies from round to round.
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
                    expect("load after a delete among updates", &loaded, &dead(NOW));
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
            "delete is final, whatever was under way",
            &loaded,
            &dead(NOW),
        );
        store.touch(place, NOW + HOUR, NOW).await;
    }
}
