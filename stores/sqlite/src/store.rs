//! [`SqliteStore`]: its verbs, and the threads that carry them out.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};

use crate::error::SpaceNeed;
use crate::files::Files;
use crate::readers::Readers;
use crate::thread::{JoinOnDrop, Thread};
use crate::{schema, statements, thread, writer};

/// How many sessions one transaction ends: a few milliseconds, for which other writes wait.
const BATCH: usize = 100;
/// How many expired records one transaction removes: a quarter of a millisecond, or with `open_full` about as long as a
/// commit waits for the disk. No user waits for this, so other writes go first.
const EXPIRED_BATCH: usize = 2;
const EXPIRED_BATCH_FULL: usize = 20;

/// Stores sessions in a file: for an application on one machine, in any number of processes. SQLite is compiled in; there is
/// no server to run.
///
/// - **Durable.** An acknowledged write survives the end of the process, also by `kill -9`; see [`open`](Self::open) and
///   [`open_full`](Self::open_full).
/// - **Fast.** A read runs in the calling thread, and takes microseconds while the system has the file in memory. Writes go to
///   a thread of the store, which commits concurrent writes in one transaction; no thread of the runtime ever waits for the
///   disk to write.
/// - **Shared.** Several processes may open one file, on a local file system. Each waits up to a second for a lock that another
///   holds; then the verb fails with a [`StoreError`], and sessions try again until their deadline.
/// - **Full, damaged or deleted.** On a full disk writes are refused and reads go on; writes go on as soon as there is space
///   again, as much as the file `-wal` has. To end a session takes a few pages, so it may fail as well, and is tried again.
///   If the file is read-only or damaged, or was deleted or replaced while it was open, a [`StoreError`] says what to do;
///   also for `-wal` and `-shm`, which no other process removes while this one has the file open.
/// - **Separate.** The file holds sessions alone. The database of another application, or of a newer release, is refused and
///   left as it is. One of an earlier release is brought up to date when it is opened.
/// - **Private.** A file that the store creates may be read by its user alone, and so may `-wal` and `-shm` beside it. If other
///   users may read or write one of them, a [warning](Store::warnings) at start says so (Unix). Deleted data is overwritten in
///   the file, and in `-wal` when that is overwritten.
///
/// The file grows unless the application calls [`delete_expired`](Store::delete_expired) now and then. A few hundred records at
/// a time, with a pause between, leave most requests as fast as before; with all in one call, writes wait for it. Free space
/// in the file is used again. To copy the file while it is open, use `sqlite3 sessions.db ".backup copy.db"`: `cp` misses
/// the commits in `-wal`.
///
/// ```
/// use std::sync::Arc;
/// use session_core::{SecretKey, Sessions};
/// use session_store::SessionBackend;
/// use session_store_sqlite::SqliteStore;
///
/// # let directory = std::env::temp_dir().join(format!("sqlite-store-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory).unwrap();
/// # let path = directory.join("sessions.db");
/// let store = SqliteStore::open(path)?;
/// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// let backend = SessionBackend::stored(sessions, Arc::new(store));
/// assert_eq!(backend.cookie_name(), "__Host-session");
/// # drop(backend);
/// # std::fs::remove_dir_all(&directory).unwrap();
/// # Ok::<(), session_store::StoreError>(())
/// ```
pub struct SqliteStore {
    readers: Readers,
    /// Lists the sessions of a user, which may be many rows.
    list_thread: Thread,
    // Fields are dropped in this order. The connections of these two are the last to be closed, and the last of them writes
    // the log back. The second thread ends when the first has ended, since that holds the sender of its signals.
    writer: Thread,
    _log: JoinOnDrop,
    /// How many expired records one transaction removes.
    expired_batch: usize,
    files: Arc<Files>,
}

