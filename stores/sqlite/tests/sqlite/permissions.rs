//! Permissions of the database and of the two files beside it.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use session_store::Store;
use session_store_sqlite::SqliteStore;

use crate::client;
use crate::directory::Directory;
use crate::file::{NOW, key, record};

#[tokio::test]
async fn only_its_user_may_read_it() {
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

/// Whatever made the file readable, a backup or a umask: the permissions of all three files are checked at start.
#[tokio::test]
async fn files_open_to_other_users_are_warned_about() {
    let directory = Directory::new();
    let file = directory.file();
    fs::write(&file, "").unwrap();
    let set_mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(&file, 0o644);
    let store = Arc::new(SqliteStore::open(&file).unwrap());
    let path = file.display();
    let warning = |suffix: &str, access: &str, mode: &str| {
        format!(
            "{path}{suffix}: users other than the owner of the file may {access} sessions (mode {mode}); chmod 600 it"
        )
    };
    // SQLite gives its permissions to the files beside it.
    let all = ["", "-wal", "-shm"].map(|suffix| warning(suffix, "read", "644"));
    assert_eq!(store.warnings(), all);

    // An adapter logs them when it gets the store.
    let source = client::source(store.clone());
    assert_eq!(source.store_warnings(), all);
    let (mut log, writer) = std::io::pipe().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Arc::new(writer))
        .finish();
    tracing::subscriber::with_default(subscriber, || session_store::trace::log_warnings(&source));
    let mut logged = String::new();
    log.read_to_string(&mut logged).unwrap();
    for warning in all {
        assert!(
            logged.contains(&format!("WARN session: {warning}")),
            "{logged}"
        );
    }

    set_mode(&file, 0o600);
    for (mode, access, text) in [
        (0o640, "read", "640"),
        (0o602, "write", "602"),
        (0o666, "read and write", "666"),
    ] {
        set_mode(&directory.path().join("sessions.db-wal"), mode);
        set_mode(&directory.path().join("sessions.db-shm"), 0o600);
        assert_eq!(store.warnings(), [warning("-wal", access, text)]);
    }
    set_mode(&directory.path().join("sessions.db-wal"), 0o600);
    assert!(store.warnings().is_empty());
}
