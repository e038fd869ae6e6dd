//! What SQLite's errors mean for who runs the application.

use std::path::Path;

use rusqlite::{Error, ErrorCode};
use session_store::StoreError;

use crate::schema::LOCK_MILLISECONDS;

/// Whether a write needs room. One that ends sessions is asked again where there is none: it may find some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    Grows,
    Shrinks,
}

pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// While a verb was carried out.
pub(crate) fn asking(error: &Error, growth: Growth) -> StoreError {
    let told = |message: &'static str| StoreError::new(message).with_source(source(error));
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::new(format!(
            "the database of the sessions is locked: somebody else has been writing to it for more than {LOCK_MILLISECONDS} ms"
        ))
        .with_source(source(error)),
        Some(ErrorCode::DiskFull) => {
            let full = told(
                "the disk is full on which the database of the sessions is: make room on it, then they are written again",
            );
            if growth == Growth::Grows { full.refused() } else { full }
        }
        Some(ErrorCode::ReadOnly) => told(
            "the database of the sessions may not be written: give this process the right to write the file and its directory",
        )
        .refused(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => told(
            "the database of the sessions is damaged: stop the application, then remove the file (all are logged out) or put \
             a backup in its place",
        )
        .refused(),
        Some(_) => told("the database of the sessions could not be read or written"),
        // Types and texts that this store never writes.
        None => told("what the database of the sessions holds was not written by this store").refused(),
    }
}

/// While the store was opened.
pub(crate) fn opening(path: &Path, error: Error) -> StoreError {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "somebody else keeps it locked"
        }
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => READ_ONLY,
        Some(ErrorCode::NotADatabase) => {
            "this is not a database; give the path of a file of the sessions' own"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the database is damaged; remove the file (all are logged out) or put a backup in its place"
        }
        Some(ErrorCode::CannotOpen) => {
            "it cannot be opened; this process needs the right to read and write the file and its directory"
        }
        _ => "the database cannot be used",
    };
    StoreError::new(format!("{}: {reason}", path.display())).with_source(source(&error))
}

const READ_ONLY: &str =
    "it may not be written; give this process the right to write the file and its directory";

pub(crate) fn read_only(path: &Path) -> StoreError {
    StoreError::new(format!("{}: {READ_ONLY}", path.display())).refused()
}

/// SQLite's own words: they name tables, columns and files, and never what is bound to a statement.
fn source(error: &Error) -> String {
    match error {
        Error::SqliteFailure(code, Some(message)) => {
            format!("{message} (SQLite code {})", code.extended_code)
        }
        Error::SqliteFailure(code, None) => format!("SQLite code {}", code.extended_code),
        // Others may quote a value.
        Error::InvalidColumnType(column, _, found) => {
            format!("column {column} has the type {found}")
        }
        _ => "not an error of SQLite's".into(),
    }
}
