//! Sessions in this process' memory.

mod budget;
mod shard;
mod users;
mod verbs;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use session_core::{RecordKey, protocol::Record};

use self::budget::{Budget, Bytes, Full};
use self::shard::Shard;
use self::users::Users;
use crate::contract::error::StoreError;
use crate::contract::store::SessionInfo;

const DEFAULT_LIMIT: usize = 256 * 1024 * 1024;
const SHARDS: usize = 64;
/// An expired record stays at least this many seconds: a request under way may bring an earlier time.
const SLACK: u64 = 60;
/// The number of expired records that an insert or a note removes: more than it adds, so that they do not accumulate.
const PER_WRITE: usize = 4;
/// The number of expired records that are removed at a time before a write is refused.
const WHEN_FULL: usize = 256;

/// Stores sessions in this process' memory: for tests, for development, and for an application of one process that may log
/// its users out when it restarts. All sessions end with the process, and no other process sees them.
///
/// - **Bounded.** Records, tombstones and notes about users take at most 256 MiB, or [another limit](Self::with_limit). Each
///   takes its content and 512 bytes; the session of a user who is logged in is a record and a note. When the store is full,
///   a write that would grow is refused with a [`StoreError`]. No session is ended to make room.
/// - **A limit for anonymous sessions.** Sessions without a user take at most half of that, or [another
///   part](Self::anonymous_limit). So a flood of them prevents no login. A session leaves this part when it gets a user, and
///   does not return.
/// - **Cleaned as it is used.** A record stays for a minute after it has expired. Each insert removes up to four of those,
///   so no request waits for a sweep. Where inserts are rare, [`delete_expired`](crate::Store::delete_expired) frees memory.
/// - **Fast.** A verb takes about a microsecond in the calling thread, and is ready when first polled. Records are in 64
///   shards with a lock each. Bodies are shared with the requests that loaded them, not copied.
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
    // No lock is taken while another is held, except the budget's, which is always the last.
    shards: [Mutex<Shard>; SHARDS],
    users: Mutex<Users>,
    // The last number of the order among the records of a user. It only grows, so later logins have larger numbers.
    orders: AtomicU64,
    budget: Budget,
}

impl MemoryStore {
    /// Returns an empty store with a limit of 256 MiB.
    ///
    /// ```
    /// assert!(session_store::MemoryStore::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }

