//! The paths of the database and of the two files beside it, and the check that they are still the files that were opened.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf, absolute};
use std::thread::sleep;
use std::time::Duration;

use session_store::StoreError;

use crate::error::refused;

// SQLite keeps two files beside the database while a process has it open:
//
//     sessions.db        the database
//     sessions.db-wal    the write-ahead log: commits that are not yet in the database
//     sessions.db-shm    an index of the log, which all processes share
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// How many times to look for a log whose index exists, a millisecond apart.
const LOOKS: usize = 20;

pub(crate) struct Files {
    database: File,
    /// The files beside it, each with its suffix. Empty until a connection is open.
    beside: Vec<(&'static str, File)>,
}

/// A file as it was when the store was opened.
struct File {
    path: PathBuf,
    identity: Identity,
}

impl File {
    fn at(path: PathBuf) -> io::Result<Self> {
        let identity = identity(&fs::metadata(&path)?);
        Ok(Self { path, identity })
    }

    /// Returns whether the path still leads to this file.
    fn is_unchanged(&self) -> bool {
        match fs::metadata(&self.path) {
            Ok(file) => identity(&file) == self.identity,
            Err(_) => false,
        }
    }
}

impl Files {
    /// Creates the database if there is none, for this user alone: SQLite gives its permissions to the files beside it.
    pub(crate) fn new(path: &Path) -> Result<Self, StoreError> {
        if let Some(message) = not_a_path(path) {
            return Err(StoreError::new(format!("{path:?}: {message}")).refused());
        }
        // SQLite takes no absolute path for a URI or for `:memory:`.
        let path = match absolute(path) {
            Ok(path) => path,
            Err(error) => return Err(refused(path, "this is no path").with_source(error)),
        };
        create(&path)?;
        match fs::metadata(&path) {
            Ok(file) if file.is_file() => {
                let identity = identity(&file);
                let files = Self {
                    database: File { path, identity },
                    beside: Vec::new(),
                };
                files.refuse_without_log()?;
                Ok(files)
            }
            Ok(_) => Err(refused(&path, "this is not a file; give the path of one")),
            Err(error) => Err(unreadable(&path, error)),
        }
    }

    /// Refuses a database whose index of the log exists without the log.
    ///
    /// SQLite creates the log before its index, and removes it after. So an index alone belongs to processes whose log was
    /// deleted under them: through it this process would read commits that its own new log lacks, and overwrite commits that
    /// the others could still write back. It may also be left from processes that were all killed; the two cases look alike.
    fn refuse_without_log(&self) -> Result<(), StoreError> {
        let (log, index) = (self.path_beside("-wal")?, self.path_beside("-shm")?);
        // Between two looks the last of the other processes may end, or a first one start.
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

    /// Remembers which files are beside the database.
    ///
    /// The caller has a connection open that has read from it: SQLite has created both files by then, and removes them only
    /// when the last connection of all processes is closed.
    pub(crate) fn look_beside(&mut self) -> Result<(), StoreError> {
        for suffix in BESIDE {
            let path = self.path_beside(suffix)?;
            match File::at(path.clone()) {
                Ok(file) => self.beside.push((suffix, file)),
                Err(error) => return Err(unreadable(&path, error)),
            }
        }
        Ok(())
    }

    fn path_beside(&self, suffix: &str) -> Result<PathBuf, StoreError> {
        // SQLite follows links before it appends a suffix to the name.
        match fs::canonicalize(&self.database.path) {
            Ok(path) => {
                let mut path = path.into_os_string();
                path.push(suffix);
                Ok(path.into())
            }
            Err(error) => Err(unreadable(&self.database.path, error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.database.path
    }

    /// Returns a sentence for each of the files that users other than its owner may read or write.
    #[cfg(unix)]
    pub(crate) fn warnings(&self) -> Vec<String> {
        use std::os::unix::fs::PermissionsExt;
        let mut paths = vec![&self.database.path];
        for (_, file) in &self.beside {
            paths.push(&file.path);
        }
        let mut warnings = Vec::new();
        for path in paths {
            let Ok(file) = fs::metadata(path) else {
                continue;
            };
            let mode = file.permissions().mode() & 0o777;
            let (readable, writable) = (mode & 0o044 != 0, mode & 0o022 != 0);
            let access = match (readable, writable) {
                (false, false) => continue,
                (true, false) => "read",
                (false, true) => "write",
                (true, true) => "read and write",
            };
            let path = path.display();
            warnings.push(format!(
                "{path}: users other than the owner of the file may {access} sessions (mode {mode:03o}); chmod 600 it"
            ));
        }
        warnings
    }

    /// Returns nothing: here a file's permissions are not in its mode.
    #[cfg(not(unix))]
    pub(crate) fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Fails if one of the files was deleted or replaced. Costs a few microseconds.
    ///
    /// SQLite itself goes on with such files. Its writes to them are lost, sessions that another process ends in the new
    /// database stay live here, and two processes with two indexes overwrite each other's part of the log.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if !self.database.is_unchanged() {
            return Err(StoreError::new(
                "the database of the sessions was deleted, moved or replaced: put it back, or restart the application",
            )
            .refused());
        }
        for (suffix, file) in &self.beside {
            if !file.is_unchanged() {
                return Err(StoreError::new(format!(
                    "the file {suffix} beside the database of the sessions was deleted, moved or replaced: stop all \
                     processes that have the database open, then start them again"
                ))
                .refused());
            }
        }
        Ok(())
    }
}

/// Creates an empty file for this user alone, unless there is one.
fn create(path: &Path) -> Result<(), StoreError> {
    // An existing file is not opened: closing it would release the POSIX locks that this process may hold on it.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let Err(error) = options.open(path) else {
        return Ok(());
    };
    let message = match error.kind() {
        ErrorKind::AlreadyExists => return Ok(()),
        ErrorKind::NotFound => "there is no such directory; create it first",
        ErrorKind::PermissionDenied => {
            "it cannot be created; give this process the right to write the directory"
        }
        _ => "it cannot be created",
    };
    Err(refused(path, message).with_source(error))
}

/// Returns what to do instead if SQLite or one of its clients gives this path a special meaning.
///
/// A file of such a name could be created, but the application would not look for its sessions there.
fn not_a_path(path: &Path) -> Option<&'static str> {
    let name = path.to_string_lossy();
    if name.is_empty() {
        return Some("there is no path; give that of a file, such as /var/lib/shop/sessions.db");
    }
    if name.starts_with(":memory:") {
        return Some(
            "for sessions in memory use MemoryStore, since in memory each of SQLite's connections has a database of its own; \
             for a file of that name put ./ in front",
        );
    }
    if name.starts_with("file:") || name.starts_with("sqlite:") {
        return Some(
            "this is a URI, whose parameters would have no effect; give the path alone, such as \
             /var/lib/shop/sessions.db, choose between open and open_full, and use MemoryStore for sessions in memory",
        );
    }
    None
}

fn unreadable(path: &Path, error: io::Error) -> StoreError {
    refused(path, "its metadata cannot be read").with_source(error)
}

/// The device and the inode number of a file.
#[cfg(unix)]
type Identity = (u64, u64);
/// Nothing: on other systems an open file cannot be replaced.
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(file: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Identity {}
