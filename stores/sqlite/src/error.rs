//! Errors of SQLite, as messages that tell the operator what to do.

use std::path::Path;

use rusqlite::{Error, ErrorCode};
use session_store::StoreError;

use crate::schema::LOCK_MILLISECONDS;

/// Whether a verb may need more space on the disk.
///
/// On a full disk a verb that grows the file is refused. One that ends sessions is worth a retry: it may find the space that
/// another one has freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpaceNeed {
    Grows,
    Shrinks,
}

pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Returns the error of a verb.
pub(crate) fn verb(error: &Error, space: SpaceNeed) -> StoreError {
    if is_busy(error) {
        let message = format!(
            "the database of the sessions is locked: another process has been writing to it for more than {LOCK_MILLISECONDS} ms"
        );
        return StoreError::new(message).with_source(source(error));
    }
    let (message, refused) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => (
            "the disk that holds the database of the sessions is full: free some space, and sessions are written again",
            space == SpaceNeed::Grows,
        ),
        Some(ErrorCode::ReadOnly) => (
            "the database of the sessions is read-only: give this process the right to write the file and its directory",
            true,
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            "the database of the sessions is damaged: stop the application, then remove the file (all users are logged out) \
             or put a backup in its place",
            true,
        ),
        Some(_) => (
            "the database of the sessions could not be read or written",
            false,
        ),
        // A type or text that this store never writes.
        None => (
            "the database of the sessions holds a value that this store did not write",
            true,
        ),
    };
    let error = StoreError::new(message).with_source(source(error));
    if refused { error.refused() } else { error }
}

/// Why a file could not be opened. [`at`](Self::at) adds the path.
pub(crate) enum OpenError {
    Sqlite(Error),
    Refused(String),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl OpenError {
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let error = match self {
            Self::Refused(message) => return refused(path, &message),
            Self::Sqlite(error) => error,
        };
        let reason = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another process keeps it locked"
            }
            Some(ErrorCode::DiskFull) => "the disk is full",
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => READ_ONLY,
            Some(ErrorCode::NotADatabase) => {
                "this is not a database; give the path of a file that holds sessions alone"
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                "the database is damaged; remove the file (all users are logged out) or put a backup in its place"
            }
            Some(ErrorCode::CannotOpen) => {
                "it cannot be opened; this process needs the right to read and write the file and its directory"
            }
            _ => "the database cannot be used",
        };
        StoreError::new(format!("{}: {reason}", path.display())).with_source(source(&error))
    }
}

pub(crate) const READ_ONLY: &str =
    "it is read-only; give this process the right to write the file and its directory";

/// Returns an error about the file at this path that a retry does not help.
pub(crate) fn refused(path: &Path, message: &str) -> StoreError {
    StoreError::new(format!("{}: {message}", path.display())).refused()
}

/// Returns SQLite's own message. It names tables, columns and files, and never a value bound to a statement.
fn source(error: &Error) -> String {
    match error {
        Error::SqliteFailure(code, Some(message)) => {
            format!("{message} (SQLite code {})", code.extended_code)
        }
        Error::SqliteFailure(code, None) => format!("SQLite code {}", code.extended_code),
        Error::InvalidColumnType(column, _, actual) => {
            format!("column {column} has the type {actual}")
        }
        // Other errors of the client may quote a value.
        _ => "not an error of SQLite's".into(),
    }
}
