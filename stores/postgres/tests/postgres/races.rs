//! Verbs that meet another transaction at a certain moment: they wait for it, and check the row again afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use session_core::protocol::{Inserted, Outcome, TrimResult, Updated};
use session_store::{DeleteScope, Store};
use session_store_postgres::PostgresStore;
use tokio::time::sleep;

use crate::tools::*;

/// Runs a verb that waits for the lock of another transaction, which then runs `sql` and commits.
async fn meet<T: Send + 'static>(
    pool: &Pool,
    table: &str,
    change: &str,
    verb: impl Future<Output = T> + Send + 'static,
) -> T {
    let mut other = pool.get().await.unwrap();
    let transaction = other.transaction().await.unwrap();
    transaction
        .batch_execute(&format!("SELECT 1 FROM {table} FOR UPDATE"))
        .await
        .unwrap();
    let verb = tokio::spawn(verb);
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '\"%'";
    let begun = Instant::now();
    // Within a transaction the view of the activity never changes.
    let watcher = pool.get().await.unwrap();
    while watcher
        .query_one(waiting, &[&table])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it does not wait"
        );
        sleep(Duration::from_millis(5)).await;
    }
    transaction.batch_execute(change).await.unwrap();
    transaction.commit().await.unwrap();
    verb.await.unwrap()
}

const OLD: &str = "'\\x0100000000000000000000000000000000000000000000000000000000000000'";

/// The older of two sessions of one user, which is too many for a trim, or is to be ended, or written.
async fn met<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    options: &str,
    change: &str,
    verb: impl FnOnce(Arc<PostgresStore>) -> F,
) -> Option<T> {
    let pool = pool_with(server()?.port(), 4, options);
    let table = table();
    let store = Arc::new(
        PostgresStore::with_pool(pool.clone())
            .table(&table)
            .unwrap(),
    );
    store.create_schema().await.unwrap();
    for number in [1, 2] {
        let inserted = store
            .insert(key(number), &record(number, Some("ada")), NOW)
            .await
            .unwrap();
        assert_eq!(inserted, Inserted::Done);
    }
    let change = format!(
        "UPDATE {table} SET {} WHERE key = {OLD}",
        change.replace("{table}", &table)
    );
    Some(meet(&pool, &table, &change, verb(store)).await)
}

/// Prepared once the connections exist; each isolation level that the application may have set.
const LEVELS: [&str; 3] = [
    "",
    "-c default_transaction_isolation=repeatable\\ read",
    "-c default_transaction_isolation=serializable",
];

const DEAD: &str = "dead = true, ver = 0, owner = NULL, body = ''";
const BACK: &str = "ver = 9, seq = nextval('{table}_seq')";
const MOVED: &str = "owner = 'bob'";
const WRITTEN: &str = "ver = 9";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_did_meanwhile_counts() {
    for level in LEVELS {
        // The session that logged in again is among the newest, though it was surplus when the trim read the list.
        for (change, ended) in [
            (BACK, [0, 1]),
            (MOVED, [0, 0]),
            (DEAD, [0, 0]),
            (WRITTEN, [1, 1]),
        ] {
            let trim =
                |store: Arc<PostgresStore>| async move { store.trim("ada", 1, key(2), NOW).await };
            let Some(trimmed) = met(level, change, trim).await else {
                return;
            };
            // At a stricter level the trim starts again: then the other session is the older.
            let ended = ended[usize::from(!level.is_empty())];
            let alive = !(change == BACK && ended == 1);
            assert_eq!(
                trimmed.unwrap(),
                TrimResult { ended, alive },
                "{level} {change}"
            );
        }
        for (change, ended) in [(BACK, 2), (MOVED, 1), (DEAD, 1), (WRITTEN, 2)] {
            let end = |store: Arc<PostgresStore>| async move {
                store.delete_owned("ada", DeleteScope::All, NOW).await
            };
            assert_eq!(
                met(level, change, end).await.unwrap().unwrap(),
                ended,
                "{level} {change}"
            );
        }
        for (change, expected) in [(MOVED, "done"), (WRITTEN, "conflict"), (DEAD, "gone")] {
            let update = |store: Arc<PostgresStore>| async move {
                store.update(key(1), 1, &record(5, None), NOW).await
            };
            let updated = match met(level, change, update).await.unwrap().unwrap() {
                Updated::Done => "done",
                Updated::Conflict(newer) => {
                    assert_eq!(newer.version, 9);
                    "conflict"
                }
                Updated::Gone => "gone",
            };
            assert_eq!(updated, expected, "{level} {change}");
        }
        for (change, expected) in [(WRITTEN, Outcome::Done), (DEAD, Outcome::Gone)] {
            let touch =
                |store: Arc<PostgresStore>| async move { store.touch(key(1), NOW, NOW).await };
            assert_eq!(
                met(level, change, touch).await.unwrap().unwrap(),
                expected,
                "{level} {change}"
            );
            let delete = |store: Arc<PostgresStore>| async move { store.delete(key(1), NOW).await };
            assert_eq!(
                met(level, change, delete).await.unwrap().unwrap(),
                expected,
                "{level} {change}"
            );
        }
    }
}

/// Verbs over many rows lock them in one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_in_a_circle() {
    let Some((store, table)) = store().await else {
        return;
    };
    let store = Arc::new(store);
    for round in 0..20 {
        // Orders of logins and of keys that differ.
        for number in 0..60 {
            let place = key(100 * round + number * 37 % 60);
            store
                .insert(place, &record(number, Some("ada")), NOW)
                .await
                .unwrap();
        }
        let tasks: Vec<_> = (0..6)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    match task {
                        0 | 1 => store
                            .trim("ada", 5 + task, key(100 * round), NOW)
                            .await
                            .map(|trimmed| trimmed.ended),
                        2 => {
                            store
                                .delete_owned("ada", DeleteScope::AllBut(key(100 * round)), NOW)
                                .await
                        }
                        3 => store.delete_owned("ada", DeleteScope::All, NOW).await,
                        4 => store.delete_expired(NOW + 2 * HOUR, 20).await.map(|_| 0),
                        _ => store
                            .trim("ada", 0, key(100 * round), NOW)
                            .await
                            .map(|trimmed| trimmed.ended),
                    }
                })
            })
            .collect();
        let mut ended = 0;
        for task in tasks {
            ended += task.await.unwrap().unwrap();
        }
        assert!(ended <= 60);
        assert!(store.list("ada", 100, NOW).await.unwrap().is_empty());
    }
    let log = server().unwrap().log();
    let deadlock = log
        .split("deadlock detected")
        .skip(1)
        .find(|rest| rest.contains(&format!("\"{table}\"")));
    assert!(deadlock.is_none(), "{deadlock:.2000?}");
}
