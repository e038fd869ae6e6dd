//! Where the file is, and whether it still is there.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};

use crate::error::StoreError;

pub(super) struct Place {
    path: PathBuf,
    identity: Identity,
}

impl Place {
    /// Creates the file if there is none, for this user alone: SQLite gives the same rights to the files beside it.
    pub(super) fn new(path: &Path) -> Result<Self, StoreError> {
        // Also so that SQLite reads no URI and no `:memory:` in it.
        let path = absolute(path).map_err(|error| refused(path, "this is no path").with_source(error))?;
        // Where it exists it is not opened: closing it would take away the locks that this process may have on it.
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                let message = match error.kind() {
                    ErrorKind::NotFound => "there is no such directory; create it first",
                    ErrorKind::PermissionDenied => {
                        "it cannot be created; give this process the right to write the directory"
                    }
                    _ => "it cannot be created",
                };
                return Err(refused(&path, message).with_source(error));
            }
            _ => {}
        }
        match fs::metadata(&path) {
            Ok(file) if file.is_file() => Ok(Self { identity: identity(&file), path }),
            Ok(_) => Err(refused(&path, "this is not a file; give the path of one")),
            Err(error) => Err(refused(&path, "it cannot be looked at").with_source(error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// SQLite goes on with a file that was deleted or replaced, and what it writes then is lost; sessions that another
    /// process ends in the new one would stay live here. Costs a microsecond.
    pub(super) fn is_there(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| identity(&file) == self.identity)
    }
}

/// Where it is not there any more.
pub(super) fn gone() -> StoreError {
    StoreError::new(
        "the database of the sessions was deleted, moved or replaced: put it back, or restart the application",
    )
    .refused()
}

fn refused(path: &Path, message: &str) -> StoreError {
    StoreError::new(format!("{}: {message}", path.display())).refused()
}

/// Device and number of the file.
#[cfg(unix)]
type Identity = (u64, u64);
/// Elsewhere a file that is open is not replaced.
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(file: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Identity {}
