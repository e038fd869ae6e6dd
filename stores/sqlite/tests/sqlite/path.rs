//! Paths: which are refused, and which are opened.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use session_core::protocol::Loaded;
use session_store::Store;
use session_store_sqlite::SqliteStore;

use crate::directory::Directory;
use crate::file::{NOW, key, record};

/// Returns the message with which the path is refused, without the path in front.
pub(crate) fn refusal(path: &Path) -> String {
    let error = SqliteStore::open(path).unwrap_err().to_string();
    let path = path.display().to_string();
    error
        .strip_prefix(&format!("{path}: "))
        .unwrap_or_else(|| panic!("{error}: no path"))
        .to_owned()
}

#[tokio::test]
async fn paths_of_no_database_are_refused() {
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
        "this is not a database; give the path of a file that holds sessions alone"
    );
    assert_eq!(fs::read(&file).unwrap(), before);
}

/// A path that means something else to SQLite or to other libraries creates no file, and the error says what to write instead.
#[tokio::test]
async fn special_paths_are_refused() {
    for (name, remedy) in [
        ("", "there is no path; give that of a file"),
        (":memory:", "for sessions in memory use MemoryStore"),
        (
            ":memory:?cache=shared",
            "for sessions in memory use MemoryStore",
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
            "this is the database of another application",
        ),
        (
            "CREATE TABLE sessions (key)",
            "this is the database of another application",
        ),
        (
            "PRAGMA application_id = 1",
            "this is the database of another application",
        ),
        (
            "PRAGMA application_id = 0x72736573; PRAGMA user_version = 2; CREATE TABLE later (key)",
            "a newer release has written this file: its schema has version 2, this release knows 1",
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

/// An empty file becomes a database, and an absolute path is that of a file, whatever its last part looks like.
#[tokio::test]
async fn any_name_of_a_file_is_opened() {
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
        // A closed database is one file, with all records in it.
        let files: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(files, [name]);
    }
}
