//! The file: created, refused, damaged, closed.

use std::fs;
use std::path::Path;
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

fn refusal(path: &Path) -> String {
    let error = SqliteStore::open(path).unwrap_err().to_string();
    let path = path.display().to_string();
    error
        .strip_prefix(&format!("{path}: "))
        .unwrap_or_else(|| panic!("{error}: no path"))
        .to_owned()
}

#[tokio::test]
async fn what_is_no_place() {
    let directory = Directory::new();
    let missing = directory.path().join("no/sessions.db");
    assert_eq!(
        refusal(&missing),
        "there is no such directory; create it first"
    );
    assert_eq!(
        refusal(directory.path()),
        "this is not a file; give the path of one"
    );
    let file = directory.file();
    fs::write(
        &file,
        "GIF89a, and a lot more that is no database".repeat(100),
    )
    .unwrap();
    let before = fs::read(&file).unwrap();
    assert_eq!(
        refusal(&file),
        "this is not a database; give the path of a file of the sessions' own"
    );
    assert_eq!(fs::read(&file).unwrap(), before);
}

/// What SQLite and other libraries give a meaning of its own makes no file, and the answer says what to write instead.
#[tokio::test]
async fn what_is_no_path() {
    for (name, remedy) in [
        ("", "there is no path; give that of a file"),
        (":memory:", "sessions in memory are kept by MemoryStore"),
        (
            ":memory:?cache=shared",
            "sessions in memory are kept by MemoryStore",
        ),
        (
            "file::memory:?cache=shared",
            "this is a URI, whose parameters would have no effect; give the path alone",
        ),
        (
            "file:sessions.db?mode=ro",
            "this is a URI, whose parameters would have no effect; give the path alone",
        ),
        (
            "sqlite://sessions.db",
            "this is a URI, whose parameters would have no effect; give the path alone",
        ),
        (
            "sqlite::memory:",
            "this is a URI, whose parameters would have no effect; give the path alone",
        ),
    ] {
        for error in [
            SqliteStore::open(name).unwrap_err(),
            SqliteStore::open_full(name).unwrap_err(),
        ] {
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("{name:?}: {remedy}")),
                "{error}"
            );
            assert!(error.is_refused());
        }
        assert!(name.is_empty() || !Path::new(name).exists(), "{name}");
    }
}

