//! The verbs of the store as statements on one connection.
//!
//! No function here begins or ends a transaction. The caller of a write has begun one that holds the lock of the writer, so
//! a row that a write has read cannot change before it writes. Each function writes with one statement at most: SQLite
//! undoes a failed statement as a whole, so a failed verb leaves no trace in the transaction that it shares with others.

use std::str;
use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, ToSql};
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, TrimResult, Updated},
};
use session_store::{DeleteScope, SessionInfo};

use crate::sql;

type Result<T> = std::result::Result<T, Error>;

/// Returns what is stored under the key, also an expired record or tombstone.
pub(crate) fn load(connection: &Connection, key: RecordKey) -> Result<Loaded> {
    let mut statement = connection.prepare_cached(sql::LOAD)?;
    let stored = statement.query_row([key.as_bytes()], stored);
    Ok(stored.optional()?.unwrap_or(Loaded::NotFound))
}

pub(crate) fn insert(connection: &Connection, key: RecordKey, record: &Record) -> Result<Inserted> {
    let user = record.user.as_deref().map(str::as_bytes);
    let created = connection.prepare_cached(sql::INSERT)?.execute((
        key.as_bytes(),
        record.version.cast_signed(),
        time(record.expires),
        time(record.created),
        time(record.seen),
        user,
        record.label.as_deref().map(str::as_bytes),
        &*record.body,
    ))?;
    if created == 1 {
        return Ok(Inserted::Done);
    }
    match load(connection, key)? {
        Loaded::Live(record) => Ok(Inserted::Exists(record)),
        Loaded::Tombstone { .. } => Ok(Inserted::Tombstone),
        // Cannot happen: the row that stopped the insert is still there, since the lock of the writer is held.
        Loaded::NotFound => Err(Error::QueryReturnedNoRows),
    }
}

pub(crate) fn update(
    connection: &Connection,
    key: RecordKey,
    version: u64,
    record: &Record,
    now: u64,
) -> Result<Updated> {
    let (new_version, expires) = (record.version.cast_signed(), time(record.expires));
    let (created, seen) = (time(record.created), time(record.seen));
    let user = record.user.as_deref().map(str::as_bytes);
    let label = record.label.as_deref().map(str::as_bytes);
    let (key_bytes, body) = (key.as_bytes(), &*record.body);
    let mut values: Vec<&dyn ToSql> = Vec::with_capacity(10);
    // The first six parameters are the same in all three statements; their order is that of the SQL.
    values.extend([
        key_bytes as &dyn ToSql,
        &new_version,
        &created,
        &seen,
        &label,
        &body,
    ]);
    let (old_version, now) = (version.cast_signed(), time(now));
    values.extend([&old_version as &dyn ToSql, &now, &expires, &user]);
    if connection.prepare_cached(sql::UPDATE)?.execute(&*values)? == 1 {
        return Ok(Updated::Done);
    }
    // No row was changed: the record is gone or of another version, or `expires` or the user changes as well.
    let old = match load(connection, key)? {
        Loaded::Live(old) if time(old.expires) > now => old,
        _ => return Ok(Updated::Gone),
    };
    if old.version != version {
        return Ok(Updated::Conflict(old));
    }
    values.truncate(6);
    let expires = expires.max(time(old.expires));
    values.push(&expires);
    let statement = if record.user == old.user {
        sql::UPDATE_EXPIRES
    } else {
        values.push(&user);
        sql::UPDATE_USER
    };
    connection.prepare_cached(statement)?.execute(&*values)?;
    Ok(Updated::Done)
}

pub(crate) fn touch(
    connection: &Connection,
    key: RecordKey,
    expires: u64,
    now: u64,
) -> Result<Outcome> {
    let touched = connection.prepare_cached(sql::TOUCH)?.execute((
        key.as_bytes(),
        time(expires),
        time(now),
    ))?;
    Ok(outcome(touched))
}

pub(crate) fn delete(connection: &Connection, key: RecordKey, now: u64) -> Result<Outcome> {
    let ended = connection
        .prepare_cached(sql::DELETE)?
        .execute((tombstone_end(now), key.as_bytes()))?;
    Ok(outcome(ended))
}

pub(crate) fn delete_version(
    connection: &Connection,
    key: RecordKey,
    version: u64,
    now: u64,
) -> Result<Updated> {
    let values = (tombstone_end(now), key.as_bytes(), version.cast_signed());
    let mut statement = connection.prepare_cached(sql::DELETE_VERSION)?;
    if statement.execute(values)? == 1 {
        return Ok(Updated::Done);
    }
    // The lock of the writer is held, so this reads the row that the statement did not match.
    Ok(match load(connection, key)? {
        Loaded::Live(other) => Updated::Conflict(other),
        Loaded::Tombstone { .. } | Loaded::NotFound => Updated::Gone,
    })
}

