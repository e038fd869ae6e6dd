//! Where the file and the two beside it are, and whether they still are there.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf, absolute};
use std::thread::sleep;
use std::time::Duration;

use session_store::StoreError;

/// What SQLite keeps beside the database while anybody has it open: the log, and an index of it that processes share.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// How often a log is looked for whose index is there.
const LOOKS: usize = 20;

pub(crate) struct Place {
    database: File,
    /// Each with its suffix; none before a connection is open.
    beside: Vec<(&'static str, File)>,
}

/// A file as it was when the store was opened.
struct File {
    path: PathBuf,
    identity: Identity,
}

impl File {
    fn is_there(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| identity(&file) == self.identity)
    }
}

impl Place {
    /// Creates the file if there is none, for this user alone: SQLite gives the same rights to the files beside it.
    pub(crate) fn new(path: &Path) -> Result<Self, StoreError> {
        if let Some(message) = not_a_path(path) {
            return Err(StoreError::new(format!("{path:?}: {message}")).refused());
        }
        // Also so that SQLite reads no URI and no `:memory:` in it.
        let path =
            absolute(path).map_err(|error| refused(path, "this is no path").with_source(error))?;
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
            Ok(file) if file.is_file() => {
                let database = File {
                    identity: identity(&file),
                    path,
                };
                let place = Self {
                    database,
                    beside: Vec::new(),
                };
                place.refuse_without_log()?;
                Ok(place)
            }
            Ok(_) => Err(refused(&path, "this is not a file; give the path of one")),
            Err(error) => Err(unseen(&path, error)),
        }
    }

    /// SQLite makes the log before its index, and removes it after. An index alone is that of processes whose log was deleted;
    /// by it we would read what is not in our new log, and lose what they could still write back. Or they were all killed:
    /// that cannot be told apart.
    fn refuse_without_log(&self) -> Result<(), StoreError> {
        let unseen = |error| unseen(self.path(), error);
        let (log, index) = (
            self.beside("-wal").map_err(unseen)?,
            self.beside("-shm").map_err(unseen)?,
        );
        // Between two looks the last of the others may end, or a first one begin.
        for _ in 0..LOOKS {
            if log.exists() || !index.exists() {
                return Ok(());
            }
            sleep(Duration::from_millis(1));
        }
        Err(refused(
            self.path(),
            "the file -wal beside it was deleted; stop all processes that have the database open, then start them again; if \
             there are none, remove the file -shm",
        ))
    }

    /// Keeps in mind which files are beside the database. To be called while a connection is open that has read from it:
    /// SQLite has made both by then, and removes them when the last connection of all processes is closed, not before.
    pub(crate) fn look_beside(&mut self) -> Result<(), StoreError> {
        for suffix in BESIDE {
            let path = self
                .beside(suffix)
                .map_err(|error| unseen(&self.database.path, error))?;
            let file = fs::metadata(&path).map_err(|error| unseen(&path, error))?;
            self.beside.push((
                suffix,
                File {
                    identity: identity(&file),
                    path,
                },
            ));
        }
        Ok(())
    }

    /// SQLite follows links before it puts a suffix to the name.
    fn beside(&self, suffix: &str) -> io::Result<PathBuf> {
        let mut path = fs::canonicalize(&self.database.path)?.into_os_string();
        path.push(suffix);
        Ok(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.database.path
    }

    /// Which of the database's files others than their user may read or write, one sentence for each.
    #[cfg(unix)]
    pub(crate) fn warnings(&self) -> Vec<String> {
        use std::os::unix::fs::PermissionsExt;
        let mut warnings = Vec::new();
        for file in [&self.database]
            .into_iter()
            .chain(self.beside.iter().map(|(_, file)| file))
        {
            let path = &file.path;
            let Ok(file) = fs::metadata(path) else {
                continue;
            };
            let mode = file.permissions().mode() & 0o777;
            let (read, written) = (mode & 0o044 != 0, mode & 0o022 != 0);
            let done = match (read, written) {
                (false, false) => continue,
                (true, false) => "read",
                (false, true) => "written",
                (true, true) => "read and written",
            };
            let path = path.display();
            warnings.push(format!(
                "{path}: sessions may be {done} by other users than the file's own (mode {mode:03o}); chmod 600 it"
            ));
        }
        warnings
    }

    /// Rights are not told by a mode here.
    #[cfg(not(unix))]
    pub(crate) fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// SQLite goes on with files that were deleted or replaced. What it writes to such a database, or to such a log, is lost;
    /// sessions that another process ends in the new one would stay live here. Two processes with two indexes write over
    /// each other's part of the log. Costs a few microseconds.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if !self.database.is_there() {
            return Err(StoreError::new(
                "the database of the sessions was deleted, moved or replaced: put it back, or restart the application",
            )
            .refused());
        }
        match self.beside.iter().find(|(_, file)| !file.is_there()) {
            Some((suffix, _)) => Err(StoreError::new(format!(
                "the file {suffix} beside the database of the sessions was deleted, moved or replaced: stop all processes \
                 that have the database open, then start them again"
            ))
            .refused()),
            None => Ok(()),
        }
    }
}

/// What SQLite and its clients give a meaning of its own, and what to do instead. A file of such a name would be made, and
/// nobody would look for the sessions there.
fn not_a_path(path: &Path) -> Option<&'static str> {
    let name = path.to_string_lossy();
    if name.is_empty() {
        return Some("there is no path; give that of a file, such as /var/lib/shop/sessions.db");
    }
    if name.starts_with(":memory:") {
        return Some(
            "sessions in memory are kept by MemoryStore, since SQLite has a database for each connection there; for a file \
             of that name put ./ in front",
        );
    }
    if name.starts_with("file:") || name.starts_with("sqlite:") {
        return Some(
            "this is a URI, whose parameters would have no effect; give the path alone, such as \
             /var/lib/shop/sessions.db, choose by open or open_full, and take MemoryStore for sessions in memory",
        );
    }
    None
}

fn refused(path: &Path, message: &str) -> StoreError {
    StoreError::new(format!("{}: {message}", path.display())).refused()
}

fn unseen(path: &Path, error: io::Error) -> StoreError {
    refused(path, "it cannot be looked at").with_source(error)
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
