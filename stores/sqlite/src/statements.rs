//! The verbs as statements on one connection. Nothing here begins or ends a transaction: whoever calls a write has begun
//! one, so what it reads first is still so when it writes. Each writes with one statement at most, so that it is whole or
//! nothing also where it fails among others.

use std::str;
use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, Error, OptionalExtension, Row, ToSql};
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, TrimResult, Updated},
};
use session_store::{DeleteScope, SessionInfo};

type Result<T> = std::result::Result<T, Error>;

const LOAD: &str =
    "SELECT dead, version, expires, created, seen, owner, label, body FROM sessions WHERE key = ?1";

/// The next place among a user's records. It need not be told apart from those that they had before: whoever compares
/// places holds the lock of the writer.
macro_rules! next {
    ($user:literal) => {
        concat!(
            "(SELECT coalesce(max(seq), 0) + 1 FROM sessions WHERE owner = ",
            $user,
            ")"
        )
    };
}

const INSERT: &str = concat!(
    "INSERT INTO sessions (key, version, expires, created, seen, owner, label, body, seq) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ",
    next!("?6"),
    ") ON CONFLICT (key) DO NOTHING"
);

// An update writes each index anew of which it names a column. Most change neither end nor user: they need no other
// statement than this one.
const UPDATE: &str = "UPDATE sessions SET version = ?2, created = ?3, seen = ?4, label = ?5, body = ?6 \
                      WHERE key = ?1 AND version = ?7 AND NOT dead AND expires > ?8 AND expires >= ?9 AND owner IS ?10";
const UPDATE_EXTENDING: &str = "UPDATE sessions SET version = ?2, created = ?3, seen = ?4, label = ?5, body = ?6, \
                                expires = ?7 WHERE key = ?1";
const UPDATE_OWNER: &str = concat!(
    "UPDATE sessions SET version = ?2, created = ?3, seen = ?4, label = ?5, body = ?6, expires = ?7, owner = ?8, seq = ",
    next!("?8"),
    " WHERE key = ?1"
);

const TOUCH: &str = "UPDATE sessions SET expires = max(expires, ?2), seen = max(seen, ?3) \
                     WHERE key = ?1 AND NOT dead AND expires > ?3";

macro_rules! tombstone {
    ($which:literal) => {
        concat!(
            "UPDATE sessions SET dead = 1, version = 0, created = 0, seen = 0, owner = NULL, seq = NULL, label = NULL, \
             body = x'', expires = ?1 WHERE ",
            $which
        )
    };
}

const DELETE: &str = tombstone!("key = ?2 AND NOT dead");
const DELETE_VERSION: &str = tombstone!("key = ?2 AND NOT dead AND version = ?3");
// A tombstone has no user.
const DELETE_ALL: &str = tombstone!("id IN (SELECT id FROM sessions WHERE owner = ?2 LIMIT ?3)");
const DELETE_ALL_BUT: &str =
    tombstone!("id IN (SELECT id FROM sessions WHERE owner = ?2 AND key <> ?4 LIMIT ?3)");
const DELETE_ONE: &str = tombstone!("key = ?4 AND owner = ?2 AND ?3 > 0");
const TRIM: &str = tombstone!(
    "id IN (SELECT id FROM sessions WHERE owner = ?2 AND expires > ?4 ORDER BY seq DESC LIMIT ?3 OFFSET ?5)"
);
const IS_LIVE: &str = "SELECT 1 FROM sessions WHERE key = ?1 AND NOT dead AND expires > ?2";

const LIST: &str = "SELECT key, created, seen, expires, label FROM sessions WHERE owner = ?1 AND expires > ?2 \
                    ORDER BY seq DESC LIMIT ?3";

const DELETE_EXPIRED: &str = "DELETE FROM sessions WHERE id IN \
                              (SELECT id FROM sessions WHERE expires < ?1 ORDER BY expires LIMIT ?2)";

