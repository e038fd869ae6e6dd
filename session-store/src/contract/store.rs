//! The store contract, verb by verb.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};

use crate::contract::durability::Durability;
use crate::contract::error::StoreError;

/// The future that a verb returns, in a box, so that a store can be a `dyn Store`.
///
/// It does nothing before it is polled. If it is dropped before it is ready, the verb may have taken effect or not.
///
/// ```
/// use session_core::{protocol::Loaded, RecordKey};
/// use session_store::{Store, StoreFuture};
///
/// fn ask(store: &dyn Store, now: u64) -> StoreFuture<'_, Loaded> {
///     store.load(RecordKey::from_bytes([7; 32]), now)
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let store = session_store::MemoryStore::new();
/// assert_eq!(ask(&store, 1_700_000_000).await.unwrap(), Loaded::NotFound);
/// # }
/// ```
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Stores the records of sessions. This documentation is the contract: a back end promises what it says, and the core relies
/// on nothing else.
///
/// Under a key there is nothing, a record, or the tombstone of a deleted record. A store compares versions, times and users.
/// It never reads a body, and decides nothing about sessions.
///
/// - **Atomic.** [`load`](Self::load), [`insert`](Self::insert), [`update`](Self::update), [`touch`](Self::touch) and
///   [`delete`](Self::delete) take effect as a whole or not at all, and every request after the reply sees the effect, over any
///   connection: a replica that lags behind must not reply. The verbs by user are atomic for each record, not over all.
/// - **Safe to repeat.** A request whose reply was lost is repeated as it is. Some database clients repeat by themselves; turn
///   that off, so that the sessions know that it happened. The second attempt changes nothing more, and replies as the
///   first, unless the verb's documentation says otherwise: [`trim`](Self::trim) and
///   [`delete_owned`](Self::delete_owned) end what is there then.
/// - **The application's clock decides.** Times are unix seconds and come with the request; from one to the next they may
///   step back. A record is *live* if it was not deleted and `expires > now`. A store removes by itself only records that have
///   expired and tombstones that have ended, by the `now` of some request, or by a clock of its own with a slack of at least a
///   minute. So where a record has expired, a store may always reply as if nothing were there.
/// - **Ended for ever.** Only insert creates. No verb makes a deleted or expired record live again, and `expires` never
///   decreases, except when it becomes a tombstone's.
/// - **The record decides about its user, the index is a hint:** a superset of the live records of each user. The core
///   calls [`index`](Self::index) before it writes a record with a user, and [`unindex`](Self::unindex) after the record
///   was ended, never for a live record, because the call may arrive late. A store that finds a user's records without an
///   index does nothing in these two.
/// - **All content is returned unchanged:** any `u64` as version; any text as user and label, also an empty one, one with
///   NULs, or a megabyte; any body. Two users are equal if their bytes are equal. Only a time beyond `i64::MAX` may be stored
///   as that.
/// - **After an error the effect is unknown.** An error is always a [`StoreError`], never a panic and never a guessed reply.
///   A full store refuses to grow; it never ends a session to make room.
///
/// A store is shared by all requests and outlives them:
///
/// ```
/// use std::sync::Arc;
/// use session_core::{protocol::{Inserted, Loaded, Record}, RecordKey};
/// use session_store::{MemoryStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), session_store::StoreError> {
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let (key, now) = (RecordKey::from_bytes([7; 32]), 1_700_000_000);
/// let record = Record {
///     version: 0x9e37_79b9_7f4a_7c15,
///     expires: now + 3600,
///     created: now,
///     seen: now,
///     user: None,
///     label: None,
///     body: [1, 2, 3].into(),
/// };
/// assert_eq!(store.insert(key, &record, now).await?, Inserted::Done);
/// assert_eq!(store.load(key, now).await?, Loaded::Live(record));
/// # Ok(())
/// # }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Returns what is under this key. Changes nothing.
    ///
    /// | under the key | reply |
    /// |---|---|
    /// | a live record | [`Loaded::Live`], with everything that was written |
    /// | an expired record | [`Loaded::Live`] or [`Loaded::NotFound`]: the caller compares `expires` |
    /// | a tombstone | [`Loaded::Tombstone`], with its end |
    /// | a tombstone whose end is not later than `now`, removed or not | [`Loaded::NotFound`]: see [`Loaded::at`] |
    /// | nothing | [`Loaded::NotFound`] |
    ///
    /// # Errors
    /// The back end failed.
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded>;

    /// Creates a record where there is nothing. A record with a user gets the next number of the store's own order.
    ///
    /// | under the key | effect | reply |
    /// |---|---|---|
    /// | nothing | created | [`Inserted::Done`] |
    /// | a record, whatever its version | none | [`Inserted::Exists`], with it |
    /// | a tombstone | none | [`Inserted::Tombstone`] |
    ///
    /// A repetition replies [`Inserted::Exists`] with its own record, or with a later write's; [`Inserted::Tombstone`] if the
    /// record was deleted meanwhile. The core inserts each key once, so only a repetition finds something there.
    ///
    /// # Errors
    /// The back end failed, or is full. If it is full, nothing was created.
    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Inserted>;

    /// Replaces a live record that still has this version. `record.version` is the new version.
    ///
    /// | under the key | effect | reply |
    /// |---|---|---|
    /// | a live record of this version | replaced; `expires` is the later of both | [`Updated::Done`] |
    /// | a live record of another version | none | [`Updated::Conflict`], with it |
    /// | an expired record, a tombstone, nothing | none | [`Updated::Gone`] |
    ///
    /// If the user changes, the record gets the next number of the store's own order. Otherwise its number stays.
    ///
    /// A repetition replies [`Updated::Conflict`] with the record of its own write or of a later one. The core can tell which,
    /// unless eight other writes have followed. A conflict's record must be at least as new as the one that caused the conflict.
    ///
    /// # Errors
    /// The back end failed, or the record would grow and the store is full. If it is full, nothing was replaced.
    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated>;

    /// Extends a live record: `expires` becomes the later of both, and `seen` the later of its own and `now`. Version, body
    /// and order stay.
    ///
    /// | under the key | reply |
    /// |---|---|
    /// | a live record | [`Outcome::Done`], also when nothing was later |
    /// | an expired record, a tombstone, nothing | [`Outcome::Gone`] |
    ///
    /// # Errors
    /// The back end failed.
    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome>;

    /// Ends a record of any version. A tombstone replaces it, without body, user and label, and ends at
    /// `now + `[`TOMBSTONE_SECONDS`](session_core::protocol::TOMBSTONE_SECONDS). The store removes the tombstone then, or later.
    ///
    /// | under the key | effect | reply |
    /// |---|---|---|
    /// | a record, live or expired | a tombstone instead | [`Outcome::Done`] |
    /// | a tombstone | none; its end stays | [`Outcome::Gone`] |
    /// | nothing | none; nothing is created | [`Outcome::Gone`] |
    ///
    /// A repetition replies [`Outcome::Gone`], which is a success, too.
    ///
    /// # Errors
    /// The back end failed. A limit of the store is no reason. Where a deletion needs disk space, a full disk may fail it; then
    /// nothing was ended, and the logout fails.
    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome>;

    /// Ends a record that still has this version, as [`delete`](Self::delete) does. So a request ends only the state that it has
    /// loaded, and not a session that another request has given a new id meanwhile.
    ///
    /// | under the key | effect | reply |
    /// |---|---|---|
    /// | a record of this version, live or expired | a tombstone instead | [`Updated::Done`] |
    /// | a record of another version, live or expired | none | [`Updated::Conflict`], with it |
    /// | a tombstone, nothing | none | [`Updated::Gone`] |
    ///
    /// A repetition replies [`Updated::Gone`]. A conflict's record must be at least as new as the one that caused the conflict.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated>;

    /// Notes that this user may have this record, which need not exist yet.
    ///
    /// `until` is not earlier than the `expires` with which the record will be written or extended next. The note stays
    /// until then, and at least for a day after the call. After several calls, the latest of both ends applies.
    ///
    /// # Errors
    /// The back end failed, or is full.
    fn index<'a>(
        &'a self,
        user: &'a str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> StoreFuture<'a, ()>;

    /// Removes that note, if there is one. The record stays as it is.
    ///
    /// # Errors
    /// The back end failed. A full store is no reason.
    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()>;

    /// Returns the live records of this user in the store's own order, the oldest login first. At most `max`; if there are
    /// more, the newest.
    ///
    /// Each record is read by itself, so a session that begins or ends meanwhile may be listed or not.
    ///
    /// # Errors
    /// The back end failed.
    fn list<'a>(&'a self, user: &'a str, max: usize, now: u64)
    -> StoreFuture<'a, Vec<SessionInfo>>;

    /// Ends records of this user, each as [`delete`](Self::delete) does: all, all but one, or one. Returns how many; expired
    /// records may be included or not.
    ///
    /// Afterwards no record is live that [`DeleteScope`] names and whose write with this user was answered before the call. A
    /// record that is written meanwhile may be live. A record that has another user when it is read is not ended, even if
    /// `DeleteScope` names it. A repetition ends the rest.
    ///
    /// # Errors
    /// The back end failed. A full store is no reason. Some records may have been ended.
    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64>;

    /// Ends the live records of this user except the newest `keep` by the store's own order, each as
    /// [`delete`](Self::delete) does. Returns how many this call ended, and whether `this` is live afterwards.
    ///
    /// It ends no record that was among the newest `keep` when it read the list, not even to make room for `this`. So of
    /// concurrent logins that trim, `keep` survive: never fewer, and no more once all calls have returned. A repetition ends the
    /// surplus of its own time.
    ///
    /// # Errors
    /// The back end failed. A full store is no reason. Some records may have been ended.
    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult>;

    /// Removes records and tombstones whose `expires < before`, at most `batch` of them, so that no request waits long. Returns
    /// how many; fewer than `batch` means that none is left.
    ///
    /// A store that removes expired records by itself removes nothing here and returns 0.
    ///
    /// # Errors
    /// The back end failed. A full store is no reason. Some records may have been removed.
    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64>;

    /// Returns what a write survives after its reply, by the back end's present configuration: read from it, not assumed.
    ///
    /// ```
    /// # use session_store::{Durability, MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// assert_eq!(MemoryStore::new().durability().await.unwrap(), Durability::Process);
    /// # }
    /// ```
    ///
    /// # Errors
    /// The back end failed.
    fn durability(&self) -> StoreFuture<'_, Durability>;

    /// Waits until everything that is visible in the store now survives what [`durability`](Self::durability) says.
    ///
    /// It is called when a write finds its effect already there, by an earlier attempt whose reply was lost or by another
    /// request. A commit that waits for a second machine is visible before that machine has it, if the wait is cancelled. In
    /// most back ends a visible write is durable, and there is nothing to do.
    ///
    /// # Errors
    /// The back end failed. It is then unknown whether the writes are durable.
    ///
    /// ```
    /// # use session_store::{MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// assert!(MemoryStore::new().confirm().await.is_ok());
    /// # }
    /// ```
    fn confirm(&self) -> StoreFuture<'_, ()> {
        // Right only where a write becomes durable before it becomes visible.
        Box::pin(async { Ok(()) })
    }

    /// Returns what an operator should change about the store, although it works: one sentence for each point, without a value.
    /// An adapter calls it once, when it is given the store, so it must not wait for a server. Most stores return nothing.
    ///
    /// ```
    /// # use session_store::{MemoryStore, Store};
    /// assert!(MemoryStore::new().warnings().is_empty());
    /// ```
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Names some of a user's records, for [`Store::delete_owned`].
///
/// ```
/// use session_core::RecordKey;
/// use session_store::DeleteScope;
///
/// let this = RecordKey::from_bytes([7; 32]);
/// let other = RecordKey::from_bytes([8; 32]);
/// assert!(DeleteScope::All.names(this) && DeleteScope::One(this).names(this) && !DeleteScope::AllBut(this).names(this));
/// assert!(!DeleteScope::One(this).names(other) && DeleteScope::AllBut(this).names(other));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteScope {
    /// All records of the user.
    All,
    /// All records of the user except this one. It may also be another user's.
    AllBut(RecordKey),
    /// This record, if it is the user's.
    One(RecordKey),
}

