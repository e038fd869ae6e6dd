//! The store itself: verbs, and the threads that carry them out.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};

use crate::error::Growth;
use crate::files::Place;
use crate::readers::Readers;
use crate::thread::{Joined, Thread};
use crate::{schema, statements, thread, writer};

/// How many records one transaction ends or removes, of many: a millisecond or a few, for which others wait.
const BATCH: usize = 100;
/// The same of what has expired, which nobody waits for: a quarter of a millisecond, or as much as a commit takes that waits
/// for the disk.
const CLEANED: usize = 2;
const CLEANED_FULL: usize = 20;

/// Keeps sessions in a file: for an application on one machine, in as many processes as it likes. SQLite is compiled in;
/// there is no server to run.
///
/// - **Survives.** What was answered survives the process, also killed by `kill -9`; see [`open`](Self::open) and
///   [`open_full`](Self::open_full).
/// - **Fast.** A read takes place in the calling thread, in microseconds as long as the system has the file in memory. Writes
///   go to a thread of the store's own, which writes what is asked at once in one transaction; no runtime's thread ever
///   waits for the disk to take something.
/// - **Shared.** Several processes may open one file, on a local file system. Each waits for another's lock for up to a
///   second; then the verb fails with a [`StoreError`], and sessions ask again until their deadline.
/// - **Full, damaged or gone.** If the disk is full, writes are refused, reads go on, and once there is room writes do, too; it
///   takes as much as the file `-wal` has. Ending a session takes a few pages, so it may fail as well, and is asked again.
///   A file that may not be written, is damaged, or was deleted or replaced while it was open is told by a [`StoreError`]
///   that says what to do; so are `-wal` and `-shm`, which no other process removes while this one has the file open.
/// - **Its own.** The file holds nothing else. A database of another application, or of a newer release, is refused and left as
///   it is. One of an earlier release is brought up to date when it is opened.
/// - **Private.** A file that is created may be read by its user alone, and so the two beside it, `-wal` and `-shm`. One of
///   these that others may read or write is a [warning](Store::warnings) at start (Unix). What is deleted is overwritten in
///   the file, and in `-wal` as that is written over.
///
/// Where nobody asks for [`delete_expired`](Store::delete_expired) now and then, the file grows. Some hundreds at a time with
/// a pause between leave most requests as fast as they were; all at once, writes wait for it. Space that became free is used
/// again. To copy the file while it is open, use `sqlite3 sessions.db ".backup copy.db"`: `cp` misses what is in `-wal`.
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
/// let source = SessionBackend::stored(sessions, Arc::new(store));
/// assert_eq!(source.cookie_name(), "__Host-session");
/// # drop(source);
/// # std::fs::remove_dir_all(&directory).unwrap();
/// # Ok::<(), session_store::StoreError>(())
/// ```
pub struct SqliteStore {
    readers: Readers,
    /// For what reads as many rows as a user has.
    lister: Thread,
    // The last two, so that their connections are the last to be closed, which writes the log back. The second ends when
    // the first has ended.
    writer: Thread,
    _log: Joined,
    /// How many expired records one transaction removes.
    cleaned: usize,
    place: Arc<Place>,
}

impl SqliteStore {
    /// Opens the file, or creates it in a directory that exists. Asks the disk: at start, not in a request.
    ///
    /// What was answered survives a crash of the process ([`Durability::Crash`]; `PRAGMA synchronous = NORMAL`), and no write
    /// waits for the disk. A power loss or a crash of the system may take the last seconds, a logout among them; the file
    /// stays whole.
    ///
    /// The path is that of a file, with SQLite's rules for none: `:memory:`, `file:` and `sqlite:` in front, and an empty path
    /// are refused.
    ///
    /// # Errors
    /// That is no path of a file; there is no such directory; it may not be written; the file is not a database, is another
    /// application's or a newer release's, is damaged, or somebody keeps it locked. The message begins with the path.
    ///
    /// ```
    /// use session_store_sqlite::SqliteStore;
    ///
    /// let error = SqliteStore::open(":memory:").unwrap_err();
    /// assert!(error.to_string().starts_with("\":memory:\": sessions in memory are kept by MemoryStore"));
    /// let error = SqliteStore::open("/no/such/directory/sessions.db").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "/no/such/directory/sessions.db: there is no such directory; create it first"
    /// );
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_as(path.as_ref(), false)
    }

    /// The same, and what was answered survives a power loss as well ([`Durability::PowerLoss`]; `PRAGMA synchronous =
    /// FULL`): each write waits for the disk, together with those that are asked at the same time. Where a logout must never
    /// be undone.
    ///
    /// Each process decides for its own writes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
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
        let mut place = Place::new(path)?;
        let connection = schema::writer(place.path(), full)?;
        place.look_beside()?;
        let place = Arc::new(place);
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let writer = {
            let place = place.clone();
            Thread::start("session-writes", move |queue| {
                writer::write(&connection, &place, queue, &tell)
            })?
        };
        let connection = schema::writer(place.path(), full)?;
        let log = Joined::start("session-log", move || {
            writer::write_back(&connection, &told)
        })?;
        let connection = schema::reader(place.path())?;
        let lister = Thread::start("session-lists", move |queue| {
            thread::read(&connection, queue)
        })?;
        let cleaned = if full { CLEANED_FULL } else { CLEANED };
        Ok(Self {
            readers: Readers::open(&place)?,
            lister,
            writer,
            _log: log,
            cleaned,
            place,
        })
    }

    /// Ends or removes many in several transactions, so that others write between them. Asks until nothing is left or there
    /// were as many as that.
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
                .ask(Growth::Shrinks, move |connection| run(connection, batch))
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
            self.place.check()?;
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
            self.writer.ask(Growth::Grows, insert).await
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
            self.writer.ask(Growth::Grows, update).await
        })
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let touch =
                move |connection: &Connection| statements::touch(connection, key, expires, now);
            self.writer.ask(Growth::Grows, touch).await
        })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let delete = move |connection: &Connection| statements::delete(connection, key, now);
            self.writer.ask(Growth::Shrinks, delete).await
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
            self.writer.ask(Growth::Shrinks, delete).await
        })
    }

    /// Nothing to do: the record's user is an index of its own.
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
            self.place.check()?;
            let user: Box<str> = user.into();
            let list = move |connection: &Connection| statements::list(connection, &user, max, now);
            self.lister.ask(Growth::Shrinks, list).await
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
                let trimmed = self.writer.ask(Growth::Shrinks, trim).await?;
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
            self.in_batches(batch, self.cleaned, delete).await
        })
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(async {
            let ask = |connection: &Connection| {
                let mode: String =
                    connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
                let synchronous: i64 =
                    connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
                Ok((mode, synchronous))
            };
            // https://www.sqlite.org/pragma.html#pragma_synchronous: 1 is NORMAL, 2 FULL, 3 EXTRA.
            Ok(match self.writer.ask(Growth::Shrinks, ask).await? {
                (mode, 2..) if mode == "wal" => Durability::PowerLoss,
                (mode, _) if mode == "wal" => Durability::Crash,
                _ => Durability::Unknown,
            })
        })
    }

    /// Each of the three files that others may read or write.
    fn warnings(&self) -> Vec<String> {
        self.place.warnings()
    }
}

impl fmt::Debug for SqliteStore {
    /// Where it is, nothing of what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.place.path())
            .finish_non_exhaustive()
    }
}
