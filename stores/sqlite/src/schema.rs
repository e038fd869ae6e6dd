//! The file: whose it is, what is in it, and how a connection to it is set up.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use session_store::StoreError;

use crate::error;

/// Says that the file is ours; `file` shows it. "rses".
const APPLICATION: i32 = 0x7273_6573;

/// From each version of the schema to the next, the first from an empty file. What was released is never changed.
pub(crate) const STEPS: [&str; 1] = [
    // By rowid, with an index of keys: without one a body of more than a kilobyte makes the tree of keys deep, and a read
    // takes twice as long (a short one a fifth less). Texts are blobs, so that they are compared by their bytes and may
    // hold NULs.
    "CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        dead INTEGER NOT NULL DEFAULT 0,
        version INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        created INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        seq INTEGER,
        owner BLOB,
        label BLOB,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX sessions_by_owner ON sessions (owner, seq) WHERE owner IS NOT NULL;
    CREATE INDEX sessions_by_expires ON sessions (expires);",
];

/// How long a lock that somebody else holds is waited for, in milliseconds. Shorter than the driver waits for an answer.
pub(crate) const LOCK_MILLISECONDS: u16 = 1_000;

/// How large the log gets, in pages, before the writer itself writes it back, since its own thread never gets to the end
/// while others write without a pause: 16 MB. Little of it is left to do then.
const LOG_PAGES: u32 = 4_000;
/// How large the log's file may stay, in bytes: a little more than that, so that it is written over and never has to grow,
/// for which a write would wait.
const LOG_BYTES: u32 = 17 * 1024 * 1024;

#[allow(
    unused_mut,
    reason = "busy_handler takes the connection by &mut in newer releases of rusqlite alone"
)]
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // No URIs, no creation: the file is there. One thread at a time uses a connection, so it needs no lock of its own.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait))?;
    Ok(connection)
}

/// SQLite's own pauses grow to 100 ms, in which a lock that others take for half a millisecond is missed over and over.
fn wait(times: i32) -> bool {
    sleep(Duration::from_millis(1));
    times < i32::from(LOCK_MILLISECONDS)
}

/// The one connection that writes, to a file that is made ready if it is new or of an earlier version.
pub(crate) fn writer(path: &Path, full: bool) -> Result<Connection, StoreError> {
    let failed = |error| error::opening(path, error);
    let mut connection = connect(path).map_err(failed)?;
    // SQLite opens for reading what it may not write.
    if connection.is_readonly(c"main").map_err(failed)? {
        return Err(error::read_only(path));
    }
    // Nothing is written before it is clear that the file is ours.
    check_now(&connection, path)?;
    log_ahead(&connection, path)?;
    migrate(&mut connection, path)?;
    // Deleted data is overwritten: what somebody logged out of is not to be found in the file's free places.
    let synchronous = if full { "FULL" } else { "NORMAL" };
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = {synchronous}; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
             PRAGMA journal_size_limit = {LOG_BYTES}; PRAGMA wal_autocheckpoint = {LOG_PAGES};"
        ))
        .map_err(failed)?;
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| error::opening(path, error);
    let connection = connect(path).map_err(failed)?;
    connection
        .execute_batch("PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema;")
        .map_err(failed)?;
    Ok(connection)
}

/// In one transaction: between two looks another process may have made a new file ready.
fn check_now(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let transaction = connection
        .unchecked_transaction()
        .map_err(|error| error::opening(path, error))?;
    check(&transaction, path)
}

/// Which version of our schema is in the file, 0 if it is empty. To be asked in a transaction.
fn check(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let failed = |error| error::opening(path, error);
    let number = |sql| {
        connection
            .query_row(sql, [], |row| row.get::<_, i32>(0))
            .map_err(failed)
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let refuse =
        |message: String| Err(StoreError::new(format!("{}: {message}", path.display())).refused());
    match (application, version, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION, version, _) => match usize::try_from(version) {
            Ok(version) if version <= STEPS.len() => Ok(version),
            _ => refuse(format!(
                "a newer release has written this file: its schema has version {version}, the newest known here is {}; run \
                 that release, or give another path",
                STEPS.len()
            )),
        },
        _ => refuse(
            "this database is not one of sessions; give the path of a file of their own".into(),
        ),
    }
}

/// Write-ahead logging: readers and the writer do not wait for each other. The file remembers it.
fn log_ahead(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    // For this SQLite does not wait for others' locks: two processes may be opening a new file.
    let mut tries = 0;
    let mode = loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            row.get::<_, String>(0)
        }) {
            Err(busy) if error::is_busy(&busy) && tries < LOCK_MILLISECONDS => {
                tries += 1;
                sleep(Duration::from_millis(1));
            }
            mode => break mode.map_err(|error| error::opening(path, error))?,
        }
    };
    if mode == "wal" {
        return Ok(());
    }
    let message =
        "write-ahead logging is not possible here; use a local file system, not one over a network";
    Err(StoreError::new(format!("{}: {message}", path.display())).refused())
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if check_now(connection, path)? == STEPS.len() {
        return Ok(());
    }
    let failed = |error| error::opening(path, error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Maybe another process has done it meanwhile.
    let version = check(&transaction, path)?;
    for step in &STEPS[version..] {
        transaction.execute_batch(step).map_err(failed)?;
    }
    let done = format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {};",
        STEPS.len()
    );
    transaction.execute_batch(&done).map_err(failed)?;
    transaction.commit().map_err(failed)
}