#[tokio::test]
async fn other_databases_are_left_as_they_are() {
    for (sql, expected) in [
        (
            "CREATE TABLE users (name); PRAGMA user_version = 7",
            "this database is not one of sessions",
        ),
        (
            "CREATE TABLE sessions (key)",
            "this database is not one of sessions",
        ),
        (
            "PRAGMA application_id = 1",
            "this database is not one of sessions",
        ),
        (
            "PRAGMA application_id = 0x72736573; PRAGMA user_version = 2; CREATE TABLE later (key)",
            "a newer release has written this file: its schema has version 2, the newest known here is 1",
        ),
        (
            "PRAGMA application_id = 0x72736573; PRAGMA user_version = -1",
            "a newer release has written this file",
        ),
    ] {
        let directory = Directory::new();
        Connection::open(directory.file())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        let before = fs::read(directory.file()).unwrap();
        let refused = refusal(&directory.file());
        assert!(refused.starts_with(expected), "{refused}");
        assert!(
            SqliteStore::open_full(directory.file())
                .unwrap_err()
                .is_refused()
        );
        assert_eq!(fs::read(directory.file()).unwrap(), before, "{sql}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "{sql}");
    }
}

/// An empty file is a new one; a path is a path, whatever its last part looks like.
#[tokio::test]
async fn what_is_a_place() {
    for name in [
        "sessions.db",
        ":memory:",
        "file:x?mode=memory",
        "ä b'\"%.db",
        "-wal",
    ] {
        let directory = Directory::new();
        let file = directory.path().join(name);
        if name == "sessions.db" {
            fs::write(&file, "").unwrap();
        }
        for _ in 0..2 {
            let store = SqliteStore::open(&file).unwrap();
            store.insert(key(1), &record(1), NOW).await.unwrap();
            assert_eq!(
                store.load(key(1), NOW).await.unwrap(),
                Loaded::Live(record(1))
            );
        }
        // Closed, it is one file, with everything in it.
        let files: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(files, [name]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    store.insert(key(1), &record(1), NOW).await.unwrap();
    let mut count = 0;
    for file in fs::read_dir(directory.path()).unwrap() {
        assert_eq!(
            file.unwrap().metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
        count += 1;
    }
    assert_eq!(count, 3, "the database, -wal and -shm");
}

/// A file that was there, a backup that was put back, a umask: each of the three files is looked at, at start.
#[cfg(unix)]
#[tokio::test]
async fn what_others_may_read_is_a_warning() {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let file = directory.file();
    fs::write(&file, "").unwrap();
    let rights =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    rights(&file, 0o644);
    let store = Arc::new(SqliteStore::open(&file).unwrap());
    let path = file.display();
    let warning = |suffix: &str, done: &str, mode: &str| {
        format!(
            "{path}{suffix}: sessions may be {done} by other users than the file's own (mode {mode}); chmod 600 it"
        )
    };
    // SQLite gives the files beside it the same rights.
    let all = ["", "-wal", "-shm"].map(|suffix| warning(suffix, "read", "644"));
    assert_eq!(store.warnings(), all);

    // An adapter says so where it is given the store.
    let source = client::source(store.clone());
    assert_eq!(source.store_warnings(), all);
    let (mut log, writer) = std::io::pipe().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Arc::new(writer))
        .finish();
    tracing::subscriber::with_default(subscriber, || session_store::trace::announce(&source));
    let mut logged = String::new();
    log.read_to_string(&mut logged).unwrap();
    for warning in all {
        assert!(
            logged.contains(&format!("WARN session: {warning}")),
            "{logged}"
        );
    }

    rights(&file, 0o600);
    for (mode, done, shown) in [
        (0o640, "read", "640"),
        (0o602, "written", "602"),
        (0o666, "read and written", "666"),
    ] {
        rights(&directory.path().join("sessions.db-wal"), mode);
        rights(&directory.path().join("sessions.db-shm"), 0o600);
        assert_eq!(store.warnings(), [warning("-wal", done, shown)]);
    }
    rights(&directory.path().join("sessions.db-wal"), 0o600);
    assert!(store.warnings().is_empty());
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

/// Ten open a new file at once.
#[tokio::test]
async fn opened_at_once() {
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
        Loaded::Absent
    );
}

fn silent(error: &StoreError) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let printed = format!("{error} {error:?} {source:?}");
    for secret in ["ada", "Firefox", "said", "7, 7"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

/// What is wrong in the file is told, without what is in it, by every verb that meets it.
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
    let expected = "the database of the sessions is damaged: stop the application, then remove the file (all are logged out) \
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
            silent(&error);
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
        "this is not a database; give the path of a file of the sessions' own"
    );
    assert_eq!(fs::read(&file).unwrap(), damaged);

    // A row that this store does not write: of another type, it cannot be; a text that is none.
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
        "what the database of the sessions holds was not written by this store"
    );
    silent(&error);
}

/// A table that is gone is an error like another; the next verb is asked as before.
#[tokio::test]
async fn one_error_is_one_error() {
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
    // All are asked at once, so they are written together.
    let mut answers: Vec<Option<Result<Inserted, StoreError>>> =
        inserts.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (insert, answer) in inserts.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let std::task::Poll::Ready(ready) = insert.as_mut().poll(context)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    for ((version, answer), number) in versions.iter().zip(answers).zip(10..) {
        let loaded = store.load(key(number), NOW).await.unwrap();
        match answer.unwrap() {
            Ok(inserted) => {
                assert_eq!(
                    (inserted, loaded),
                    (Inserted::Done, Loaded::Live(record(*version)))
                );
                assert_ne!(*version, 2);
            }
            Err(error) => {
                assert_eq!((*version, loaded), (2, Loaded::Absent));
                silent(&error);
            }
        }
    }
}

/// T7: neither the store nor an error shows what it holds.
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

/// An INSERT that was held on its way, its client long gone, finds the tombstone: cleaning leaves it for an hour.
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
        (135, Inserted::Dead),
        (3_660, Inserted::Dead),
        (3_661, Inserted::Done),
    ] {
        time.set(NOW + after);
        // Once this has gone, a round is over.
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
        while store.load(key(2), NOW - 3_700).await.unwrap() != Loaded::Absent {
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