impl SqliteStore {
    /// Opens the file, or creates it in a directory that exists. Reads from the disk, so call it at start, not in a request.
    ///
    /// An acknowledged write survives a crash of the process ([`Durability::Crash`]; `PRAGMA synchronous = NORMAL`), and no
    /// write waits for the disk. A power loss or a crash of the system may take the writes of the last seconds, a logout among
    /// them; the file stays intact.
    ///
    /// The path is that of a file. Paths that mean something else to SQLite are refused: an empty one, and those that begin
    /// with `:memory:`, `file:` or `sqlite:`.
    ///
    /// # Errors
    /// If the path is not that of a file, the directory does not exist, or the file may not be written; if the file is not a
    /// database, belongs to another application or to a newer release, is damaged, or is locked by another process. The
    /// message begins with the path.
    ///
    /// ```
    /// use session_store_sqlite::SqliteStore;
    ///
    /// let error = SqliteStore::open(":memory:").unwrap_err();
    /// assert!(error.to_string().starts_with("\":memory:\": for sessions in memory use MemoryStore"));
    /// let error = SqliteStore::open("/no/such/directory/sessions.db").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "/no/such/directory/sessions.db: there is no such directory; create it first"
    /// );
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_as(path.as_ref(), false)
    }

    /// Opens the file as [`open`](Self::open) does, for writes that survive a power loss as well ([`Durability::PowerLoss`];
    /// `PRAGMA synchronous = FULL`): each write waits for the disk, together with concurrent ones. Choose it where a logout
    /// must never be undone.
    ///
    /// Each process decides for its own writes.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    ///
    /// ```
    /// use session_store::{Durability, Store};
    /// use session_store_sqlite::SqliteStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), session_store::StoreError> {
    /// # let directory = std::env::temp_dir().join(format!("sqlite-store-full-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory).unwrap();
    /// # let path = directory.join("sessions.db");
    /// assert_eq!(SqliteStore::open(&path)?.durability().await?, Durability::Crash);
    /// assert_eq!(SqliteStore::open_full(&path)?.durability().await?, Durability::PowerLoss);
    /// # std::fs::remove_dir_all(&directory).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn open_full(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_as(path.as_ref(), true)
    }

    fn open_as(path: &Path, full: bool) -> Result<Self, StoreError> {
        let mut files = Files::new(path)?;
        let connection = schema::writer(files.path(), full)?;
        files.look_beside()?;
        let files = Arc::new(files);
        let (signal, signals) = std::sync::mpsc::sync_channel(1);
        let writer = {
            let files = files.clone();
            Thread::start("session-writes", move |queue| {
                writer::write(&connection, &files, queue, &signal);
            })?
        };
        let connection = schema::writer(files.path(), full)?;
        let log = JoinOnDrop::start("session-log", move || {
            writer::write_back(&connection, &signals);
        })?;
        let connection = schema::reader(files.path())?;
        let list_thread = Thread::start("session-lists", move |queue| {
            thread::read(&connection, queue);
        })?;
        let expired_batch = if full {
            EXPIRED_BATCH_FULL
        } else {
            EXPIRED_BATCH
        };
        Ok(Self {
            readers: Readers::open(&files)?,
            list_thread,
            writer,
            _log: log,
            expired_batch,
            files,
        })
    }

    /// Ends or removes records in several transactions, so that other writes come between them, until none is left or `most`
    /// are done. Returns their number.
    async fn in_batches(
        &self,
        most: usize,
        batch: usize,
        run: impl Fn(&Connection, usize) -> rusqlite::Result<usize> + Clone + Send + 'static,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        loop {
            let batch = batch.min(most - count);
            let run = run.clone();
            let changed = self
                .writer
                .call(SpaceNeed::Shrinks, move |connection| run(connection, batch))
                .await?;
            count += changed;
            if changed < batch || count == most {
                return Ok(u64::try_from(count).unwrap_or(u64::MAX));
            }
        }
    }
}

impl Store for SqliteStore {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(async move {
            self.files.check()?;
            Ok(self.readers.load(key)?.at(now))
        })
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        _now: u64,
    ) -> StoreFuture<'a, Inserted> {
        Box::pin(async move {
            let record = record.clone();
            let insert =
                move |connection: &Connection| statements::insert(connection, key, &record);
            self.writer.call(SpaceNeed::Grows, insert).await
        })
    }

    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move {
            let record = record.clone();
            let update = move |connection: &Connection| {
                statements::update(connection, key, version, &record, now)
            };
            self.writer.call(SpaceNeed::Grows, update).await
        })
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let touch =
                move |connection: &Connection| statements::touch(connection, key, expires, now);
            self.writer.call(SpaceNeed::Grows, touch).await
        })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let delete = move |connection: &Connection| statements::delete(connection, key, now);
            self.writer.call(SpaceNeed::Shrinks, delete).await
        })
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move {
            let delete = move |connection: &Connection| {
                statements::delete_version(connection, key, version, now)
            };
            self.writer.call(SpaceNeed::Shrinks, delete).await
        })
    }

    /// Does nothing: the column of the user has an index.
    fn index<'a>(
        &'a self,
        _user: &'a str,
        _key: RecordKey,
        _until: u64,
        _now: u64,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unindex<'a>(&'a self, _user: &'a str, _key: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        Box::pin(async move {
            self.files.check()?;
            let user: Box<str> = user.into();
            let list = move |connection: &Connection| statements::list(connection, &user, max, now);
            self.list_thread.call(SpaceNeed::Shrinks, list).await
        })
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let user: Arc<str> = user.into();
            let delete = move |connection: &Connection, most| {
                statements::delete_owned(connection, &user, which, now, most)
            };
            self.in_batches(usize::MAX, BATCH, delete).await
        })
    }

    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult> {
        Box::pin(async move {
            let user: Arc<str> = user.into();
            let batch = u64::try_from(BATCH).unwrap_or(u64::MAX);
            let mut ended = 0;
            loop {
                let user = user.clone();
                let trim = move |connection: &Connection| {
                    statements::trim(connection, &user, keep, this, now, BATCH)
                };
                let trimmed = self.writer.call(SpaceNeed::Shrinks, trim).await?;
                ended += trimmed.ended;
                if trimmed.ended < batch {
                    return Ok(TrimResult { ended, ..trimmed });
                }
            }
        })
    }

    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let delete = move |connection: &Connection, most| {
                statements::delete_expired(connection, before, most)
            };
            self.in_batches(batch, self.expired_batch, delete).await
        })
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(async {
            // Of the writer's connection: `synchronous` is a setting of each connection, not of the file.
            let settings = self.writer.call(SpaceNeed::Shrinks, schema::settings);
            // https://www.sqlite.org/pragma.html#pragma_synchronous: 1 is NORMAL, 2 FULL, 3 EXTRA.
            Ok(match settings.await? {
                (mode, 2..) if mode == "wal" => Durability::PowerLoss,
                (mode, _) if mode == "wal" => Durability::Crash,
                _ => Durability::Unknown,
            })
        })
    }

    /// Returns a sentence for each of the three files that other users may read or write.
    fn warnings(&self) -> Vec<String> {
        self.files.warnings()
    }
}

impl fmt::Debug for SqliteStore {
    /// Prints the path, and nothing of the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.files.path())
            .finish_non_exhaustive()
    }
}