/// Ends at most `most` sessions of a user, and returns their number.
pub(crate) fn delete_owned(
    connection: &Connection,
    user: &str,
    which: DeleteScope,
    now: u64,
    most: usize,
) -> Result<usize> {
    let (until, user, most) = (tombstone_end(now), user.as_bytes(), integer(most));
    let (sql, key) = match which {
        DeleteScope::All => {
            let mut statement = connection.prepare_cached(sql::DELETE_ALL)?;
            return statement.execute((until, user, most));
        }
        DeleteScope::AllBut(key) => (sql::DELETE_ALL_BUT, key),
        DeleteScope::One(key) => (sql::DELETE_ONE, key),
    };
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute((until, user, most, key.as_bytes()))
}

/// Ends the oldest live sessions of a user beyond the newest `keep`, at most `most` of them.
pub(crate) fn trim(
    connection: &Connection,
    user: &str,
    keep: usize,
    this: RecordKey,
    now: u64,
    most: usize,
) -> Result<TrimResult> {
    let values = (
        tombstone_end(now),
        user.as_bytes(),
        integer(most),
        time(now),
        integer(keep),
    );
    let ended = connection.prepare_cached(sql::TRIM)?.execute(values)?;
    let alive = connection
        .prepare_cached(sql::IS_LIVE)?
        .exists((this.as_bytes(), time(now)))?;
    Ok(TrimResult {
        ended: u64::try_from(ended).unwrap_or(u64::MAX),
        alive,
    })
}

pub(crate) fn list(
    connection: &Connection,
    user: &str,
    max: usize,
    now: u64,
) -> Result<Vec<SessionInfo>> {
    let mut statement = connection.prepare_cached(sql::LIST)?;
    let values = (user.as_bytes(), time(now), integer(max));
    let rows = statement.query_map(values, session_info)?;
    let mut sessions: Vec<_> = rows.collect::<Result<_>>()?;
    // The statement reads the newest first, so that its LIMIT leaves the newest.
    sessions.reverse();
    Ok(sessions)
}

pub(crate) fn delete_expired(connection: &Connection, before: u64, most: usize) -> Result<usize> {
    connection
        .prepare_cached(sql::DELETE_EXPIRED)?
        .execute((time(before), integer(most)))
}

// Columns of `LOAD`: 0 dead, 1 version, 2 expires, 3 created, 4 seen, 5 owner, 6 label, 7 body.

/// Reads a row of [`sql::LOAD`].
fn stored(row: &Row<'_>) -> Result<Loaded> {
    if row.get(0)? {
        let expires = seconds(row, 2)?;
        return Ok(Loaded::Tombstone { expires });
    }
    let Ok(body) = row.get_ref(7)?.as_blob() else {
        return Err(unexpected(7, Type::Null));
    };
    Ok(Loaded::Live(Record {
        // SQLite's integers are signed; a version is 64 random bits, whose first becomes the sign.
        version: row.get::<_, i64>(1)?.cast_unsigned(),
        expires: seconds(row, 2)?,
        created: seconds(row, 3)?,
        seen: seconds(row, 4)?,
        user: text(row, 5)?,
        label: text(row, 6)?,
        body: body.into(),
    }))
}

/// Reads a row of [`sql::LIST`]: 0 key, 1 created, 2 seen, 3 expires, 4 label.
fn session_info(row: &Row<'_>) -> Result<SessionInfo> {
    Ok(SessionInfo {
        key: RecordKey::from_bytes(row.get(0)?),
        created: seconds(row, 1)?,
        seen: seconds(row, 2)?,
        expires: seconds(row, 3)?,
        label: text(row, 4)?,
    })
}

fn text(row: &Row<'_>, column: usize) -> Result<Option<Arc<str>>> {
    let Ok(bytes) = row.get_ref(column)?.as_blob_or_null() else {
        return Err(unexpected(column, Type::Null));
    };
    match bytes.map(str::from_utf8).transpose() {
        Ok(text) => Ok(text.map(Arc::from)),
        Err(_) => Err(unexpected(column, Type::Blob)),
    }
}

/// Reports a value that this store never writes.
fn unexpected(column: usize, found: Type) -> Error {
    Error::InvalidColumnType(column, String::new(), found)
}

fn seconds(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.try_into().unwrap_or(0))
}

/// Limits a time to SQLite's largest integer, which is 292 thousand million years from now.
fn time(seconds: u64) -> i64 {
    seconds.try_into().unwrap_or(i64::MAX)
}

fn integer(number: usize) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn tombstone_end(now: u64) -> i64 {
    time(now.saturating_add(TOMBSTONE_SECONDS))
}

fn outcome(changed: usize) -> Outcome {
    if changed == 0 {
        Outcome::Gone
    } else {
        Outcome::Done
    }
}
