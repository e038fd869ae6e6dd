//! The database, or a file beside it, is deleted or replaced while it is open.

use std::fs;
use std::io::{BufRead as _, Write as _, stdin};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use session_core::protocol::{Inserted, Loaded, Outcome, Record};
use session_store::{DeleteScope, Durability, Store, StoreError};
use session_store_sqlite::SqliteStore;

use crate::child::{Other, command, report};
use crate::directory::Directory;
use crate::file::{NOW, key, record};

/// Returns the error of each verb that uses the database.
async fn errors(store: &SqliteStore) -> Vec<StoreError> {
    let user = "ada@example.com";
    vec![
        store.load(key(1), NOW).await.unwrap_err(),
        store.insert(key(2), &record(2), NOW).await.unwrap_err(),
        store.update(key(1), 1, &record(2), NOW).await.unwrap_err(),
        store.touch(key(1), NOW + 7200, NOW).await.unwrap_err(),
        store.delete(key(1), NOW).await.unwrap_err(),
        store.delete_version(key(1), 1, NOW).await.unwrap_err(),
        store.list(user, 1, NOW).await.unwrap_err(),
        store
            .delete_owned(user, DeleteScope::All, NOW)
            .await
            .unwrap_err(),
        store.trim(user, 1, key(1), NOW).await.unwrap_err(),
        store.delete_expired(NOW, 1).await.unwrap_err(),
        store.durability().await.unwrap_err(),
    ]
}

fn beside(directory: &Directory, suffix: &str) -> PathBuf {
    directory.path().join(format!("sessions.db{suffix}"))
}

fn lost(suffix: &str) -> String {
    format!(
        "the file {suffix} beside the database of the sessions was deleted, moved or replaced: stop all processes that have \
         the database open, then start them again"
    )
}

async fn insert(store: &SqliteStore, number: u8) {
    assert_eq!(
        store.insert(key(number), &record(1), NOW).await.unwrap(),
        Inserted::Done
    );
}

/// No lost write is acknowledged, and no outdated record is returned.
#[tokio::test]
async fn deleted_or_replaced() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    insert(&store, 1).await;
    let aside = directory.path().join("aside");
    fs::rename(directory.file(), &aside).unwrap();
    for replaced in [false, true] {
        if replaced {
            fs::write(directory.file(), "").unwrap();
        }
        for error in errors(&store).await {
            let expected = "the database of the sessions was deleted, moved or replaced: put it back, or restart the application";
            assert_eq!(error.to_string(), expected);
            assert!(error.is_refused());
        }
    }
    fs::rename(&aside, directory.file()).unwrap();
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1))
    );
    insert(&store, 2).await;
}

/// Without the log or its index, an acknowledged write would be lost in a crash. Earlier writes are
/// written back when the process ends.
#[tokio::test]
async fn log_deleted_or_replaced() {
    for suffix in ["-wal", "-shm"] {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).unwrap();
        insert(&store, 1).await;
        fs::remove_file(beside(&directory, suffix)).unwrap();
        for replaced in [false, true] {
            if replaced {
                fs::write(beside(&directory, suffix), "").unwrap();
            }
            for error in errors(&store).await {
                assert_eq!(error.to_string(), lost(suffix));
                assert!(error.is_refused());
            }
        }
        drop(store);
        let store = SqliteStore::open(directory.file()).unwrap();
        assert_eq!(
            store.load(key(1), NOW).await.unwrap(),
            Loaded::Live(record(1))
        );
        insert(&store, 2).await;
    }
}

/// Opens the file in another process, which replies to each line whether it could write.
pub(crate) fn hold(file: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(file).unwrap();
        store.insert(key(100), &record(1), NOW).await.unwrap();
        report("open");
        for (expires, _) in
            (NOW + 3600 + u64::from(std::process::id())..).zip(stdin().lock().lines())
        {
            match store.touch(key(100), expires, NOW).await {
                Ok(_) => report("reply: written"),
                Err(error) => report(&format!("reply: {error}")),
            }
        }
    });
}

fn holds(file: &Path) -> Other {
    let mut other = Other::start(command("holds", file, None));
    other.reads("open");
    other
}