    /// Returns an empty store that takes at most this many bytes, and half of them for sessions without a user.
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
    /// assert!(error.to_string().starts_with("the memory store is full: its limit is 1000 bytes"));
    /// # }
    /// ```
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            users: Mutex::default(),
            orders: AtomicU64::new(0),
            budget: Budget::new(Bytes {
                all: bytes,
                anonymous: bytes / 2,
            }),
        }
    }

    /// Sets how many of the store's bytes sessions without a user may take. These are the sessions that began without a user
    /// and have not got one, and their tombstones. A value of the whole limit or more sets no limit for them; with 0 there can
    /// be none. The rest of the memory is for sessions with a user, which may also use what is free of this part.
    ///
    /// A login that needs a session before, for OAuth's `state` or a CSRF value, needs memory of this part, too. Let such
    /// sessions end soon: [`anonymous_lifetime`](session_core::Builder::anonymous_lifetime).
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
        self.budget.limit.anonymous = bytes;
        self
    }

    /// Returns the number of records, without tombstones. An expired record is included until it is removed. It visits all
    /// records, so do not call it for each request.
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
        let mut records = 0;
        for shard in &self.shards {
            records += lock(shard).records();
        }
        records
    }

    /// Returns whether there is no record.
    ///
    /// ```
    /// assert!(session_store::MemoryStore::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many bytes are taken. Cheap.
    ///
    /// ```
    /// assert_eq!(session_store::MemoryStore::new().used_bytes(), 0);
    /// ```
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.budget.taken().all
    }

    /// Returns how many bytes are taken by sessions without a user. Cheap.
    ///
    /// ```
    /// assert_eq!(session_store::MemoryStore::new().anonymous_bytes(), 0);
    /// ```
    #[must_use]
    pub fn anonymous_bytes(&self) -> usize {
        self.budget.taken().anonymous
    }

    fn shard(&self, key: RecordKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[usize::from(key.as_bytes()[0]) % SHARDS])
    }

    fn users(&self) -> MutexGuard<'_, Users> {
        lock(&self.users)
    }

    /// Carries out a write that may grow. If the store is full, it removes expired records and tries again, until none is left: a
    /// removed record may have been of the other part.
    fn grow<T>(&self, now: u64, write: impl Fn() -> Result<T, Full>) -> Result<T, StoreError> {
        let mut swept = 1;
        loop {
            match write() {
                Ok(done) => return Ok(done),
                Err(_) if swept > 0 => swept = self.sweep(now.saturating_sub(SLACK), WHEN_FULL),
                Err(full) => return Err(self.refusal(full)),
            }
        }
    }

    fn refusal(&self, full: Full) -> StoreError {
        let Bytes { all, anonymous } = self.budget.limit;
        let message = match full {
            Full::All => format!(
                "the memory store is full: its limit is {all} bytes; raise it (MemoryStore::with_limit), let idle sessions \
                 end sooner, or store them in a database"
            ),
            Full::Anonymous => format!(
                "the memory store is full of sessions without a user: their limit is {anonymous} of its {all} bytes, the \
                 rest is for users who log in; raise it (MemoryStore::anonymous_limit), let them end sooner \
                 (Builder::anonymous_lifetime), or store sessions in a database"
            ),
        };
        StoreError::new(message).refused()
    }

    /// Removes at most `most` records and tombstones that expired before this second. Returns their number.
    fn sweep(&self, before: u64, most: usize) -> usize {
        self.users().sweep(before, most, &self.budget);
        let mut swept = 0;
        for shard in &self.shards {
            swept += lock(shard).sweep(before, most - swept, &self.budget);
        }
        swept
    }

    /// Returns the live records of a user with their order, oldest first. It locks one shard at a time, so the list is no
    /// snapshot.
    fn records_of(&self, user: &str, now: u64) -> Vec<(u64, SessionInfo)> {
        let keys = self.users().keys(user);
        let mut records = Vec::with_capacity(keys.len());
        for key in keys {
            let shard = self.shard(key);
            // A note may outlive its record, or the record may have another user now.
            let Some((record, order)) = shard.live(key, now) else {
                continue;
            };
            if !owns(user, record) {
                continue;
            }
            let info = SessionInfo {
                key,
                created: record.created,
                seen: record.seen,
                expires: record.expires,
                label: record.label.clone(),
            };
            records.push((order, info));
        }
        records.sort_unstable_by_key(|(order, _)| *order);
        records
    }

    /// Ends a record of this user, if it has this order, or any when none is named. Returns whether it did.
    ///
    /// The note is removed after the record has ended, so the index always names all live records of a user.
    fn end(&self, user: &str, key: RecordKey, now: u64, order: Option<u64>) -> bool {
        let condition = |record: &Record, order_now| {
            owns(user, record) && order.is_none_or(|order| order == order_now)
        };
        let ended = self.shard(key).end(key, now, &self.budget, condition);
        if ended {
            self.users().forget(user, key, &self.budget);
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
    /// Shows how full the store is, and nothing of its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("used_bytes", &self.budget.taken().all)
            .field("limit", &self.budget.limit.all)
            .field("anonymous_bytes", &self.budget.taken().anonymous)
            .field("anonymous_limit", &self.budget.limit.anonymous)
            .finish_non_exhaustive()
    }
}

fn owns(user: &str, record: &Record) -> bool {
    record.user.as_deref() == Some(user)
}

/// Locks, also after a panic under the lock: it leaves nothing half done that would harm another request.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