impl DeleteScope {
    /// Returns whether it names this record.
    #[must_use]
    pub fn names(self, key: RecordKey) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(other) => key != other,
            Self::One(one) => key == one,
        }
    }
}

/// A session in the list of its user's sessions. It identifies the session, and cannot open it.
///
/// ```
/// use session_core::RecordKey;
/// use session_store::SessionInfo;
///
/// let listed = SessionInfo {
///     key: RecordKey::from_bytes([7; 32]),
///     created: 1_700_000_000,
///     seen: 1_700_000_060,
///     expires: 1_702_678_400,
///     label: Some("Firefox on Linux".into()),
/// };
/// assert_eq!(
///     format!("{listed:?}"),
///     "SessionInfo { created: 1700000000, seen: 1700000060, expires: 1702678400, .. }"
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// The record's key, by which the session can be ended.
    pub key: RecordKey,
    /// The second at which the session began.
    pub created: u64,
    /// The second at which it was last written or touched.
    pub seen: u64,
    /// The second at which it ends.
    pub expires: u64,
    /// The label by which its user recognizes it.
    pub label: Option<Arc<str>>,
}

impl fmt::Debug for SessionInfo {
    /// Writes the times only, as [`Record`]'s does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo")
            .field("created", &self.created)
            .field("seen", &self.seen)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
