//! Values, as the database keeps them and as they come back.

use std::sync::Arc;

use session_core::{
    RecordKey,
    protocol::{Loaded, Outcome, Record, TOMBSTONE_SECONDS},
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::StoreError;
use crate::store::SessionInfo;

/// A time as the database keeps it.
pub(super) fn time(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

pub(super) fn tombstone_ends(now: u64) -> i64 {
    time(now.saturating_add(TOMBSTONE_SECONDS))
}

pub(super) fn most(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// `bytea`, since PostgreSQL's `text` takes no NUL.
pub(super) fn bytes(text: &Option<Arc<str>>) -> Option<&[u8]> {
    text.as_deref().map(str::as_bytes)
}

pub(super) fn outcome(done: bool) -> Outcome {
    if done { Outcome::Done } else { Outcome::Gone }
}

/// What a row of the statement `load` holds, a tombstone that has ended as well.
pub(super) fn loaded(row: &Row) -> Result<Loaded, StoreError> {
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
pub(super) fn listed(row: &Row) -> Result<SessionInfo, StoreError> {
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

pub(super) fn only(rows: &[Row]) -> Result<&Row, StoreError> {
    rows.first().ok_or_else(damaged)
}

pub(super) fn cell<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::new(
        "PostgreSQL answered something else than this store writes: was its table changed?",
    )
}
