//! The requests that the core makes of a store, and the store's replies.
//!
//! Times are unix seconds of the application's clock, and each request carries its time: a store
//! has no clock of its own.

use std::fmt;
use std::sync::Arc;

use crate::record_key::RecordKey;

/// The seconds for which a store holds the tombstone of a deleted record, at least.
///
/// Longer than any request may be under way, so that a request that arrives late finds the
/// tombstone and not an empty place.
///
/// ```
/// assert_eq!(session_core::protocol::TOMBSTONE_SECONDS, 60);
/// ```
pub const TOMBSTONE_SECONDS: u64 = 60;

/// A session as a store holds it. Cheap to clone.
///
/// ```
/// use session_core::protocol::Record;
///
/// let record = Record {
///     version: 0x9e37_79b9_7f4a_7c15,
///     expires: 1_702_678_400,
///     created: 1_700_000_000,
///     seen: 1_700_000_000,
///     user: Some("42".into()),
///     label: Some("Firefox on Linux".into()),
///     body: [1, 2, 3].into(),
/// };
/// assert_eq!(format!("{record:?}"), "Record { expires: 1702678400, created: 1700000000, seen: 1700000000, .. }");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The id of the write that made this record: a random number, never a counter.
    pub version: u64,
    /// The second at which the record expires. It is live while `expires > now`, unless it was
    /// deleted.
    pub expires: u64,
    /// The second at which the session began.
    pub created: u64,
    /// The second at which the record was last written or touched.
    pub seen: u64,
    /// The user who is logged in.
    pub user: Option<Arc<str>>,
    /// A name by which the user tells several sessions apart, such as the name of a browser.
    pub label: Option<Arc<str>>,
    /// The core's own bytes. A store does not look into them.
    pub body: Arc<[u8]>,
}

impl fmt::Debug for Record {
    /// Prints times only: neither the user nor the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("expires", &self.expires)
            .field("created", &self.created)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// A request to a store. Each is one atomic step there, and safe to repeat: if a reply was lost,
/// the request is sent again unchanged.
///
/// ```
/// use session_core::{protocol::StoreRequest, RecordKey};
///
/// let request = StoreRequest::Load { key: RecordKey::from_bytes([7; 32]), now: 1_700_000_000 };
/// assert_eq!((request.verb(), format!("{request:?}")), ("load", "StoreRequest(load)".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreRequest {
    /// Return the record under this key. The reply is [`Loaded`].
    Load {
        /// The record's key.
        key: RecordKey,
        /// The time of the request.
        now: u64,
    },
    /// Create a record, unless there is one under this key. The reply is [`Inserted`].
    Insert {
        /// The record's key.
        key: RecordKey,
        /// The record to create.
        record: Record,
        /// The time of the request.
        now: u64,
    },
    /// Replace a live record that still has this version. The reply is [`Updated`].
    Update {
        /// The record's key.
        key: RecordKey,
        /// The version to replace.
        version: u64,
        /// The record to write. The store takes its `expires` only if that is later than the old
        /// one.
        record: Record,
        /// The time of the request.
        now: u64,
    },
    /// Extend a live record. The reply is [`Outcome`].
    Touch {
        /// The record's key.
        key: RecordKey,
        /// The second at which the record is to expire, if that is later than before.
        expires: u64,
        /// The time of the request.
        now: u64,
    },
    /// Delete a record that still has this version. A tombstone without data stays for
    /// [`TOMBSTONE_SECONDS`]. The reply is [`Updated`].
    Delete {
        /// The record's key.
        key: RecordKey,
        /// The version to delete.
        version: u64,
        /// The time of the request.
        now: u64,
    },
    /// Note in the user's index that this record may be theirs. The reply is [`StoreReply::Noted`].
    Index {
        /// The user.
        user: Arc<str>,
        /// The record's key.
        key: RecordKey,
        /// The second until which the note is needed.
        until: u64,
        /// The time of the request.
        now: u64,
    },
    /// Remove that note. The reply is [`StoreReply::Noted`].
    Unindex {
        /// The user.
        user: Arc<str>,
        /// The record's key.
        key: RecordKey,
    },
    /// Delete all live records of a user except the newest. The reply is [`TrimResult`].
    Trim {
        /// The user.
        user: Arc<str>,
        /// How many records stay.
        keep: usize,
        /// The record of the session that makes this request. The reply says whether it is still
        /// live.
        this: RecordKey,
        /// The time of the request.
        now: u64,
    },
}

impl StoreRequest {
    /// Returns the kind of the request in one word, for logs and counters.
    ///
    /// ```
    /// # use session_core::{protocol::StoreRequest, RecordKey};
    /// let request = StoreRequest::Delete { key: RecordKey::from_bytes([7; 32]), version: 1, now: 1_700_000_000 };
    /// assert_eq!(request.verb(), "delete");
    /// ```
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Load { .. } => "load",
            Self::Insert { .. } => "insert",
            Self::Update { .. } => "update",
            Self::Touch { .. } => "touch",
            Self::Delete { .. } => "delete",
            Self::Index { .. } => "index",
            Self::Unindex { .. } => "unindex",
            Self::Trim { .. } => "trim",
        }
    }
}

impl fmt::Debug for StoreRequest {
    /// Prints neither users nor keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreRequest({})", self.verb())
    }
}

