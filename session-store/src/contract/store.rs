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

/// What a verb returns: a future in a box, so that a store can be a `dyn Store`.
///
/// Nothing happens before it is polled. When it is dropped before it is ready, it is unknown whether the verb took effect.
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
/// assert_eq!(ask(&store, 1_700_000_000).await.unwrap(), Loaded::Absent);
/// # }
/// ```
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps the records of sessions. These comments are the contract: a back end promises what they say, and the core relies
/// on nothing else.
///
/// Under a key lies nothing, a record, or the tombstone of a deleted one. A store compares versions, times and users; it
/// never looks into a body, and decides nothing about sessions.
///
/// - **One atomic step.** [`load`](Self::load), [`insert`](Self::insert), [`update`](Self::update),
///   [`touch`](Self::touch) and [`delete`](Self::delete) happen at once and whole, or not at all, and whatever is asked
///   after the answer sees them, over any connection: a copy that lags behind must not answer. The verbs by user are
///   atomic for each record, not over all of them.
/// - **Safe to repeat.** A question whose answer was lost is asked again as it is. Some clients of databases do so by
///   themselves; better leave it to the sessions, which then know that it was. The second time changes nothing more,
///   unless the verb's comment says so ([`trim`](Self::trim) and [`delete_owned`](Self::delete_owned) end what is there
///   then), and answers the same or what that says.
/// - **The application's clock decides.** Times are unix seconds and come with the question; from one to the next they may
///   step back. *Live* is a record that was not deleted and whose `expires > now`. What a store removes by itself is
///   garbage: a record that has expired, or a tombstone that has ended, by the `now` of some question or, with slack of
///   a minute at least, by a clock of its own. So where a record has expired, a store may always answer as if nothing were
///   there.
/// - **Gone stays gone.** Only insert creates. No verb makes a deleted or expired record live again, and `expires` never
///   decreases, except by becoming a tombstone's.
/// - **The record is the truth about its user, the index a hint:** a superset of the live records of each user. The core
///   asks [`index`](Self::index) before it writes a record with a user, and [`unindex`](Self::unindex) after the record
///   was ended, never of one that lives: the question may come late. A store that finds a user's records without an index
///   does nothing at these two.
/// - **Whatever is stored comes back as it was:** any `u64` as version; any text as user and label, also an empty one,
///   one with NULs, or a megabyte; any body. Users are the same if their bytes are. Only a time beyond `i64::MAX` may be
///   kept as that.
/// - **An error leaves open whether the verb took effect.** Each ends in a [`StoreError`] then, never in a panic and never
///   in an answer that was guessed. A store that is full refuses to grow; it never ends a session to make room.
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
    /// What lies under this key; changes nothing.
    ///
    /// | there | answer |
    /// |---|---|
    /// | a live record | [`Loaded::Live`], with all that was written |
    /// | an expired record | [`Loaded::Live`] or [`Loaded::Absent`]: who asked compares `expires` |
    /// | a tombstone | [`Loaded::Dead`], with its end |
    /// | a tombstone whose end is not later than `now`, removed or not | [`Loaded::Absent`]: see [`Loaded::at`] |
    /// | nothing | [`Loaded::Absent`] |
    ///
    /// # Errors
    /// The back end's own.
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded>;

    /// Creates a record where nothing is. One with a user gets the next number of the store's own order.
    ///
    /// | there | effect | answer |
    /// |---|---|---|
    /// | nothing | created | [`Inserted::Done`] |
    /// | a record, whatever its version | none | [`Inserted::Exists`], with it |
    /// | a tombstone | none | [`Inserted::Dead`] |
    ///
    /// Repeated, it answers [`Inserted::Exists`] with its own record or what became of that; [`Inserted::Dead`] if it was
    /// deleted meanwhile. The core inserts a key once: only repetitions of that insert meet something.
    ///
    /// # Errors
    /// The back end's own; also that it is full. Then nothing was created.
    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Inserted>;

    /// Replaces a live record that still has this version. `record.version` is another.
    ///
    /// | there | effect | answer |
    /// |---|---|---|
    /// | a live record of this version | replaced; `expires` is the later of both | [`Updated::Done`] |
    /// | a live record of another version | none | [`Updated::Conflict`], with it |
    /// | an expired record, a tombstone, nothing | none | [`Updated::Gone`] |
    ///
    /// If the user changes to another, the record gets the next number of the store's own order; else it keeps its number.
    ///
    /// Repeated, it answers [`Updated::Conflict`] with a record of its own version or of a later write; the core tells them
    /// apart, unless eight others have written since. What a conflict shows must be at least as new as what stood in the way.
    ///
    /// # Errors
    /// The back end's own; also that it is full, if the record would grow. Then nothing was replaced.
    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated>;

    /// Extends a live record: `expires` becomes the later of both, `seen` the later of its own and `now`. Version, body and
    /// order stay.
    ///
    /// | there | answer |
    /// |---|---|
    /// | a live record | [`Outcome::Done`], also when nothing was later |
    /// | an expired record, a tombstone, nothing | [`Outcome::Gone`] |
    ///
    /// # Errors
    /// The back end's own.
    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome>;

    /// Ends a record, whatever its version: body, user and label are dropped, and a tombstone takes its place, whose end is
    /// `now + `[`TOMBSTONE_SECONDS`](session_core::protocol::TOMBSTONE_SECONDS). It is removed then, or later.
    ///
    /// | there | effect | answer |
    /// |---|---|---|
    /// | a record, live or expired | a tombstone instead | [`Outcome::Done`] |
    /// | a tombstone | none, it does not last longer | [`Outcome::Gone`] |
    /// | nothing | none, nothing is created | [`Outcome::Gone`] |
    ///
    /// Repeated, it answers [`Outcome::Gone`], which is a success, too.
    ///
    /// # Errors
    /// The back end's own, but never that a limit of the store is reached. Where even a deletion takes room, a full disk may
    /// fail it: then nothing was ended, and the logout is told so.
    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome>;

    /// Ends a record that still has this version, as [`delete`](Self::delete) does: so that a request ends only what it has
    /// seen, and not a session that another has given a new id meanwhile.
    ///
    /// | there | effect | answer |
    /// |---|---|---|
    /// | a record of this version, live or expired | a tombstone instead | [`Updated::Done`] |
    /// | a record of another version, live or expired | none | [`Updated::Conflict`], with it |
    /// | a tombstone, nothing | none | [`Updated::Gone`] |
    ///
    /// Repeated, it answers [`Updated::Gone`]. What a conflict shows must be at least as new as what stood in the way.
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
    /// until then, and in any case for a day after it was last told: of several, the latest counts for both.
    ///
    /// # Errors
    /// The back end's own; also that it is full.
    fn index<'a>(
        &'a self,
        user: &'a str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> StoreFuture<'a, ()>;

    /// Forgets that note, if there is one. The record stays as it is.
    ///
    /// # Errors
    /// The back end's own, but never that it is full.
    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()>;

    /// The live records of this user, in the store's own order: who logged in first stands first. Never more than `max`;
    /// if there are more, the newest.
    ///
    /// Each record is looked at by itself: what begins or ends meanwhile may be listed or not.
    ///
    /// # Errors
    /// The back end's own.
    fn list<'a>(&'a self, user: &'a str, max: usize, now: u64)
    -> StoreFuture<'a, Vec<SessionInfo>>;

    /// Ends records of this user, each as [`delete`](Self::delete) does: all, all but one, or one. How many were ended;
    /// expired ones may count or not.
    ///
    /// No record of theirs that [`DeleteScope`] names and whose write with this user was answered before is live after it; one
    /// that is written meanwhile may be. A record that has another user when it is looked at is left alone, also where
    /// `DeleteScope` names it. Repeated, it ends what is left.
    ///
    /// # Errors
    /// The back end's own, but never that it is full. Some records may have been ended.
    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64>;

    /// Ends the live records of this user but the newest `keep` by the store's own order, each as
    /// [`delete`](Self::delete) does. How many this call ended, and whether `this` is live after it, whoever ended it.
    ///
    /// It ends nothing that was among the newest `keep` when it looked, not even for `this`, so of logins that trim at
    /// once `keep` survive: never fewer, and no more when all have ended. Repeated, it ends what is too many then.
    ///
    /// # Errors
    /// The back end's own, but never that it is full. Some records may have been ended.
    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult>;

    /// Removes records and tombstones whose `expires < before`, at most `batch` of them, so that nobody waits long. How
    /// many; fewer than `batch` means that no more are left.
    ///
    /// A store that collects its garbage by itself removes nothing here and answers 0.
    ///
    /// # Errors
    /// The back end's own, but never that it is full. Some may have been removed.
    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64>;

    /// What a write survives that was answered, as the back end is configured now: asked of it, not assumed.
    ///
    /// ```
    /// # use session_store::{Durability, MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// assert_eq!(MemoryStore::new().durability().await.unwrap(), Durability::Process);
    /// # }
    /// ```
    ///
    /// # Errors
    /// The back end's own.
    fn durability(&self) -> StoreFuture<'_, Durability>;

    /// Waits until all that can be seen in the store now survives what [`durability`](Self::durability) says.
    ///
    /// It is asked before a write is answered that found its work done: by an attempt of its own whose answer was lost, or by
    /// somebody else. A commit that waits for another machine can be seen before that machine has it, if the wait was
    /// broken off. Where whatever can be seen is as durable as what was answered, which is almost everywhere, there is
    /// nothing to do.
    ///
    /// # Errors
    /// The back end's own. Then it is not known.
    ///
    /// ```
    /// # use session_store::{MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// assert!(MemoryStore::new().confirm().await.is_ok());
    /// # }
    /// ```
    fn confirm(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// What an operator should change about the place of the sessions, though they work: one sentence for each point, without
    /// a value. Looked at when it is asked, and asked once, where an adapter is given the store; so it does not wait for a
    /// server. Most have nothing to say.
    ///
    /// ```
    /// # use session_store::{MemoryStore, Store};
    /// assert!(MemoryStore::new().warnings().is_empty());
    /// ```
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Which of a user's records. See [`Store::delete_owned`].
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
    /// All of them.
    All,
    /// All but this one, which may be anybody's.
    AllBut(RecordKey),
    /// This one, if it is theirs.
    One(RecordKey),
}

impl DeleteScope {
    /// Whether it names this record.
    #[must_use]
    pub fn names(self, key: RecordKey) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(other) => key != other,
            Self::One(one) => key == one,
        }
    }
}

/// A session in the list of its user's: what to tell them apart by, and nothing that opens one.
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
    /// The record's place, to delete it by.
    pub key: RecordKey,
    /// The second at which the session began.
    pub created: u64,
    /// The second at which it was last written or touched.
    pub seen: u64,
    /// The second at which it ends.
    pub expires: u64,
    /// What its user knows it by.
    pub label: Option<Arc<str>>,
}

impl fmt::Debug for SessionInfo {
    /// Times only, as [`Record`]'s.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo")
            .field("created", &self.created)
            .field("seen", &self.seen)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
