//! Load: cleaning among requests, many sessions of a user, and requests that stop waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, Updated},
};
use session_store::{DeleteScope, Store};
use session_store_sqlite::SqliteStore;

use crate::directory::Directory;

const NOW: u64 = 1_700_000_000;

fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    // Scattered, like hashes.
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    RecordKey::from_bytes(bytes)
}

fn record(version: u64, expires: u64) -> Record {
    Record {
        version,
        expires,
        created: NOW,
        seen: NOW,
        user: None,
        label: None,
        body: vec![7; 200].into(),
    }
}

async fn lay(
    store: &Arc<dyn Store>,
    numbers: std::ops::Range<u64>,
    expires: u64,
    user: Option<&str>,
) {
    let mut tasks = Vec::new();
    for task in 0..64 {
        let (store, numbers, user) = (store.clone(), numbers.clone(), user.map(Arc::from));
        tasks.push(tokio::spawn(async move {
            for number in numbers.skip(task).step_by(64) {
                let record = Record {
                    user: user.clone(),
                    ..record(number, expires)
                };
                assert_eq!(
                    store.insert(key(number), &record, NOW).await.unwrap(),
                    Inserted::Done
                );
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// L10: twenty thousand expired rows are removed among reads and writes, and no other row is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l10_cleaned_among_requests() {
    let directory = Directory::new();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.file()).unwrap());
    let (expired, live) = (20_000, 500);
    lay(&store, 0..expired, NOW - 1, None).await;
    lay(&store, expired..expired + live, NOW + 3600, None).await;

    let done = Arc::new(AtomicBool::new(false));
    let requests: Vec<_> = (0..8)
        .map(|task| {
            let (store, done) = (store.clone(), done.clone());
            tokio::spawn(async move {
                let mut version = expired + task;
                let mut count = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    let number = expired + task;
                    let next = record(version + 1_000, NOW + 3600);
                    let updated = store
                        .update(key(number), version, &next, NOW)
                        .await
                        .unwrap();
                    assert_eq!(updated, Updated::Done);
                    version += 1_000;
                    assert_eq!(
                        store.load(key(number), NOW).await.unwrap(),
                        Loaded::Live(next)
                    );
                    count += 1;
                }
                count
            })
        })
        .collect();
    // First batches of an odd size, then the rest.
    let mut removed = 0;
    while removed < 10_000 {
        let now = store.delete_expired(NOW, 777).await.unwrap();
        assert_eq!(now, 777);
        removed += now;
    }
    assert_eq!(store.delete_expired(NOW, 0).await.unwrap(), 0);
    removed += store.delete_expired(NOW, usize::MAX).await.unwrap();
    assert_eq!(removed, expired);
    assert_eq!(store.delete_expired(NOW, usize::MAX).await.unwrap(), 0);
    done.store(true, Ordering::Relaxed);
    for request in requests {
        assert!(
            request.await.unwrap() > 10,
            "others waited for the cleaning"
        );
    }
    for number in expired..expired + live {
        assert!(matches!(
            store.load(key(number), NOW).await.unwrap(),
            Loaded::Live(_)
        ));
    }
}

/// Returns the keys of a user's live sessions, the oldest login first.
async fn keys_of(store: &dyn Store, user: &str) -> Vec<RecordKey> {
    let sessions = store.list(user, usize::MAX, NOW).await.unwrap();
    sessions.iter().map(|session| session.key).collect()
}

/// A user with more sessions than one transaction ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_many() {
    let directory = Directory::new();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.file()).unwrap());
    lay(&store, 0..1_000, NOW + 3600, Some("ada")).await;
    lay(&store, 1_000..1_010, NOW + 3600, Some("bob")).await;
    let all = keys_of(&*store, "ada").await;
    assert_eq!(all.len(), 1_000);
    let trimmed = store.trim("ada", 601, all[0], NOW).await.unwrap();
    assert_eq!((trimmed.ended, trimmed.alive), (399, false));
    let left = keys_of(&*store, "ada").await;
    assert_eq!(left, all[399..]);
    assert_eq!(
        store
            .delete_owned("ada", DeleteScope::AllBut(left[600]), NOW)
            .await
            .unwrap(),
        600
    );
    assert_eq!(
        store
            .delete_owned("ada", DeleteScope::All, NOW)
            .await
            .unwrap(),
        1
    );
    assert_eq!(store.list("bob", usize::MAX, NOW).await.unwrap().len(), 10);
}

/// Verbs whose callers stopped waiting: each took effect as a whole or not at all, and others are not disturbed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_midway() {
    let directory = Directory::new();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.file()).unwrap());
    lay(&store, 0..32, NOW + 3600, Some("ada")).await;
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut acknowledged = number;
                for round in 1..=60 {
                    let version = number + 1_000 * round;
                    let loaded = store.load(key(number), NOW).await.unwrap();
                    let Loaded::Live(now) = loaded else {
                        panic!("it was ended")
                    };
                    let next = Record {
                        user: Some("ada".into()),
                        ..record(version, NOW + 3600 + round)
                    };
                    let patience = Duration::from_micros((number * 37 + round * 101) % 900);
                    let update = store.update(key(number), now.version, &next, NOW);
                    match tokio::time::timeout(patience, update).await {
                        Ok(updated) => {
                            assert!(now.version >= acknowledged, "an acknowledged write is lost");
                            // A dropped verb may have been carried out since the load.
                            if updated.unwrap() == Updated::Done {
                                acknowledged = version;
                            }
                        }
                        Err(_) => {
                            drop(tokio::time::timeout(patience, store.list("ada", 9, NOW)).await)
                        }
                    }
                }
                acknowledged
            })
        })
        .collect();
    for (number, task) in (0..).zip(tasks) {
        let acknowledged = task.await.unwrap();
        let Loaded::Live(found) = store.load(key(number), NOW).await.unwrap() else {
            panic!("it was ended");
        };
        assert!(found.version >= acknowledged && found.version % 1_000 == number);
        assert_eq!(found.body, record(0, 0).body);
    }
    assert_eq!(store.list("ada", 99, NOW).await.unwrap().len(), 32);
    drop(store.delete(key(1), NOW));
    assert!(
        matches!(store.load(key(1), NOW).await.unwrap(), Loaded::Live(_)),
        "nothing happens before it is polled"
    );
    assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
}
