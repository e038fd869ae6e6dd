//! The database file: created by several processes, damaged, closed; and what its errors contain.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use session_core::testing::ManualClock;
use session_core::{
    RecordKey, SecretKey, Sessions,
    protocol::{Inserted, Loaded, Outcome, Record},
};
use session_store::{Durability, Store, StoreError, clean};
use session_store_sqlite::SqliteStore;

use crate::client::{self, request};
use crate::directory::Directory;
use crate::path::refusal;

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn key(number: u8) -> RecordKey {
    RecordKey::from_bytes([number; 32])
}

pub(crate) fn record(version: u64) -> Record {
    let user = Some("ada@example.com".into());
    let label = Some("Firefox of Ada".into());
    let body = b"what ada said".as_slice().into();
    Record {
        version,
        expires: NOW + 3600,
        created: NOW,
        seen: NOW,
        user,
        label,
        body,
    }
}

#[tokio::test]
async fn durability_is_asked() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    let full = SqliteStore::open_full(directory.file()).unwrap();
    assert_eq!(store.durability().await.unwrap(), Durability::Crash);
    assert_eq!(full.durability().await.unwrap(), Durability::PowerLoss);
    full.insert(key(1), &record(1), NOW).await.unwrap();
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1))
    );
}

/// Ten threads open a new file at the same time.
#[tokio::test]
async fn opened_concurrently() {
    let directory = Directory::new();
    let file = directory.file();
    std::thread::scope(|scope| {
        let open = || SqliteStore::open(&file).unwrap();
        let handles: Vec<_> = (0..10).map(|_| scope.spawn(open)).collect();
        handles
            .into_iter()
            .for_each(|handle| drop(handle.join().unwrap()));
    });
    assert_eq!(
        SqliteStore::open(&file)
            .unwrap()
            .load(key(1), NOW)
            .await
            .unwrap(),
        Loaded::NotFound
    );
}

fn assert_no_content(error: &StoreError) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let printed = format!("{error} {error:?} {source:?}");
    for secret in ["ada", "Firefox", "said", "7, 7"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

/// Every verb that meets damaged data says so, and quotes none of it.
#[tokio::test]
async fn damaged() {
    let directory = Directory::new();
    let file = directory.file();
    {
        let store = SqliteStore::open(&file).unwrap();
        for number in 0..200 {
            store
                .insert(key(number), &record(u64::from(number)), NOW)
                .await
                .unwrap();
        }
    }
    let whole = fs::read(&file).unwrap();
    let page = 4096;
    let mut damaged = whole.clone();
    damaged[page..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    fs::write(&file, damaged).unwrap();
    let expected = "the database of the sessions is damaged: stop the application, then remove the file (all users are logged out) \
                    or put a backup in its place";
    {
        let store = SqliteStore::open(&file).unwrap();
        let errors = [
            store.load(key(7), NOW).await.unwrap_err(),
            store.insert(key(201), &record(1), NOW).await.unwrap_err(),
            store.update(key(7), 7, &record(1), NOW).await.unwrap_err(),
            store.delete(key(7), NOW).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.to_string(), expected);
            assert!(error.is_refused());
            assert_no_content(&error);
        }
        let source = client::source(Arc::new(store));
        let lost = request(&source, &None, |session| session.insert("a", 1).unwrap()).await;
        assert_eq!(lost.unwrap_err(), session_core::Error::Unavailable);
    }

    // The header.
    let mut damaged = whole.clone();
    damaged[..16].fill(b'?');
    fs::write(&file, &damaged).unwrap();
    assert_eq!(
        refusal(&file),
        "this is not a database; give the path of a file that holds sessions alone"
    );
    assert_eq!(fs::read(&file).unwrap(), damaged);

    // A row that this store does not write: a text that is not UTF-8. Another type cannot be in a STRICT table.
    fs::write(&file, whole).unwrap();
    Connection::open(&file)
        .unwrap()
        .execute_batch("UPDATE sessions SET owner = x'ff616461'")
        .unwrap();
    let error = SqliteStore::open(&file)
        .unwrap()
        .load(key(7), NOW)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database of the sessions holds a value that this store did not write"
    );
    assert_no_content(&error);
}

/// One insert of a group fails, and the others are stored.
#[tokio::test]
async fn a_failed_insert_fails_alone() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    store.insert(key(1), &record(1), NOW).await.unwrap();
    let connection = Connection::open(directory.file()).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER no_2 BEFORE INSERT ON sessions WHEN new.version = 2 BEGIN SELECT RAISE(ABORT, 'no 2'); END",
        )
        .unwrap();
    let versions: Vec<u64> = (2..10).chain([2, 2]).collect();
    let records: Vec<_> = versions.iter().map(|version| record(*version)).collect();
    let mut inserts = Vec::new();
    for (number, record) in (10..).zip(&records) {
        inserts.push(store.insert(key(number), record, NOW));
    }
    // All are polled before the first is ready, so they are written together.
    let mut replies: Vec<Option<Result<Inserted, StoreError>>> =
        inserts.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (insert, reply) in inserts.iter_mut().zip(&mut replies) {
            if reply.is_none()
                && let std::task::Poll::Ready(ready) = insert.as_mut().poll(context)
            {
                *reply = Some(ready);
            }
        }
        if replies.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    for ((version, reply), number) in versions.iter().zip(replies).zip(10..) {
        let loaded = store.load(key(number), NOW).await.unwrap();
        match reply.unwrap() {
            Ok(inserted) => {
                assert_eq!(
                    (inserted, loaded),
                    (Inserted::Done, Loaded::Live(record(*version)))
                );
                assert_ne!(*version, 2);
            }
            Err(error) => {
                assert_eq!((*version, loaded), (2, Loaded::NotFound));
                assert_no_content(&error);
            }
        }
    }
}

/// T7: neither the store nor an error prints content.
#[tokio::test]
async fn nothing_is_printed() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    store.insert(key(7), &record(1), NOW).await.unwrap();
    assert_eq!(
        format!("{store:?}"),
        format!("SqliteStore {{ path: {:?}, .. }}", directory.file())
    );
}

/// An INSERT that arrives long after its client is gone finds the tombstone, which cleaning leaves for an hour.
#[tokio::test]
async fn a_late_insert_revives_nothing() {
    let directory = Directory::new();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.file()).unwrap());
    let time = ManualClock::at(NOW);
    let builder = Sessions::builder(SecretKey::generate().unwrap()).clock(time.clone());
    let sessions = builder.build_stored().unwrap();
    store.insert(key(1), &record(1), NOW).await.unwrap();
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
            ..record(1)
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
            store.insert(key(1), &record(2), NOW + after).await.unwrap(),
            expected,
            "{after} s"
        );
    }
}
