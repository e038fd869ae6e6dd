//! The conversion between records and the columns of the table.

use std::sync::Arc;

use session_core::{
    RecordKey,
    protocol::{Loaded, Outcome, Record, TOMBSTONE_SECONDS},
};
use session_store::{SessionInfo, StoreError};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::parameter::Parameter;

/// Limits a time to a `bigint`.
pub(crate) fn time(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

pub(crate) fn tombstone_ends(now: u64) -> i64 {
    time(now.saturating_add(TOMBSTONE_SECONDS))
}

pub(crate) fn most(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Returns a text as `bytea`: PostgreSQL's `text` cannot hold a NUL.
fn bytes(text: &Option<Arc<str>>) -> Option<&[u8]> {
    text.as_deref().map(str::as_bytes)
}

pub(crate) fn outcome(done: bool) -> Outcome {
    if done { Outcome::Done } else { Outcome::Gone }
}

/// A key and its record, as the statements `insert` and `update` write them.
pub(crate) struct Columns<'a> {
    key: &'a [u8],
    version: i64,
    expires: i64,
    created: i64,
    seen: i64,
    user: Option<&'a [u8]>,
    label: Option<&'a [u8]>,
    body: &'a [u8],
}

impl<'a> Columns<'a> {
    pub(crate) fn of(key: &'a RecordKey, record: &'a Record) -> Self {
        Self {
            key: key.as_bytes(),
            version: record.version.cast_signed(),
            expires: time(record.expires),
            created: time(record.created),
            seen: time(record.seen),
            user: bytes(&record.user),
            label: bytes(&record.label),
            body: &record.body,
        }
    }

    /// Returns `$1` to `$8` of both statements.
    pub(crate) fn parameters(&self) -> [&dyn Parameter; 8] {
        [
            &self.key,
            &self.version,
            &self.expires,
            &self.created,
            &self.seen,
            &self.user,
            &self.label,
            &self.body,
        ]
    }
}

// Columns of the statement `load`: 0 dead, 1 ver, 2 expires, 3 created, 4 seen, 5 owner, 6 label, 7 body. Times are seconds
// since 1970, and `ver` is the 64 bits of the version as a signed integer.

/// Reads a row of the statement `load`, also an expired record or tombstone.
pub(crate) fn loaded(row: &Row) -> Result<Loaded, StoreError> {
    if cell(row, 0)? {
        return Ok(Loaded::Tombstone {
            expires: number(cell(row, 2)?),
        });
    }
    Ok(Loaded::Live(Record {
        version: cell::<i64>(row, 1)?.cast_unsigned(),
        expires: number(cell(row, 2)?),
        created: number(cell(row, 3)?),
        seen: number(cell(row, 4)?),
        user: text(cell(row, 5)?)?,
        label: text(cell(row, 6)?)?,
        body: cell::<&[u8]>(row, 7)?.into(),
    }))
}

/// Reads a row of the statement `list`: 0 key, 1 created, 2 seen, 3 expires, 4 label.
pub(crate) fn session_info(row: &Row) -> Result<SessionInfo, StoreError> {
    let Ok(key) = cell::<&[u8]>(row, 0)?.try_into() else {
        return Err(damaged());
    };
    Ok(SessionInfo {
        key: RecordKey::from_bytes(key),
        created: number(cell(row, 1)?),
        seen: number(cell(row, 2)?),
        expires: number(cell(row, 3)?),
        label: text(cell(row, 4)?)?,
    })
}

fn text(bytes: Option<&[u8]>) -> Result<Option<Arc<str>>, StoreError> {
    match bytes.map(std::str::from_utf8).transpose() {
        Ok(text) => Ok(text.map(Into::into)),
        Err(_) => Err(damaged()),
    }
}

/// Returns the row of a statement that always returns one.
pub(crate) fn only(rows: &[Row]) -> Result<&Row, StoreError> {
    rows.first().ok_or_else(damaged)
}

pub(crate) fn cell<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::new(
        "PostgreSQL returned a value that this store does not write: was its table changed?",
    )
}
