//! Values, as the database keeps them and as they come back.

use std::sync::Arc;

use session_core::{
    RecordKey,
    protocol::{Loaded, Outcome, Record, TOMBSTONE_SECONDS},
};
use session_store::{SessionInfo, StoreError};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// A time as the database keeps it.
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

/// `bytea`, since PostgreSQL's `text` takes no NUL.
pub(crate) fn bytes(text: &Option<Arc<str>>) -> Option<&[u8]> {
    text.as_deref().map(str::as_bytes)
}

pub(crate) fn outcome(done: bool) -> Outcome {
    if done { Outcome::Done } else { Outcome::Gone }
}

/// What a row of the statement `load` holds, a tombstone that has ended as well.
pub(crate) fn loaded(row: &Row) -> Result<Loaded, StoreError> {
    if cell(row, 0)? {
        return Ok(Loaded::Dead {
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

/// What a row of the statement `list` holds.
pub(crate) fn listed(row: &Row) -> Result<SessionInfo, StoreError> {
    let key = cell::<&[u8]>(row, 0)?.try_into().map_err(|_| damaged())?;
    Ok(SessionInfo {
        key: RecordKey::from_bytes(key),
        created: number(cell(row, 1)?),
        seen: number(cell(row, 2)?),
        expires: number(cell(row, 3)?),
        label: text(cell(row, 4)?)?,
    })
}

fn text(bytes: Option<&[u8]>) -> Result<Option<Arc<str>>, StoreError> {
    let text = bytes
        .map(std::str::from_utf8)
        .transpose()
        .map_err(|_| damaged())?;
    Ok(text.map(Into::into))
}

pub(crate) fn only(rows: &[Row]) -> Result<&Row, StoreError> {
    rows.first().ok_or_else(damaged)
}

pub(crate) fn cell<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::new(
        "PostgreSQL answered something else than this store writes: was its table changed?",
    )
}