/// What lies there, a tombstone that has ended as well.
pub(crate) fn load(connection: &Connection, key: RecordKey) -> Result<Loaded> {
    let loaded = connection
        .prepare_cached(LOAD)?
        .query_row([key.as_bytes()], |row| {
            if row.get(0)? {
                Ok(Loaded::Dead {
                    expires: second(row, 2)?,
                })
            } else {
                record(row).map(Loaded::Live)
            }
        });
    loaded
        .optional()
        .map(|loaded| loaded.unwrap_or(Loaded::Absent))
}

pub(crate) fn insert(connection: &Connection, key: RecordKey, record: &Record) -> Result<Inserted> {
    let user = record.user.as_deref().map(str::as_bytes);
    let created = connection.prepare_cached(INSERT)?.execute((
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
        Loaded::Dead { .. } => Ok(Inserted::Dead),
        // Nobody else writes meanwhile.
        Loaded::Absent => Err(Error::QueryReturnedNoRows),
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
    let (place, body) = (key.as_bytes(), &*record.body);
    let mut values: Vec<&dyn ToSql> = Vec::with_capacity(10);
    values.extend([
        place as &dyn ToSql,
        &new_version,
        &created,
        &seen,
        &label,
        &body,
    ]);
    let (old_version, now) = (version.cast_signed(), time(now));
    values.extend([&old_version as &dyn ToSql, &now, &expires, &user]);
    if connection.prepare_cached(UPDATE)?.execute(&*values)? == 1 {
        return Ok(Updated::Done);
    }
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
        UPDATE_EXTENDING
    } else {
        values.push(&user);
        UPDATE_OWNER
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
    let touched =
        connection
            .prepare_cached(TOUCH)?
            .execute((key.as_bytes(), time(expires), time(now)))?;
    Ok(outcome(touched))
}

pub(crate) fn delete(connection: &Connection, key: RecordKey, now: u64) -> Result<Outcome> {
    let ended = connection
        .prepare_cached(DELETE)?
        .execute((until(now), key.as_bytes()))?;
    Ok(outcome(ended))
}

pub(crate) fn delete_version(
    connection: &Connection,
    key: RecordKey,
    version: u64,
    now: u64,
) -> Result<Updated> {
    let values = (until(now), key.as_bytes(), version.cast_signed());
    if connection.prepare_cached(DELETE_VERSION)?.execute(values)? == 1 {
        return Ok(Updated::Done);
    }
    // Nobody else writes meanwhile.
    Ok(match load(connection, key)? {
        Loaded::Live(other) => Updated::Conflict(other),
        Loaded::Dead { .. } | Loaded::Absent => Updated::Gone,
    })
}

/// At most so many of them; how many.
pub(crate) fn delete_owned(
    connection: &Connection,
    user: &str,
    which: DeleteScope,
    now: u64,
    most: usize,
) -> Result<usize> {
    let (until, user, most) = (until(now), user.as_bytes(), number(most));
    let prepare = |sql| -> Result<CachedStatement<'_>> { connection.prepare_cached(sql) };
    match which {
        DeleteScope::All => prepare(DELETE_ALL)?.execute((until, user, most)),
        DeleteScope::AllBut(key) => {
            prepare(DELETE_ALL_BUT)?.execute((until, user, most, key.as_bytes()))
        }
        DeleteScope::One(key) => prepare(DELETE_ONE)?.execute((until, user, most, key.as_bytes())),
    }
}

/// Ends at most so many of those that are too many.
pub(crate) fn trim(
    connection: &Connection,
    user: &str,
    keep: usize,
    this: RecordKey,
    now: u64,
    most: usize,
) -> Result<TrimResult> {
    let values = (
        until(now),
        user.as_bytes(),
        number(most),
        time(now),
        number(keep),
    );
    let ended = connection.prepare_cached(TRIM)?.execute(values)?;
    let alive = connection
        .prepare_cached(IS_LIVE)?
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
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map((user.as_bytes(), time(now), number(max)), |row| {
        Ok(SessionInfo {
            key: RecordKey::from_bytes(row.get(0)?),
            created: second(row, 1)?,
            seen: second(row, 2)?,
            expires: second(row, 3)?,
            label: text(row, 4)?,
        })
    })?;
    let mut listed: Vec<_> = rows.collect::<Result<_>>()?;
    listed.reverse();
    Ok(listed)
}

pub(crate) fn delete_expired(connection: &Connection, before: u64, most: usize) -> Result<usize> {
    connection
        .prepare_cached(DELETE_EXPIRED)?
        .execute((time(before), number(most)))
}

fn record(row: &Row<'_>) -> Result<Record> {
    Ok(Record {
        version: row.get::<_, i64>(1)?.cast_unsigned(),
        expires: second(row, 2)?,
        created: second(row, 3)?,
        seen: second(row, 4)?,
        user: text(row, 5)?,
        label: text(row, 6)?,
        body: row
            .get_ref(7)?
            .as_blob()
            .map_err(|_| unexpected(7, Type::Null))?
            .into(),
    })
}

fn text(row: &Row<'_>, column: usize) -> Result<Option<Arc<str>>> {
    let bytes = row
        .get_ref(column)?
        .as_blob_or_null()
        .map_err(|_| unexpected(column, Type::Null))?;
    let text = bytes
        .map(str::from_utf8)
        .transpose()
        .map_err(|_| unexpected(column, Type::Blob))?;
    Ok(text.map(Arc::from))
}

/// What this store never writes.
fn unexpected(column: usize, found: Type) -> Error {
    Error::InvalidColumnType(column, String::new(), found)
}

fn second(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.try_into().unwrap_or(0))
}

/// SQLite counts to `i64::MAX`, which is 292 thousand million years from now.
fn time(second: u64) -> i64 {
    second.try_into().unwrap_or(i64::MAX)
}

fn number(number: usize) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn until(now: u64) -> i64 {
    time(now.saturating_add(TOMBSTONE_SECONDS))
}

fn outcome(changed: usize) -> Outcome {
    if changed == 0 {
        Outcome::Gone
    } else {
        Outcome::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let rows = statement
            .raw_query()
            .mapped(|row| row.get::<_, String>("detail"));
        rows.collect::<Result<_>>().unwrap()
    }

    /// No statement ever looks at rows that it does not want, nor sorts them.
    #[test]
    fn every_statement_uses_an_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(schema::STEPS[0]).unwrap();
        let all = [
            (LOAD, "sqlite_autoindex_sessions_1 (key=?)"),
            (INSERT, "sessions_by_owner (owner=?)"),
            (UPDATE, "sqlite_autoindex_sessions_1 (key=?)"),
            (UPDATE_EXTENDING, "sqlite_autoindex_sessions_1 (key=?)"),
            (UPDATE_OWNER, "sessions_by_owner (owner=?)"),
            (TOUCH, "sqlite_autoindex_sessions_1 (key=?)"),
            (DELETE, "sqlite_autoindex_sessions_1 (key=?)"),
            (DELETE_ALL, "sessions_by_owner (owner=?)"),
            (DELETE_ALL_BUT, "sessions_by_owner (owner=?)"),
            (DELETE_ONE, "(key=?)"),
            (TRIM, "sessions_by_owner (owner=?)"),
            (IS_LIVE, "sqlite_autoindex_sessions_1 (key=?)"),
            (LIST, "sessions_by_owner (owner=?)"),
            (DELETE_EXPIRED, "sessions_by_expires (expires<?)"),
        ];
        for (sql, index) in all {
            let plan = plan(&connection, sql);
            assert!(
                plan.iter().any(|step| step.contains(index)),
                "{sql}: {plan:?}"
            );
            assert!(
                !plan
                    .iter()
                    .any(|step| step.contains("SCAN") || step.contains("TEMP")),
                "{sql}: {plan:?}"
            );
        }
    }
}