/// A store's reply, by the kind of the request.
///
/// ```
/// use session_core::{Error, protocol::{StoreReply, Loaded, Step}, SecretKey, Sessions, testing};
///
/// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// let request = testing::stored_request(&sessions); // an id of ours
/// let open = |reply| match sessions.exchange(&request).open() {
///     Step::Pending(pending) => pending.reply(reply).done().unwrap(),
///     Step::Done(_) => unreachable!("an id of ours is looked up"),
/// };
/// assert!(open(StoreReply::Loaded(Loaded::NotFound)).unwrap().is_empty());
/// assert_eq!(open(StoreReply::Unavailable).unwrap_err(), Error::Unavailable);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreReply {
    /// To [`StoreRequest::Load`].
    Loaded(Loaded),
    /// To [`StoreRequest::Insert`].
    Inserted(Inserted),
    /// To [`StoreRequest::Update`].
    Updated(Updated),
    /// To [`StoreRequest::Touch`].
    Touched(Outcome),
    /// To [`StoreRequest::Delete`].
    Deleted(Updated),
    /// To [`StoreRequest::Index`] and [`StoreRequest::Unindex`].
    Noted,
    /// To [`StoreRequest::Trim`].
    Trimmed(TrimResult),
    /// To any request: the store did not reply before the deadline, so it is unknown whether the
    /// request had its effect.
    Unavailable,
}

/// The result of a load.
///
/// ```
/// # use session_core::{protocol::{StoreReply, Loaded, Step}, Rejected, SecretKey, Sessions, testing};
/// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// # let request = testing::stored_request(&sessions);
/// # let exchange = sessions.exchange(&request);
/// # let Step::Pending(pending) = exchange.open() else { unreachable!() };
/// let expires = u64::MAX;
/// let session = pending.reply(StoreReply::Loaded(Loaded::Tombstone { expires })).done().unwrap().unwrap();
/// assert_eq!(session.rejected(), Some(Rejected::Gone));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// A record that was not deleted. It may have expired: the core checks that.
    Live(Record),
    /// The tombstone of a deleted record.
    Tombstone {
        /// The second at which the tombstone ends: [`TOMBSTONE_SECONDS`] after the deletion.
        expires: u64,
    },
    /// Nothing, or a tombstone that has ended.
    NotFound,
}

impl Loaded {
    /// Returns what a load at this second returns if the store holds `self`: a tombstone that has
    /// ended is nothing, whether or not it was removed.
    ///
    /// ```
    /// use session_core::protocol::Loaded;
    ///
    /// let dead = Loaded::Tombstone { expires: 1_700_000_060 };
    /// assert_eq!(dead.clone().at(1_700_000_059), dead);
    /// assert_eq!(dead.at(1_700_000_060), Loaded::NotFound);
    /// ```
    #[must_use]
    pub fn at(self, now: u64) -> Self {
        match self {
            Self::Tombstone { expires } if expires <= now => Self::NotFound,
            other => other,
        }
    }
}

/// The result of an insert.
///
/// ```
/// # use session_core::{protocol::{StoreReply, Inserted, Step}, SecretKey, Sessions};
/// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// # let exchange = sessions.exchange(&http::HeaderMap::new());
/// # exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
/// # let Step::Pending(pending) = exchange.close() else { unreachable!() };
/// # let mut response = http::HeaderMap::new();
/// let mut outgoing = pending.reply(StoreReply::Inserted(Inserted::Tombstone)).done().unwrap();
/// outgoing.apply(&mut response).unwrap();
/// assert!(!response.contains_key("set-cookie")); // ended before its id was sent
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// The record was created.
    Done,
    /// There is a record already, and it was left as it is. An insert that is repeated finds its
    /// own.
    Exists(Record),
    /// There is a tombstone.
    Tombstone,
}

/// The result of an update, and of a delete of one version.
///
/// ```
/// # use session_core::protocol::{StoreReply, Updated};
/// // A logout has succeeded if the record is gone, whichever request deleted it.
/// let ended = |reply| matches!(reply, StoreReply::Deleted(Updated::Done | Updated::Gone));
/// assert!(ended(StoreReply::Deleted(Updated::Gone)) && !ended(StoreReply::Unavailable));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// The record was replaced, or deleted.
    Done,
    /// There is a record of another version, and it was left as it is.
    Conflict(Record),
    /// There is no record; for an update, no live one.
    Gone,
}

/// The result of a touch, and of a delete of any version.
///
/// ```
/// # use session_core::protocol::{StoreReply, Outcome};
/// let extended = |reply| matches!(reply, StoreReply::Touched(Outcome::Done));
/// assert!(extended(StoreReply::Touched(Outcome::Done)) && !extended(StoreReply::Touched(Outcome::Gone)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// There was no record for it: for a touch no live one; for a delete a tombstone or nothing.
    Gone,
}

/// The result of a trim.
///
/// ```
/// let trimmed = session_core::protocol::TrimResult { ended: 1, alive: false };
/// assert!(!trimmed.alive); // a login that was itself among the oldest sets no cookie
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrimResult {
    /// How many records this call deleted.
    pub ended: u64,
    /// Whether the record of the requesting session is live after the call.
    pub alive: bool,
}
