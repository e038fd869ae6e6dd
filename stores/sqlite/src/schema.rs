//! The layout of the file, the check that it is one of ours, and the settings of each connection to it.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use session_store::StoreError;

use crate::error::{OpenError, READ_ONLY, is_busy};

type Result<T> = std::result::Result<T, OpenError>;

/// The application id in the file's header, which the program `file` prints: "rses".
const APPLICATION: i32 = 0x7273_6573;

// The table `sessions`, one row for each record or tombstone:
//
//     id        the rowid
//     key       32 bytes, the record's key
//     dead      1 for a tombstone, of which only `key` and `expires` are used
//     version   the 64 bits of the version, as a signed integer
//     expires, created, seen    seconds since 1970
//     seq       the record's number in the order of its user's logins; NULL for a tombstone
//     owner     the user, in UTF-8, or NULL
//     label     in UTF-8, or NULL
//     body      opaque to the store
//
// Texts are blobs, so that they are compared by their bytes and may hold NULs. The table is ordered by rowid and has an
// index of keys: ordered by key alone, bodies of more than a kilobyte would make the tree deep, and a read would take twice
// as long (for short bodies a fifth less).

/// The steps from each version of the schema to the next, the first from an empty file. A step that was released is never
/// changed.
pub(crate) const STEPS: [&str; 1] = ["CREATE TABLE sessions (
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
    CREATE INDEX sessions_by_expires ON sessions (expires);"];

/// How long to wait for a lock that another process holds, in milliseconds. The driver waits longer for a reply.
pub(crate) const LOCK_MILLISECONDS: u16 = 1_000;

/// The size of the log, in pages, at which the writer itself writes it back: 16 MB. While writes come without a pause, the
/// thread that writes it back does not reach its end; by then it has left little to do.
const LOG_PAGES: u32 = 4_000;
/// The size at which the log's file stays, in bytes. It is a little more than `LOG_PAGES`, so that the log is overwritten
/// from its beginning and need not grow, for which a write would wait.
const LOG_BYTES: u32 = 17 * 1024 * 1024;

#[allow(
    unused_mut,
    reason = "busy_handler takes the connection by &mut in newer releases of rusqlite alone"
)]
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Without flags for URIs and creation: the path is that of a file that exists. NO_MUTEX: a connection is used by one
    // thread at a time, so SQLite needs no lock around it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait))?;
    Ok(connection)
}

/// Waits a millisecond for a lock. SQLite's own pauses grow to 100 ms, in which a lock that is free only between commits of
/// half a millisecond is missed again and again.
fn wait(times: i32) -> bool {
    sleep(Duration::from_millis(1));
    times < i32::from(LOCK_MILLISECONDS)
}

/// Opens a connection that writes. Creates the schema in a new file, and brings an earlier version up to date.
pub(crate) fn writer(path: &Path, full: bool) -> std::result::Result<Connection, StoreError> {
    match open_writer(path, full) {
        Ok(connection) => Ok(connection),
        Err(error) => Err(error.at(path)),
    }
}

fn open_writer(path: &Path, full: bool) -> Result<Connection> {
    let mut connection = connect(path)?;
    // SQLite opens a file for reading that it may not write.
    if connection.is_readonly(c"main")? {
        return Err(OpenError::Refused(READ_ONLY.into()));
    }
    // Nothing is written before the file is known to be ours or empty.
    check_now(&connection)?;
    set_wal(&connection)?;
    migrate(&mut connection)?;
    let synchronous = if full { "FULL" } else { "NORMAL" };
    // secure_delete overwrites deleted data: the content of an ended session does not stay in the free pages of the file.
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous}; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = {LOG_BYTES}; PRAGMA wal_autocheckpoint = {LOG_PAGES};"
    ))?;
    Ok(connection)
}

/// Returns the journal mode and the level of `synchronous` of a connection.
pub(crate) fn settings(connection: &Connection) -> rusqlite::Result<(String, i64)> {
    let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let synchronous = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    Ok((mode, synchronous))
}

/// Opens a connection that only reads.
pub(crate) fn reader(path: &Path) -> std::result::Result<Connection, StoreError> {
    match open_reader(path) {
        Ok(connection) => Ok(connection),
        Err(error) => Err(OpenError::Sqlite(error).at(path)),
    }
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    // A first statement, so that an error of the file shows now and not in a request.
    connection.execute_batch("PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema;")?;
    Ok(connection)
}

/// Returns the version of our schema in the file, 0 for an empty file. Fails if the file is another application's.
fn check_now(connection: &Connection) -> Result<usize> {
    // In one transaction: between two statements another process may create the schema in a new file.
    let transaction = connection.unchecked_transaction()?;
    check(&transaction)
}

/// Does what [`check_now`] does, in the caller's transaction.
fn check(connection: &Connection) -> Result<usize> {
    let application = number(connection, "PRAGMA application_id")?;
    let version = number(connection, "PRAGMA user_version")?;
    let tables = number(connection, "SELECT count(*) FROM sqlite_schema")?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION, version, _) => match usize::try_from(version) {
            Ok(version) if version <= STEPS.len() => Ok(version),
            _ => Err(OpenError::Refused(format!(
                "a newer release has written this file: its schema has version {version}, this release knows {}; run that \
                 release, or give another path",
                STEPS.len()
            ))),
        },
        _ => Err(OpenError::Refused(
            "this is the database of another application; give the path of a file that holds sessions alone"
                .into(),
        )),
    }
}

fn number(connection: &Connection, sql: &str) -> rusqlite::Result<i32> {
    connection.query_row(sql, [], |row| row.get(0))
}

/// Sets write-ahead logging, with which readers and the writer do not wait for each other. The setting is stored in the file.
fn set_wal(connection: &Connection) -> Result<()> {
    // SQLite does not call the busy handler for this pragma, and two processes may be opening a new file.
    let mut tries = 0;
    let mode: String = loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error) if is_busy(&error) && tries < LOCK_MILLISECONDS => {
                tries += 1;
                sleep(Duration::from_millis(1));
            }
            mode => break mode?,
        }
    };
    if mode == "wal" {
        return Ok(());
    }
    Err(OpenError::Refused(
        "write-ahead logging is not possible here; use a local file system, not one over a network"
            .into(),
    ))
}

fn migrate(connection: &mut Connection) -> Result<()> {
    if check_now(connection)? == STEPS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Checked again under the lock: another process may have migrated the file meanwhile.
    let version = check(&transaction)?;
    for step in &STEPS[version..] {
        transaction.execute_batch(step)?;
    }
    let header = format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {};",
        STEPS.len()
    );
    transaction.execute_batch(&header)?;
    transaction.commit()?;
    Ok(())
}
