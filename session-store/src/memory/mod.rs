//! Sessions in this process' memory.

mod budget;
mod shard;
mod users;
mod verbs;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use session_core::{RecordKey, protocol::Record};

use self::budget::{Bytes, Full, Room};
use self::shard::Shard;
use self::users::Users;
use crate::contract::error::StoreError;
use crate::contract::store::SessionInfo;

const DEFAULT_LIMIT: usize = 256 * 1024 * 1024;
const SHARDS: usize = 64;
/// How many seconds what has expired stays at least: questions under way carry earlier times.
const SLACK: u64 = 60;
/// How much garbage an insert or a note clears away: more than it adds, so that none piles up.
const PER_WRITE: usize = 4;
/// How much garbage is cleared away before a write is refused.
const WHEN_FULL: usize = 256;

/// Keeps sessions in this process' memory: for tests, for development, and for an application of one process whose users
/// may be logged out by a restart. All sessions end with it, and no other process sees them.
///
/// - **Bounded.** Records, tombstones and notes about users take at most 256 MiB, or [what it is
///   given](Self::with_limit). Each counts as what it holds and 512 bytes; the session of somebody logged in is a record and
///   a note. When it is full, whatever would grow is refused with a [`StoreError`]; nobody's session is ended for it.
/// - **Strangers have a room of their own.** Sessions without a user take at most a half of that, or [another
///   part](Self::anonymous_limit). So a flood of them keeps nobody from logging in. A session moves over when it gets an
///   user, and stays there.
/// - **Cleared as it is used.** A record stays for a minute after it has expired. Each insert removes up to four of those,
///   so no request waits for a sweep; where inserts are rare, [`delete_expired`](crate::Store::delete_expired) gives memory back.
/// - **Fast.** A verb takes about a microsecond in the calling thread and is ready when first polled. Records lie in 64
///   parts with a lock each. Bodies are shared with whoever loaded them, not copied.
///
/// ```
/// use session_core::{protocol::{Outcome, Record}, RecordKey};
/// use session_store::{MemoryStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), session_store::StoreError> {
/// let store = MemoryStore::new();
/// let (key, now) = (RecordKey::from_bytes([7; 32]), 1_700_000_000);
/// # let record = Record {
/// #     version: 1,
/// #     expires: now + 3600,
/// #     created: now,
/// #     seen: now,
/// #     user: Some("ada".into()),
/// #     label: None,
/// #     body: [1, 2, 3].into(),
/// # };
/// store.index("ada", key, now + 3600, now).await?;
/// store.insert(key, &record, now).await?;
/// assert_eq!(store.list("ada", 10, now).await?.len(), 1);
/// assert_eq!(store.delete(key, now).await?, Outcome::Done);
/// assert!(store.list("ada", 10, now).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    // No lock is ever taken while another is held, but for the room's, under which nothing is.
    shards: [Mutex<Shard>; SHARDS],
    users: Mutex<Users>,
    /// The store's own order among the records of a user.
    orders: AtomicU64,
    room: Room,
}

impl MemoryStore {
    /// An empty one of 256 MiB.
    ///
    /// ```
    /// assert!(session_store::MemoryStore::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }

    /// An empty one that takes at most so many bytes, a half of them for sessions without a user.
    ///
    /// ```
    /// # use session_core::{protocol::Record, RecordKey};
    /// # use session_store::{MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let (key, now) = (RecordKey::from_bytes([7; 32]), 1_700_000_000);
    /// # let (user, label, body) = (None, None, [0; 1000].into());
    /// # let record = Record { version: 1, expires: now + 60, created: now, seen: now, user, label, body };
    /// let store = MemoryStore::with_limit(1000);
    /// let error = store.insert(key, &record, now).await.unwrap_err();
    /// assert!(error.to_string().starts_with("the memory store is full: it may take 1000 bytes"));
    /// # }
    /// ```
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            users: Mutex::default(),
            orders: AtomicU64::new(0),
            room: Room::new(Bytes {
                all: bytes,
                anonymous: bytes / 2,
            }),
        }
    }

    /// The same, but sessions without a user may take so many of its bytes: those that began without one, their tombstones
    /// among them, until they get one. From the whole limit on they are not held back; with 0 there can be none. The rest
    /// is for those who log in, who may take what others leave as well.
    ///
    /// A login that needs a session first, as for OAuth's `state` or a CSRF value in it, needs room here, too: let those
    /// sessions end soon ([`anonymous_lifetime`](session_core::Builder::anonymous_lifetime)).
    ///
    /// ```
    /// # use session_core::{protocol::{Inserted, Record}, RecordKey};
    /// # use session_store::{MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let (key, now) = (RecordKey::from_bytes([7; 32]), 1_700_000_000);
    /// # let (user, label, body) = (None, None, [0; 1000].into());
    /// # let record = Record { version: 1, expires: now + 60, created: now, seen: now, user, label, body };
    /// let store = MemoryStore::with_limit(10_000).anonymous_limit(1_000);
    /// let error = store.insert(key, &record, now).await.unwrap_err();
    /// assert!(error.to_string().starts_with("the memory store is full of sessions without a user"));
    /// let record = Record { user: Some("ada".into()), ..record };
    /// assert_eq!(store.insert(key, &record, now).await.unwrap(), Inserted::Done);
    /// # }
    /// ```
    #[must_use]
    pub fn anonymous_limit(mut self, bytes: usize) -> Self {
        self.room.limit.anonymous = bytes;
        self
    }

    /// How many records there are, without tombstones. Expired ones count until they are removed. Looks at all of them: for
    /// tests, and to be asked now and then.
    ///
    /// ```
    /// # use session_core::{protocol::Record, RecordKey};
    /// # use session_store::{MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let (key, now) = (RecordKey::from_bytes([7; 32]), 1_700_000_000);
    /// # let (user, label, body) = (None, None, [].into());
    /// # let record = Record { version: 1, expires: now + 60, created: now, seen: now, user, label, body };
    /// let store = MemoryStore::new();
    /// store.insert(key, &record, now).await.unwrap();
    /// assert_eq!(store.len(), 1);
    /// store.delete(key, now).await.unwrap();
    /// assert_eq!(store.len(), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).records()).sum()
    }

    /// Whether there is no record.
    ///
    /// ```
    /// assert!(session_store::MemoryStore::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes are taken, of those that it was given. Costs nothing to ask.
    ///
    /// ```
    /// assert_eq!(session_store::MemoryStore::new().used_bytes(), 0);
    /// ```
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.room.taken().all
    }

    /// How many of these are taken by sessions without a user. Costs nothing to ask.
    ///
    /// ```
    /// assert_eq!(session_store::MemoryStore::new().anonymous_bytes(), 0);
    /// ```
    #[must_use]
    pub fn anonymous_bytes(&self) -> usize {
        self.room.taken().anonymous
    }

    fn shard(&self, key: RecordKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[usize::from(key.as_bytes()[0]) % SHARDS])
    }

    fn users(&self) -> MutexGuard<'_, Users> {
        lock(&self.users)
    }

    /// Tries a write again after a sweep, if there was no room for it: as long as anything goes, since it may be of the other
    /// room.
    fn grow<T>(&self, now: u64, write: impl Fn() -> Result<T, Full>) -> Result<T, StoreError> {
        let mut swept = 1;
        loop {
            match write() {
                Err(_) if swept > 0 => swept = self.sweep(now.saturating_sub(SLACK), WHEN_FULL),
                written => return written.map_err(|full| self.refusal(full)),
            }
        }
    }

    fn refusal(&self, full: Full) -> StoreError {
        let Bytes { all, anonymous } = self.room.limit;
        let message = match full {
            Full::All => format!(
                "the memory store is full: it may take {all} bytes; let it take more (MemoryStore::with_limit), let idle \
                 sessions end sooner, or keep them in a database"
            ),
            Full::Anonymous => format!(
                "the memory store is full of sessions without a user: they may take {anonymous} of its {all} bytes, the \
                 rest is for those who log in; let them take more (MemoryStore::anonymous_limit) or end sooner \
                 (Builder::anonymous_lifetime), or keep sessions in a database"
            ),
        };
        StoreError::new(message).refused()
    }

    /// Removes what ended before that second, at most so many. How many records and tombstones went.
    fn sweep(&self, before: u64, most: usize) -> usize {
        self.users().sweep(before, most, &self.room);
        self.shards.iter().fold(0, |swept, shard| {
            swept + lock(shard).sweep(before, most - swept, &self.room)
        })
    }

    /// The live records of a user with their order, oldest first. Each is looked at by itself.
    fn records_of(&self, user: &str, now: u64) -> Vec<(u64, SessionInfo)> {
        let keys = self.users().keys(user);
        let listed = |key: RecordKey| {
            let shard = self.shard(key);
            let (record, order) = shard
                .live(key, now)
                .filter(|(record, _)| owns(user, record))?;
            let Record {
                created,
                seen,
                expires,
                ..
            } = *record;
            Some((
                order,
                SessionInfo {
                    key,
                    created,
                    seen,
                    expires,
                    label: record.label.clone(),
                },
            ))
        };
        let mut records: Vec<_> = keys.into_iter().filter_map(listed).collect();
        records.sort_unstable_by_key(|(order, _)| *order);
        records
    }

    /// Ends a record of this user, then forgets the note: the index stays a superset.
    fn end(
        &self,
        user: &str,
        key: RecordKey,
        now: u64,
        this_one: impl FnOnce(u64) -> bool,
    ) -> bool {
        let this_one = |record: &Record, order| owns(user, record) && this_one(order);
        let ended = self.shard(key).end(key, now, &self.room, this_one);
        if ended {
            self.users().forget(user, key, &self.room);
        }
        ended
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    /// How full it is, nothing of what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("used_bytes", &self.room.taken().all)
            .field("limit", &self.room.limit.all)
            .field("anonymous_bytes", &self.room.taken().anonymous)
            .field("anonymous_limit", &self.room.limit.anonymous)
            .finish_non_exhaustive()
    }
}

fn owns(user: &str, record: &Record) -> bool {
    record.user.as_deref() == Some(user)
}

/// A panic while a lock is held leaves nothing half done that another request could not live with.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