fn request(other: &mut Other) -> String {
    other
        .process
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"\n")
        .unwrap();
    other.reads("reply: ")
}

/// Lets the other process end by itself.
fn end(mut other: Other) {
    drop(other.process.stdin.take());
    assert!(other.process.wait().unwrap().success());
}

/// Both of two processes notice.
#[tokio::test]
async fn two_processes_without_their_log() {
    for suffix in ["-wal", "-shm"] {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).unwrap();
        let mut other = holds(&directory.file());
        fs::remove_file(beside(&directory, suffix)).unwrap();
        assert_eq!(request(&mut other), lost(suffix));
        assert_eq!(
            store.load(key(100), NOW).await.unwrap_err().to_string(),
            lost(suffix)
        );
        end(other);
        drop(store);
        let store = SqliteStore::open(directory.file()).unwrap();
        assert_eq!(
            store.load(key(100), NOW).await.unwrap(),
            Loaded::Live(record(1))
        );
    }
}

/// A process that starts beside one that still has the deleted log would read and write wrongly. After that one has
/// ended, everything is there. If it was killed, the index is left, which looks alike.
#[tokio::test]
async fn started_beside_one_without_its_log() {
    let directory = Directory::new();
    let refused = || {
        let error = SqliteStore::open(directory.file()).unwrap_err();
        let expected = format!(
            "{}: the file -wal beside it was deleted; stop all processes that have the database open, then start them again; \
             if there are none, remove the file -shm",
            directory.file().display()
        );
        assert_eq!(error.to_string(), expected);
        assert!(error.is_refused());
    };
    let other = holds(&directory.file());
    fs::remove_file(beside(&directory, "-wal")).unwrap();
    refused();
    end(other);
    let store = SqliteStore::open(directory.file()).unwrap();
    assert_eq!(
        store.load(key(100), NOW).await.unwrap(),
        Loaded::Live(record(1))
    );
    drop(store);

    let killed = holds(&directory.file());
    fs::remove_file(beside(&directory, "-wal")).unwrap();
    drop(killed);
    refused();
    fs::remove_file(beside(&directory, "-shm")).unwrap();
    insert(&SqliteStore::open(directory.file()).unwrap(), 1).await;
}

/// Other processes come and go, some killed, and the log is written back and cut: no false alarm.
#[tokio::test]
async fn the_log_stays_while_others_come_and_go() {
    let directory = Directory::new();
    let file = directory.file();
    // Files that a killed process left.
    drop(holds(&file));
    let store = SqliteStore::open(&file).unwrap();
    insert(&store, 1).await;
    let mut expires = NOW + 3600;
    for killed in [false, true, false, true] {
        let mut other = holds(&file);
        let second = SqliteStore::open(&file).unwrap();
        let connection = Connection::open(&file).unwrap();
        for mode in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
            expires += 1;
            assert_eq!(request(&mut other), "written");
            assert_eq!(
                store.touch(key(1), expires, NOW).await.unwrap(),
                Outcome::Done
            );
            connection
                .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
                .unwrap();
            connection.execute_batch("VACUUM").unwrap();
            let loaded = second.load(key(1), NOW).await.unwrap();
            assert_eq!(
                loaded,
                Loaded::Live(Record {
                    expires,
                    ..record(1)
                })
            );
        }
        drop((second, connection));
        if killed {
            drop(other);
        } else {
            end(other);
        }
        assert_eq!(
            store.touch(key(1), expires + 1, NOW).await.unwrap(),
            Outcome::Done
        );
        assert_eq!(store.durability().await.unwrap(), Durability::Crash);
    }
}

/// SQLite puts its files beside the file to which a link leads.
#[tokio::test]
async fn beside_a_link() {
    let directory = Directory::new();
    fs::create_dir(directory.path().join("data")).unwrap();
    let real = directory.path().join("data/real.db");
    fs::write(&real, "").unwrap();
    std::os::unix::fs::symlink(&real, directory.file()).unwrap();
    let store = SqliteStore::open(directory.file()).unwrap();
    insert(&store, 1).await;
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1))
    );
    fs::remove_file(directory.path().join("data/real.db-wal")).unwrap();
    assert_eq!(
        store.load(key(1), NOW).await.unwrap_err().to_string(),
        lost("-wal")
    );
}
